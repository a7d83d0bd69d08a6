"""The objective of a picture too large to be looked at whole, exactly, one tile at a time.

The picture is cut into cores, and the network looks at each with a margin wide enough that the
features of the core are those of the whole picture: each position of each layer belongs to one
core. Gram matrices and content losses are sums over positions, so they are sums over tiles. The
style loss L is not, but its gradient is. A first pass sums the Gram matrices G = sum_t G_t; with
D = dL/dG, a second pass takes, tile by tile, the gradient in the pixels of

    content loss of the core + <D, G_t>,

and adds it up where the tile lies, margin included. The total variation takes no network and is
computed whole.

Beside the second forward pass, the margins cost time: with a margin of 80 pixels, 1.7 times as much
for a core of 512x512, and 1.3 times for one of 1024x1024.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..backend import compiled, ops, value_and_grad
from ..settings import Settings
from ..types import Moments, Targets, Tensor
from . import features as backbone
from . import losses, objective, statistics
from .features import Kernels
from .objective import LossAndGradient, Parts
from .windows import Tile, Window, at_origin, cut, cut_layers, frame_of, grid, margin

__all__ = ["grid", "loss_and_gradient", "make_targets", "margin"]

_KEPT = 256  # functions for a tile, compiled on some frameworks

Look = Callable[[Tensor, Kernels], dict[str, Tensor]]


def make_targets(
    content: Tensor, style: Tensor, kernels: Kernels, settings: Settings, tile: int
) -> Targets:
    """Compute what the losses compare with, as `objective.make_targets` does, tile by tile.

    The features of the photograph are kept whole: at `block4_conv2` they take 32 bytes for each
    pixel, where the picture itself takes 12.

    Args:
        content: The photograph, (1, H, W, 3), 0..1, of the size that will be optimised.
        style: The painting, (1, h, w, 3), 0..1.
        kernels: From `objective.load_kernels`.
        settings: Layers, pooling, padding and precision.
        tile: Longest side of a core, pixels, a multiple of 16.

    Returns:
        Features of the photograph and moments of the painting.

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
                cut(content, part.outer, frame), kernels
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
    painting = grid(style.shape[1:3], tile, margin(settings.style_layers))
    return Targets(joined, _moments(style, painting, kernels, settings))


def loss_and_gradient(settings: Settings, tile: int) -> LossAndGradient:
    """Return the same function as `objective.loss_and_gradient`, in bounded memory.

    It holds the features of one tile at a time. A picture of a single tile is looked at whole.

    Args:
        settings: Weights, layers, normalization, pooling, padding and precision.
        tile: Longest side of a core, pixels, a multiple of 16.

    Returns:
        `f(pixels, targets, kernels) -> ((total, parts), gradient)`, which raises ValueError where
        `grid` does. Its targets may come from `make_targets`, here or in `objective`.
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
        style, slopes = _first_pass(pixels, tiles, targets, kernels, settings)
        (_, variation), gradient = _variation(settings)(pixels)
        # Added up on the host: in place, and no tile begins before the one before it has ended.
        total = np.require(ops.convert_to_numpy(gradient), requirements="W")  # (1, H, W, 3)
        content = _second_pass(pixels, tiles, targets, slopes, kernels, settings, total)
        parts = {**content, **style, **variation}
        return objective.add_up(parts), ops.convert_to_tensor(total, dtype="float32")

    return evaluate


def _first_pass(
    pixels: Tensor, tiles: list[Tile], targets: Targets, kernels: Kernels, settings: Settings
) -> tuple[Parts, dict[str, Tensor]]:
    """Return the parts of the style loss, and its gradient D in each Gram matrix."""
    moments = _moments(pixels, tiles, kernels, settings)
    names = settings.style_layers
    flat = ops.concatenate([ops.reshape(moments[name].second, (-1,)) for name in names])
    (_, parts), gradient = _style_loss(settings)(
        flat,
        targets.style,
        {name: moments[name].weight for name in names},
        ops.convert_to_tensor(float(math.prod(pixels.shape[1:3])), dtype="float32"),
    )
    return parts, _unflatten(gradient, targets.style, names)


def _second_pass(
    pixels: Tensor,
    tiles: list[Tile],
    targets: Targets,
    slopes: dict[str, Tensor],
    kernels: Kernels,
    settings: Settings,
    total: NDArray[np.float32],
) -> Parts:
    """Return the parts of the content loss; add its and the style loss' gradient to `total`."""
    frame = frame_of(pixels)
    factors = _content_factors(targets, tiles, frame, settings)
    parts: Parts = {}
    for tile in tiles:
        wanted = cut_layers(targets.content, tile.core, frame)
        (_, found), gradient = _surrogate(settings, at_origin(tile))(
            cut(pixels, tile.outer, frame), wanted, factors, slopes, kernels
        )
        top, left, bottom, right = tile.outer
        total[:, top:bottom, left:right] += ops.convert_to_numpy(gradient)
        parts = {name: part + parts.get(name, 0.0) for name, part in found.items()}
    return parts


def _content_factors(
    targets: Targets, tiles: list[Tile], frame: Window, settings: Settings
) -> dict[str, Tensor]:
    """Return what the squared distance at each content layer is multiplied by, scalars."""
    weight = settings.content_weight / len(settings.content_layers)
    if settings.normalization == "none":
        one = ops.ones((), dtype="float32")
        return dict.fromkeys(settings.content_layers, weight * one)
    energies: dict[str, Tensor] = {}
    for tile in tiles:
        for name, core in cut_layers(targets.content, tile.core, frame).items():
            energies[name] = ops.sum(ops.square(core)) + energies.get(name, 0.0)
    return {name: weight / (energy + losses.TINY) for name, energy in energies.items()}


def _moments(
    pixels: Tensor, tiles: list[Tile], kernels: Kernels, settings: Settings
) -> dict[str, Moments]:
    """Return the moments of the style layers, summed over the tiles."""
    total: dict[str, Moments] = {}
    for tile in tiles:
        look = _forward(settings, at_origin(tile), settings.style_layers, statistics.moments)
        found = look(cut(pixels, tile.outer, frame_of(pixels)), kernels)
        total = {
            name: statistics.add(total[name], summed) if total else summed
            for name, summed in found.items()
        }
    return total


# The functions below are kept, since some frameworks compile them anew whenever they are made.


@functools.lru_cache(maxsize=_KEPT)
def _forward(
    settings: Settings, tile: Tile, names: tuple[str, ...], summary: Callable[[Tensor], Tensor]
) -> Look:
    def look(pixels: Tensor, kernels: Kernels) -> dict[str, Tensor]:
        seen = _core_features(pixels, kernels, names, settings, tile)
        return {name: summary(features) for name, features in seen.items()}

    return compiled(look, tf32=settings.precision == "tf32")


@functools.lru_cache(maxsize=_KEPT)
def _surrogate(settings: Settings, tile: Tile) -> LossAndGradient:
    """Return the loss whose gradient is the whole objective's, as far as it goes through the core.

    Its parts are those of the content loss.
    """
    contents, styles = settings.content_layers, settings.style_layers
    names = tuple(dict.fromkeys((*contents, *styles)))

    def loss(
        pixels: Tensor,
        wanted: Mapping[str, Tensor],
        factors: Mapping[str, Tensor],
        slopes: Mapping[str, Tensor],
        kernels: Kernels,
    ) -> tuple[Tensor, Parts]:
        seen = _core_features(pixels, kernels, names, settings, tile)
        parts = {
            f"content/{name}": factors[name]
            * losses.content_loss(seen[name], wanted[name], normalization="none")
            for name in contents
        }
        style = sum(ops.sum(slopes[name] * statistics.gram(seen[name])) for name in styles)
        return sum(parts.values()) + style, parts

    return value_and_grad(loss, tf32=settings.precision == "tf32")


@functools.lru_cache(maxsize=8)
def _style_loss(settings: Settings) -> LossAndGradient:
    """Return the style loss as a function of all Gram matrices in one vector."""

    def loss(
        flat: Tensor, style: Mapping[str, Moments], positions: Mapping[str, Tensor], area: Tensor
    ) -> tuple[Tensor, Parts]:
        seconds = _unflatten(flat, style, settings.style_layers)
        parts = objective.style_parts(seconds, positions, area, Targets({}, style), settings)
        return sum(parts.values()), parts

    return value_and_grad(loss)


@functools.lru_cache(maxsize=8)
def _variation(settings: Settings) -> LossAndGradient:
    def loss(pixels: Tensor) -> tuple[Tensor, Parts]:
        part = objective.tv_part(pixels, settings)
        return part, {"tv": part}

    return value_and_grad(loss)


def _core_features(
    pixels: Tensor, kernels: Kernels, names: tuple[str, ...], settings: Settings, tile: Tile
) -> dict[str, Tensor]:
    """Return the core's features by layer; `pixels` are those of `tile.outer`."""
    seen = backbone.vgg19(pixels, kernels, names, **objective.look(settings))
    return cut_layers(seen, tile.core, tile.outer)


def _unflatten(
    flat: Tensor, like: Mapping[str, Moments], names: tuple[str, ...]
) -> dict[str, Tensor]:
    """Cut a vector into matrices of the shapes of the moments' own."""
    shapes = [tuple(like[name].second.shape) for name in names]
    ends = itertools.accumulate((math.prod(shape) for shape in shapes), initial=0)
    return {
        name: ops.reshape(flat[start:end], shape)
        for name, shape, (start, end) in zip(names, shapes, itertools.pairwise(ends), strict=True)
    }
