"""Turn what Pillow, tifffile or a caller holds into a `Picture`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PIL
from PIL import ImageOps

from ..errors import PictureError
from ..types import Image, Mask, Picture
from . import metadata

Array = NDArray[Any]

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_ORIENTATION, _TIFF_PROFILE = 274, 34675
# EXIF orientation -> how to set the rows and columns upright.
_TURNS: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}


def decode_array(array: Array, name: str = "") -> Picture:
    """Take an array of grey, RGB or RGBA values.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, uint16, or floats in 0..1.
        name: For the error's sentence.

    Returns:
        A picture of its own memory.

    Raises:
        PictureError: Shape, type or range is another.
    """
    what = name or "the array"
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or 0 in array.shape:
        raise PictureError(
            f"{what} has the shape {array.shape}, expected (H, W), (H, W, 3) or (H, W, 4)"
        )
    values = _to_unit(array, what).reshape(*array.shape[:2], channels)
    if channels == 4:
        image, alpha = _settle_alpha(values[..., :3], values[..., 3])
        return Picture(image, alpha, name=name)
    return Picture(np.repeat(values, 3, axis=2) if channels == 1 else values, name=name)


def _to_unit(array: Array, what: str) -> Image:
    """Return a float32 copy in 0..1."""
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return array.astype(np.float32) / np.float32(65535)
    if array.dtype.kind != "f":
        raise PictureError(f"{what} is of type {array.dtype}, expected uint8, uint16 or float")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError(f"{what} holds values that are not finite; replace them by 0..1")
    if low < 0 or high > 1:
        raise PictureError(
            f"the values of {what} run from {low:g} to {high:g}, expected 0..1; "
            "divide by the largest possible value, or pass uint8 or uint16"
        )
    return array.astype(np.float32)


def _settle_alpha(image: Image, alpha: Mask) -> tuple[Image, Mask | None]:
    """Lay transparent colours over the mean visible colour.

    What stands under transparent pixels is often arbitrary (black, or rests of another picture);
    the mean colour adds neither texture nor an edge.
    """
    if alpha.min() >= 1:
        return np.ascontiguousarray(image), None
    weight = alpha[..., None]  # (H, W, 1)
    visible = float(weight.sum(dtype=np.float64))
    mean = (image * weight).sum(axis=(0, 1), dtype=np.float64) / visible if visible else [0.5] * 3
    laid = image * weight + np.asarray(mean, dtype=np.float32) * (1 - weight)
    return laid.astype(np.float32), np.ascontiguousarray(alpha)


def decode_pil(image: PIL.Image, name: str = "") -> Picture:
    """Take a Pillow image of any mode: upright, sRGB, alpha apart.

    Raises:
        PictureError: A float or 32-bit image has values that cannot be interpreted.
    """
    exif = metadata.upright_exif(image)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        picture = decode_array(_wide_grey(image, name), name)
        return Picture(picture.image, None, exif, name)
    image, alpha = _split_alpha(image)
    image = metadata.to_srgb(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    planes = _to_unit(np.asarray(image), name)
    if alpha is None:
        return Picture(planes, None, exif, name)
    laid, mask = _settle_alpha(planes, _to_unit(np.asarray(alpha), name))
    return Picture(laid, mask, exif, name)


def _wide_grey(image: PIL.Image, name: str) -> Array:
    """Return 16-bit, 32-bit or float grey values in a type that `decode_array` takes."""
    values = np.asarray(image)
    if values.dtype.kind == "f":
        return values
    if values.min() < 0 or values.max() > 65535:
        raise PictureError(
            f"{name or 'the image'} has integers from {values.min()} to {values.max()}, "
            "expected 0..65535; scale it to 16 bits"
        )
    return values.astype(np.uint16)


def _split_alpha(image: PIL.Image) -> tuple[PIL.Image, PIL.Image | None]:
    """Split a Pillow image into colours (L, RGB, CMYK or LAB) and opacity."""
    profile = image.info.get("icc_profile")
    transparent = "transparency" in image.info and image.mode in ("P", "L", "RGB", "1")
    alpha = None
    if transparent or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode in ("P", "YCbCr", "HSV", "RGBX"):
        image = image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    if profile:
        image.info["icc_profile"] = profile
    return image, alpha


def decode_deep_tiff(path: Path, limit: int) -> Picture | None:
    """Read a TIFF of 16 bits or floats, which Pillow would cut to 8 bits or refuse.

    Args:
        path: A TIFF file.
        limit: Largest number of pixels.

    Returns:
        The picture, or None if Pillow reads this file without loss.

    Raises:
        PictureError: It has too many pixels, or an array of another shape.
    """
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        deep = page.dtype is not None and page.dtype.itemsize > 1 and page.samplesperpixel > 1
        if not deep or page.photometric not in (1, 2):  # black is zero, RGB
            return None
        check_pixels(page.imagewidth * page.imagelength, limit, path.name)
        array = page.asarray()
        if page.planarconfig == 2 and array.ndim == 3:
            array = np.moveaxis(array, 0, -1)
        tags = page.tags
        turn = tags[_TIFF_ORIENTATION].value if _TIFF_ORIENTATION in tags else 1
        profile = tags[_TIFF_PROFILE].value if _TIFF_PROFILE in tags else None
    picture = decode_array(_TURNS.get(int(turn), _TURNS[1])(array), path.name)
    exif = _tiff_exif(path)
    return Picture(_convert_deep(picture.image, profile), picture.alpha, exif, path.name)


def _tiff_exif(path: Path) -> bytes | None:
    try:
        with PIL.open(path) as image:
            return metadata.upright_exif(image)
    except (OSError, SyntaxError, ValueError):  # Pillow cannot open every kind that tifffile can
        return None


def _convert_deep(image: Image, profile: bytes | None) -> Image:
    """Move 16-bit colours to sRGB, keeping the low bits: Pillow's tables have 8 bits only.

    The difference that the conversion makes to the 8-bit picture is added to the deep one.
    """
    if not profile:
        return image
    coarse = PIL.fromarray(np.round(image * 255).astype(np.uint8))
    coarse.info["icc_profile"] = bytes(profile)
    converted = metadata.to_srgb(coarse)
    if converted is coarse:
        return image
    before = np.asarray(coarse, dtype=np.float32)
    change = (np.asarray(converted, dtype=np.float32) - before) / 255
    return np.clip(image + change, 0, 1).astype(np.float32)


def check_pixels(pixels: int, limit: int, name: str) -> None:
    """Refuse a picture of more pixels than the limit.

    Raises:
        PictureError: It has more.
    """
    if pixels > limit:
        raise PictureError(
            f"{name} has {pixels:,} pixels and the limit is {limit:,}, as a guard against files "
            f"made to fill the memory; if you trust it, pass max_pixels={pixels} (--max-pixels)"
        )


def open_guarded(path: Path, limit: int) -> PIL.Image:
    """Open a file with Pillow, not yet decoded, if it has no more pixels than the limit.

    Raises:
        PictureError: It has more.
    """
    with warnings.catch_warnings():
        # Pillow's own guard speaks at its own limit; ours, below, has the caller's.
        warnings.simplefilter("ignore", PIL.DecompressionBombWarning)
        try:
            image: PIL.Image = PIL.open(path)
        except PIL.DecompressionBombError:
            image = _open_huge(path, limit)
    check_pixels(image.width * image.height, limit, path.name)
    return image


def _open_huge(path: Path, limit: int) -> PIL.Image:
    """Open a file above Pillow's hard limit to learn its size."""
    former = PIL.MAX_IMAGE_PIXELS
    PIL.MAX_IMAGE_PIXELS = None
    try:
        return PIL.open(path)
    finally:
        PIL.MAX_IMAGE_PIXELS = former
