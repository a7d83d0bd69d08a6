"""Export a picture of the gallery in another format."""

from __future__ import annotations

import itertools
import shutil
import threading
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from PIL import ExifTags
from PIL import Image as PIL

from ...errors import PictureError
from ...images import metadata, opening, side_file
from ...images.files import OUTPUT_FORMATS, read_record, write_image
from ...types import Image, Mask
from .paths import (
    MOST_PIXELS,
    claim,
    decode_errors,
    file_errors,
    is_file,
    locate_picture,
    make_folder,
    quotable,
    safe_name,
)

Kind = Literal["png", "jpg", "tif", "webp"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_SAME = 1e-3  # relative tolerance of two resolutions, for rounding
_LARGEST_DPI = 65_535
_CONVERTING = threading.Lock()  # one at a time, to limit memory


def export(folder: str | Path, name: str, kind: Kind, into: str | Path) -> Path:
    """Export a picture of a gallery, converted to another format if needed.

    Args:
        folder: The gallery.
        name: Name of a file in it.
        kind: `png`, `jpg`, `tif` or `webp`. JPEG has no transparency and gets a white background.
        into: Folder for the copy; created if missing.

    Returns:
        The copy, with record, EXIF block, transparency and resolution of the picture; named like
        the picture, with a number if the name is taken. A record that is too long for a JPEG is
        written to a file beside it.

    Raises:
        PictureError: The picture is missing or damaged, or the copy cannot be written.

    Example:
        >>> export("gallery", "cat_wave.png", "jpg", "for-mother").name  # doctest: +SKIP
        'cat_wave.jpg'
    """
    if kind not in KINDS:
        raise PictureError(f"unknown format {quotable(kind)}, expected {', '.join(KINDS)}")
    path = locate_picture(Path(folder), name)
    make_folder(Path(into))
    target = _claim_free(Path(into), safe_name(path.stem), kind)
    try:
        if OUTPUT_FORMATS[path.suffix.lower()] == OUTPUT_FORMATS[target.suffix]:
            _copy(path, target)
        else:
            with _CONVERTING:
                _convert(path, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _claim_free(folder: Path, stem: str, kind: Kind) -> Path:
    names = (f"{stem}-{number}" for number in itertools.count(2))
    with file_errors(f"write into {folder}"):
        for name in itertools.chain([stem], names):
            path = folder / f"{name}.{kind}"
            try:
                claim(path)
            except FileExistsError:
                continue
            break
    return path


def _copy(path: Path, target: Path) -> None:
    with file_errors(f"copy {quotable(path.name)}"):
        shutil.copyfile(path, target)
        side = side_file.beside(path)
        if is_file(side) and side_file.find_beside(path) is not None:
            shutil.copyfile(side, side_file.beside(target))


def _convert(path: Path, target: Path) -> None:
    with decode_errors(path), opening.open_file(path, MOST_PIXELS) as file:
        exif, dpi = metadata.upright_exif(file), _resolution(file)
        image, alpha = _planes(metadata.upright(file))
    write_image(target, image, alpha=alpha, exif=exif, record=read_record(path), dpi=dpi)


def _planes(image: PIL.Image) -> tuple[Image, Mask | None]:
    """Return colours and alpha unchanged; `read_picture` changes colours of hidden pixels."""
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = _unit(image.getchannel("A"))
    return _unit(metadata.to_srgb(_opaque(image))), alpha


def _opaque(image: PIL.Image) -> PIL.Image:
    opaque = image.convert("RGB")
    if "icc_profile" in image.info and image.mode in ("RGB", "RGBA"):
        opaque.info["icc_profile"] = image.info["icc_profile"]
    return opaque


def _unit(image: PIL.Image) -> Any:
    return np.asarray(image, np.float32) / np.float32(255)


def _resolution(image: PIL.Image) -> float | None:
    """Return the resolution in dpi; None if the EXIF block of the copy contains it.

    PNG stores whole pixels per metre, so the exact value is taken from the EXIF block.
    """
    pair = image.info.get("dpi")
    if image.format == "JPEG" or not isinstance(pair, tuple):
        return None
    dpi, exact = float(pair[0]), image.getexif().get(ExifTags.Base.XResolution)
    if exact is not None and abs(float(exact) - dpi) <= _SAME * dpi:
        dpi = float(exact)
    return dpi if 1 <= dpi <= _LARGEST_DPI else None
