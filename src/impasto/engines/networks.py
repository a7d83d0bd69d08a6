"""The network that paints in one pass: one trunk for all styles; a style is a vector.

An image transformation network (Johnson, Alahi and Fei-Fei 2016, "Perceptual losses for real-time
style transfer and super-resolution") whose normalisations take scales and shifts from outside
(Dumoulin, Shlens and Kudlur 2017, "A learned representation for artistic style"). Where we differ:
residual blocks work at an eighth of the picture's size, theirs at a quarter, so that strokes can be
large for a quarter of the work; what an eighth cannot hold goes past them at a quarter; kernels are
3x3 throughout.
"""

from __future__ import annotations

from typing import Any

from ..backend import conv3x3, enlarge2x2, instance_norm, keras, ops, reflect_pad
from ..errors import ModelError
from ..types import Tensor
from .painting_model import Architecture, PaintingModel, norm_widths


class Trunk(keras.Model):
    """The network, all but the style vectors; see `make_network`."""

    def __init__(self, architecture: Architecture):
        super().__init__(name="trunk")
        self.architecture = architecture
        full, half, quarter, eighth = architecture.widths
        self.down = [
            _conv(3, full, "full"),
            _conv(full, half, "half", stride=2),
            _conv(half, quarter, "quarter", stride=2),
            _conv(quarter, eighth, "eighth", stride=2),
        ]
        kind = {"separable": architecture.separable}
        self.inner = [
            tuple(_conv(eighth, eighth, f"block{i}_conv{j}", **kind) for j in (1, 2))
            for i in range(architecture.blocks)
        ]
        self.up = [
            _conv(eighth, quarter, "to_quarter"),
            _conv(quarter, half, "to_half"),
            _conv(half, full, "to_full"),
        ]
        self.last = _conv(full, 3, "picture", use_bias=True)
        self.built = True

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Paint pictures (N, H, W, 3), 0..1, in the styles of vectors (N, style size)."""
        picture, style = inputs
        places = iter(offsets(self.architecture))

        def convolve(x: Tensor, conv: Any) -> Tensor:
            start, middle, end = next(places)
            return instance_norm(
                apply(conv, reflect_pad(x)), style[:, start:middle], style[:, middle:end]
            )

        sizes = [x := ops.relu(convolve(picture, self.down[0]))]
        for conv in self.down[1:]:
            sizes.append(x := ops.relu(convolve(x, conv)))
        for first, second in self.inner:
            x = x + convolve(ops.relu(convolve(x, first)), second)
        for conv, beside in zip(self.up, reversed(sizes[:3]), strict=True):
            x = ops.relu(convolve(_enlarge(x, beside), conv))
            if beside is sizes[2]:
                x = x + beside  # what an eighth of the size cannot hold
        return ops.sigmoid(apply(self.last, reflect_pad(x)))


def make_network(architecture: Architecture) -> Trunk:
    """Build the trunk with fresh weights.

    Args:
        architecture: Its widths and depth.

    Returns:
        A Keras model from a tuple of pictures (N, H, W, 3), 0..1, both sides at least 16, and style
        vectors (N, `style_size`) to pictures of the same size, 0..1.
    """
    return Trunk(architecture)


def load_network(model: PaintingModel) -> Trunk:
    """Build the trunk with a model's weights.

    Raises:
        ModelError: They are of another architecture.
    """
    network = make_network(model.architecture)
    fill(network, model)
    return network


def fill(network: Trunk, model: PaintingModel) -> None:
    """Give a trunk a model's weights.

    Raises:
        ModelError: They are of another architecture.
    """
    try:
        network.set_weights(list(model.trunk))
    except ValueError as error:
        raise ModelError(
            "the model's weights are not those of its architecture; get it or make it again"
        ) from error


def _conv(
    inputs: int,
    filters: int,
    name: str,
    *,
    stride: int = 1,
    separable: bool = False,
    use_bias: bool = False,
) -> Any:
    kind = keras.layers.SeparableConv2D if separable else keras.layers.Conv2D
    conv = kind(filters, 3, strides=stride, use_bias=use_bias, name=name)
    conv.build((None, None, None, inputs))
    return conv


def apply(conv: Any, x: Tensor) -> Tensor:
    """Apply a convolution of the trunk to (N, H, W, C), without regard to what lies beyond."""
    if isinstance(conv, keras.layers.SeparableConv2D):
        return conv(x)
    y = conv3x3(x, ops.convert_to_tensor(conv.kernel), conv.strides[0])
    return y + conv.bias if conv.use_bias else y


def _enlarge(x: Tensor, beside: Tensor) -> Tensor:
    """Enlarge (N, h, w, C) twice by nearest neighbours, cut to the size of (N, H, W, D)."""
    shape = ops.shape(beside)
    return enlarge2x2(x)[:, : shape[1], : shape[2]]


def offsets(architecture: Architecture) -> list[tuple[int, int, int]]:
    """Return where in a style vector each normalisation's scales begin, its shifts, and its end."""
    places, start = [], 0
    for width in norm_widths(architecture):
        places.append((start, start + width, start + 2 * width))
        start += 2 * width
    return places
