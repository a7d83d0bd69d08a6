"""A trained network as data, without any framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PHOTOGRAPH = "photograph"  # the style of leaving things as they are

Array = NDArray[np.float32]


class Architecture(NamedTuple):
    """What a trunk is made of.

    Attributes:
        widths: Channels at the picture's size and at each half of the size before it: four of them,
            down to an eighth, or five, down to a sixteenth.
        blocks: Residual blocks at the smallest size.
        separable: Whether their kernels are depth-wise, followed by 1x1 kernels.
        up_blocks: Residual blocks on the way up, at each size from the second smallest on; sizes
            beyond its end have none.
        noise: Whether the trunk sees noise, a fourth channel of the picture and a value for each
            position of the smallest size, so that it can paint strokes where nothing is.
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
        inputs: Channels that it reads.
        filters: Channels that it makes.
        stride: Step of its kernel: 2 halves the size.
        inner: Whether it belongs to a residual block at the smallest size.
    """

    name: str
    inputs: int
    filters: int
    stride: int = 1
    inner: bool = False


SIZES = ("full", "half", "quarter", "eighth", "sixteenth")  # of feature maps, from the picture's
LAST = "picture"  # the layer that makes the picture; it is not normalised
NOISE = "noise"  # the weights, one a channel, of the noise at the smallest size


def layers(architecture: Architecture) -> list[Layer]:
    """Return the convolutions of a trunk in the order in which they run, and are stored.

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
    """Return how many residual blocks follow a step of the way up, counted from 0."""
    return architecture.up_blocks[step] if step < len(architecture.up_blocks) else 0


def norm_widths(architecture: Architecture) -> list[int]:
    """Return the channels of each normalisation, in the order of the network.

    Example:
        >>> norm_widths(Architecture((2, 4, 6, 8), blocks=1))
        [2, 4, 6, 8, 8, 8, 6, 4, 2]
    """
    return [layer.filters for layer in layers(architecture)[:-1]]


def smallest_side(architecture: Architecture) -> int:
    """Return how many pixels a picture needs a side, so that its smallest map can be mirrored.

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
    """Mean and deviation of the statistics over the paintings trained on, (F,) each."""

    mean: Array
    deviation: Array


class Predictor(NamedTuple):
    """Makes the style vector of a painting never seen, from statistics of VGG19's features.

    Attributes:
        mean: Mean of the statistics over the paintings it learned from, (F,).
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
    """A trunk and the styles that it has learned.

    Attributes:
        architecture: What the trunk is made of.
        trunk: Its weights in the order of the network.
        styles: Style vectors by name, (style size,) each.
        predictor: Makes vectors of other paintings; None where it was not trained.
        card: What tells of it: data, licence, loss, figures, date; ready for JSON.
    """

    architecture: Architecture
    trunk: tuple[Array, ...]
    styles: Mapping[str, Array]
    predictor: Predictor | None = None
    card: Mapping[str, Any] = field(default_factory=dict)


def arrays_by_layer(model: PaintingModel) -> dict[str, tuple[Array, ...]]:
    """Return the weights of a trunk by the names of its layers.

    A convolution has a kernel (3, 3, inputs, filters); one that is separable a kernel (3, 3,
    inputs, 1) and another (1, 1, inputs, filters); the last one a kernel and a bias. `NOISE` has
    the weights of the noise, (channels,), if the trunk sees noise.

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
    """Return what the card of a network tells that was made from this one."""
    return {key: model.card[key] for key in _SUMMARISED if key in model.card}


def predict_vector(model: PaintingModel, statistics: Array) -> Array:
    """Return the style vector of a painting by its statistics, (F,) from `painting_statistics`.

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
