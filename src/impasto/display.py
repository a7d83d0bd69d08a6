"""Pictures as Pillow images, and as previews in notebooks."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

LONGEST_PREVIEW = 1024  # pixels, long side


def to_pil(image: NDArray[np.float32], alpha: NDArray[np.float32] | None = None) -> PIL.Image:
    """Convert a picture to a Pillow image of 8 bits.

    Args:
        image: (H, W, 3), sRGB; values outside 0..1 are clipped.
        alpha: Opacity, (H, W), 0..1; None for an opaque picture.

    Returns:
        An image of mode RGB, or RGBA with an alpha.

    Example:
        >>> to_pil(np.zeros((4, 6, 3), np.float32)).size
        (6, 4)
    """
    planes = image if alpha is None else np.concatenate([image, alpha[..., None]], axis=-1)
    return PIL.fromarray(np.round(np.clip(planes, 0, 1) * np.float32(255)).astype(np.uint8))


def png_preview(image: PIL.Image) -> bytes:
    r"""Encode a Pillow image as PNG, its long side at most 1024 pixels.

    Example:
        >>> png_preview(PIL.new("RGB", (2048, 512)))[:4]
        b'\x89PNG'
    """
    small = image.copy()
    small.thumbnail((LONGEST_PREVIEW, LONGEST_PREVIEW))
    file = io.BytesIO()
    small.save(file, "PNG")
    return file.getvalue()


def size_and_mode(image: NDArray[np.float32], alpha: object | None = None) -> str:
    """Describe a picture by its width, height and mode.

    Example:
        >>> size_and_mode(np.zeros((4, 6, 3), np.float32))
        '6x4 RGB'
    """
    return f"{image.shape[1]}x{image.shape[0]} {'RGB' if alpha is None else 'RGBA'}"
