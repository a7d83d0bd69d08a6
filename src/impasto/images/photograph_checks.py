"""Say what to expect of a photograph before the work."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..types import Image, Picture
from .scales import at_long_side

_SIDE = 512  # pixels; photographs are looked at in a small copy
_WINDOW = 9  # pixels
_SMOOTH, _SMOOTH_SHARE = 0.006, 0.5  # local standard deviation; share of the area
_PANORAMA = 3.0  # long side / short side
_DARK = 0.12  # mean value
_SMALL = 128  # pixels


def describe_photograph(photograph: Picture) -> list[str]:
    """Say what may disappoint in a photograph, and what to do.

    Args:
        photograph: The photograph.

    Returns:
        Sentences; none for most photographs.

    Example:
        >>> plain = Picture(np.full((300, 400, 3), 0.5, np.float32), name="sky.jpg")
        >>> print(*describe_photograph(plain))
        sky.jpg is smooth over 100% of its area, which will fill with strokes; to keep parts of ...
    """
    name = photograph.name or "the photograph"
    height, width = photograph.image.shape[:2]
    small = at_long_side(photograph.image, min(_SIDE, max(height, width)))
    advice = []
    if (share := _smooth_share(small)) > _SMOOTH_SHARE:
        advice.append(
            f"{name} is smooth over {share:.0%} of its area, which will fill with strokes; to keep "
            "parts of it plain, paint them white in a mask for protect, or lower the strength"
        )
    if max(height, width) > _PANORAMA * min(height, width):
        advice.append(
            f"{name} is {max(height, width) / min(height, width):.1f} times as long as it is "
            "narrow, and size is its long side; set a larger size for its short side to have detail"
        )
    if float(small.mean()) < _DARK:
        advice.append(
            f"{name} is dark, so the painting's light colours will brighten it; to keep its light, "
            "set color to keep or match"
        )
    if max(height, width) < _SMALL:
        advice.append(
            f"{name} is small, {width}x{height} pixels; enlarge it without smoothing first to have "
            "strokes within its details"
        )
    return advice


def _smooth_share(image: Image) -> float:
    grey = image.mean(axis=-1, dtype=np.float64)
    mean = ndimage.uniform_filter(grey, _WINDOW)
    variance = ndimage.uniform_filter(grey**2, _WINDOW) - mean**2
    return float((variance < _SMOOTH**2).mean())
