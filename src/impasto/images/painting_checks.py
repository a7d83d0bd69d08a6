"""Say what to expect of a painting before the work: too small, empty, framed, or a page of text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from ..errors import PictureError
from ..types import Image, Picture
from .scales import at_long_side

_LEAST_SIDE = 128  # pixels
_ADVISED_SIDE = 512
_LARGEST_FACTOR = 3.0  # of enlargement
_SIDE = 512  # pixels; paintings are looked at in a small copy
_FLAT, _NEARLY_FLAT = 1 / 255, 0.02  # standard deviation of the values
_LEAST_OPACITY = 0.02  # mean
_FRAME_SHARE = 0.25  # of the area
_FRAME_STEP, _FRAME_SPOTS = 0.08, 0.03  # largest difference in a line of a frame; share of others
# A page: many marks of like height on a plain ground, which hold most of the ink.
_MARKS, _MARKS_INK, _MARKS_SPREAD, _PAGE_INK, _PAGE_GROUND = 60, 0.7, 0.45, 0.4, 0.1


def check_painting(painting: Picture) -> None:
    """Refuse a painting that has no style to take.

    Raises:
        PictureError: It has one colour only, or is transparent.
    """
    name = painting.name or "the painting"
    if painting.alpha is not None and float(painting.alpha.mean()) < _LEAST_OPACITY:
        raise PictureError(f"{name} is transparent, so it has no style; flatten it first")
    if _contrast(painting.image) < _FLAT:
        raise PictureError(f"{name} has one colour only, so it has no style; give another painting")


def describe_painting(painting: Picture, long_side: int | None = None) -> list[str]:
    """Say what may disappoint in a painting, and what to do.

    Args:
        painting: The painting.
        long_side: Side that it is resized to, pixels; None if it is not resized.

    Returns:
        Sentences; none for most paintings.

    Raises:
        PictureError: See `check_painting`.

    Example:
        >>> tiny = Picture(np.random.default_rng(0).random((40, 50, 3)).astype(np.float32))
        >>> print(describe_painting(tiny)[0])
        the painting is small, 50x40 pixels, so strokes will be a blur; give one of 512 or more
    """
    check_painting(painting)
    name = painting.name or "the painting"
    height, width = painting.image.shape[:2]
    longest = max(height, width)
    advice = []
    if longest < _LEAST_SIDE:
        advice.append(
            f"{name} is small, {width}x{height} pixels, so strokes will be a blur; give one of "
            f"{_ADVISED_SIDE} or more"
        )
    elif long_side is not None and long_side > _LARGEST_FACTOR * longest:
        advice.append(
            f"{name} is enlarged {long_side / longest:.1f} times, so strokes will be soft; give a "
            f"larger one, or set style_scale to {max(longest / long_side, 0.1):.1g}"
        )
    small = at_long_side(painting.image, min(_SIDE, longest))
    if _contrast(painting.image) < _NEARLY_FLAT:
        advice.append(f"{name} is almost one colour, so there will be little style; give another")
    elif (frame := _frame_share(small)) > _FRAME_SHARE:
        advice.append(
            f"{name} has a plain frame over {frame:.0%} of its area, which becomes part of "
            "the style; crop it"
        )
    if _is_page(small):
        advice.append(
            f"{name} looks like a page of text, whose letters become part of the style; crop a "
            "picture out of it"
        )
    return advice


def _contrast(image: Image) -> float:
    return float(image.std(axis=(0, 1), dtype=np.float64).max())


def _frame_share(image: Image) -> float:
    """Return the share of the area in a border of lines in one colour."""
    height, width = image.shape[:2]
    columns = image.swapaxes(0, 1)
    top, bottom, left, right = map(_plain_lines, (image, image[::-1], columns, columns[::-1]))
    inner = max(height - top - bottom, 0) * max(width - left - right, 0)
    return float(1 - inner / (height * width))


def _plain_lines(image: Image) -> int:
    """Count the first rows that have the colour of the first."""
    difference = np.abs(image - image[0].mean(axis=0)).max(axis=-1)
    plain = (difference > _FRAME_STEP).mean(axis=1) < _FRAME_SPOTS
    return len(plain) if plain.all() else int(np.argmin(plain))


def _is_page(image: Image) -> bool:
    grey = image.mean(axis=-1)
    if np.ptp(grey) < _NEARLY_FLAT:
        return False
    ink: NDArray[np.bool_] = grey < threshold_otsu(grey)
    if ink.mean() > 0.5:  # light on dark
        ink = ~ink
    if not 0 < ink.mean() < _PAGE_INK or grey[~ink].std() > _PAGE_GROUND:
        return False
    labels, count = ndimage.label(ink)
    boxes = ndimage.find_objects(labels)
    heights, widths = (
        np.array([box[axis].stop - box[axis].start for box in boxes]) for axis in (0, 1)
    )
    rows, columns = grey.shape
    marks = (heights >= 4) & (heights < 0.12 * rows) & (widths < 0.2 * columns)
    if count < _MARKS or marks.sum() < _MARKS:
        return False
    pixels = np.bincount(labels.ravel())[1:]
    spread = heights[marks].std() / heights[marks].mean()
    return bool(pixels[marks].sum() > _MARKS_INK * ink.sum() and spread < _MARKS_SPREAD)
