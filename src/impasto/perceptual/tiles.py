"""The exact objective of a picture too large to evaluate at once, one tile at a time.

The picture is divided into cores. The network evaluates each with a margin wide enough that the
features of the core equal those of the whole picture; each position of each layer belongs to one
core. Gram matrices and content losses are sums over positions, hence over tiles. The style loss L
is not such a sum, but its gradient is. A first pass sums the Gram matrices G = sum_t G_t; with
D = dL/dG, a second pass computes, tile by tile, the gradient with respect to the pixels of

    content loss of the core + <D, G_t>,

and adds it at the position of the tile, margin included. The total variation needs no network; it
is a sum over strips of rows.

Besides the second forward pass, the margins cost time: with a margin of 80 pixels, a factor of 1.7
for cores of 512x512, and 1.3 for 1024x1024.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..backend import ops, value_and_grad
from ..settings import Settings
from ..types import Moments, Region, Targets, Tensor
from . import losses, objective, statistics
from .features import Kernels
from .objective import LossAndGradient, Parts
from .receptive_field import Tile, Window, at_origin, cut, cut_layers, frame_of, grid, margin
from .regions import LayerMasks
from .tile_features import KEPT, core_features, make_targets, sum_moments

__all__ = ["grid", "loss_and_gradient", "make_targets", "margin"]

Slopes = dict[str, tuple[Tensor, ...]]  # gradient with respect to the sums over positions, by layer


def loss_and_gradient(settings: Settings, tile: int) -> LossAndGradient:
    """Return the same function as `objective.loss_and_gradient`, in bounded memory.

    It holds the features of one tile at a time. A picture of a single tile is evaluated at once.

    Args:
        settings: Weights, layers, normalization, pooling, padding and precision.
        tile: Longest side of a core, pixels, a multiple of 16.

    Returns:
        `f(pixels, targets, kernels) -> ((total, parts), gradient)`, which raises ValueError like
        `grid`. Its targets may come from `make_targets`, here or in `objective`.
    """
    settings = objective.loss_settings(settings)
    whole = objective.loss_and_gradient(settings)
    reach = margin({*settings.content_layers, *settings.style_layers})

    def evaluate(
        pixels: Tensor, targets: Targets, kernels: Kernels
    ) -> tuple[tuple[Tensor, Parts], Tensor]:
        tiles = grid(pixels.shape[1:3], tile, reach)
        if len(tiles) == 1:
            return whole(pixels, targets, kernels)
        style, slopes = _first_pass(pixels, tiles, targets.regions, kernels, settings)
        # Summed on the host: in place, and each tile waits for the one before it.
        total = np.zeros(tuple(pixels.shape), np.float32)  # (1, H, W, 3)
        variation = _variation(pixels, tile, settings, total)
        content = _second_pass(pixels, tiles, targets, slopes, kernels, settings, total)
        parts = {**content, **style, **variation}
        return objective.add_up(parts), ops.convert_to_tensor(total, dtype="float32")

    return evaluate


def _first_pass(
    pixels: Tensor,
    tiles: list[Tile],
    regions: tuple[Region, ...],
    kernels: Kernels,
    settings: Settings,
) -> tuple[Parts, list[Slopes]]:
    """Return the parts of the style loss, and its gradient in the sums of each region."""
    found = sum_moments(pixels, tiles, [region.masks for region in regions], kernels, settings)
    names = settings.style_layers
    flat = ops.concatenate(
        [
            ops.reshape(part, (-1,))
            for moments in found
            for name in names
            for part in _sums(moments[name], settings)
        ]
    )
    (_, parts), gradient = _style_loss(settings)(
        flat,
        regions,
        [{name: moments[name].weight for name in names} for moments in found],
        ops.convert_to_tensor(float(math.prod(pixels.shape[1:3])), dtype="float32"),
    )
    return parts, _unflatten(gradient, regions, settings)


def _second_pass(
    pixels: Tensor,
    tiles: list[Tile],
    targets: Targets,
    slopes: list[Slopes],
    kernels: Kernels,
    settings: Settings,
    total: NDArray[np.float32],
) -> Parts:
    """Return the parts of the content loss; add its gradient and the style loss' to `total`."""
    frame = frame_of(pixels)
    factors = _content_factors(targets, tiles, frame, settings)
    parts: Parts = {}
    for tile in tiles:
        wanted = cut_layers(targets.content, tile.core, frame)
        masks = [cut_layers(region.masks, tile.core, frame) for region in targets.regions]
        (_, found), gradient = _surrogate(settings, at_origin(tile))(
            cut(pixels, tile.outer, frame), wanted, factors, slopes, masks, kernels
        )
        top, left, bottom, right = tile.outer
        total[:, top:bottom, left:right] += ops.convert_to_numpy(gradient)
        parts = {name: part + parts.get(name, 0.0) for name, part in found.items()}
    return parts


def _variation(pixels: Tensor, rows: int, settings: Settings, total: NDArray[np.float32]) -> Parts:
    """Return the total variation loss, strip by strip; add its gradient to `total`."""
    height = ops.convert_to_tensor(float(pixels.shape[1]), dtype="float32")
    value = 0.0
    for top in range(0, pixels.shape[1], rows):
        window = slice(top, top + rows + 1)
        is_last = top + rows >= pixels.shape[1]
        (part, _), gradient = _strip_variation(settings, is_last)(pixels[:, window], height)
        total[:, window] += ops.convert_to_numpy(gradient)
        value = part + value
    return {"tv": value}


def _content_factors(
    targets: Targets, tiles: list[Tile], frame: Window, settings: Settings
) -> dict[str, Tensor]:
    """Return the factor of the squared distance at each content layer, scalars."""
    weight = settings.content_weight / len(settings.content_layers)
    if settings.normalization == "none":
        one = ops.ones((), dtype="float32")
        return dict.fromkeys(settings.content_layers, weight * one)
    energies: dict[str, Tensor] = {}
    for tile in tiles:
        for name, core in cut_layers(targets.content, tile.core, frame).items():
            energies[name] = ops.sum(ops.square(core)) + energies.get(name, 0.0)
    return {name: weight / (energy + losses.TINY) for name, energy in energies.items()}


# The functions below are cached, since some frameworks compile every new function.


@functools.lru_cache(maxsize=KEPT)
def _surrogate(settings: Settings, tile: Tile) -> LossAndGradient:
    """Return a loss whose gradient is the part of the objective's gradient through the core.

    Its parts are those of the content loss.
    """
    contents, styles = settings.content_layers, settings.style_layers
    names = tuple(dict.fromkeys((*contents, *styles)))

    def loss(
        pixels: Tensor,
        wanted: Mapping[str, Tensor],
        factors: Mapping[str, Tensor],
        slopes: Sequence[Slopes],
        masks: Sequence[LayerMasks],
        kernels: Kernels,
    ) -> tuple[Tensor, Parts]:
        seen = core_features(pixels, kernels, names, settings, tile)
        parts = {
            f"content/{name}": factors[name]
            * losses.content_loss(seen[name], wanted[name], normalization="none")
            for name in contents
        }
        style = [
            ops.sum(slope * part)
            for each, within in zip(slopes, masks, strict=True)
            for name in styles
            for slope, part in zip(
                each[name],
                _sums(statistics.moments(seen[name], within.get(name)), settings),
                strict=True,
            )
        ]
        return sum(parts.values()) + sum(style), parts

    return value_and_grad(loss, tf32=settings.precision == "tf32")


@functools.lru_cache(maxsize=8)
def _style_loss(settings: Settings) -> LossAndGradient:
    """Return the style loss as a function of all sums over positions, in one vector."""

    def loss(
        flat: Tensor,
        regions: tuple[Region, ...],
        weights: Sequence[Mapping[str, Tensor]],
        area: Tensor,
    ) -> tuple[Tensor, Parts]:
        found = [
            {name: _moments_of(weight[name], sums) for name, sums in each.items()}
            for each, weight in zip(_unflatten(flat, regions, settings), weights, strict=True)
        ]
        parts = objective.style_parts(found, {}, area, regions, settings)
        return sum(parts.values()), parts

    return value_and_grad(loss)


@functools.lru_cache(maxsize=8)
def _strip_variation(settings: Settings, is_last: bool) -> LossAndGradient:
    def loss(rows: Tensor, height: Tensor) -> tuple[Tensor, Parts]:
        part = settings.tv_weight * losses.strip_variation_loss(
            rows,
            height,
            is_last=is_last,
            normalization=settings.normalization,
            power=settings.tv_power,
        )
        return part, {}

    return value_and_grad(loss)


def _sums(moments: Moments, settings: Settings) -> tuple[Tensor, ...]:
    """Return the sums that the style loss depends on: for `gram`, only the second moment."""
    return (moments.second, moments.first)[: 2 if settings.style_loss == "moments" else 1]


def _moments_of(weight: Tensor, sums: tuple[Tensor, ...]) -> Moments:
    first = sums[1] if len(sums) > 1 else 0.0
    return Moments(weight, first, sums[0])


def _unflatten(flat: Tensor, regions: tuple[Region, ...], settings: Settings) -> list[Slopes]:
    """Split a vector into the sums of each region and layer."""
    found, start = [], 0
    for region in regions:
        each: Slopes = {}
        for name in settings.style_layers:
            parts = []
            for like in _sums(region.style[name], settings):
                end = start + math.prod(like.shape)
                parts.append(ops.reshape(flat[start:end], tuple(like.shape)))
                start = end
            each[name] = tuple(parts)
        found.append(each)
    return found
