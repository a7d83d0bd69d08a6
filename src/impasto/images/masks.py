"""Masks, from 0 (outside) to 1 (inside)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL
from scipy import ndimage
from skimage import transform

from ..errors import PictureError, SettingsError
from ..types import Image, Mask, Picture, Size
from . import opening, regions, sources
from .files import read_picture
from .sources import PictureSource

_ASPECT_TOLERANCE = 1.02
_FAINTEST = 0.02
_COLORFUL, _COLORFUL_SHARE = 0.15, 0.005  # difference of the channels; share of the pixels
_ONE_COLOR = 0.02


def read_mask(source: PictureSource, *, max_pixels: int | None = None) -> Mask:
    """Read a mask: a grey picture, or one colour of a painted picture.

    In a grey picture, white is inside, black outside, and greys are in between, linear in the
    stored value. In a picture of one colour with transparency, opaque pixels are inside; otherwise
    transparent pixels are outside. With a colour after a `#`, the mask is the region of that colour
    in a picture with several regions, see `regions.region`. If a file with the `#` in its name
    exists, that file is read.

    Args:
        source: A path, with or without a colour: `sky.png`, `regions.png#ff0000`,
            `regions.png#f00`, or black, white, red, green (`#00ff00`), blue, yellow, cyan or
            magenta: `regions.png#red`. Or a Pillow image, a file object, or an array (H, W) of
            NumPy, PyTorch, JAX or TensorFlow, of bool, uint8, uint16, or floats in 0..1.
        max_pixels: As for `read_picture`.

    Returns:
        (H, W), 0..1.

    Raises:
        PictureError: The picture cannot be read, has several colours and none is given, or has
            none of the given colour.

    Example:
        >>> read_mask(np.array([[False, True], [True, True]])).tolist()
        [[0.0, 1.0], [1.0, 1.0]]
        >>> read_mask("regions.png#blue").shape  # doctest: +SKIP
        (480, 640)
    """
    if sources.is_array(source) and "bool" in str(getattr(source, "dtype", "")):
        source = sources.to_numpy(source).astype(np.float32)
    color = None
    if isinstance(source, str | Path):
        source, color = split_color(source)
    picture = read_picture(source, max_pixels=max_pixels)
    name = str(source) if isinstance(source, str | Path) else "the mask"
    image = _uncovered(picture)
    if color is not None:
        return regions.region(image, color, name, picture.alpha)
    return _grey(image, picture.alpha, name)


def split_color(source: str | Path) -> tuple[str | Path, regions.Color | None]:
    """Split a colour off the end of a path.

    Raises:
        PictureError: The part after the `#` is not a colour, and the part before is a file.

    Example:
        >>> split_color("regions.png#red")[0]
        'regions.png'
    """
    path, sign, text = str(source).rpartition("#")
    if not sign or _exists(source):
        return source, None
    color = regions.parse_color(text)
    if color is None and _exists(path):
        raise PictureError(
            f"{text!r} after {path}# is not a colour; expected six or three hexadecimal digits, or "
            f"one of {', '.join(regions.COLORS)}"
        )
    return (source, None) if color is None else (path, color)


def _exists(path: str | Path) -> bool:
    try:
        return opening.locate(path).exists()
    except (OSError, ValueError):  # not a valid file name
        return False


def _uncovered(picture: Picture) -> Image:
    """Undo the compositing of transparent pixels over the mean colour."""
    if picture.alpha is None or picture.alpha.min() > 0:
        return picture.image
    alpha = picture.alpha[..., None]
    mean = picture.image[picture.alpha == 0][0]
    painted: Image = (picture.image - mean * (1 - alpha)) / np.maximum(alpha, np.float32(1e-3))
    return np.where(alpha > 0, painted, mean).clip(0, 1)


def _grey(image: Image, alpha: Mask | None, name: str) -> Mask:
    if alpha is not None and _is_one_color(image[alpha > 0.1]):
        return alpha
    spread = image.max(axis=-1) - image.min(axis=-1)
    if (spread > _COLORFUL).mean() > _COLORFUL_SHARE:
        raise PictureError(
            f"{name} is in colour, expected a grey picture; to use the region of one colour, "
            "append it after a #: regions.png#ff0000"
        )
    grey: Mask = image.mean(axis=-1, dtype=np.float32)
    return grey if alpha is None else grey * alpha


def _is_one_color(pixels: NDArray[np.float32]) -> bool:
    return not len(pixels) or bool((pixels.max(axis=0) - pixels.min(axis=0)).max() <= _ONE_COLOR)


def fit_mask(mask: Mask, size: Size) -> Mask:
    """Resize a mask: area mean to shrink, bilinear to enlarge.

    Args:
        mask: (H, W), 0..1.
        size: Height and width, pixels.

    Returns:
        (height, width), 0..1; the mask itself if it has the size.

    Example:
        >>> fit_mask(np.array([[0, 1, 1, 1]], np.float32), (1, 2)).tolist()
        [[0.5, 1.0]]
    """
    if mask.shape == tuple(size):
        return mask
    smaller = min(mask.shape[0], size[0]), min(mask.shape[1], size[1])
    if mask.shape != smaller:  # not Pillow's box filter, which uses whole pixels only
        mask = transform.resize_local_mean(mask, smaller).astype(np.float32)
    if smaller != tuple(size):
        grown = PIL.fromarray(mask).resize((size[1], size[0]), PIL.Resampling.BILINEAR)
        mask = np.asarray(grown)
    return mask.clip(0, 1)


def feather(mask: Mask, radius_px: float) -> Mask:
    """Soften the edges of a mask.

    Args:
        mask: (H, W), 0..1.
        radius_px: Width of the edge to each side, pixels: twice the standard deviation of the
            Gaussian. 0 leaves the mask unchanged.

    Returns:
        (H, W), 0..1. The mask is extended beyond the border by replication.

    Raises:
        SettingsError: The radius is negative or not finite.

    Example:
        >>> print(feather(np.array([[0, 0, 1, 1]], np.float32), 1).round(2))
        [[0.   0.11 0.89 1.  ]]
    """
    if not (radius_px >= 0 and math.isfinite(radius_px)):
        raise SettingsError(f"the width of the soft edge is {radius_px} pixels, expected 0 or more")
    if radius_px == 0:
        return mask
    soft: Mask = ndimage.gaussian_filter(mask, radius_px / 2, mode="nearest")
    return soft.clip(0, 1)


def check_mask(mask: Mask, picture_size: Size, name: str) -> None:
    """Check that a mask has the aspect ratio of a picture, at any size, and is not empty.

    Args:
        mask: (H, W), 0..1.
        picture_size: Height and width of the picture, pixels.
        name: Name of the mask, for error messages.

    Raises:
        PictureError: The aspect ratio differs by more than 2 %, values are not finite, or the mask
            is nearly black.

    Example:
        >>> check_mask(np.ones((100, 150), np.float32), (400, 600), "sky.png")
    """
    (height, width), (rows, columns) = mask.shape, picture_size
    ratio = (width * rows) / (height * columns)
    if max(ratio, 1 / ratio) > _ASPECT_TOLERANCE:
        common = math.gcd(rows, columns)
        raise PictureError(
            f"the mask {name} is {width}x{height} pixels and the picture {columns}x{rows}; paint "
            f"the mask over the picture, or give it the aspect ratio "
            f"{columns // common}:{rows // common}"
        )
    if not np.isfinite(mask).all():
        raise PictureError(f"the mask {name} has values that are not finite; expected 0..1")
    if mask.max() < _FAINTEST:
        largest = round(255 * float(mask.max()))
        seen = f"has values up to {largest} of 255 only" if largest else "is all black"
        map_help = "; of a map of numbered regions make a mask for each number" if largest else ""
        raise PictureError(
            f"the mask {name} {seen}, so nothing is inside; paint the inside white (255, or 1.0 in "
            f"an array of floats){map_help}"
        )


def layer_masks(
    mask: Mask, size: Size, layer_names: Collection[str], pooling_edge: Literal["same", "valid"]
) -> dict[str, Mask]:
    """Compute a mask at the resolution of each layer.

    The mask is pooled like the picture: before each block but the first, by 2x2 means.

    Args:
        mask: (H, W), 0..1, of the picture's aspect ratio and any size.
        size: Height and width of the network's input, pixels.
        layer_names: Layers of VGG19, in Keras' names.
        pooling_edge: Treatment of an odd last row or column: `same` averages what remains, `valid`
            drops it.

    Returns:
        (h, w), 0..1, by layer name.

    Example:
        >>> weights = layer_masks(np.eye(4, dtype=np.float32), (5, 5), ["block2_conv1"], "same")
        >>> weights["block2_conv1"].shape
        (3, 3)
    """
    blocks = {name: int(name.removeprefix("block").partition("_")[0]) for name in layer_names}
    shrunk = [fit_mask(mask, size)]
    for _ in range(1, max(blocks.values(), default=1)):
        shrunk.append(_halve(shrunk[-1], pooling_edge))
    return {name: shrunk[block - 1] for name, block in blocks.items()}


def _halve(mask: Mask, edge: str) -> Mask:
    height, width = mask.shape
    if edge == "same":
        mask = np.pad(mask, ((0, height % 2), (0, width % 2)), mode="edge")
    rows, columns = mask.shape[0] // 2, mask.shape[1] // 2
    squares = mask[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    halved: Mask = squares.mean(axis=(1, 3), dtype=np.float32)
    return halved


def coverage(masks: Sequence[Mask]) -> Mask:
    """Return how much of each pixel some masks cover together.

    Args:
        masks: At least one, each (H, W), 0..1.

    Returns:
        (H, W): their sum, at most 1.

    Example:
        >>> coverage([np.full((1, 2), 0.75, np.float32), np.eye(1, 2, dtype=np.float32)]).tolist()
        [[1.0, 0.75]]
    """
    return np.minimum(np.sum(masks, axis=0, dtype=np.float32), np.float32(1))
