"""Oklab, a perceptually uniform colour space of lightness, hue and chroma.

Reference: Björn Ottosson (2020), "A perceptual color space for image processing". Large pictures
are converted in bands of rows, in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Image

Array = NDArray[np.float32]

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)
_PIXELS_AT_ONCE = 1 << 18
_HALVINGS = 10  # bisection steps towards a grey: the gamut boundary is found to 0.1 %
_ALPHA = np.float32(0.5)  # more keeps more chroma, less keeps lightness
_TOLERANCE = 1e-4  # in linear light, beyond 0..1, for rounding


def by_rows(function: Callable[..., Array], *arrays: Array) -> Array:
    """Apply a function to bands of rows, to bound its temporary memory.

    Args:
        function: Takes this many arrays and returns one with the same number of rows.
        arrays: (H, W) or (H, W, C), of the same H.

    Returns:
        The result for all rows, float32.
    """
    height, width = arrays[0].shape[:2]
    step = max(1, _PIXELS_AT_ONCE // width)
    result: Array | None = None
    for top in range(0, height, step):
        band = function(*(array[top : top + step] for array in arrays))
        if result is None:
            result = np.empty((height, *band.shape[1:]), np.float32)
        result[top : top + step] = band
    return np.empty(arrays[0].shape, np.float32) if result is None else result


def mix_channels(colors: Array, matrix: NDArray[Any]) -> Array:
    """Multiply each colour by a matrix.

    Written out, since BLAS would start threads, which cost more than this small product.

    Args:
        colors: (..., 3).
        matrix: (3, 3).

    Returns:
        (..., 3), float32.

    Example:
        >>> mix_channels(np.ones((1, 3), np.float32), np.diag([1, 2, 3])).tolist()
        [[1.0, 2.0, 3.0]]
    """
    first, second, third = (colors[..., i] for i in range(3))
    mixed = np.empty(colors.shape, np.float32)
    for i, row in enumerate(matrix.astype(np.float32)):
        mixed[..., i] = row[0] * first + row[1] * second + row[2] * third
    return mixed


def to_linear(image: Array) -> Array:
    """Convert sRGB values to linear light (IEC 61966-2-1).

    Args:
        image: Any shape, 0..1.

    Returns:
        The same shape, 0..1, float32.

    Example:
        >>> print(to_linear(np.array([0, 0.5, 1], np.float32)).round(3))
        [0.    0.214 1.   ]
    """
    x = np.asarray(image, np.float32)
    bright = ((x + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(x <= 0.04045, x / np.float32(12.92), bright)


def from_linear(linear: Array) -> Array:
    """Convert linear light to sRGB values, the inverse of `to_linear`.

    Args:
        linear: Any shape, 0..1.

    Returns:
        The same shape, 0..1, float32.

    Example:
        >>> print(from_linear(np.array([0, 0.5, 1], np.float32)).round(3))
        [0.    0.735 1.   ]
    """
    x = np.asarray(linear, np.float32)
    root = np.maximum(x, 0) ** np.float32(1 / 2.4)
    bright = np.float32(1.055) * root - np.float32(0.055)
    return np.where(x <= 0.0031308, x * np.float32(12.92), bright)


def to_oklab(image: Image) -> Array:
    """Convert sRGB to Oklab: lightness, green to red, and blue to yellow.

    Args:
        image: (H, W, 3), sRGB, 0..1.

    Returns:
        (H, W, 3): lightness from 0, black, to 1, white; a and b, about -0.4..0.4, 0 for greys.

    Example:
        >>> print(to_oklab(np.array([[[1, 0, 0]]], np.float32)).round(3))
        [[[0.628 0.225 0.126]]]
    """
    return by_rows(_to_oklab, image)


def _to_oklab(image: Array) -> Array:
    return mix_channels(np.cbrt(mix_channels(to_linear(image), _TO_CONES)), _TO_LAB)


def from_oklab(lab: Array) -> Image:
    """Convert Oklab to sRGB; colours outside sRGB become paler.

    A colour outside sRGB keeps its hue and moves towards a grey until it is inside: towards the
    grey of its own lightness if it is nearly grey, and towards one nearer the middle the more
    chroma it has, so bright reds do not become pink. This is the adaptive clipping, with
    alpha = 0.5, of Björn Ottosson (2021), "sRGB gamut clipping".

    Args:
        lab: (H, W, 3), any values; lightness is clipped to 0..1.

    Returns:
        (H, W, 3), sRGB, 0..1.

    Example:
        >>> print(from_oklab(np.array([[[0.5, 0, 0], [0.5, 0.4, 0]]], np.float32)).round(2))
        [[[0.39 0.39 0.39]
          [0.71 0.   0.37]]]
    """
    return by_rows(_from_oklab, lab)


def _from_oklab(lab: Array) -> Array:
    lab = np.concatenate([lab[..., :1].clip(0, 1), lab[..., 1:]], axis=-1)
    light = _light(lab)
    outside = ((light < -_TOLERANCE) | (light > 1 + _TOLERANCE)).any(axis=-1)
    if outside.any():
        light[outside] = _light(_paler(lab[outside]))
    return from_linear(light.clip(0, 1))


def _light(lab: Array) -> Array:
    """Return linear red, green and blue, in 0..1 for colours inside sRGB."""
    cones = mix_channels(lab, _FROM_LAB)
    return mix_channels(cones * cones * cones, _FROM_CONES)


def _paler(lab: Array) -> Array:
    """Move colours (n, 3) towards a grey to the gamut boundary, by bisection."""
    grey = _grey(lab)
    low, high = (np.full((len(lab), 1), end, np.float32) for end in (0, 1))
    for _ in range(_HALVINGS):
        middle = (low + high) / np.float32(2)
        light = _light(grey + (lab - grey) * middle)
        fits = ((light >= 0) & (light <= 1)).all(axis=-1, keepdims=True)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return grey + (lab - grey) * low


def _grey(lab: Array) -> Array:
    """Return the grey, (n, 3), that each colour moves towards."""
    from_middle = lab[:, :1] - np.float32(0.5)
    chroma = np.linalg.norm(lab[:, 1:], axis=1, keepdims=True)
    reach = np.float32(0.5) + np.abs(from_middle) + _ALPHA * chroma
    root = np.sqrt(np.maximum(reach * reach - 2 * np.abs(from_middle), 0))
    lightness = (1 + np.sign(from_middle) * (reach - root)) / np.float32(2)
    return np.concatenate([lightness, np.zeros_like(lab[:, 1:])], axis=1)
