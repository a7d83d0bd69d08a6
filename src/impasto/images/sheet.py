"""Contact sheets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image as PIL
from PIL import ImageDraw, ImageFont

from ..types import Image
from .scales import at_long_side, fit, resize

_GAP = 8
_EDGE = 3  # white around an inset, pixels
_PAPER = 1.0
_COLUMNS = 6
_LETTERS = 20  # height of a label, pixels


def side_by_side(images: Sequence[Image], *, height: int | None = None) -> Image:
    """Place images in a row, all of one height, on white.

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
    """Place images in rows and columns, each fitted into a square cell, on white.

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


def contact_sheet(images: Sequence[Image], cell: int, labels: Sequence[str] = ()) -> Image:
    """Place images in rows of six, each fitted into a square cell, with labels below.

    Args:
        images: Each (H, W, 3), 0..1.
        cell: Side of a cell, pixels.
        labels: One for each image; none for no labels.

    Returns:
        The sheet, (H, W, 3), 0..1.

    Example:
        >>> contact_sheet([np.zeros((4, 6, 3), np.float32)] * 8, 10).shape
        (44, 116, 3)
    """
    rows = [images[i : i + _COLUMNS] for i in range(0, len(images), _COLUMNS)]
    if not labels:
        return grid(rows, cell)
    strips = []
    for i, row in enumerate(rows):
        names = labels[i * _COLUMNS :]
        padded = [*row, *[None] * (min(len(images), _COLUMNS) - len(row))]
        strips += [grid([padded], cell)[:-_GAP], _captions(names[: len(row)], len(padded), cell)]
    return np.concatenate(strips)


def with_inset(image: Image, inset: Image, share: float = 0.38) -> Image:
    """Insert a small picture into the lower right corner of another, with a white edge.

    Args:
        image: (H, W, 3), 0..1.
        inset: (h, w, 3), 0..1; reduced to fit.
        share: Long side of the small picture, as a share of the short side of the large one.

    Returns:
        (H, W, 3), 0..1.

    Example:
        >>> sheet = with_inset(np.zeros((90, 90, 3)), np.full((8, 4, 3), 0.5))
        >>> sheet[-5, -5].tolist(), sheet[-2, -2].tolist(), sheet[0, 0].tolist()
        ([0.5, 0.5, 0.5], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    """
    side = max(1, round(share * min(image.shape[:2])) - 2 * _EDGE)
    small = at_long_side(inset, side)
    framed = np.pad(small, ((_EDGE, _EDGE), (_EDGE, _EDGE), (0, 0)), constant_values=_PAPER)
    made = image.copy()
    made[-framed.shape[0] :, -framed.shape[1] :] = framed
    return made


def _captions(labels: Sequence[str], columns: int, cell: int) -> Image:
    """Draw centred labels below the cells of a row."""
    width = columns * (cell + _GAP) + _GAP
    paper = PIL.new("RGB", (width, _LETTERS + _GAP), "white")
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(_LETTERS * 0.75)
    for i, label in enumerate(labels):
        middle = _GAP + i * (cell + _GAP) + cell // 2
        draw.text((middle, _LETTERS // 2 + 2), label, fill=(60, 60, 60), font=font, anchor="mm")
    return np.asarray(paper, np.float32) / np.float32(255)
