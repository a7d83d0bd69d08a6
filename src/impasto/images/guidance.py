"""Guidance: which style applies where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import Guidance, Mask, Size
from .masks import coverage, fit_mask


class StyleGroup(NamedTuple):
    """A part of the picture with its styles.

    Attributes:
        mask: The part, (H, W) at any size; None for all of it.
        styles: Indices of the styles.
        shares: Weight of each style.
    """

    mask: Mask | None
    styles: tuple[int, ...]
    shares: tuple[float, ...]


def group_styles(count: int, guidance: Guidance) -> tuple[StyleGroup, ...]:
    """Group styles by their masks.

    Args:
        count: Number of styles.
        guidance: Masks and weights of the styles.

    Example:
        >>> [place.styles for place in group_styles(2, Guidance(weights=(0.6, 0.4)))]
        [(0, 1)]
    """
    masks = guidance.masks or (None,) * count
    weights = guidance.weights or (1.0,) * count
    groups: list[tuple[Mask | None, list[int]]] = []
    for index, mask in enumerate(masks):
        if weights[index] == 0:
            continue
        for known, members in groups:
            if _same(known, mask):
                members.append(index)
                break
        else:
            groups.append((mask, [index]))
    return tuple(
        StyleGroup(mask, tuple(members), tuple(weights[index] for index in members))
        for mask, members in groups
    )


def painted_part(guidance: Guidance, size: Size) -> Mask | None:
    """Return the paintable share of each pixel, (H, W), 0..1; None for 1.

    Pixels outside all masks have no style and stay unchanged, like protected pixels.
    """
    masks = [mask for mask in guidance.masks if mask is not None]
    painted = None
    if masks and len(masks) == len(guidance.masks):
        painted = coverage([fit_mask(mask, size) for mask in masks])
    if guidance.protect is not None:
        free = 1 - fit_mask(guidance.protect, size)
        painted = free if painted is None else painted * free
    return painted


def _same(one: Mask | None, other: Mask | None) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or (one.shape == other.shape and bool(np.array_equal(one, other)))
