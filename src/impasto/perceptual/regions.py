"""Style targets by region."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from ..backend import ops
from ..images.guidance import StyleGroup, group_styles
from ..images.masks import fit_mask, layer_masks
from ..settings import Settings
from ..types import Guidance, Mask, Moments, Region, Size, Tensor
from . import losses, statistics
from .patches import Features, find_patches

# With fewer positions of a layer, correlations of features mean nothing.
FEWEST_POSITIONS = 4

LayerMasks = Mapping[str, Tensor]  # (1, h, w, 1)


def masks_at(mask: Mask | None, size: Size, settings: Settings) -> LayerMasks:
    """Return a mask at each style layer, (1, h, w, 1); empty without a mask."""
    if mask is None:
        return {}
    edge: Literal["same", "valid"] = "same" if settings.padding == "replicate" else "valid"
    found = layer_masks(fit_mask(mask, size), size, settings.style_layers, edge)
    return {name: ops.convert_to_tensor(each[None, :, :, None]) for name, each in found.items()}


def make_regions(
    painted: Sequence[Mapping[str, Moments]], size: Size, guidance: Guidance, settings: Settings
) -> tuple[Region, ...]:
    """Make the targets of all regions of a picture, for the losses that compare moments.

    If a region, or its part of a painting, covers too few positions of a layer, the layer is left
    out with a warning, and the region's other layers count more.

    Args:
        painted: Moments of each painting by layer, within its own mask.
        size: Height and width of the generated picture.
        guidance: Which style goes where.
        settings: Style layers, their weights, and the loss.

    Returns:
        The regions, one for each group of styles.
    """
    return tuple(
        _make_region(place, painted, size, guidance, settings)
        for place in group_styles(len(painted), guidance)
    )


def make_patch_regions(
    picture: Features,
    paintings: Sequence[Features],
    size: Size,
    guidance: Guidance,
    settings: Settings,
) -> tuple[Region, ...]:
    """Make the targets of all regions for the loss that compares patches.

    Args:
        picture: Features of the current picture at the style layers.
        paintings: Features of each painting.
        size: Height and width of the picture.
        guidance: Which style goes where.
        settings: Style layers and seed.
    """
    style_masks = guidance.style_masks or (None,) * len(paintings)
    regions = []
    for place in group_styles(len(paintings), guidance):
        found = find_patches(
            picture,
            [paintings[index] for index in place.styles],
            [style_masks[index] for index in place.styles],
            settings.seed,
        )
        masks = masks_at(place.mask, size, settings)
        shares = {name: ops.mean(mask) for name, mask in masks.items()}
        regions.append(Region(style={}, patches=found, masks=masks, shares=shares))
    return tuple(regions)


def _make_region(
    place: StyleGroup,
    painted: Sequence[Mapping[str, Moments]],
    size: Size,
    guidance: Guidance,
    settings: Settings,
) -> Region:
    masks = masks_at(place.mask, size, settings)
    names: tuple[str, ...] = settings.style_layers
    style = {
        name: statistics.blend([painted[index][name] for index in place.styles], place.shares)
        for name in names
    }
    roots = {}
    if settings.style_loss == "moments":
        roots = {name: losses.covariance_root(moments) for name, moments in style.items()}
    covered = {name: float(ops.sum(mask)) for name, mask in masks.items()}
    for index in place.styles:
        if guidance.style_masks and guidance.style_masks[index] is not None:
            for name, moments in painted[index].items():
                covered[name] = min(float(moments.weight), covered.get(name, np.inf))
    thin = {name for name, positions in covered.items() if positions < FEWEST_POSITIONS}
    if thin:
        _warn(thin, size, names)
    return Region(style, roots, {}, masks, _shares(masks, thin, settings))


def _warn(thin: set[str], size: Size, names: Sequence[str]) -> None:
    left = "which is left out of it" if len(thin) < len(names) else "so it gets no style there"
    warnings.warn(
        f"at {size[1]}x{size[0]} a region, or the part of a painting for it, covers fewer than "
        f"{FEWEST_POSITIONS} positions of {', '.join(sorted(thin))}, {left}",
        stacklevel=5,
    )


def _shares(masks: LayerMasks, thin: set[str], settings: Settings) -> dict[str, Tensor]:
    """Return the factor of the loss of each layer; empty if all factors are 1.

    A region counts by its area, so a position has the same weight as in a picture without regions.
    """
    if not masks and not thin:
        return {}
    weights = dict(zip(settings.style_layers, style_shares(settings), strict=True))
    kept = sum(weight for name, weight in weights.items() if name not in thin)
    shares: dict[str, Tensor] = {}
    for name in weights:
        area = float(ops.mean(masks[name])) if masks else 1.0
        share = 0.0 if name in thin or not kept else area / kept
        shares[name] = ops.convert_to_tensor(share, dtype="float32")
    return shares


def style_shares(settings: Settings) -> list[float]:
    """Return each style layer's share of the style loss; they add up to 1."""
    given = settings.style_layer_weights or (1.0,) * len(settings.style_layers)
    return [weight / sum(given) for weight in given]
