"""Receptive fields: which pixels determine which features.

A picture is divided into cores; each position of each layer belongs to the core that contains its
first pixel.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from ..backend import ops
from ..settings import LAYER_NAMES
from ..types import Size, Tensor

GRAIN = 16  # pixels; cores begin at multiples, aligned with all four poolings


class Window(NamedTuple):
    """A rectangle of pixels: rows `top` to `bottom`, columns `left` to `right`, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int


class Tile(NamedTuple):
    """A part of a picture.

    Attributes:
        core: The pixels that this tile contributes.
        outer: The input of the network: the core with a margin, cut at the border of the picture.
    """

    core: Window
    outer: Window


def margin(names: Collection[str]) -> int:
    """Return the margin around a core that the network needs, pixels, a multiple of 16.

    Args:
        names: Layers whose features are computed.

    Returns:
        The smallest multiple of 16 that covers the receptive field of these features.

    Example:
        >>> margin(["block1_conv1", "block4_conv2"]), margin(["block5_conv1"])
        (48, 80)
    """
    deepest = max(LAYER_NAMES.index(name) for name in names)
    reach = 0  # in positions of the current layer
    for name in reversed(LAYER_NAMES[: deepest + 1]):
        reach += 1  # a convolution of 3x3
        if name != LAYER_NAMES[0] and name.endswith("conv1"):
            reach *= 2  # the 2x2 pooling before it
    return _round_up(reach)


def grid(size: Size, tile: int, margin: int) -> list[Tile]:
    """Divide a picture into tiles, row by row.

    Each side has as few cores as `tile` allows, all of the same length except the last.

    Args:
        size: Height and width of the picture, pixels, at least 16.
        tile: Longest side of a core, pixels, a multiple of 16. The last core of a row or column may
            be up to 15 longer, to avoid a core under 16.
        margin: Margin around a core, pixels, a multiple of 16, at least 16.

    Returns:
        Tiles whose cores cover every pixel once.

    Raises:
        ValueError: `tile` or `margin` is not a positive multiple of 16.

    Example:
        >>> [tile.core for tile in grid((30, 100), 64, 16)]
        [Window(top=0, left=0, bottom=30, right=64), Window(top=0, left=64, bottom=30, right=100)]
    """
    for name, value in (("tile", tile), ("margin", margin)):
        if value < GRAIN or value % GRAIN:
            raise ValueError(
                f"{name} must be a positive multiple of {GRAIN} pixels, to align with the poolings "
                f"of VGG19, got {value}"
            )
    rows, columns = ([*itertools.pairwise(_cuts(length, tile))] for length in size)
    height, width = size
    return [
        Tile(
            core=Window(top, left, bottom, right),
            outer=Window(
                max(0, top - margin),
                max(0, left - margin),
                min(height, bottom + margin),
                min(width, right + margin),
            ),
        )
        for top, bottom in rows
        for left, right in columns
    ]


def _cuts(length: int, tile: int) -> list[int]:
    """Return the starts of the cores along a side, and its end."""
    count = max(1, math.ceil((length - GRAIN + 1) / tile))
    step = min(tile, _round_up(math.ceil(length / count)))
    return [*(step * i for i in range(count)), length]


def _round_up(length: int) -> int:
    return -(-length // GRAIN) * GRAIN


def cut_layers(seen: Mapping[str, Tensor], core: Window, frame: Window) -> dict[str, Tensor]:
    """Cut features of several layers, each with its own stride; see `cut`."""
    return {
        name: cut(features, core, frame, 2 ** (int(name[len("block")]) - 1))
        for name, features in seen.items()
    }


def cut(array: Tensor, window: Window, frame: Window, stride: int = 1) -> Tensor:
    """Cut a window out of pixels or features of a frame.

    A window that ends with the frame includes all remaining positions, since an odd last row may
    have been pooled by itself, or dropped.

    Args:
        array: Pixels or features of `frame`, (1, h, w, C).
        window: Pixels within `frame`; begins at a multiple of `stride` from its start.
        frame: Pixels that `array` covers.
        stride: Pixels between positions.

    Returns:
        The positions of the window, (1, h', w', C).
    """
    top, left = (window.top - frame.top) // stride, (window.left - frame.left) // stride
    bottom, right = array.shape[1:3]
    if window.bottom < frame.bottom:
        bottom = (window.bottom - frame.top) // stride
    if window.right < frame.right:
        right = (window.right - frame.left) // stride
    return ops.slice(array, (0, top, left, 0), (1, bottom - top, right - left, array.shape[3]))


def frame_of(pixels: Tensor) -> Window:
    """Return the window of a whole picture, (1, H, W, 3)."""
    return Window(0, 0, *pixels.shape[1:3])


def at_origin(tile: Tile) -> Tile:
    """Move a tile so that `outer` begins at (0, 0); many tiles of a picture are then equal."""
    top, left = tile.outer[:2]
    core, outer = (Window(w.top - top, w.left - left, w.bottom - top, w.right - left) for w in tile)
    return Tile(core, outer)
