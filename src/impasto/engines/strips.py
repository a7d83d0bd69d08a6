"""Paint pictures of any size in bounded memory: layer by layer, each in strips of rows.

An instance normalisation needs the mean and deviation of a whole feature map, so tiles painted by
themselves would differ. Here each layer is computed for the whole picture, strip by strip, while
its statistics are summed; it is normalised when the next layer reads it. Feature maps are kept in
16 bits, those of the picture's own size not at all: they are computed again when they are read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..backend import NORM_EPSILON, compiled, ops
from ..types import Image
from .networks import Trunk, apply, offsets
from .painting_model import Array

_STRIP = 400_000  # positions of a strip

Rows = Callable[[int, int], Array]  # rows top to bottom of a feature map, (bottom - top, W, C)


class FeatureMap(NamedTuple):
    """A feature map that is handed out by rows.

    Attributes:
        height: Number of rows.
        width: Number of columns.
        rows: Gives some of them.
    """

    height: int
    width: int
    rows: Rows


def paint_in_strips(image: Image, vector: Array, network: Trunk) -> Image:
    """Paint a picture of any size; what `network` gives, within the rounding of 16 bits.

    Args:
        image: The photograph, (H, W, 3), 0..1, both sides at least 16.
        vector: The style, (style size,).
        network: The trunk.

    Returns:
        The picture, (H, W, 3), 0..1.
    """
    places = iter(offsets(network.architecture))

    def layer(source: FeatureMap, conv: Any, *, relu: bool = True, keep: bool = True) -> FeatureMap:
        start, middle, end = next(places)
        raw = _convolved(source, conv)
        return _normalised(raw, vector[start:middle], vector[middle:end], relu=relu, keep=keep)

    picture = FeatureMap(image.shape[0], image.shape[1], lambda top, bottom: image[top:bottom])
    full = layer(picture, network.down[0], keep=False)
    half = layer(full, network.down[1])
    sizes = [(each.height, each.width) for each in (full, half)]
    quarter = layer(half, network.down[2])
    del half
    x = layer(quarter, network.down[3])
    for first, second in network.inner:
        x = _kept(_sum(x, layer(layer(x, first), second, relu=False)))
    x = layer(_enlarged(x, quarter.height, quarter.width), network.up[0])
    x = layer(_enlarged(_sum(x, quarter), *sizes[1]), network.up[1])
    del quarter
    x = layer(_enlarged(x, *sizes[0]), network.up[2], keep=False)
    painted = _convolved(x, network.last)
    result = np.empty_like(image)
    for top, bottom in _strips(painted):
        result[top:bottom] = 1 / (1 + np.exp(-painted.rows(top, bottom)))
    return result


def _strips(of: FeatureMap) -> Iterator[tuple[int, int]]:
    """Yield the first row of each strip, and the one after its last."""
    rows = max(1, _STRIP // of.width)
    for top in range(0, of.height, rows):
        yield top, min(top + rows, of.height)


def _convolved(source: FeatureMap, conv: Any) -> FeatureMap:
    """Return what a 3x3 convolution makes of a feature map mirrored beyond its border."""
    stride = conv.strides[0]
    run = compiled(functools.partial(apply, conv))

    def rows(top: int, bottom: int) -> Array:
        wanted = np.arange(stride * top - 1, stride * (bottom - 1) + 2)
        mirrored = (source.height - 1) - abs((source.height - 1) - abs(wanted))
        first = int(mirrored.min())
        seen = source.rows(first, int(mirrored.max()) + 1)[mirrored - first]
        wide = np.pad(seen, ((0, 0), (1, 1), (0, 0)), mode="reflect")
        found: Array = ops.convert_to_numpy(run(ops.convert_to_tensor(wide[None])))[0]
        return found

    height, width = (-(-side // stride) for side in (source.height, source.width))
    return FeatureMap(height, width, rows)


def _normalised(
    raw: FeatureMap, scale: Array, shift: Array, *, relu: bool, keep: bool
) -> FeatureMap:
    """Normalise each channel over the whole map, then scale and shift it.

    Args:
        raw: The map.
        scale: Of each channel, (C,).
        shift: Of each channel, (C,).
        relu: Whether negative values become 0.
        keep: Whether the map is kept in memory, or computed again at each reading.
    """
    count = raw.height * raw.width
    total, squares = np.zeros(len(scale)), np.zeros(len(scale))
    kept = np.empty((raw.height, raw.width, len(scale)), np.float16) if keep else None
    for top, bottom in _strips(raw):
        strip = raw.rows(top, bottom)
        flat = strip.reshape(-1, len(scale))
        total += flat.sum(0, dtype=np.float64)
        squares += np.einsum("pc,pc->c", flat, flat, dtype=np.float64)
        if kept is not None:
            kept[top:bottom] = strip
    mean = total / count
    exact = scale / np.sqrt(np.maximum(squares / count - mean**2, 0) + NORM_EPSILON)
    factor, offset = exact.astype(np.float32), (shift - mean * exact).astype(np.float32)
    rows = raw.rows if kept is None else _rows_of(kept)
    return FeatureMap(raw.height, raw.width, _changed(rows, factor, offset, relu=relu))


def _rows_of(kept: NDArray[Any]) -> Rows:
    """Hand out the rows of an array, and hold nothing else that would stay in memory with it."""
    return lambda top, bottom: kept[top:bottom]


def _changed(rows: Rows, factor: Array, offset: Array, *, relu: bool) -> Rows:
    def changed(top: int, bottom: int) -> Array:
        strip: Array = rows(top, bottom) * factor
        strip += offset
        if relu:
            np.maximum(strip, 0, out=strip)
        return strip

    return changed


def _sum(a: FeatureMap, b: FeatureMap) -> FeatureMap:
    return FeatureMap(
        a.height, a.width, lambda top, bottom: a.rows(top, bottom) + b.rows(top, bottom)
    )


def _kept(source: FeatureMap) -> FeatureMap:
    """Compute a map once and keep it, in 32 bits: the residual blocks add up in it."""
    channels = source.rows(0, 1).shape[2]
    whole = np.empty((source.height, source.width, channels), np.float32)
    for top, bottom in _strips(source):
        whole[top:bottom] = source.rows(top, bottom)
    return FeatureMap(source.height, source.width, _rows_of(whole))


def _enlarged(source: FeatureMap, height: int, width: int) -> FeatureMap:
    """Enlarge a map twice by nearest neighbours, cut to a size."""

    def rows(top: int, bottom: int) -> Array:
        places = np.arange(top, bottom) // 2
        seen = source.rows(int(places[0]), int(places[-1]) + 1)
        larger: Array = seen[places - places[0]].repeat(2, axis=1)[:, :width]
        return larger

    return FeatureMap(height, width, rows)
