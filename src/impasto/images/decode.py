"""Convert pictures from Pillow and NumPy to a `Picture`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

from ..errors import PictureError
from ..types import Image, Mask, Picture
from . import metadata

Array = NDArray[Any]

_HIGHLIGHTS = 16.0  # floats up to here are those of a picture in 0..1 with highlights
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


def turn(array: Array, orientation: int) -> Array:
    """Make an array (H, W, ...) upright by its EXIF orientation; unknown ones turn nothing."""
    return _TURNS.get(orientation, _TURNS[1])(array)


def scale_wide(values: Array, what: str) -> Array:
    """Scale samples of more than 16 bits to 0..1; others are returned as they are.

    Integers are divided by 255, 65535 or the largest value of their type, the first that is not
    exceeded. So are floats over 16; over 1 up to 16 they are highlights, and are clipped. A warning
    names the rule if values exceed 1.

    Args:
        values: The samples of a file, of any shape.
        what: The file, for messages.

    Returns:
        uint8 or uint16 as given, or floats in 0..1.

    Raises:
        PictureError: Values are negative or not finite, or floats over 65535.
    """
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        return values
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0:
        raise PictureError(
            f"{what} has values from {low:.9g} to {high:.9g}, which have no meaning as colours; "
            "scale them to 0..1 in the program that made it"
        )
    if values.dtype.kind == "f" and high <= _HIGHLIGHTS:
        if high > 1:
            warnings.warn(f"{what}: values over 1, up to {high:.9g}, are clipped", stacklevel=2)
        return np.clip(values, 0, 1)
    whole = np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 65535
    scale = next((each for each in (255, 65535) if high <= each), whole)
    if high > scale:
        raise PictureError(f"{what} has values up to {high:.9g}; scale them to 0..1")
    warnings.warn(f"{what}: its values, up to {high:.9g}, are divided by {scale}", stacklevel=2)
    return values.astype(np.float64) / scale


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
    if image.mode.startswith("I;16"):
        values = values.astype(np.uint16)  # in the byte order of this machine
    planes = decode_array(scale_wide(values, name or "the image"), name).image
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


def divide_by_alpha(array: Array, name: str) -> Image:
    """Divide premultiplied colours by their opacity."""
    values = _to_unit(array, name)
    alpha = values[..., 3:]
    values[..., :3] = np.divide(
        values[..., :3], alpha, out=np.zeros_like(values[..., :3]), where=alpha > 0
    ).clip(0, 1)
    return values
