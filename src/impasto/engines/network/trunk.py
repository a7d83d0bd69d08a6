"""The painting network: one trunk for all styles; a style is a vector.

An image transformation network (Johnson, Alahi and Fei-Fei 2016, "Perceptual losses for real-time
style transfer and super-resolution") with conditional instance normalisation (Dumoulin, Shlens and
Kudlur 2017, "A learned representation for artistic style"). The differences: residual blocks work
at an eighth of the picture's size, not a quarter, which allows larger strokes at a quarter of the
cost; a skip connection at a quarter carries the detail that an eighth cannot; all kernels are 3x3.
"""

from __future__ import annotations

from typing import Any

from ...backend import conv3x3, enlarge_conv3x3, instance_norm, keras, ops, reflect_pad
from ...errors import ModelError
from ...types import Tensor
from .model import (
    LAST,
    Architecture,
    Layer,
    PaintingModel,
    layers,
    norm_widths,
    up_blocks,
)
from .noise import Fields, noise_map

WITHOUT_DETAIL = 2  # largest sizes without a skip connection: it would copy the photograph


class Trunk(keras.Model):
    """The network without the style vectors; see `make_network`."""

    def __init__(self, architecture: Architecture):
        super().__init__(name="trunk")
        self.architecture = architecture
        self.convs = [
            _conv(layer, separable=architecture.separable, use_bias=layer.name == LAST)
            for layer in layers(architecture)
        ]
        if architecture.noise:
            self.noise_weights = self.add_weight(
                shape=(architecture.widths[-1],), initializer="glorot_uniform", name="noise"
            )
            self.fields = Fields()
        self.half = False  # whether convolutions are computed in bfloat16
        self.built = True

    def call(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Paint pictures (N, H, W, 3), 0..1, in the styles of vectors (N, style size).

        A third tensor, optional, has the offset of each picture in the noise, integers (N, 2).
        """
        picture, style, *rest = inputs
        offsets = rest[0] if rest else None
        convs, places = iter(self.convs), iter(offsets_of(self.architecture))

        def convolve(x: Tensor, beside: Tensor | None = None) -> Tensor:
            start, middle, end = next(places)
            y = self._apply(next(convs), x, beside)
            return instance_norm(y, style[:, start:middle], style[:, middle:end])

        def blocks(x: Tensor, count: int) -> Tensor:
            for _ in range(count):
                x = x + convolve(ops.relu(convolve(x)))
            return x

        sizes = self._down(picture, offsets, convolve)
        x = sizes.pop()
        if self.architecture.noise:
            x = x + noise_map(self.fields.coarse, x, offsets) * ops.convert_to_tensor(
                self.noise_weights
            )
        x = blocks(x, self.architecture.blocks)
        for step, beside in enumerate(reversed(sizes)):
            x = ops.relu(convolve(x, beside))
            if len(sizes) - step > WITHOUT_DETAIL:
                x = x + beside  # the detail that the smallest size cannot carry
            x = blocks(x, up_blocks(self.architecture, step))
        return ops.sigmoid(ops.cast(self._apply(next(convs), x, None), "float32"))

    def _down(self, picture: Tensor, offsets: Tensor | None, convolve: Any) -> list[Tensor]:
        """Return the feature maps of the encoder, largest first."""
        if self.architecture.noise:
            picture = ops.concatenate(
                [picture, noise_map(self.fields.fine, picture, offsets)], axis=-1
            )
        sizes = [ops.relu(convolve(picture))]
        for _ in self.architecture.widths[1:]:
            sizes.append(ops.relu(convolve(sizes[-1])))
        return sizes

    def _apply(self, conv: Any, x: Tensor, beside: Tensor | None) -> Tensor:
        """Apply a convolution, after upsampling to the size of `beside` if given."""
        if self.half:
            x = ops.cast(x, "bfloat16")
        if beside is None:
            return apply(conv, reflect_pad(x))
        height, width = ops.shape(beside)[1:3]
        kernel = ops.cast(ops.convert_to_tensor(conv.kernel), x.dtype)
        return enlarge_conv3x3(x, kernel)[:, :height, :width]


def make_network(architecture: Architecture) -> Trunk:
    """Build the trunk with random weights.

    Args:
        architecture: The architecture.

    Returns:
        A Keras model that maps a tuple of pictures (N, H, W, 3), 0..1, both sides at least 16, and
        style vectors (N, `style_size`) to pictures of the same size, 0..1.
    """
    return Trunk(architecture)


def load_network(model: PaintingModel) -> Trunk:
    """Build the trunk with a model's weights.

    Raises:
        ModelError: The weights do not fit the architecture.
    """
    network = make_network(model.architecture)
    fill(network, model)
    return network


def fill(network: Trunk, model: PaintingModel) -> None:
    """Set a trunk's weights to those of a model.

    Raises:
        ModelError: The weights do not fit the architecture.
    """
    try:
        network.set_weights(list(model.trunk))
    except ValueError as error:
        raise ModelError(
            "the model's weights do not fit its architecture; download or train it again"
        ) from error


def _conv(layer: Layer, *, separable: bool, use_bias: bool) -> Any:
    kind = keras.layers.SeparableConv2D if separable and layer.inner else keras.layers.Conv2D
    conv = kind(layer.filters, 3, strides=layer.stride, use_bias=use_bias, name=layer.name)
    conv.build((None, None, None, layer.inputs))
    return conv


def apply(conv: Any, x: Tensor) -> Tensor:
    """Apply a convolution of the trunk to (N, H, W, C), without padding."""
    if isinstance(conv, keras.layers.SeparableConv2D):
        return conv(x)
    y = conv3x3(x, ops.cast(ops.convert_to_tensor(conv.kernel), x.dtype), conv.strides[0])
    return y + ops.cast(conv.bias, y.dtype) if conv.use_bias else y


def offsets_of(architecture: Architecture) -> list[tuple[int, int, int]]:
    """Return start, middle and end of each normalisation's scales and shifts in a style vector."""
    places, start = [], 0
    for width in norm_widths(architecture):
        places.append((start, start + width, start + 2 * width))
        start += 2 * width
    return places
