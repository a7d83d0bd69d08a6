"""`stroke_size` entirely on a GPU."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from PIL import Image as PIL

from ...backend import ops
from ...images.strokes import EDGE, ROUNDS
from ...types import Image, Size, Tensor
from ..pixels import to_image, to_pixels


def paint_on_gpu(photograph: Image, size: Size, paint: Callable[[Tensor, Tensor], Tensor]) -> Image:
    """Paint a photograph at a reduced size, and repaint its strokes at full size.

    Args:
        photograph: (H, W, 3), 0..1.
        size: The reduced height and width.
        paint: `(input of the network, photograph) -> picture`, (1, h, w, 3) each.

    Returns:
        The picture, (H, W, 3), 0..1.
    """
    full = photograph.shape[:2]
    photo = to_pixels(photograph)
    small = _reduced(photo, size)
    painted = paint(small, small)
    lost = photo - resized(small, full)
    energy = ops.mean(ops.square(lost), axis=-1, keepdims=True)
    edges = lost * (energy / (energy + float(EDGE) ** 2))
    fine = paint(ops.clip(resized(painted, full) + edges, 0.0, 1.0), photo)
    for _ in range(ROUNDS):
        fine = ops.clip(fine + resized(painted - _reduced(fine, size), full), 0.0, 1.0)
    return to_image(fine)


def _reduced(x: Tensor, size: Size) -> Tensor:
    """Resize pixels and clip to their range."""
    return ops.minimum(ops.maximum(resized(x, size), ops.min(x)), ops.max(x))


def resized(x: Tensor, size: Size) -> Tensor:
    """Resize pixels (1, h, w, C) to (1, H, W, C) by Lanczos: one matrix product per axis."""
    _, height, width, channels = x.shape
    rows, columns = _lanczos(height, size[0]), _lanczos(width, size[1])
    x = ops.matmul(rows, ops.reshape(x, (height, width * channels)))
    x = ops.matmul(columns, ops.reshape(x, (size[0], width, channels)))
    return x[None]


@functools.lru_cache(maxsize=8)
def _lanczos(before: int, after: int) -> Tensor:
    """Return the resampling matrix of one axis, (after, before)."""
    units = PIL.fromarray(np.eye(before, dtype=np.float32), mode="F")
    return ops.convert_to_tensor(np.array(units.resize((before, after), PIL.Resampling.LANCZOS)))
