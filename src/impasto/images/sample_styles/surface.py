"""Shared drawing tools of the sample paintings: size, noise, colour, light, final reduction.

Lengths are fractions of the picture's width, so that a drawing looks the same at every size:
x runs 0..1 to the right and y runs 0..0.75 downwards. Colours are mixed in Oklab.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as PillowImage

from ...types import Image, Size

Array: TypeAlias = NDArray[np.float32]

ASPECT = 0.75  # height over width: landscape 4:3
SUPERSAMPLED_UP_TO = 2048  # above this width twice the size costs gigabytes and shows nothing

LMS_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB_FROM_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
RGB_FROM_LMS = np.linalg.inv(LMS_FROM_RGB).astype(np.float32)
LMS_FROM_LAB = np.linalg.inv(LAB_FROM_LMS).astype(np.float32)


def canvas_shape(size: int) -> Size:
    """Return the height and width to draw on, before the reduction by `finish`.

    Args:
        size: Width of the finished picture, pixels.

    Returns:
        Height and width, twice those of the finished picture unless that is very large.
    """
    scale = 2 if size <= SUPERSAMPLED_UP_TO else 1
    return scale * round(ASPECT * size), scale * size


def unit_grid(shape: Size) -> tuple[Array, Array]:
    """Return the coordinates of the pixel centres.

    Args:
        shape: Height and width, pixels.

    Returns:
        x of shape (1, W) in 0..1 and y of shape (H, 1) in about 0..0.75.
    """
    height, width = shape
    x = ((np.arange(width) + 0.5) / width).astype(np.float32)
    y = ((np.arange(height) + 0.5) / width).astype(np.float32)
    return x[None, :], y[:, None]


def noise(rng: np.random.Generator, shape: Size, across: float, down: float | None = None) -> Array:
    """Draw smooth noise: a coarse random grid, enlarged.

    Args:
        rng: Source of randomness; the number of values drawn does not depend on `shape`.
        shape: Height and width of the result.
        across: Number of cells over the width.
        down: Number of cells over the height; square cells by default.

    Returns:
        Noise of shape (H, W), mean about 0, standard deviation about 1.
    """
    rows = max(2, round(ASPECT * across if down is None else down))
    coarse = rng.standard_normal((rows, max(2, round(across)))).astype(np.float32)
    fine = PillowImage.fromarray(coarse).resize(shape[::-1], PillowImage.Resampling.BICUBIC)
    # Interpolation between independent values lowers the deviation by about a third.
    return np.asarray(fine, dtype=np.float32) * 1.5


def oklab(*codes: str) -> Array:
    """Convert colour codes to Oklab.

    Args:
        *codes: Colours such as `"1f3c88"`, sRGB in hexadecimal.

    Returns:
        Colours of shape (number of codes, 3): lightness 0..1, a, b.
    """
    srgb = np.array([list(bytes.fromhex(code)) for code in codes]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ LMS_FROM_RGB.T) @ LAB_FROM_LMS.T, dtype=np.float32)


def srgb(lab: Array) -> Array:
    """Convert Oklab to sRGB, clipped to 0..1.

    Args:
        lab: Colours of shape (..., 3).

    Returns:
        Colours of the same shape, red, green, blue.
    """
    linear = np.clip((lab @ LMS_FROM_LAB.T) ** 3 @ RGB_FROM_LMS.T, 0.0, 1.0)
    low = 12.92 * linear
    high = 1.055 * np.power(linear, np.float32(1 / 2.4)) - 0.055
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def ramp(colours: Array, position: ArrayLike) -> Array:
    """Mix neighbouring colours of a palette.

    Args:
        colours: Palette in Oklab, (n, 3).
        position: Where on the palette, 0 first colour .. 1 last colour, any shape; clipped.

    Returns:
        Oklab colours of shape (*position.shape, 3).
    """
    place = np.clip(np.asarray(position, dtype=np.float32), 0.0, 1.0) * (len(colours) - 1)
    stops = np.arange(len(colours))
    mixed = [np.interp(place, stops, colours[:, channel]) for channel in range(3)]
    return np.stack(mixed, axis=-1).astype(np.float32)


def raking_light(height: Array) -> Array:
    """Light a relief from the upper left.

    Args:
        height: Height of the paint in fractions of the width, (H, W).

    Returns:
        Slope towards the light, squashed to -1 (shadow) .. 1 (lit), (H, W).
    """
    down, right = np.gradient(height * height.shape[1])
    return np.asarray(np.tanh(down + right), dtype=np.float32)


def finish(image: Array, size: int) -> Image:
    """Reduce a drawing to its final size with Lanczos.

    Args:
        image: Drawing on the canvas, (H, W, 3), sRGB.
        size: Width of the finished picture, pixels.

    Returns:
        Picture of shape (round(0.75 * size), size, 3), float32, sRGB, 0..1.
    """
    target = (size, round(ASPECT * size))
    channels = [
        PillowImage.fromarray(np.ascontiguousarray(image[..., channel])).resize(
            target, PillowImage.Resampling.LANCZOS
        )
        for channel in range(3)
    ]
    stacked = np.stack([np.asarray(channel) for channel in channels], axis=-1)
    return np.asarray(np.clip(stacked, 0.0, 1.0), dtype=np.float32)
