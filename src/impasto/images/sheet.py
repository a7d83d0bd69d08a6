"""Put pictures beside each other on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..types import Image
from .scales import resize

_GAP = 8
_PAPER = 1.0


def side_by_side(images: Sequence[Image], *, height: int | None = None) -> Image:
    """Set images in a row, all of one height, on white.

    Args:
        images: At least one, each (H, W, 3), 0..1.
        height: Height of the row, pixels; that of the last image if None.

    Returns:
        (height + 16, sum of widths and gaps, 3), 0..1.

    Example:
        >>> side_by_side([np.zeros((4, 6, 3), np.float32)] * 2).shape
        (20, 36, 3)
    """
    height = height or images[-1].shape[0]
    row = [resize(image, (height, _width(image, height))) for image in images]
    width = sum(image.shape[1] for image in row) + _GAP * (len(row) + 1)
    sheet = np.full((height + 2 * _GAP, width, 3), _PAPER, dtype=np.float32)
    left = _GAP
    for image in row:
        sheet[_GAP:-_GAP, left : left + image.shape[1]] = image
        left += image.shape[1] + _GAP
    return sheet


def _width(image: Image, height: int) -> int:
    return max(1, round(int(image.shape[1]) * height / int(image.shape[0])))
