"""Upscale a small painting to the size of its photograph.

Strokes of a network are a few pixels wide. Painted small and enlarged, they cover the same share of
a large picture as of a small one, but are blurred. A second pass at full size repaints them:
`with_edges` makes its input, and `with_strokes` keeps only the fine detail of its output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image as PIL

from ..types import Image, Size
from .scales import fit, resize

REFERENCE_SIDE = 800  # pixels: long side of a picture at which strokes have size 1
_FEWEST_ROWS = 64  # of the short side: with fewer the network sees no shapes
EDGE = np.float32(0.05)  # contrast, 0..1, at which half of an edge is restored
ROUNDS = 2  # resizing up and down loses some contrast; the second round restores it
_STRIP = 1 << 20  # pixels

Rows = Callable[[int, int], Image]  # rows top to bottom, (bottom - top, W, 3)


def working_size(size: Size, stroke_size: float) -> Size:
    """Return the size at which to paint a picture for a given stroke size.

    Args:
        size: Height and width of the result, pixels.
        stroke_size: 1 for strokes as in a picture 800 pixels long, 2 for twice as large; 0 paints
            at the result's size.

    Returns:
        Height and width, at most those of the result. The short side has at least 64 pixels, or
        that of the result if it is shorter.

    Example:
        >>> working_size((3000, 4000), 1.0), working_size((3000, 4000), 0.5)
        ((600, 800), (1200, 1600))
        >>> working_size((300, 400), 1.0), working_size((3000, 4000), 0.0)
        ((300, 400), (3000, 4000))
    """
    longest, shortest = max(size), min(size)
    side = longest * min(1.0, _FEWEST_ROWS / shortest)
    if stroke_size > 0:
        side = max(side, REFERENCE_SIDE / stroke_size)
    if stroke_size == 0 or side >= longest:
        return size
    return fit(size, round(side))


def with_edges(painted: Image, small: Image, photograph: Image) -> Image:
    """Enlarge a painted picture, and add the edges that the small photograph has lost.

    The lost detail is `d = photograph - small` (enlarged). Each pixel gets
    `d * d^2 / (d^2 + 0.05^2)`, where `d^2` is the mean over channels: this keeps edges and
    suppresses grain.

    Args:
        painted: The photograph painted at the working size, (h, w, 3), 0..1.
        small: The photograph at the working size, (h, w, 3), 0..1.
        photograph: (H, W, 3), 0..1.

    Returns:
        (H, W, 3), 0..1.
    """
    size = photograph.shape[:2]
    paint_rows, photo_rows = _enlarged(painted, size), _enlarged(small, size)
    result = np.empty(photograph.shape, np.float32)
    for top, bottom in _strips(size):
        lost = photograph[top:bottom] - photo_rows(top, bottom)
        energy = np.square(lost).mean(axis=-1, keepdims=True)
        lost *= energy / (energy + EDGE * EDGE)
        lost += paint_rows(top, bottom)
        np.clip(lost, 0, 1, out=result[top:bottom])
    return result


def with_strokes(fine: Image, painted: Image) -> Image:
    """Combine the fine detail of one picture with the strokes and colours of a small one.

    Args:
        fine: Painted at full size, (H, W, 3), 0..1; overwritten by the result.
        painted: Painted at the working size, (h, w, 3), 0..1.

    Returns:
        (H, W, 3), 0..1: the detail of `fine` beyond the working size, and the rest of `painted`;
        reduced to the working size, the result equals `painted`.
    """
    size = fine.shape[:2]
    for _ in range(ROUNDS):
        rows = _enlarged(painted - resize(fine, painted.shape[:2]), size)
        for top, bottom in _strips(size):
            strip = fine[top:bottom]
            strip += rows(top, bottom)
            np.clip(strip, 0, 1, out=strip)
    return fine


def _strips(size: Size) -> Iterator[tuple[int, int]]:
    """Yield the first row of each strip, and the one after its last."""
    step = max(1, _STRIP // size[1])
    for top in range(0, size[0], step):
        yield top, min(top + step, size[0])


def _enlarged(small: Image, size: Size) -> Rows:
    """Return a reader of rows of a picture enlarged by Lanczos; values may overshoot the range."""
    planes = [PIL.fromarray(small[..., i], mode="F") for i in range(3)]
    height, width = small.shape[:2]
    step = height / size[0]

    def rows(top: int, bottom: int) -> Image:
        box = (0, top * step, width, min(bottom * step, height))
        found = [
            np.asarray(plane.resize((size[1], bottom - top), PIL.Resampling.LANCZOS, box))
            for plane in planes
        ]
        return np.stack(found, axis=-1)

    return rows
