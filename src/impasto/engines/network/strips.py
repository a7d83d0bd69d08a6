"""Paint pictures of any size in bounded memory, layer by layer in strips of rows.

Instance normalisation needs the mean and deviation of a whole feature map, so tiles painted
separately would differ. Here each layer is computed for the whole picture, strip by strip, while
its statistics are summed; it is normalised when the next layer reads it. Feature maps are kept in
16 bits; those of the picture's own size are not kept but recomputed at each reading.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backend import NORM_EPSILON, compiled, ops
from ...types import Image
from .model import Architecture, Array, up_blocks
from .noise import COARSE, FINE, noise_rows
from .trunk import WITHOUT_DETAIL, Trunk, apply, offsets_of

LARGEST_STRIP = 400_000  # positions

Rows = Callable[[int, int], Array]  # rows top to bottom of a feature map, (bottom - top, W, C)


class FeatureMap(NamedTuple):
    """A feature map that is read by rows.

    Attributes:
        height: Number of rows.
        width: Number of columns.
        rows: Returns a range of rows.
    """

    height: int
    width: int
    rows: Rows


def paint_in_strips(
    image: Image, vector: Array, network: Trunk, positions: int = LARGEST_STRIP
) -> Image:
    """Paint a picture of any size, equal to the output of `network` but for rounding to 16 bits.

    Args:
        image: The photograph, (H, W, 3), 0..1, both sides at least 16.
        vector: The style, (style size,).
        network: The trunk.
        positions: Positions per strip, which determine the memory.

    Returns:
        The picture, (H, W, 3), 0..1.
    """
    architecture = network.architecture
    convs, places = iter(network.convs), iter(offsets_of(architecture))

    def layer(
        source: FeatureMap,
        *,
        beside: FeatureMap | None = None,
        relu: bool = True,
        keep: bool = True,
    ) -> FeatureMap:
        start, middle, end = next(places)
        raw = _convolved(source, next(convs), beside)
        scale, shift = vector[start:middle], vector[middle:end]
        return _normalised(raw, scale, shift, relu=relu, keep=keep, positions=positions)

    def blocks(x: FeatureMap, count: int) -> FeatureMap:
        for _ in range(count):
            x = _kept(_sum(x, layer(layer(x), relu=False)), positions)
        return x

    picture = FeatureMap(image.shape[0], image.shape[1], lambda top, bottom: image[top:bottom])
    x = layer(_with_noise(picture, architecture), keep=False)
    sizes = []
    for level in range(1, len(architecture.widths)):
        sizes.append(x if level > WITHOUT_DETAIL else _size_of(x))
        x = layer(x)
    x = blocks(_moved_by_noise(x, network), architecture.blocks)
    for step in range(len(architecture.widths) - 1):
        beside = sizes.pop()
        x = layer(x, beside=beside, keep=bool(sizes) or up_blocks(architecture, step) > 0)
        if len(sizes) >= WITHOUT_DETAIL:
            x = _sum(x, beside)
        x = blocks(x, up_blocks(architecture, step))
    painted = _convolved(x, next(convs), None)
    result = np.empty_like(image)
    for top, bottom in _strips(painted, positions):
        result[top:bottom] = 1 / (1 + np.exp(-painted.rows(top, bottom)))
    return result


def _size_of(source: FeatureMap) -> FeatureMap:
    """Return a map with a size but no values, to free their memory."""
    return FeatureMap(source.height, source.width, _no_rows)


def _no_rows(top: int, bottom: int) -> Array:
    raise ValueError(f"rows {top} to {bottom} are not kept")


def _with_noise(picture: FeatureMap, architecture: Architecture) -> FeatureMap:
    """Add the noise channel to a picture, if the network has noise inputs."""
    if not architecture.noise:
        return picture
    width = picture.width

    def rows(top: int, bottom: int) -> Array:
        noise = noise_rows(FINE, top, bottom, width)
        return np.concatenate([picture.rows(top, bottom), noise], axis=2)

    return FeatureMap(picture.height, width, rows)


def _moved_by_noise(source: FeatureMap, network: Trunk) -> FeatureMap:
    """Add the noise at the smallest size."""
    if not network.architecture.noise:
        return source
    weights: Array = ops.convert_to_numpy(network.noise_weights)

    def rows(top: int, bottom: int) -> Array:
        noise = noise_rows(COARSE, top, bottom, source.width)
        moved: Array = source.rows(top, bottom) + noise * weights
        return moved

    return FeatureMap(source.height, source.width, rows)


def _strips(of: FeatureMap, positions: int) -> Iterator[tuple[int, int]]:
    """Yield the first row of each strip, and the one after its last."""
    rows = max(1, positions // of.width)
    for top in range(0, of.height, rows):
        yield top, min(top + rows, of.height)


def _convolved(source: FeatureMap, conv: Any, beside: FeatureMap | None = None) -> FeatureMap:
    """Apply a 3x3 convolution with reflection padding to a map.

    If `beside` is given, the source is upsampled to its size first.
    """
    stride = conv.strides[0]
    run = compiled(functools.partial(apply, conv))
    height, width = (-(-side // stride) for side in (source.height, source.width))
    enlarged = source
    if beside is not None:
        enlarged = _enlarged(source)
        height, width = beside.height, beside.width

    def rows(top: int, bottom: int) -> Array:
        wanted = np.arange(stride * top - 1, stride * (bottom - 1) + 2)
        mirrored = _mirrored(wanted, enlarged.height)
        first = int(mirrored.min())
        seen = enlarged.rows(first, int(mirrored.max()) + 1)[mirrored - first]
        padded = np.pad(seen, ((0, 0), (1, 1), (0, 0)), mode="reflect")
        found: Array = ops.convert_to_numpy(run(ops.convert_to_tensor(padded[None])))[0]
        return found[:, :width]

    return FeatureMap(height, width, rows)


def _mirrored(rows: NDArray[np.int64], height: int) -> NDArray[np.int64]:
    """Reflect row numbers beyond the border, by one row at most, into the map."""
    mirrored: NDArray[np.int64] = (height - 1) - abs((height - 1) - abs(rows))
    return mirrored


def _normalised(
    raw: FeatureMap, scale: Array, shift: Array, *, relu: bool, keep: bool, positions: int
) -> FeatureMap:
    """Normalise each channel over the whole map, then scale and shift it.

    Args:
        raw: The map.
        scale: Scale of each channel, (C,).
        shift: Shift of each channel, (C,).
        relu: Whether to apply a ReLU.
        keep: Whether to keep the map in memory, or recompute it at each reading.
        positions: Positions per strip.
    """
    count = raw.height * raw.width
    total, squares = np.zeros(len(scale)), np.zeros(len(scale))
    kept = np.empty((raw.height, raw.width, len(scale)), np.float16) if keep else None
    for top, bottom in _strips(raw, positions):
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
    """Return a reader of an array that keeps no other object alive."""
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


def _kept(source: FeatureMap, positions: int) -> FeatureMap:
    """Compute a map once and keep it, in 32 bits, since residual blocks accumulate in it."""
    channels = source.rows(0, 1).shape[2]
    whole = np.empty((source.height, source.width, channels), np.float32)
    for top, bottom in _strips(source, positions):
        whole[top:bottom] = source.rows(top, bottom)
    return FeatureMap(source.height, source.width, _rows_of(whole))


def _enlarged(source: FeatureMap) -> FeatureMap:
    """Upsample a map by 2 with nearest neighbours."""

    def rows(top: int, bottom: int) -> Array:
        places = np.arange(top, bottom) // 2
        seen = source.rows(int(places[0]), int(places[-1]) + 1)
        larger: Array = seen[places - places[0]].repeat(2, axis=1)
        return larger

    return FeatureMap(2 * source.height, 2 * source.width, rows)
