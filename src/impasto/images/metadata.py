"""Metadata of picture files: EXIF, colour profile, record."""

from __future__ import annotations

import functools
import io
import itertools
import json
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image as PIL
from PIL import ImageCms, ImageOps

from ..errors import PictureError
from ..types import Image

ORIENTATION = 0x0112
# Tags of the main directory that are kept: description, camera, resolution, software, date, artist,
# rights, rating and Windows' texts. The others describe the storage of the old file.
_KEPT_TAGS = (
    0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746, 0x4749,
    0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F,
)  # fmt: skip
EXIF_IFD, GPS_IFD, _INTEROP_IFD = 0x8769, 0x8825, 0xA005
_EXIF_SIZE_TAGS = (0xA002, 0xA003)  # PixelXDimension, PixelYDimension
MAKER_NOTE, _USER_COMMENT = 0x927C, 0x9286
_ASCII = b"ASCII\0\0\0"  # EXIF's name of the character set of a UserComment
_LONGEST_EXIF = 65_000  # a JPEG segment holds 65,533 bytes
RECORD_KEY = "impasto"
_PROFILE_DATE = slice(24, 36)  # creation date in the header of a profile
_DESCRIPTION = 0x010E
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _INCH = 0x011A, 0x011B, 0x0128, 2
_PIXELS_AT_ONCE = 1 << 21  # bounds the memory of the conversion of 16-bit colours
_TEXTS = {0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298}  # maker, model, software, ..., rights


def made_with() -> str:
    """Return the name and version of the program, for records."""
    return f"impasto {version('impasto')}"


@functools.cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB with a fixed date, so its bytes are always equal."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    raw[_PROFILE_DATE] = bytes([7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])  # 2000-01-01 00:00:00
    return bytes(raw)


def to_srgb(image: PIL.Image) -> PIL.Image:
    """Convert colours through the embedded profile to sRGB.

    Args:
        image: Mode L, RGB, CMYK or LAB.

    Returns:
        An RGB image; the image itself if it has no profile or that of sRGB. An unusable profile is
        ignored with a warning.
    """
    embedded = image.info.get("icc_profile")
    if not embedded:
        return image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        name = ImageCms.getProfileDescription(profile).lower()
        if image.mode == "RGB" and name.startswith("srgb") and "linear" not in name:
            return image
        converted = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        warnings.warn(f"the colour profile is ignored: {error}", stacklevel=2)
        return image
    return converted if converted is not None else image


def deep_to_srgb(image: Image, profile: bytes | None) -> Image:
    """Convert 16-bit colours to sRGB by interpolation of Pillow's 8-bit conversion.

    Args:
        image: (H, W, 3), 0..1; three equal channels for a grey profile.
        profile: An ICC profile.

    Returns:
        (H, W, 3), 0..1; the image itself as in `to_srgb`.
    """
    if not profile:
        return image
    planes = image[..., :1] if profile[16:20] == b"GRAY" else image
    rows = max(1, _PIXELS_AT_ONCE // image.shape[1])
    converted = np.empty_like(image)
    for top in range(0, image.shape[0], rows):
        band = _interpolate(planes[top : top + rows], bytes(profile))
        if band is None:
            return image
        converted[top : top + rows] = band
    return converted


def _interpolate(planes: Image, profile: bytes) -> Image | None:
    """Convert the 8-bit colours around each colour, and interpolate between the results.

    Converting only the nearest colour would turn smooth gradients into steps, large ones in the
    shadows of profiles with a linear curve.

    Args:
        planes: (H, W, 1) or (H, W, 3), 0..1.
        profile: An ICC profile.

    Returns:
        (H, W, 3), or None if there is nothing to convert.
    """
    scaled = planes * np.float32(255)
    low = np.minimum(scaled.astype(np.uint8), 254)
    part = scaled - low
    shares = 1 - part, part  # of the lower and the upper neighbour
    result: Image = np.zeros((*planes.shape[:2], 3), dtype=np.float32)
    for corner in itertools.product((0, 1), repeat=planes.shape[2]):
        colors = low + np.array(corner, dtype=np.uint8)
        coarse = PIL.fromarray(colors if planes.shape[2] == 3 else colors[..., 0])
        coarse.info["icc_profile"] = profile
        converted = to_srgb(coarse)
        if converted is coarse:
            return None
        weight = shares[corner[0]][..., 0]  # (H, W)
        for channel, side in enumerate(corner[1:], 1):
            weight = weight * shares[side][..., channel]
        result += weight[..., None] * np.asarray(converted, dtype=np.float32)
    result /= 255
    return np.clip(result, 0, 1, out=result)  # the weights add up to 1 except for rounding


def upright(image: PIL.Image) -> PIL.Image:
    """Return a copy oriented by its EXIF block; an unreadable block is ignored."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged blocks may raise anything; `upright_exif` has warned
        return image.copy()


def upright_exif(image: PIL.Image) -> bytes | None:
    """Return the EXIF block without orientation, sizes and thumbnail.

    An unreadable block is ignored with a warning.
    """
    try:
        return _clean(image.getexif())
    except Exception as error:  # damaged blocks may raise anything
        warnings.warn(f"the EXIF block is ignored: {error}", stacklevel=2)
        return None


def clean_block(block: bytes | None) -> bytes | None:
    """Clean the bytes of an EXIF block as `upright_exif` does.

    Raises:
        PictureError: The bytes are not an EXIF block.
    """
    if not block:
        return None
    exif = PIL.Exif()
    try:
        exif.load(block)
        return _clean(exif)
    except Exception as error:  # damaged blocks raise anything
        raise PictureError(f"exif is not an EXIF block ({error}); leave it out") from error


def _clean(exif: PIL.Exif) -> bytes | None:
    if not exif:
        return None
    kept = PIL.Exif()
    for tag, value in exif.items():
        if tag in _KEPT_TAGS and unwrap(value) is None:
            kept[tag] = value
    kept[ORIENTATION] = 1
    for pointer in (EXIF_IFD, GPS_IFD):
        tags = {
            tag: value
            for tag, value in exif.get_ifd(pointer).items()
            # The record of an earlier run does not apply to the new picture.
            if tag not in (*_EXIF_SIZE_TAGS, _INTEROP_IFD) and unwrap(value) is None
        }
        if tags:
            kept.get_ifd(pointer).update(tags)
    block = _to_bytes(kept)
    if len(block) > _LONGEST_EXIF:
        kept.get_ifd(EXIF_IFD).pop(MAKER_NOTE, None)
        block = _to_bytes(kept)
    return block if len(block) <= _LONGEST_EXIF else None


def texts(block: bytes | None) -> dict[int, str]:
    """Return the text tags of an EXIF block's main directory, in ASCII."""
    exif = PIL.Exif()
    if block:
        exif.load(block)
    return {tag: str(exif[tag]).encode("ascii", "replace").decode() for tag in _TEXTS & {*exif}}


def _to_bytes(exif: PIL.Exif) -> bytes:
    block: bytes = exif.tobytes()
    return block


def directories(block: bytes | None) -> dict[int, dict[int, Any]]:
    """Return the non-empty EXIF and GPS directories of a block by pointer."""
    exif = PIL.Exif()
    if block:
        exif.load(block)
    found = {pointer: dict(exif.get_ifd(pointer)) for pointer in (EXIF_IFD, GPS_IFD)}
    return {pointer: entries for pointer, entries in found.items() if entries}


def record_text(record: Mapping[str, Any]) -> str:
    """Return a record as JSON in ASCII.

    Raises:
        PictureError: A value is not valid in JSON.
    """
    try:
        return json.dumps(dict(record))
    except (TypeError, ValueError) as error:
        raise PictureError(
            f"the record has values that JSON cannot hold ({error}); use plain values"
        ) from error


def wrap(text: str) -> str:
    """Wrap a record's JSON in its key, for fields where other programs may write JSON."""
    return f'{{"{RECORD_KEY}": {text}}}'


def unwrap(value: object) -> dict[str, Any] | None:
    """Return the record in an EXIF value or side file, or None if there is none."""
    if isinstance(value, bytes):
        value = value.removeprefix(_ASCII).decode("utf-8", "replace")
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    try:
        record = json.loads(value).get(RECORD_KEY)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def add_record(block: bytes | None, text: str) -> bytes:
    """Add a record to an EXIF block as its UserComment.

    Args:
        block: An EXIF block, or None.
        text: The record as JSON.
    """
    exif = PIL.Exif()
    if block:
        exif.load(block)
    exif.get_ifd(EXIF_IFD)[_USER_COMMENT] = _ASCII + wrap(text).encode("ascii")
    return _to_bytes(exif)


def fits_jpeg(block: bytes | None, text: str) -> bool:
    """Return whether a JPEG can hold an EXIF block and a record."""
    return len(add_record(block, text)) <= _LONGEST_EXIF


def add_resolution(block: bytes | None, dpi: float) -> bytes:
    """Set the resolution in an EXIF block, pixels per inch."""
    exif = PIL.Exif()
    if block:
        exif.load(block)
    exif[_X_RESOLUTION] = exif[_Y_RESOLUTION] = dpi
    exif[_RESOLUTION_UNIT] = _INCH
    return _to_bytes(exif)


def find_record(image: PIL.Image) -> dict[str, Any] | None:
    """Find the record in an opened file: PNG text, EXIF comment, or TIFF description."""
    text = image.info.get(RECORD_KEY)
    if isinstance(text, str):
        return unwrap(wrap(text))
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & {*image.info}:
        return None  # Pillow would decode all pixels to look for a block after them
    exif = image.getexif()
    comment = unwrap(exif.get_ifd(EXIF_IFD).get(_USER_COMMENT))
    return comment if comment is not None else unwrap(exif.get(_DESCRIPTION))
