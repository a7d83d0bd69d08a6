"""Features of a large picture, tile by tile."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ..backend import compiled, ops
from ..settings import Settings
from ..types import Guidance, Moments, Targets, Tensor
from . import features as backbone
from . import objective, statistics
from .features import Kernels
from .receptive_field import Tile, at_origin, cut, cut_layers, frame_of, grid, margin
from .regions import LayerMasks, make_regions
from .style_cache import Cached, look_up

KEPT = 256  # cached functions of a tile, compiled on some frameworks

Forward = Callable[[Tensor, Sequence[LayerMasks], Kernels], dict[str, Any]]


def make_targets(
    content: Tensor,
    styles: Sequence[Tensor],
    kernels: Kernels,
    settings: Settings,
    tile: int,
    guidance: Guidance = objective.UNGUIDED,
    cached: Cached | None = None,
) -> Targets:
    """Compute the targets of the losses as `objective.make_targets` does, tile by tile.

    The features of the photograph are kept whole: at `block4_conv2` they take 32 bytes for each
    pixel; the picture itself takes 12.

    Args:
        content: The photograph, (1, H, W, 3), 0..1, at the size of the optimised picture.
        styles: The paintings, each (1, h, w, 3), 0..1.
        kernels: From `objective.load_kernels`.
        settings: Layers, pooling, padding and precision; a style loss that compares moments.
        tile: Longest side of a core, pixels, a multiple of 16.
        guidance: Which style goes where.
        cached: Cached style targets.

    Returns:
        Features of the photograph, and the style targets of each region.

    Raises:
        ValueError: `tile` is not a positive multiple of 16.
    """
    settings = objective.loss_settings(settings)
    frame = frame_of(content)
    names: tuple[str, ...] = settings.content_layers
    tiles = grid(content.shape[1:3], tile, margin(names))
    rows = [
        [
            _forward(settings, at_origin(part), names, ops.copy)(
                cut(content, part.outer, frame), (), kernels
            )
            for part in row
        ]
        for _, row in itertools.groupby(tiles, key=lambda part: part.core.top)
    ]
    joined = {
        name: ops.concatenate(
            [ops.concatenate([part[name] for part in row], axis=2) for row in rows], axis=1
        )
        for name in names
    }

    def look(style: Tensor, within: LayerMasks) -> dict[str, Moments]:
        cores = grid(style.shape[1:3], tile, margin(settings.style_layers))
        return sum_moments(style, cores, [within], kernels, settings)[0]

    masks = guidance.style_masks or (None,) * len(styles)
    withins = objective.style_masks_at(styles, guidance, settings)
    painted = [
        look_up(cached, style, mask, (settings, tile), functools.partial(look, style, within))
        for style, mask, within in zip(styles, masks, withins, strict=True)
    ]
    return Targets(joined, make_regions(painted, content.shape[1:3], guidance, settings))


def sum_moments(
    pixels: Tensor,
    tiles: list[Tile],
    masks: Sequence[LayerMasks],
    kernels: Kernels,
    settings: Settings,
) -> list[dict[str, Moments]]:
    """Return the moments of the style layers within each mask, summed over the tiles."""
    total: list[dict[str, Moments]] = []
    frame = frame_of(pixels)
    for tile in tiles:
        look = _forward(settings, at_origin(tile), settings.style_layers, _summarize)
        within = [cut_layers(each, tile.core, frame) for each in masks]
        found = look(cut(pixels, tile.outer, frame), within, kernels)
        sums = [{name: each[i] for name, each in found.items()} for i in range(len(masks))]
        if total:
            sums = [
                {name: statistics.add(before[name], new[name]) for name in new}
                for before, new in zip(total, sums, strict=True)
            ]
        total = sums
    return total


def core_features(
    pixels: Tensor, kernels: Kernels, names: tuple[str, ...], settings: Settings, tile: Tile
) -> dict[str, Tensor]:
    """Return the core's features by layer; `pixels` are those of `tile.outer`."""
    seen = backbone.vgg19(pixels, kernels, names, **objective.network_options(settings))
    return cut_layers(seen, tile.core, tile.outer)


# Cached, since some frameworks compile every new function.
@functools.lru_cache(maxsize=KEPT)
def _forward(
    settings: Settings, tile: Tile, names: tuple[str, ...], summary: Callable[..., Any]
) -> Forward:
    def look(pixels: Tensor, masks: Sequence[LayerMasks], kernels: Kernels) -> dict[str, Any]:
        seen = core_features(pixels, kernels, names, settings, tile)
        return {
            name: summary(features, *[mask.get(name) for mask in masks])
            for name, features in seen.items()
        }

    return compiled(look, tf32=settings.precision == "tf32")


def _summarize(features: Tensor, *masks: Tensor | None) -> list[Moments]:
    return [statistics.moments(features, mask) for mask in masks]
