"""Colour transfer and lightness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from skimage import exposure

from ..errors import PictureError, SettingsError
from ..types import Image, Mask
from .oklab import by_rows, from_linear, from_oklab, mix_channels, to_linear, to_oklab

Grey = Mask  # (H, W), 0..1, an sRGB value as in each channel of a grey picture
_FEWEST_COLORS = 0.005  # standard deviation in Oklab below which colours are not stretched


def keep_colors(painted: Image, photograph: Image) -> Image:
    """Give a painted picture the photograph's colours and keep its lightness.

    Args:
        painted: (H, W, 3), sRGB, 0..1.
        photograph: The same format and size.

    Returns:
        (H, W, 3): lightness of the painted picture, hue and chroma of the photograph, in Oklab.
        Colours outside sRGB become paler, see `oklab.from_oklab`.

    Raises:
        PictureError: The sizes differ.

    Example:
        >>> grey = np.full((1, 1, 3), 0.5, np.float32)
        >>> print(keep_colors(grey, np.array([[[0.9, 0.5, 0.4]]], np.float32)).round(2))
        [[[0.76 0.37 0.28]]]
    """
    return with_luminance(photograph, luminance(painted))


def with_luminance(photograph: Image, lightness: Grey) -> Image:
    """Give a grey picture the colours of a photograph.

    Args:
        photograph: (H, W, 3), sRGB, 0..1, for hue and chroma.
        lightness: (H, W), 0..1, as from `luminance`.

    Returns:
        (H, W, 3), sRGB, 0..1. Colours outside sRGB become paler.

    Raises:
        PictureError: The sizes differ.

    Example:
        >>> green = np.array([[[0.2, 0.6, 0.3]]], np.float32)
        >>> np.abs(with_luminance(green, luminance(green)) - green).max() < 1e-3
        np.True_
    """
    if photograph.shape[:2] != lightness.shape:
        sizes = [f"{width}x{height}" for height, width in (photograph.shape[:2], lightness.shape)]
        raise PictureError(
            f"the picture for the colours is {sizes[0]} pixels and that for the lightness "
            f"{sizes[1]}; resize one to the size of the other"
        )
    return by_rows(_with_luminance, photograph, lightness)


def _with_luminance(photograph: Image, lightness: Grey) -> Image:
    lab = to_oklab(photograph)
    lab[..., 0] = np.cbrt(to_linear(lightness))
    return from_oklab(lab)


def luminance(image: Image) -> Grey:
    """Convert a picture to grey by the lightness of its colours.

    Args:
        image: (H, W, 3), sRGB, 0..1.

    Returns:
        (H, W), 0..1: the sRGB value of the grey with the same lightness in Oklab.

    Example:
        >>> print(luminance(np.eye(3, dtype=np.float32)[None]).round(2))
        [[0.53 0.83 0.34]]
    """
    return by_rows(_luminance, image)


def _luminance(image: Image) -> Grey:
    grey: Grey = from_linear(to_oklab(image)[..., 0] ** 3).clip(0, 1)
    return grey


def match_luminance(painting: Grey, photograph: Grey) -> Grey:
    """Match the mean and contrast of a grey painting to a grey photograph.

    L' = sigma_C / sigma_S (L_S - mu_S) + mu_C, equation 10 of Gatys et al. (2017), "Controlling
    perceptual factors in neural style transfer".

    Args:
        painting: (H, W), 0..1.
        photograph: (h, w), 0..1, of any size.

    Returns:
        (H, W), clipped to 0..1. A uniform painting becomes the photograph's mean.

    Example:
        >>> painting = np.array([[0, 1]], np.float32)
        >>> print(match_luminance(painting, np.array([[0.4, 0.8]], np.float32)))
        [[0.4 0.8]]
    """
    spread = painting.std(dtype=np.float64)
    factor = photograph.std(dtype=np.float64) / spread if spread > 0 else 0.0
    mean = painting.mean(dtype=np.float64)
    offset = photograph.mean(dtype=np.float64) - factor * mean
    matched: Grey = (painting * np.float32(factor) + np.float32(offset)).clip(0, 1)
    return matched


def match_colors(source: Image, target: Image, *, method: str = "covariance") -> Image:
    """Give a picture the palette of another.

    Args:
        source: (H, W, 3), sRGB, 0..1.
        target: (h, w, 3), 0..1, any size.
        method: `covariance` applies a linear map in Oklab that gives the colours the target's mean
            and covariance; it keeps colours together. `histogram` matches the distributions of
            red, green and blue separately: closer to the target's colours, but gradients may show
            bands. A picture of one colour gets the target's brightest.

    Returns:
        (H, W, 3), sRGB, 0..1.

    Raises:
        SettingsError: The method is unknown.

    Example:
        >>> black, blue = np.zeros((4, 6, 3), np.float32), np.array([[[0, 0, 1]]], np.float32)
        >>> print(match_colors(black, blue)[0, 0].round(2) + 0)
        [0. 0. 1.]
    """
    if method not in METHODS:
        raise SettingsError(
            f"unknown method {method!r} to match colours; expected one of {', '.join(METHODS)}"
        )
    return METHODS[method](source, target)


def _match_covariance(source: Image, target: Image) -> Image:
    lab = to_oklab(source)
    (mean, covariance), (wanted, wanted_covariance) = spread(lab), spread(to_oklab(target))
    matrix = transport(covariance, wanted_covariance)
    move = (wanted - matrix @ mean).astype(np.float32)
    return by_rows(lambda rows: from_oklab(mix_channels(rows, matrix) + move), lab)


def _match_histogram(source: Image, target: Image) -> Image:
    matched: Image = exposure.match_histograms(source, target, channel_axis=-1)
    return matched.astype(np.float32, copy=False).clip(0, 1)


def spread(colors: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean (3,) and covariance (3, 3) of colours (H, W, 3).

    Example:
        >>> spread(np.ones((2, 2, 3), np.float32))[0].tolist()
        [1.0, 1.0, 1.0]
    """
    pixels = colors.reshape(-1, 3)
    mean = pixels.mean(axis=0, dtype=np.float64)
    second = np.zeros((3, 3))
    for start in range(0, len(pixels), 1 << 20):
        some = pixels[start : start + (1 << 20)] - mean
        second += some.T @ some
    return mean, second / len(pixels)


def transport(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix that maps one covariance to another with the smallest change of colours.

    A = S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2, the linear map of Monge and Kantorovitch: Pitié and
    Kokaram (2007), "The linear Monge-Kantorovitch linear colour mapping for example-based colour
    transfer". Directions in which the source has almost no spread are not fully stretched, as they
    hold only noise.

    Args:
        source: S, (3, 3), of colours in Oklab.
        target: T, the same format.

    Returns:
        A, (3, 3), symmetric: A S A is T.

    Example:
        >>> transport(np.eye(3), np.diag([4.0, 1.0, 0.0])).round(6).tolist()
        [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    root = _power(source, 0.5)
    inverse = _power(source, -0.5, _FEWEST_COLORS**2)
    return inverse @ _power(root @ target @ root, 0.5) @ inverse


def _power(
    matrix: NDArray[np.float64], exponent: float, smallest: float = 0
) -> NDArray[np.float64]:
    """Raise a symmetric matrix to a power, with eigenvalues of at least `smallest`."""
    values, vectors = np.linalg.eigh(matrix)
    powered: NDArray[np.float64] = (vectors * np.maximum(values, smallest) ** exponent) @ vectors.T
    return powered


METHODS: dict[str, Callable[[Image, Image], Image]] = {
    "covariance": _match_covariance,
    "histogram": _match_histogram,
}
