"""What a file carries besides pixels: EXIF, the colour profile, and the record of a run."""

from __future__ import annotations

import functools
import io
import json
import warnings
from collections.abc import Mapping
from typing import Any

from PIL import Image as PIL
from PIL import ImageCms

ORIENTATION = 0x0112
# What the main directory may say of any picture: description, camera, resolution, software, date,
# artist, rights, rating and Windows' texts. All else there describes the storage of the old file.
_KEPT_TAGS = (
    0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746, 0x4749,
    0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F,
)  # fmt: skip
_EXIF_IFD, _GPS_IFD, _INTEROP_IFD = 0x8769, 0x8825, 0xA005
_EXIF_SIZE_TAGS = (0xA002, 0xA003)  # PixelXDimension, PixelYDimension
_MAKER_NOTE, _USER_COMMENT = 0x927C, 0x9286
_ASCII = b"ASCII\0\0\0"  # EXIF's name of the character set of a UserComment
_LONGEST_EXIF = 65_000  # a JPEG segment holds 65,533 bytes
RECORD_KEY = "impasto"


@functools.cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def to_srgb(image: PIL.Image) -> PIL.Image:
    """Convert colours through the embedded profile to sRGB.

    Args:
        image: Mode L, RGB, CMYK or LAB.

    Returns:
        An RGB image; the image itself where it has no profile or that of sRGB. A profile that
        cannot be used is ignored with a warning, since it is no reason to refuse a picture.
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


def upright_exif(image: PIL.Image) -> bytes | None:
    """Return the EXIF block as it is true of an upright picture of any size, without thumbnail."""
    exif = image.getexif()
    if not exif:
        return None
    kept = PIL.Exif()
    for tag, value in exif.items():
        if tag in _KEPT_TAGS:
            kept[tag] = value
    kept[ORIENTATION] = 1
    for pointer in (_EXIF_IFD, _GPS_IFD):
        tags = {
            tag: value
            for tag, value in exif.get_ifd(pointer).items()
            if tag not in (*_EXIF_SIZE_TAGS, _INTEROP_IFD)
        }
        if tags:
            kept.get_ifd(pointer).update(tags)
    block = _to_bytes(kept)
    if len(block) > _LONGEST_EXIF:
        kept.get_ifd(_EXIF_IFD).pop(_MAKER_NOTE, None)
        block = _to_bytes(kept)
    return block if len(block) <= _LONGEST_EXIF else None


def _to_bytes(exif: PIL.Exif) -> bytes:
    block: bytes = exif.tobytes()
    return block


def add_record(exif: bytes | None, record: Mapping[str, Any] | None) -> bytes | None:
    """Put a record into an EXIF block as its UserComment, JSON in ASCII."""
    if record is None:
        return exif
    block = PIL.Exif()
    if exif:
        block.load(exif)
    block.get_ifd(_EXIF_IFD)[_USER_COMMENT] = _ASCII + json.dumps(dict(record)).encode("ascii")
    return _to_bytes(block)


def find_record(image: PIL.Image) -> dict[str, Any] | None:
    """Find the record in an opened file: PNG text, EXIF comment, or TIFF description."""
    candidates = [image.info.get(RECORD_KEY)]
    comment = image.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    if isinstance(comment, bytes):
        candidates.append(comment.removeprefix(_ASCII).decode("utf-8", "replace"))
    candidates.append(image.getexif().get(0x010E))  # ImageDescription
    for text in candidates:
        if isinstance(text, str) and text.startswith("{"):
            try:
                return dict(json.loads(text))
            except ValueError:
                continue
    return None
