"""Decode a picture file of any format to a `Picture`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
        frames.choose_frame(image, path.name)
        image.load()
        picture = decode.decode_pil(image, path.name)
        has_profile = "icc_profile" in image.info
    if has_profile:
        return picture
    with path.open("rb") as file:
        colors = wide_gamut.find_coded_colors(file.read(wide_gamut.SEARCHED))
    if colors is None:
        return picture
    return replace(picture, image=wide_gamut.coded_to_srgb(picture.image, colors))
