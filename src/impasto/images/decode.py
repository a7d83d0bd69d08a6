"""Convert pictures from Pillow, tifffile and NumPy to a `Picture`."""

from __future__ import annotations

import importlib.util
import math
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PIL

from ..errors import PictureError
from ..types import Image, Mask, Picture
from . import metadata, opening

Array = NDArray[Any]

_YCBCR = 6  # photometric interpretation of a TIFF
_TIFF_ORIENTATION, _TIFF_PROFILE, _ASSOCIATED_ALPHA = 274, 34675, 1
_DEFLATE = (8, 32946)
_PACKINGS = (1, 5, 32773, *_DEFLATE)  # none, LZW, PackBits, deflate: their unpacked size is bounded
_DEFLATE_RATIO = 1032  # the highest possible
_HARMLESS_BYTES = 64 << 20
# EXIF orientation -> function that makes the picture upright.
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
    """Convert an array of grey, RGB or RGBA values.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, uint16, or floats in 0..1.
        name: Name for error messages.

    Returns:
        A picture that shares no memory with the array.

    Raises:
        PictureError: Shape, type or range is not supported.
    """
    what = name or "the array"
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or 0 in array.shape:
        raise PictureError(
            f"{what} has the shape {array.shape}, expected (H, W), (H, W, 3) or (H, W, 4)"
        )
    values = _to_unit(array, what).reshape(*array.shape[:2], channels)
    if channels == 4:
        image, alpha = _composite(values[..., :3], values[..., 3])
        return Picture(image, alpha, name=name)
    return Picture(np.repeat(values, 3, axis=2) if channels == 1 else values, name=name)


def _to_unit(array: Array, what: str) -> Image:
    """Return a float32 copy in 0..1."""
    if array.dtype == np.uint8:
        return array.astype(np.float32, order="C") / np.float32(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return array.astype(np.float32, order="C") / np.float32(65535)
    if array.dtype.kind != "f":
        raise PictureError(f"{what} is of type {array.dtype}, expected uint8, uint16 or float")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError(f"{what} holds values that are not finite; replace them by 0..1")
    if low < 0 or high > 1:
        raise PictureError(
            f"the values of {what} range from {low:.9g} to {high:.9g}, expected 0..1; "
            "divide by the largest possible value, or pass uint8 or uint16"
        )
    return array.astype(np.float32, order="C")


def _composite(image: Image, alpha: Mask) -> tuple[Image, Mask | None]:
    """Composite transparent colours over the mean visible colour.

    The colour of transparent pixels is often arbitrary (black, or parts of another picture); the
    mean colour adds neither texture nor edges.
    """
    if alpha.min() >= 1:
        return np.ascontiguousarray(image), None
    weight = alpha[..., None]  # (H, W, 1)
    visible = float(weight.sum(dtype=np.float64))
    laid = image * weight
    mean = laid.sum(axis=(0, 1), dtype=np.float64) / visible if visible else [0.5] * 3
    for channel, value in enumerate(
        np.asarray(mean, dtype=np.float32)
    ):  # one by one, to save memory
        laid[..., channel] += value * (1 - alpha)
    return np.clip(laid, 0, 1, out=laid), np.ascontiguousarray(alpha)


def decode_pil(image: PIL.Image, name: str = "") -> Picture:
    """Convert a Pillow image of any mode: upright, sRGB, alpha separate.

    Raises:
        PictureError: A float or 32-bit image has values that cannot be interpreted.
    """
    exif = metadata.upright_exif(image)
    image = metadata.upright(image)
    if image.mode.startswith("I") or image.mode == "F":
        grey, opacity = _wide_grey(image, name)
        return Picture(
            metadata.deep_to_srgb(grey, image.info.get("icc_profile")), opacity, exif, name
        )
    image, alpha = _split_alpha(image)
    image = metadata.to_srgb(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    planes = _to_unit(np.asarray(image), name)
    if alpha is None:
        return Picture(planes, None, exif, name)
    laid, mask = _composite(planes, _to_unit(np.asarray(alpha), name))
    return Picture(laid, mask, exif, name)


def _wide_grey(image: PIL.Image, name: str) -> tuple[Image, Mask | None]:
    """Return 16-bit, 32-bit or float grey values, and opacity if one value is transparent."""
    values = np.asarray(image)
    if values.dtype.kind != "f" and (values.min() < 0 or values.max() > 65535):
        raise PictureError(
            f"{name or 'the image'} has integers from {values.min()} to {values.max()}, "
            "expected 0..65535; scale it to 16 bits"
        )
    floats = values.dtype.kind == "f"
    planes = decode_array(values if floats else values.astype(np.uint16), name).image
    hidden = image.info.get("transparency")
    if not isinstance(hidden, int):
        return planes, None
    return _composite(planes, (values != hidden).astype(np.float32))


def _split_alpha(image: PIL.Image) -> tuple[PIL.Image, PIL.Image | None]:
    """Split a Pillow image into colours (L, RGB, CMYK or LAB) and opacity."""
    profile = image.info.get("icc_profile")
    transparent = "transparency" in image.info and image.mode in ("P", "L", "RGB", "1")
    alpha = None
    if image.mode in ("LA", "La"):  # stays grey to match its profile
        image = image.convert("LA")
        image, alpha = image.getchannel("L"), image.getchannel("A")
    elif transparent or image.mode in ("RGBA", "PA", "RGBa"):
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
    """Read a TIFF that Pillow would reduce to 8 bits or reject: 16 bits, floats, or raw YCbCr.

    Args:
        path: A TIFF file.
        limit: Largest number of pixels.

    Returns:
        The picture, or None if Pillow reads the file without loss.

    Raises:
        PictureError: The file has too many pixels or an unsupported shape.
    """
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            if not _is_deep(page) and not _is_plain_ycbcr(page):
                return None
            array = _deep_array(page, limit, path)
            if page.photometric == _YCBCR:
                array = np.asarray(PIL.frombytes("YCbCr", array.shape[1::-1], array).convert("RGB"))
            tags = page.tags
            turn = tags[_TIFF_ORIENTATION].value if _TIFF_ORIENTATION in tags else 1
            profile = tags[_TIFF_PROFILE].value if _TIFF_PROFILE in tags else None
    except _NeedsCodec as error:
        warnings.warn(f"{path} is read with 8 bits: {error}", stacklevel=2)
        return None
    upright = _TURNS.get(int(turn), _TURNS[1])(array)
    picture = decode_array(upright, path.name)
    exif = _tiff_exif(path)
    return Picture(metadata.deep_to_srgb(picture.image, profile), picture.alpha, exif, path.name)


def _is_deep(page: tifffile.TiffPage) -> bool:
    deep = page.dtype is not None and page.dtype.itemsize > 1 and page.samplesperpixel > 1
    return deep and page.photometric in (1, 2)  # black is zero, RGB


def _is_plain_ycbcr(page: tifffile.TiffPage) -> bool:
    """Return whether a TIFF holds raw YCbCr, which Pillow reads from version 13 on."""
    plain = page.photometric == _YCBCR and page.compression == 1 and page.samplesperpixel == 3
    return plain and page.dtype == np.uint8 and tuple(page.subsampling or (2, 2)) == (1, 1)


class _NeedsCodec(Exception):
    """The compression of a TIFF can only be decoded by Pillow's libtiff."""


def _deep_array(page: tifffile.TiffPage, limit: int, path: Path) -> Array:
    """Return the samples, (H, W, 3) or (H, W, 4)."""
    opening.check_pixels(page.imagewidth * page.imagelength, limit, str(path))
    samples, height, width = page.samplesperpixel, page.imagelength, page.imagewidth
    if samples > 4 or page.imagedepth != 1:
        raise PictureError(f"{path} has {samples} channels, expected at most 4; flatten its layers")
    _check_packing(page, limit, path)
    try:
        array: Array = page.asarray()
    except ValueError as error:
        if "imagecodecs" in str(error):
            raise _NeedsCodec(str(error)) from error
        raise
    if page.planarconfig == 2 and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    array = array.reshape(height, width, samples)
    if samples == 2:  # grey and opacity
        array = array[..., [0, 0, 0, 1]]
    if array.shape[2] == 4 and _ASSOCIATED_ALPHA in page.extrasamples:
        array = _divide_by_alpha(array, str(path))
    return array


def _check_packing(page: tifffile.TiffPage, limit: int, path: Path) -> None:
    """Check that tiles do not unpack to more than their size; tifffile would unpack all of it.

    Raises:
        PictureError: A tile is larger than the limit, or holds more data than its size.
        _NeedsCodec: No available decoder limits the unpacked size.
    """
    if page.compression not in _PACKINGS and not importlib.util.find_spec("imagecodecs"):
        raise _NeedsCodec(f"its compression {page.compression} needs the package imagecodecs")
    values = math.prod(page.chunks)
    most = max(limit, opening.DEFAULT_LIMIT)  # a small picture may be part of a large tile
    opening.check_pixels(values // page.samplesperpixel, most, f"a tile of {path}")
    if page.compression not in _DEFLATE:
        return
    largest = values * page.dtype.itemsize
    file = page.parent.filehandle
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if count * _DEFLATE_RATIO > max(_HARMLESS_BYTES, largest):
            file.seek(offset)
            unpacked = zlib.decompressobj().decompress(file.read(count), largest + 1)
            if len(unpacked) > largest:
                raise PictureError(
                    f"{path} is damaged: it holds more data than its size; save it again"
                )


def _divide_by_alpha(array: Array, name: str) -> Image:
    """Divide premultiplied colours by their opacity."""
    values = _to_unit(array, name)
    alpha = values[..., 3:]
    values[..., :3] = np.divide(
        values[..., :3], alpha, out=np.zeros_like(values[..., :3]), where=alpha > 0
    ).clip(0, 1)
    return values


def _tiff_exif(path: Path) -> bytes | None:
    try:
        with opening.open_file(path) as image:
            return metadata.upright_exif(image)
    except (OSError, SyntaxError, ValueError):  # tifffile opens some kinds that Pillow cannot
        return None
