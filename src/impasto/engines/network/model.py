"""A trained network as data, without any framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PHOTOGRAPH = "photograph"  # the style that leaves the photograph as it is

Array = NDArray[np.float32]


class Architecture(NamedTuple):
    """The architecture of a trunk.

    Attributes:
        widths: Channels at the picture's size and at each halving: four values, down to an eighth,
            or five, down to a sixteenth.
        blocks: Residual blocks at the smallest size.
        separable: Whether these use depth-wise kernels followed by 1x1 kernels.
        up_blocks: Residual blocks of the decoder, at each size from the second smallest on; missing
            values mean none.
        noise: Whether the trunk has noise inputs, a fourth channel of the picture and one value per
            position at the smallest size, so that it can paint strokes in flat areas.
    """

    widths: tuple[int, ...] = (16, 32, 64, 128)
    blocks: int = 5
    separable: bool = False
    up_blocks: tuple[int, ...] = ()
    noise: bool = False


class Layer(NamedTuple):
    """A convolution of a trunk.

    Attributes:
        name: Its name.
        inputs: Input channels.
        filters: Output channels.
        stride: Stride; 2 halves the size.
        inner: Whether it belongs to a residual block at the smallest size.
    """

    name: str
    inputs: int
    filters: int
    stride: int = 1
    inner: bool = False


SIZES = ("full", "half", "quarter", "eighth", "sixteenth")  # of feature maps, largest first
LAST = "picture"  # the output layer; it is not normalised
NOISE = "noise"  # the weights, one per channel, of the noise at the smallest size


def layers(architecture: Architecture) -> list[Layer]:
    """Return the convolutions of a trunk in order of execution and storage.

    Example:
        >>> [layer.name for layer in layers(Architecture((2, 4, 6, 8), blocks=1))][3:7]
        ['eighth', 'block0_conv0', 'block0_conv1', 'to_quarter']
    """
    widths = architecture.widths
    names = SIZES[: len(widths)]
    found = [Layer(names[0], 3 + architecture.noise, widths[0])]
    for name, inputs, filters in zip(names[1:], widths, widths[1:], strict=False):
        found.append(Layer(name, inputs, filters, stride=2))
    found += _blocks("", widths[-1], architecture.blocks, inner=True)
    for step, level in enumerate(reversed(range(len(widths) - 1))):
        name = f"to_{names[level]}"
        found.append(Layer(name, widths[level + 1], widths[level]))
        found += _blocks(f"{name}_", widths[level], up_blocks(architecture, step))
    return [*found, Layer(LAST, widths[0], 3)]


def _blocks(prefix: str, width: int, count: int, *, inner: bool = False) -> list[Layer]:
    return [
        Layer(f"{prefix}block{block}_conv{conv}", width, width, inner=inner)
        for block in range(count)
        for conv in range(2)
    ]


def up_blocks(architecture: Architecture, step: int) -> int:
    """Return the number of residual blocks after a step of the decoder, counted from 0."""
    return architecture.up_blocks[step] if step < len(architecture.up_blocks) else 0


def norm_widths(architecture: Architecture) -> list[int]:
    """Return the channels of each normalisation, in order of execution.

    Example:
        >>> norm_widths(Architecture((2, 4, 6, 8), blocks=1))
        [2, 4, 6, 8, 8, 8, 6, 4, 2]
    """
    return [layer.filters for layer in layers(architecture)[:-1]]


def smallest_side(architecture: Architecture) -> int:
    """Return the smallest side of a picture, pixels, for which all maps can be reflection-padded.

    Example:
        >>> smallest_side(Architecture()), smallest_side(Architecture((2, 4, 6, 8, 9)))
        (16, 32)
    """
    return int(2 ** len(architecture.widths))


def style_size(architecture: Architecture) -> int:
    """Return the length of a style vector: a scale and a shift for each normalised channel.

    Example:
        >>> style_size(Architecture((2, 4, 6, 8), blocks=1))
        96
    """
    return 2 * sum(norm_widths(architecture))


def neutral_style(architecture: Architecture) -> Array:
    """Return the style vector that leaves features normalised: scales 1, shifts 0."""
    widths = norm_widths(architecture)
    values = [value for width in widths for value in [1.0] * width + [0.0] * width]
    return np.array(values, np.float32)


class Standardization(NamedTuple):
    """Mean and deviation of the statistics over the training paintings, (F,) each."""

    mean: Array
    deviation: Array


class Predictor(NamedTuple):
    """Predicts the style vector of any painting from statistics of VGG19's features.

    Attributes:
        mean: Mean of the statistics over the training paintings, (F,).
        deviation: Their standard deviation, (F,).
        hidden_kernel: (F, P).
        hidden_bias: (P,).
        kernel: (P, style size).
        bias: (style size,).
    """

    mean: Array
    deviation: Array
    hidden_kernel: Array
    hidden_bias: Array
    kernel: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class PaintingModel:
    """A trunk and its styles.

    Attributes:
        architecture: Architecture of the trunk.
        trunk: Its weights in order of execution.
        styles: Style vectors by name, (style size,) each.
        predictor: Predicts vectors of other paintings; None if it was not trained.
        card: Description of the model: data, licence, loss, figures, date; JSON values.
    """

    architecture: Architecture
    trunk: tuple[Array, ...]
    styles: Mapping[str, Array]
    predictor: Predictor | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        weights = sum(array.size for array in self.trunk)
        return f"PaintingModel({len({*self.styles} - {PHOTOGRAPH})} styles, {weights:,} weights)"


def arrays_by_layer(model: PaintingModel) -> dict[str, tuple[Array, ...]]:
    """Return the weights of a trunk by layer name.

    A convolution has a kernel (3, 3, inputs, filters); a separable one has two, (3, 3, inputs, 1)
    and (1, 1, inputs, filters); the last one has a kernel and a bias. `NOISE` has the weights of
    the noise, (channels,), if the trunk has noise inputs.

    Raises:
        ValueError: The model has more weights than its architecture, or fewer.
    """
    found = layers(model.architecture)
    counts = {NOISE: 1} if model.architecture.noise else {}
    for layer in found:
        two = layer.name == LAST or (model.architecture.separable and layer.inner)
        counts[layer.name] = 2 if two else 1
    if len(model.trunk) != sum(counts.values()):
        raise ValueError(f"{len(model.trunk)} arrays for {len(found)} layers")
    arrays = iter(model.trunk)
    return {name: tuple(islice(arrays, count)) for name, count in counts.items()}


_SUMMARISED = ("title", "made_with", "licence", "date", "steps", "settings", "begun_with")


def summary(model: PaintingModel) -> dict[str, Any]:
    """Return the entries of the card that derived networks record about this one."""
    return {key: model.card[key] for key in _SUMMARISED if key in model.card}


def predict_vector(model: PaintingModel, statistics: Array) -> Array:
    """Return the style vector of a painting given its statistics, (F,), see `painting_statistics`.

    Raises:
        ValueError: The model has no predictor.
    """
    if model.predictor is None:
        raise ValueError("the model has no predictor")
    numbers = (statistics - model.predictor.mean) / model.predictor.deviation
    hidden = np.tanh(numbers @ model.predictor.hidden_kernel + model.predictor.hidden_bias)
    change = hidden @ model.predictor.kernel + model.predictor.bias
    vector: Array = (neutral_style(model.architecture) + change).astype(np.float32)
    return vector
