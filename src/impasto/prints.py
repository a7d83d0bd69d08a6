"""Print sizes: millimetres to pixels and back."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

MM_PER_INCH, DPI = 25.4, 300.0
SMALLEST_SIZE, LARGEST_SIZE = 16, 32_768  # long side, pixels


def size_of_print(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the size in pixels of a print.

    Args:
        values: Settings before validation: `print_mm` and `dpi`, which determine the long side,
            and `size` and `height`, which must not contradict it.

    Returns:
        `size`, and `height` as None; an empty dictionary without a valid `print_mm`.

    Raises:
        ValueError: `size` or `height` contradicts the print, the size is out of range, or `dpi` is
            given without `print_mm`.

    Example:
        >>> size_of_print({"print_mm": 420, "dpi": 300})
        {'size': 4961, 'height': None}
    """
    print_mm, dpi = _positive(values.get("print_mm")), _positive(values.get("dpi", DPI))
    if print_mm is None or dpi is None:
        if dpi not in (None, DPI) and values.get("print_mm") is None:
            raise ValueError(
                f"dpi is {dpi:g}, but print_mm is missing; give the long side of the print, too"
            )
        return {}
    pixels = round(print_mm / MM_PER_INCH * dpi)
    computed = f"print_mm {print_mm:g} at {dpi:g} dpi makes {pixels} pixels"
    if values.get("height") is not None:
        raise ValueError(f"{computed}, but height is {values['height']}; leave out one of them")
    if str(values.get("size", pixels)) != str(pixels):
        raise ValueError(f"{computed}, but size is {values['size']}; leave out one of them")
    if not SMALLEST_SIZE <= pixels <= LARGEST_SIZE:
        raise ValueError(
            f"{computed}, expected {SMALLEST_SIZE} to {LARGEST_SIZE}; change print_mm or dpi"
        )
    return {"size": pixels, "height": None}


def _positive(value: Any) -> float | None:
    """Return a positive number; None for anything else, which validation rejects later."""
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        number = float(value)
        if 0 < number < math.inf:
            return number
    return None


def describe_print(size: tuple[int, int], dpi: float) -> str:
    """Format the size of a picture on paper.

    Args:
        size: Height and width, pixels.
        dpi: Pixels per inch.

    Example:
        >>> describe_print((3508, 4961), 300.0)
        '420x297 mm at 300 dpi'
    """
    height, width = (side / dpi * MM_PER_INCH for side in size)
    return f"{width:.0f}x{height:.0f} mm at {dpi:g} dpi"
