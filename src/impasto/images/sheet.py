"""Put pictures beside each other on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..types import Image
from .scales import fit, resize

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


def grid(rows: Sequence[Sequence[Image | None]], cell: int) -> Image:
    """Set images in rows and columns, each fitted into a square cell, on white.

    Args:
        rows: Images, each (H, W, 3), 0..1; None leaves a cell empty. Rows may differ in length.
        cell: Side of a cell, pixels.

    Returns:
        The sheet, (H, W, 3), 0..1.

    Example:
        >>> grid([[None, np.zeros((4, 6, 3), np.float32)]], 10).shape
        (26, 44, 3)
    """
    columns = max(len(row) for row in rows)
    pitch = cell + _GAP
    sheet = np.full((len(rows) * pitch + _GAP, columns * pitch + _GAP, 3), _PAPER, dtype=np.float32)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            if image is None:
                continue
            small = resize(image, fit(image.shape[:2], cell))
            top = i * pitch + _GAP + (cell - small.shape[0]) // 2
            left = j * pitch + _GAP + (cell - small.shape[1]) // 2
            sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet
