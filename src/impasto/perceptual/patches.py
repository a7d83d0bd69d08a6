"""Nearest-neighbour patches between a picture and a painting.

After Kolkin et al. (2022), "Neural neighbor style transfer". Places form a grid with a spacing of
four pixels, that of VGG19's third block; the descriptor of a place joins all style layers, averaged
or repeated to the grid. Unlike the paper, which compares on that grid only, the targets are the
painting's features around the matched place at each layer's own resolution, which keeps fine
texture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..backend import ops
from ..images.masks import fit_mask
from ..types import Mask, Tensor

_GRID = 4  # pixels between places
_MOST_CANDIDATES = 8192  # places of the paintings that are searched
_AT_ONCE = 2048  # places of the picture compared per product
_INSIDE = 0.5  # value of a mask from which on a place is inside
_TINY = 1e-8

Features = Mapping[str, Tensor]  # (1, h, w, C) by layer
Indices = NDArray[np.int64]


def find_patches(
    picture: Features,
    paintings: Sequence[Features],
    masks: Sequence[Mask | None],
    seed: int = 0,
) -> dict[str, Tensor]:
    """Return the target features of each position of the picture.

    Args:
        picture: Features of the picture at the style layers.
        paintings: Features of each painting at the same layers.
        masks: Part of each painting to use, (H, W) at any size, 0..1; None for all.
        seed: Seed of the random subset of places if there are too many.

    Returns:
        Features of the paintings, in the shapes of `picture`.
    """
    grids = [_grid_size(painting) for painting in paintings]
    allowed = [_allowed(mask, grid) for grid, mask in zip(grids, masks, strict=True)]
    places = _candidates(allowed, seed)  # (S, 3): painting, row, column
    described = [_describe(painting, grid) for painting, grid in zip(paintings, grids, strict=True)]
    starts = np.cumsum([0, *(rows * columns for rows, columns in grids)])
    widths = np.array([columns for _, columns in grids])
    flat = starts[places[:, 0]] + places[:, 1] * widths[places[:, 0]] + places[:, 2]
    known = _rows(ops.concatenate(described, axis=0), flat)
    size = _grid_size(picture)
    chosen = places[_nearest(_describe(picture, size), known)].reshape(*size, 3)
    return {name: _gather(name, picture, paintings, chosen) for name in picture}


def _stride(name: str) -> int:
    return int(2 ** (int(name[len("block")]) - 1))


def _grid_size(features: Features) -> tuple[int, int]:
    """Return the number of rows and columns of places."""
    name = min(features, key=lambda name: abs(_stride(name) - _GRID))
    height, width = features[name].shape[1:3]
    stride = _stride(name)
    return max(1, -(-height * stride // _GRID)), max(1, -(-width * stride // _GRID))


def _allowed(mask: Mask | None, grid: tuple[int, int]) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(grid, bool)
    fitted = fit_mask(mask, grid)
    allowed: NDArray[np.bool_] = fitted >= min(_INSIDE, float(fitted.max()))
    return allowed


def _rows(array: Tensor, indices: Indices, axis: int = 0) -> Tensor:
    return ops.take(array, ops.convert_to_tensor(indices.reshape(-1), dtype="int32"), axis=axis)


def _candidates(allowed: Sequence[NDArray[np.bool_]], seed: int) -> Indices:
    places = np.concatenate(
        [
            np.column_stack([np.full(int(each.sum()), index), *np.nonzero(each)])
            for index, each in enumerate(allowed)
        ]
    )
    if len(places) > _MOST_CANDIDATES:
        rng = np.random.default_rng(seed)
        places = places[np.sort(rng.permutation(len(places))[:_MOST_CANDIDATES])]
    return places


def _describe(features: Features, size: tuple[int, int]) -> Tensor:
    """Return a unit vector for each place, (places, C): all layers, centred, equally weighted."""
    columns = []
    for name, layer in features.items():
        placed = _to_grid(layer, _stride(name), size)
        placed = placed - ops.mean(placed, axis=0, keepdims=True)
        energy = ops.mean(ops.sum(ops.square(placed), axis=1))
        columns.append(placed * ops.rsqrt(energy + _TINY))
    joined = ops.concatenate(columns, axis=1)
    return joined * ops.rsqrt(ops.sum(ops.square(joined), axis=1, keepdims=True) + _TINY)


def _to_grid(layer: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
    """Average or repeat features (1, h, w, C) to the grid of places, (places, C)."""
    factor = max(1, _GRID // stride)  # positions for each place, down and across
    for axis, count in enumerate(size, 1):
        at = np.arange(count * factor) * _GRID // (stride * factor)
        layer = _rows(layer, np.minimum(at, layer.shape[axis] - 1), axis)  # repeats the last ones
    rows, columns = size
    cells = ops.reshape(layer, (rows, factor, columns, factor, -1))
    return ops.reshape(ops.mean(cells, axis=(1, 3)), (rows * columns, -1))


def _nearest(wanted: Tensor, known: Tensor) -> Indices:
    """Return the index of the most similar row of `known` (S, C) for each of `wanted` (P, C)."""
    turned = ops.transpose(known)
    found = [
        ops.convert_to_numpy(ops.argmax(ops.matmul(wanted[i : i + _AT_ONCE], turned), axis=1))
        for i in range(0, wanted.shape[0], _AT_ONCE)
    ]
    return np.concatenate(found).astype(np.int64)


def _gather(name: str, picture: Features, paintings: Sequence[Features], chosen: Indices) -> Tensor:
    """Return the paintings' features around the chosen places, in the shape of the picture's."""
    stride, layer = _stride(name), picture[name]
    height, width, channels = layer.shape[1:]
    rows, columns = np.mgrid[0:height, 0:width] * stride  # in pixels
    at = [
        np.minimum(pixels // _GRID, count - 1)
        for pixels, count in zip((rows, columns), chosen.shape[:2], strict=True)
    ]
    index, *place = np.moveaxis(chosen[at[0], at[1]], -1, 0)  # each (height, width)
    sizes = np.array([painting[name].shape[1:3] for painting in paintings])
    down, across = (
        np.minimum((found * _GRID + pixels - cell * _GRID) // stride, sizes[index, axis] - 1)
        for axis, (found, pixels, cell) in enumerate(zip(place, (rows, columns), at, strict=True))
    )
    starts = np.cumsum([0, *(sizes[:, 0] * sizes[:, 1])])[:-1]
    flat = starts[index] + down * sizes[index, 1] + across
    rows_of = ops.concatenate(
        [ops.reshape(painting[name], (-1, channels)) for painting in paintings], axis=0
    )
    return ops.reshape(_rows(rows_of, flat), (1, height, width, channels))
