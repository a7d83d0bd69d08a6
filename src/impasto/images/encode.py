"""Encode images, by format."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PIL
from PIL import PngImagePlugin, TiffImagePlugin

from ..errors import PictureError
from ..types import Image, Mask
from . import metadata
from .scales import resize

_LONGEST_SIDE = {
    "JPEG": 65_500,
    "WEBP": 16_383,
    "AVIF": 65_536,
    "HEIF": 16_384,
}  # pixels, limit of these formats
_ROWS_AT_ONCE = 256
_FULL_COLOR_QUALITY = 90  # from here on JPEG uses no chroma subsampling


def check_values(path: Path, kind: str, image: Image, alpha: Mask | None) -> None:
    """Check that a format can hold the image.

    Raises:
        PictureError: Shape, type or size is not supported.
    """
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise PictureError(f"the image has the shape {image.shape}, expected (H, W, 3)")
    if image.dtype.kind != "f":
        raise PictureError(
            f"the image is of type {image.dtype}, expected floats in 0..1; divide by the largest "
            "possible value"
        )
    if alpha is not None and (alpha.ndim != 2 or 0 in alpha.shape):
        raise PictureError(f"alpha has the shape {alpha.shape}, expected (H, W)")
    longest = _LONGEST_SIDE.get(kind)
    if longest is not None and max(image.shape) > longest:
        raise PictureError(
            f"{path} would have {image.shape[1]}x{image.shape[0]} pixels, and a {kind} at most "
            f"{longest} per side; write a .png or .tif file"
        )


def finite(image: Image) -> Image:
    """Replace values that are not finite by 0 with a warning, to save the result of a long run."""
    finite = np.isfinite(image)
    if finite.all():
        return image
    count = int((~finite).sum())
    warnings.warn(f"{count} values of the image are not finite and became 0", stacklevel=3)
    return np.where(finite, image, np.float32(0))


def with_alpha(image: Image, alpha: Mask | None, kind: str) -> NDArray[np.float32]:
    """Return (H, W, 3) or (H, W, 4), clipped to 0..1."""
    image = np.clip(image, 0, 1).astype(np.float32, copy=False)
    if alpha is None:
        return image
    mask = np.clip(resize(alpha.astype(np.float32), image.shape[:2]), 0, 1)[..., None]
    if kind == "JPEG":
        return image * mask + (1 - mask)
    return np.concatenate([image, mask], axis=-1)


def _to_integers(values: NDArray[np.float32], kind: type[np.unsignedinteger]) -> NDArray[Any]:
    """Scale 0..1 to the full range of an integer type, in bands to save memory."""
    largest = np.float32(np.iinfo(kind).max)
    whole = np.empty(values.shape, kind)
    for top in range(0, len(values), _ROWS_AT_ONCE):
        band = slice(top, top + _ROWS_AT_ONCE)
        whole[band] = np.round(values[band] * largest)
    return whole


def write_common(
    file: BinaryIO,
    values: NDArray[np.float32],
    kind: str,
    exif: bytes | None,
    record: str | None,
    quality: int,
    dpi: float | None = None,
) -> None:
    """Write 8 bits per channel with Pillow; `values` is (H, W, 3) or (H, W, 4), 0..1."""
    options: dict[str, Any] = {"icc_profile": metadata.srgb_profile()}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        if record is not None:
            text.add_itxt(metadata.RECORD_KEY, record)
        options["pnginfo"] = text
    elif record is not None:
        exif = metadata.add_record(exif, record)
    if exif:
        options["exif"] = exif
    if dpi is not None and kind in ("PNG", "JPEG", "TIFF"):
        options["dpi"] = dpi, dpi
    if kind not in ("PNG", "TIFF"):
        options["quality"] = quality
    if kind == "JPEG":
        options["subsampling"] = 0 if quality >= _FULL_COLOR_QUALITY else 2
    save(PIL.fromarray(_to_integers(values, np.uint8)), file, kind, **options)


def save(image: PIL.Image, file: BinaryIO, kind: str, **options: Any) -> None:
    """Write with Pillow, or raise an error.

    When Pillow writes a JPEG or TIFF directly to a file on an almost full disk, it does not notice
    a partial write.

    Args:
        image: The image.
        file: A new file.
        kind: Pillow's name of the format.
        **options: Options of Pillow.

    Raises:
        OSError: The file cannot be written.
    """
    if kind == "PNG":  # written in pieces through the file's buffer
        image.save(file, kind, **options)
        return
    encoded = io.BytesIO()
    if kind == "HEIF":
        import pillow_heif  # loads a codec library, which other formats do not need

        image.info["icc_profile"] = options.pop("icc_profile")
        pillow_heif.from_pillow(image).save(encoded, **options)
    else:
        image.save(encoded, kind, **options)
    file.write(encoded.getbuffer())


def write_deep_tiff(
    file: BinaryIO,
    values: NDArray[np.float32],
    exif: bytes | None,
    record: str | None,
    dpi: float | None = None,
) -> None:
    """Write a TIFF of 16 bits per channel; `values` is (H, W, 3) or (H, W, 4), 0..1."""
    directories = metadata.directories(exif)
    tags = [(tag, "s", 0, text, True) for tag, text in metadata.texts(exif).items()]
    tifffile.imwrite(
        file,
        _to_integers(values, np.uint16),
        photometric="rgb",
        extrasamples=["unassalpha"] if values.shape[2] == 4 else None,
        compression="zlib",
        iccprofile=metadata.srgb_profile(),
        description=metadata.wrap(record) if record is not None else None,
        extratags=tags,
        resolution=None if dpi is None else (dpi, dpi),
        resolutionunit=None if dpi is None else "INCH",
        software=False,
        metadata=None,
        byteorder="<",
        bigtiff=False,
    )
    if directories:
        _add_directories(file, directories)


def _add_directories(file: BinaryIO, directories: Mapping[int, Mapping[int, Any]]) -> None:
    """Add EXIF directories, which tifffile does not write, to a little-endian TIFF.

    They are appended, followed by a new copy of the main directory with pointers to them.
    """
    file.seek(4)
    (main,) = struct.unpack("<I", file.read(4))
    file.seek(main)
    (count,) = struct.unpack("<H", file.read(2))
    entries = [file.read(12) for _ in range(count)]
    for pointer, values in directories.items():
        directory = TiffImagePlugin.ImageFileDirectory_v2()
        for tag, value in values.items():
            directory[tag] = value
        offset = _end(file)
        file.write(directory.tobytes(offset))
        entries.append(struct.pack("<HHII", pointer, 4, 1, offset))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry))
    main = _end(file)
    file.write(struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))
    file.seek(4)
    file.write(struct.pack("<I", main))


def _end(file: BinaryIO) -> int:
    """Seek to the end of a TIFF, aligned to a word, as directories must be."""
    offset = file.seek(0, os.SEEK_END)
    return offset + (file.write(b"\0") if offset % 2 else 0)
