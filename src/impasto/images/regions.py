"""Regions marked by colours in one picture."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import PictureError
from ..types import Image, Mask

COLORS = {
    "black": "000000", "white": "ffffff", "red": "ff0000", "green": "00ff00", "blue": "0000ff",
    "yellow": "ffff00", "cyan": "00ffff", "magenta": "ff00ff",
}  # fmt: skip
_HEX = re.compile(r"[0-9a-f]{3}|[0-9a-f]{6}")
# Distances between colours, red green blue 0..1.
_EXACT, _ALIKE, _NEAR = 0.02, 0.1, 0.25
_FLAT = 0.06  # largest difference in 3x3 pixels, per channel: JPEG noise passes, edges do not
_SMALLEST_SHARE, _MOST_COLORS = 0.005, 64
_LEVELS = 32  # per channel, for counting colours
_PIXELS_AT_ONCE = 1 << 20

Color = NDArray[np.float32]  # (3,), sRGB, 0..1


def parse_color(text: str) -> Color | None:
    """Read a colour: `ff0000`, `f00`, or a name such as `red`.

    Args:
        text: Without the `#`, in any case.

    Returns:
        Red, green and blue, 0..1; None if the text is not a colour.

    Example:
        >>> parse_color("0F0").tolist(), parse_color("file.png")
        ([0.0, 1.0, 0.0], None)
    """
    digits = COLORS.get(text.lower(), text.lower())
    if not _HEX.fullmatch(digits):
        return None
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return np.frombuffer(bytes.fromhex(digits), np.uint8).astype(np.float32) / np.float32(255)


def region(image: Image, color: Color, name: str, alpha: Mask | None = None) -> Mask:
    """Find the region of one colour in a picture.

    Each pixel belongs to one of the colours that cover at least 0.5 % of the picture, or to the
    given colour. A pixel in a flat area belongs to the nearest colour, a pixel of a soft or jagged
    edge to the nearest flat area, so no third colour appears between two regions. Colours that
    differ by less than 26 of 255 levels count as one.

    Args:
        image: (H, W, 3), sRGB, 0..1.
        color: Red, green, blue, 0..1; matches the picture's nearest colour within 64 levels.
        name: Name of the file, for error messages.
        alpha: Opacity, (H, W), 0..1; transparent pixels belong to no region.

    Returns:
        (H, W), 1 in the region, 0 outside; times `alpha`.

    Raises:
        PictureError: The picture does not have this colour.

    Example:
        >>> two = np.zeros((4, 8, 3), np.float32)
        >>> two[:, 6:, 0] = 1  # red at the right
        >>> region(two, parse_color("red"), "two.png")[0].tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    """
    flat = _flat(image) if alpha is None else _flat(image) & (alpha > 0.5)
    colors = _with(_palette(image[flat], flat.size), color, image[flat])
    distances = np.linalg.norm(colors - color, axis=1)
    labels = _labels(image, colors, flat)
    if not len(colors) or distances.min() > _NEAR:
        shares = np.bincount(labels.ravel(), minlength=len(colors)) / labels.size
        shown = zip(colors, shares, strict=False)
        held = ", ".join(f"{_hex(one)} ({share:.1%})" for one, share in shown)
        raise PictureError(
            f"{name} does not have the colour {_hex(color)}; use one of its colours: "
            f"{held or 'none, since it has no flat areas'}"
        )
    found: Mask = (labels == distances.argmin()).astype(np.float32)
    return found if alpha is None else found * alpha


def _hex(color: Color) -> str:
    return "#" + np.round(color * 255).astype(np.uint8).tobytes().hex()


def _flat(image: Image) -> NDArray[np.bool_]:
    """Return which pixels are similar to all their neighbours, (H, W)."""
    flat = np.ones(image.shape[:2], bool)
    for channel in np.moveaxis(image, -1, 0):
        most = ndimage.maximum_filter(channel, 3, mode="nearest")
        most -= ndimage.minimum_filter(channel, 3, mode="nearest")
        flat &= most <= _FLAT
    return flat


def _palette(pixels: NDArray[np.float32], total: int) -> NDArray[np.float32]:
    """Return the frequent colours, (n, 3), most frequent first.

    Args:
        pixels: Pixels of flat areas, (m, 3).
        total: Number of pixels of the picture.
    """
    codes = np.zeros(len(pixels), np.int32)
    for channel in range(3):
        levels = np.minimum(pixels[:, channel] * np.float32(_LEVELS), _LEVELS - 1)
        codes = codes * _LEVELS + levels.astype(np.int32)
    counts = np.bincount(codes)
    kinds = counts.nonzero()[0]
    means = [np.bincount(codes, weights=pixels[:, i])[kinds] / counts[kinds] for i in range(3)]
    colors, counts = np.stack(means, axis=-1), counts[kinds]
    found: list[NDArray[Any]] = []
    while counts.sum() >= max(1, _SMALLEST_SHARE * total) and len(found) < _MOST_COLORS:
        alike = np.linalg.norm(colors - colors[counts.argmax()], axis=1) <= _ALIKE
        if counts[alike].sum() >= _SMALLEST_SHARE * total:
            found.append(np.average(colors[alike], axis=0, weights=counts[alike]))
        colors, counts = colors[~alike], counts[~alike]
    return np.asarray(found, np.float32).reshape(-1, 3)


def _with(
    colors: NDArray[np.float32], color: Color, pixels: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Add the given colour if it is not among the frequent ones but occurs in a flat area."""
    if len(colors) and np.linalg.norm(colors - color, axis=1).min() <= _ALIKE:
        return colors
    used = (np.square(pixels - color).sum(axis=1) <= _ALIKE**2).any()
    return np.vstack([colors, color]) if used else colors


def _labels(
    image: Image, colors: NDArray[np.float32], flat: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return the index of each pixel's colour, (H, W)."""
    labels = np.zeros(flat.shape, np.uint8)
    clear = flat.copy()
    step = max(1, _PIXELS_AT_ONCE // flat.shape[1])
    for top in range(0, flat.shape[0] if len(colors) else 0, step):
        band = slice(top, top + step)
        squares = [np.square(image[band] - color).sum(axis=-1) for color in colors]
        labels[band] = np.argmin(squares, axis=0)
        clear[band] |= np.min(squares, axis=0) <= _EXACT**2
    if clear.all() or not clear.any():
        return labels
    nearest = ndimage.distance_transform_edt(~clear, return_distances=False, return_indices=True)
    spread: NDArray[np.uint8] = labels[tuple(nearest)]
    return spread
