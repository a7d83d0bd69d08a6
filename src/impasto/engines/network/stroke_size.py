"""Stroke size: paint at a reduced size, then repaint at full size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...backend import ops
from ...images.scales import SMALLEST_SIDE, fit, resize
from ...images.strokes import with_edges, with_strokes, working_size
from ...types import Image, Tensor
from ..iterative.points import computes_on_host
from .model import PHOTOGRAPH, Array, PaintingModel
from .predict import fits_at_once, paint_image, paint_pixels
from .stroke_size_gpu import paint_on_gpu

_LEAST_SIDE = 192  # long side, pixels


def paint_photograph(
    photograph: Image, vector: Array, model: PaintingModel, *, mixture: float, stroke_size: float
) -> Image:
    """Paint a photograph with strokes of a given size.

    Args:
        photograph: (H, W, 3), 0..1, both sides at least 16.
        vector: The style, (style size,), already mixed.
        model: The network.
        mixture: Share of the style in `vector`; 0 returns the photograph.
        stroke_size: 1 for strokes as in a picture 800 pixels long, 2 for twice as large; 0 paints
            in one pass, with strokes a few pixels wide. Unless it is 0, a picture under 192 pixels
            is painted at that size and reduced, since strokes would hide what it shows.

    Returns:
        The picture, (H, W, 3), 0..1.

    Raises:
        PictureError: The photograph is too small.
    """
    if mixture == 0:
        return photograph
    enlarged = fit(photograph.shape[:2], _LEAST_SIDE)
    has_room = min(photograph.shape[:2]) >= SMALLEST_SIDE
    if stroke_size and has_room and max(enlarged) > max(photograph.shape[:2]):
        large = np.clip(resize(photograph, enlarged), 0, 1)
        painted = paint_photograph(large, vector, model, mixture=mixture, stroke_size=stroke_size)
        return np.clip(resize(painted, photograph.shape[:2]), 0, 1)
    size = working_size(photograph.shape[:2], stroke_size)
    if size == photograph.shape[:2]:
        return _paint(photograph, photograph, vector, model, mixture)
    if not computes_on_host() and fits_at_once(photograph.shape[:2]):
        return paint_on_gpu(photograph, size, _painting(vector, model, mixture))
    small = np.clip(resize(photograph, size), 0, 1)
    painted = _paint(small, small, vector, model, mixture)
    seen = with_edges(painted, small, photograph)
    return with_strokes(_paint(seen, photograph, vector, model, mixture), painted)


def _paint(
    seen: Image, photograph: Image, vector: Array, model: PaintingModel, mixture: float
) -> Image:
    """Paint, and below full strength add back the detail that the `photograph` style loses.

    That style is not a perfect copy; with this, small strengths change little, and 0 nothing.
    """
    painted = paint_image(seen, vector, model)
    if mixture < 1:
        lost = paint_image(seen, model.styles[PHOTOGRAPH], model)
        np.subtract(photograph, lost, out=lost)
        lost *= np.float32(1 - mixture)
        lost += painted
        painted = np.clip(lost, 0, 1, out=lost)
    return painted


def _painting(
    vector: Array, model: PaintingModel, mixture: float
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return `_paint` as a function of pixels on the device."""

    def paint(seen: Tensor, photograph: Tensor) -> Tensor:
        painted = paint_pixels(seen, vector, model)
        if mixture < 1:
            lost = photograph - paint_pixels(seen, model.styles[PHOTOGRAPH], model)
            painted = ops.clip(painted + (1 - mixture) * lost, 0.0, 1.0)
        return painted

    return paint
