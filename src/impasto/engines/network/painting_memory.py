"""Fit the painting of a picture into memory: at once, or in strips of rows."""

from __future__ import annotations

from ...backend import BACKEND
from ...errors import PictureError
from ...images.memory import GIGABYTE
from ...types import Size
from .strips import LARGEST_STRIP

_MOST_PIXELS = 4_000_000  # of a picture painted at once
_SHARE_OF_FREE = 0.85
# Bytes, measured with the shipped network on two threads of an AMD EPYC with AVX2: at once, per
# pixel; in strips, per pixel and per position of a strip; and what the framework takes beside, for
# JAX's compiler. In strips a few pictures of the full size are in memory too.
_AT_ONCE, _IN_STRIPS, _OF_STRIP = 650.0, 130.0, 5000.0
_BESIDE = {"torch": 0.05e9, "tensorflow": 0.2e9, "jax": 0.5e9}
_FEWEST = 10_000  # positions of a strip, and
_FEWEST_ROWS = 4


def positions_per_strip(size: Size, available: float, *, at_once: bool = True) -> int | None:
    """Return how a picture is painted in the memory that is available.

    Args:
        size: Height and width of the picture, pixels.
        available: Bytes, from `images.available_memory`.
        at_once: Whether the picture may be painted at once.

    Returns:
        Positions of a strip; None paints the picture at once.

    Raises:
        PictureError: It does not fit.

    Example:
        >>> positions_per_strip((600, 800), 8e9), positions_per_strip((3000, 4000), 8e9)
        (None, 400000)
    """
    pixels = size[0] * size[1]
    free = _SHARE_OF_FREE * available - _BESIDE[BACKEND]
    if at_once and pixels <= _MOST_PIXELS and _AT_ONCE * pixels <= free:
        return None
    fitting = int((free - _IN_STRIPS * pixels) / _OF_STRIP)
    fewest = max(_FEWEST, _FEWEST_ROWS * size[1])
    if fitting < fewest:
        needed = (_IN_STRIPS * pixels + _OF_STRIP * fewest + _BESIDE[BACKEND]) / _SHARE_OF_FREE
        raise PictureError(
            f"painting {size[1]}x{size[0]} needs {needed / GIGABYTE:.2f} GB of free memory, and "
            f"{available / GIGABYTE:.2f} GB are free; lower size, or close other programs"
        )
    return min(fitting, LARGEST_STRIP)
