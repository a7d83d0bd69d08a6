"""Decode a picture file of any format to a `Picture`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image as PIL

from ..types import Picture
from . import decode, frames, opening, tiff, wide_gamut


def decode_file(path: Path, limit: int) -> Picture:
    """Decode a file: upright, in sRGB, alpha and EXIF kept aside.

    Args:
        path: A file.
        limit: Largest number of pixels.

    Raises:
        PictureError: The file is missing, too large, or not a picture. On damaged files decoders
            may raise anything.
    """
    if opening.first_bytes(path).startswith(opening.TIFF_STARTS):
        return tiff.decode_tiff(path, limit)
    with opening.open_file(path, limit) as image:
        frames.choose_frame(image, path.name, limit)
        image.load()
        colors = _coded_colors(path, image)
        if colors is not None:
            image.info.pop("icc_profile", None)
        picture = decode.decode_pil(image, path.name)
    if colors is None:
        return picture
    return replace(picture, image=wide_gamut.coded_to_srgb(picture.image, colors))


def _coded_colors(path: Path, image: PIL.Image) -> wide_gamut.CodedColors | None:
    """Return the code points of a file; a profile precedes those of AVIF and HEIC, not of PNG."""
    has_profile = "icc_profile" in image.info
    if image.format != "PNG" and (image.format not in ("AVIF", "HEIF") or has_profile):
        return None
    with path.open("rb") as file:
        return wide_gamut.find_coded_colors(file.read(wide_gamut.SEARCHED))
