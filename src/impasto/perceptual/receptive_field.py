"""Receptive fields: which pixels determine which features.

Pixels are cut into cores, and each position of each layer belongs to the core that its first pixel
lies in.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from ..backend import ops
from ..settings import LAYER_NAMES
from ..types import Size, Tensor

GRAIN = 16  # pixels; cuts lie on multiples, where the squares of all four poolings begin


class Window(NamedTuple):
    """A rectangle of pixels: rows `top` to `bottom`, columns `left` to `right`, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int


class Tile(NamedTuple):
    """A part of a picture.

    Attributes:
        core: The pixels that this tile stands for.
        outer: The pixels looked at: the core and, where the picture goes on, a margin.
    """

    core: Window
    outer: Window


def margin(names: Collection[str]) -> int:
    """Return how far beyond a core the network must look, pixels, a multiple of 16.

    Args:
        names: Layers whose features are wanted.

    Returns:
        The least multiple of 16 within which everything lies that these features depend on.

    Example:
        >>> margin(["block1_conv1", "block4_conv2"]), margin(["block5_conv1"])
        (48, 80)
    """
    deepest = max(LAYER_NAMES.index(name) for name in names)
    reach = 0  # in positions of the layer that the walk up has come to
    for name in reversed(LAYER_NAMES[: deepest + 1]):
        reach += 1  # a convolution of 3x3
        if name != LAYER_NAMES[0] and name.endswith("conv1"):
            reach *= 2  # a pooling of 2x2 before it
    return _round_up(reach)


def grid(size: Size, tile: int, margin: int) -> list[Tile]:
    """Cut a picture into tiles, row by row.

    Along each side there are as few cores as `tile` allows, all of the same length but the last.

    Args:
        size: Height and width of the picture, pixels, at least 16.
        tile: Longest side of a core, pixels, a multiple of 16. Only the last core of a row or
            column may be up to 15 longer, rather than leave a core of under 16.
        margin: Pixels around the core to look at, a multiple of 16, at least 16.

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
                f"{name} must be a positive multiple of {GRAIN} pixels, where the poolings of "
                f"VGG19 begin anew, got {value}"
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
    """Return where the cores along a side begin, and its end."""
    count = max(1, math.ceil((length - GRAIN + 1) / tile))
    step = min(tile, _round_up(math.ceil(length / count)))
    return [*(step * i for i in range(count)), length]


def _round_up(length: int) -> int:
    return -(-length // GRAIN) * GRAIN


def cut_layers(seen: Mapping[str, Tensor], core: Window, frame: Window) -> dict[str, Tensor]:
    """Cut features of several layers, each with its own positions to the pixel, see `cut`."""
    return {
        name: cut(features, core, frame, 2 ** (int(name[len("block")]) - 1))
        for name, features in seen.items()
    }


def cut(array: Tensor, window: Window, frame: Window, stride: int = 1) -> Tensor:
    """Cut a window out of pixels or features of a frame.

    Where the window ends with the frame it takes all positions that there are: an odd last row
    may have been pooled by itself, or dropped.

    Args:
        array: Pixels or features of `frame`, (1, h, w, C).
        window: Pixels within `frame`; begins at multiples of `stride` from it.
        frame: Pixels.
        stride: Pixels from one position to the next.

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
    """Return the window that is the whole picture, (1, H, W, 3)."""
    return Window(0, 0, *pixels.shape[1:3])


def at_origin(tile: Tile) -> Tile:
    """Move a tile so that it is looked at from (0, 0): many tiles of a picture are then equal."""
    top, left = tile.outer[:2]
    core, outer = (Window(w.top - top, w.left - left, w.bottom - top, w.right - left) for w in tile)
    return Tile(core, outer)
