"""Read TIFF files: the right page, 16-bit and float samples, extra channels."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PIL
from PIL import TiffImagePlugin

from ..errors import PictureError
from ..types import Picture
from . import decode, file_kind, metadata, opening
from .tiff_pages import choose_page, is_raw, list_pages, warn_of_others

Array = NDArray[Any]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR = 0, 1, 2, 6  # photometric interpretations
_ORIENTATION, _PROFILE = 274, 34675
_UNSPECIFIED, _ASSOCIATED, _UNASSOCIATED = 0, 1, 2  # extra channels; the latter are alpha
_DEFLATE = (8, 32946)
_BUILT_IN = (1, 32773, *_DEFLATE)  # none, PackBits, deflate: tifffile reads them by itself
_IN_IMAGECODECS = (5, 34925, 50000)  # LZW, LZMA, ZSTD: tifffile bounds their unpacked size
_PILLOW_READS = (*_BUILT_IN, 2, 3, 4, 5, 6, 7)  # and fax, LZW, JPEG
_MOST_CHANNELS = 16
_DEFLATE_RATIO = 1032  # the highest possible
_HARMLESS_BYTES = 64 << 20


class _NeedsCodec(Exception):
    """The compression of a TIFF can only be decoded by Pillow's libtiff."""


def decode_tiff(path: Path, limit: int) -> Picture:
    """Read the first full page of a TIFF; a warning names what is left out.

    Previews and masks are passed over. Samples of 8 and 16 bits fill their range. Larger integers
    and floats are scaled as in `decode.scale_wide`. Extra channels that are not declared as alpha
    are ignored.

    Args:
        path: A TIFF file.
        limit: Largest number of pixels.

    Raises:
        PictureError: The file has too many pixels, channels or an unsupported compression, or is a
            camera's RAW file.
    """
    with tifffile.TiffFile(path) as file:
        pages = list_pages(file)
        if is_raw(path, pages):
            raise PictureError(file_kind.raw_file(path))
        chosen = choose_page(pages)
        warn_of_others(path, pages, chosen)
        if chosen is pages[0]:
            return _decode_page(path, path, chosen.page, limit)
        moved = _start_at(path, chosen.page)
        picture = _decode_page(path, moved, chosen.page, limit)
    return picture if picture.exif else replace(picture, exif=_first_exif(path))


def _start_at(path: Path, page: tifffile.TiffPage) -> io.BytesIO:
    """Return a copy of the file in memory whose first page is another."""
    data = bytearray(path.read_bytes())
    order = "<" if data[:2] == b"II" else ">"
    if page.parent.is_bigtiff:
        struct.pack_into(f"{order}Q", data, 8, page.offset)
    else:
        struct.pack_into(f"{order}I", data, 4, page.offset)
    return io.BytesIO(data)


def _decode_page(
    path: Path, source: Path | io.BytesIO, page: tifffile.TiffPage, limit: int
) -> Picture:
    """Read a page by tifffile where Pillow would lose bits or fails, else by Pillow.

    Args:
        path: The file, for messages.
        source: The file, or a copy whose first page is the one to read.
        page: The page.
        limit: Largest number of pixels.
    """
    _check_tiles(page, limit, path)
    if not _needs_tifffile(page):
        return _decode_by_pillow(path, source, page, limit)
    try:
        array = _samples(page, limit, path)
    except _NeedsCodec as error:
        picture = _decode_by_pillow(path, source, page, limit)
        if page.dtype.itemsize > 1 and page.samplesperpixel > 1:
            warnings.warn(f"{path} is read with 8 bits: {error}", stacklevel=2)
        return picture
    return _to_picture(path, array, page)


def _needs_tifffile(page: tifffile.TiffPage) -> bool:
    """Return whether Pillow would reduce a page to 8 bits, invert it wrongly, or reject it."""
    if page.compression not in _PILLOW_READS or page.dtype is None:
        return page.dtype is not None
    if page.photometric == _YCBCR:  # Pillow reads it uncompressed from version 13 on
        subsampled = page.samplesperpixel != 3 or tuple(page.subsampling or (2, 2)) != (1, 1)
        return page.compression == 1 and page.dtype == np.uint8 and not subsampled
    deep = page.dtype.itemsize > 1 or _UNSPECIFIED in page.extrasamples
    big_endian = page.parent.is_bigtiff and page.parent.byteorder == ">"
    return page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) and (deep or big_endian)


def _decode_by_pillow(
    path: Path, source: Path | io.BytesIO, page: tifffile.TiffPage, limit: int
) -> Picture:
    if page.compression not in _PILLOW_READS:
        needs = "cannot be read"
        if page.compression in _IN_IMAGECODECS:
            needs = "needs another package: pip install 'impasto[formats]'"
        raise PictureError(
            f"the compression {_name(page)} of {path} {needs}; or save it with LZW or deflate "
            "compression"
        )
    with _opened(source) as image:
        opening.check_pixels(image.width * image.height, limit, str(path))
        image.load()
        if image.mode.startswith("I;16") and page.photometric == _WHITE_IS_ZERO:
            inverted = PIL.fromarray(65535 - np.asarray(image))
            inverted.info = image.info
            return decode.decode_pil(inverted, path.name)
        return decode.decode_pil(image, path.name)


def _name(page: tifffile.TiffPage) -> str:
    return str(getattr(page.compression, "name", page.compression))


def _opened(source: Path | io.BytesIO) -> contextlib.AbstractContextManager[PIL.Image]:
    if isinstance(source, Path):
        return opening.open_file(source)
    return TiffImagePlugin.TiffImageFile(source)


def _to_picture(path: Path, array: Array, page: tifffile.TiffPage) -> Picture:
    if page.photometric == _YCBCR:
        array = np.asarray(PIL.frombytes("YCbCr", array.shape[1::-1], array).convert("RGB"))
    tags = page.tags
    turn = tags[_ORIENTATION].value if _ORIENTATION in tags else 1
    profile = tags[_PROFILE].value if _PROFILE in tags else None
    picture = decode.decode_array(decode.turn(array, int(turn)), path.name)
    image = metadata.deep_to_srgb(picture.image, profile)
    return Picture(image, picture.alpha, _first_exif(path), path.name)


def _samples(page: tifffile.TiffPage, limit: int, path: Path) -> Array:
    """Return the samples: (H, W, C) of 1, 3 or 4 channels; uint8, uint16, or floats in 0..1."""
    opening.check_pixels(page.imagewidth * page.imagelength, limit, str(path))
    samples, height, width = page.samplesperpixel, page.imagelength, page.imagewidth
    colors, alpha = _channels(page, path)
    _check_packing(page, path)
    try:
        array: Array = page.asarray()
    except ValueError as error:
        if "imagecodecs" in str(error):
            raise _NeedsCodec(str(error)) from error
        raise
    if page.planarconfig == 2 and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    array = array.reshape(height, width, samples)
    array = decode.scale_wide(array, str(path))
    if page.photometric == _WHITE_IS_ZERO:
        whole = 1 if array.dtype.kind == "f" else np.iinfo(array.dtype).max
        array = np.concatenate([whole - array[..., :colors], array[..., colors:]], axis=-1)
    if alpha is None:
        return array[..., :colors]
    planes = [0, 0, 0, alpha] if colors == 1 else [0, 1, 2, alpha]
    array = array[..., planes]
    if page.extrasamples[alpha - colors : alpha - colors + 1] == (_ASSOCIATED,):
        array = decode.divide_by_alpha(array, str(path))
    return array


def _channels(page: tifffile.TiffPage, path: Path) -> tuple[int, int | None]:
    """Return the number of colour channels, and the index of the alpha channel."""
    samples, extra = page.samplesperpixel, tuple(page.extrasamples or ())
    colors = 3 if page.photometric in (_RGB, _YCBCR) else 1
    undeclared = samples - colors - len(extra)
    if undeclared < 0 or undeclared > 1 or samples > _MOST_CHANNELS or page.imagedepth != 1:
        raise PictureError(
            f"{path} has {samples} channels, expected grey or RGB with alpha; flatten its layers"
        )
    if undeclared:
        return colors, colors  # programs that leave out the tag mean alpha
    alphas = (n for n, kind in enumerate(extra) if kind in (_ASSOCIATED, _UNASSOCIATED))
    alpha = next(alphas, None)
    unused = len(extra) - (alpha is not None)
    if unused:
        warnings.warn(f"{path.name}: {unused} extra channel(s) are not used", stacklevel=2)
    return colors, None if alpha is None else colors + alpha


def _check_tiles(page: tifffile.TiffPage, limit: int, path: Path) -> None:
    """Check the size of tiles, which is independent of that of the picture.

    Raises:
        PictureError: A tile is larger than the limit.
    """
    samples = max(1, page.samplesperpixel)
    if samples <= _MOST_CHANNELS and page.chunks:
        most = max(limit, opening.DEFAULT_LIMIT)  # a small picture may be part of a large tile
        pixels = math.prod(page.chunks) // (1 if page.planarconfig == 2 else samples)
        opening.check_pixels(pixels, most, f"a tile of {path}")


def _check_packing(page: tifffile.TiffPage, path: Path) -> None:
    """Check that tiles do not unpack to more than their size; tifffile would unpack all of it.

    Raises:
        PictureError: A tile holds more data than its size.
        _NeedsCodec: No available decoder limits the unpacked size.
    """
    if page.compression not in _BUILT_IN + _IN_IMAGECODECS:
        raise _NeedsCodec(f"its compression {_name(page)} is read by Pillow alone")
    if page.compression in _IN_IMAGECODECS and not importlib.util.find_spec("imagecodecs"):
        raise _NeedsCodec(f"its compression {_name(page)} needs the package imagecodecs")
    if page.compression not in _DEFLATE:
        return
    largest = math.prod(page.chunks) * page.dtype.itemsize
    for packed in _packed_chunks(page, largest):
        unpacked = zlib.decompressobj().decompress(packed, largest + 1)
        if len(unpacked) > largest:
            raise PictureError(
                f"{path} is damaged: it holds more data than its size; save it again"
            )


def _packed_chunks(page: tifffile.TiffPage, largest: int) -> Iterator[bytes]:
    """Read the deflated chunks that might unpack to more than `largest` bytes and much memory."""
    file = page.parent.filehandle
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if count * _DEFLATE_RATIO > max(_HARMLESS_BYTES, largest):
            file.seek(offset)
            yield file.read(count)


def _first_exif(path: Path) -> bytes | None:
    """Return the EXIF block of the main directory."""
    if opening.first_bytes(path).startswith(b"MM\0+"):
        return None  # Pillow cannot read big-endian BigTIFF
    try:
        with opening.open_file(path) as image:
            return metadata.upright_exif(image)
    except (OSError, SyntaxError, ValueError):  # tifffile opens some kinds that Pillow cannot
        return None
