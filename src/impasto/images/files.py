"""Read and write picture files; no other module does."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from PIL import Image as PIL

from ..errors import PictureError
from ..types import Image, Mask, Picture
from . import decode, encode, metadata, opening, side_file, sources, streams
from .checksum import file_digest
from .decode_file import decode_file
from .new_files import put_in_place
from .sources import PictureSource
from .temporary import is_standard_input, temporary_name

OUTPUT_FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF",
    ".tiff": "TIFF", ".avif": "AVIF", ".heic": "HEIF", ".heif": "HEIF",
}  # fmt: skip
_LARGEST_DPI = 65_535  # limit of a JPEG's header
_T = TypeVar("_T")


def read_picture(source: PictureSource, *, max_pixels: int | None = None) -> Picture:
    """Read a picture: upright, in sRGB, alpha and EXIF kept aside.

    Transparent pixels are composited over the mean visible colour. Greyscale, palette, CMYK,
    16-bit, wide-gamut and HDR pictures are converted. Of an animation the first frame with more
    than one colour is read, of a TIFF the first page that is no preview or mask; a warning names
    what is left out.

    Args:
        source: A path; a Pillow image; a file object, read from its beginning if it can seek; or
            an array of NumPy, PyTorch, JAX or TensorFlow, (H, W), (H, W, 3), (H, W, 4) or a batch
            of one of these, of uint8, uint16, or floats in 0..1.
        max_pixels: Largest number of pixels; Pillow's `MAX_IMAGE_PIXELS` if None.

    Returns:
        The picture, 0..1.

    Raises:
        PictureError: The file is missing, damaged, too large, or not a picture; or an array has
            another shape or range, and the message says which call mends it.

    Example:
        >>> read_picture(np.zeros((4, 6), np.uint8)).image.shape
        (4, 6, 3)
    """
    if isinstance(source, PIL.Image):
        if 0 in source.size:
            raise PictureError(f"the image has the size {source.size}, expected at least 1x1")
        return _guard("the image", lambda: decode.decode_pil(source))
    if sources.is_array(source):
        return decode.decode_array(sources.read_array(source))
    if streams.is_readable(source):
        return streams.read_stream(source, lambda path: read_picture(path, max_pixels=max_pixels))
    if not isinstance(source, str | os.PathLike):
        raise sources.not_a_picture(source)
    path = opening.locate(source)
    default = PIL.MAX_IMAGE_PIXELS or opening.DEFAULT_LIMIT
    limit = default if max_pixels is None else max_pixels
    picture = _guard(str(path), lambda: decode_file(path, limit))
    place = None if is_standard_input(path) else opening.resolve_parent(path)
    return replace(picture, path=place, file_sha256=file_digest(path))


def read_image(source: PictureSource, *, max_pixels: int | None = None) -> Image:
    """Read the colours of a picture; see `read_picture`.

    Example:
        >>> read_image(np.zeros((4, 6), np.uint8)).dtype
        dtype('float32')
    """
    return read_picture(source, max_pixels=max_pixels).image


def _guard(name: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError(f"{name} does not fit into memory; make it smaller") from error
    except Exception as error:  # decoders may raise anything on a damaged file
        raise PictureError(f"{name} is damaged or cut off: {error}; {opening.READABLE}") from error


def write_image(
    path: str | Path,
    image: Image,
    *,
    alpha: Mask | None = None,
    exif: bytes | None = None,
    record: Mapping[str, Any] | None = None,
    quality: int = 92,
    bits: int = 8,
    dpi: float | None = None,
) -> Path:
    """Write an image atomically, with an sRGB profile.

    Args:
        path: Ends in a suffix of `OUTPUT_FORMATS`; an existing file is replaced.
        image: (H, W, 3), floats; values outside 0..1 are clipped.
        alpha: Opacity, (h, w), 0..1, of any size; for JPEG, composited over white.
        exif: An EXIF block, as in `Picture.exif`; tags that do not apply to the new picture
            (orientation, size, thumbnail) are left out.
        record: The record of the picture, JSON values; stored in a text chunk of a PNG, the
            description of a 16-bit TIFF, else the UserComment of the EXIF block. If it is too long
            for a JPEG, it goes into a file beside it, `out.jpg.json`. See `read_record`.
        quality: Quality of JPEG, WebP, AVIF and HEIC, 1..100.
        bits: 8, or 16 for TIFF.
        dpi: Pixels per inch of a print, 1..65535, instead of the value in `exif`; a JPEG's header
            holds integers only, its EXIF block any number.

    Returns:
        The path.

    Raises:
        PictureError: The format is unknown, or the file cannot be written; an existing file is
            unchanged.

    Example:
        >>> write_image("black.png", np.zeros((4, 6, 3), np.float32))  # doctest: +SKIP
    """
    path = opening.locate(path)
    kind = _output_format(path)
    encode.check_values(path, kind, image, alpha)
    if bits not in (8, 16) or (bits == 16 and kind != "TIFF"):
        raise PictureError(f"{path} cannot have {bits} bits per channel; 16 bits need a .tif file")
    if not 1 <= quality <= 100:
        raise PictureError(f"the quality is {quality}, expected 1 (smallest file) to 100 (best)")
    if dpi is not None and not 1 <= dpi <= _LARGEST_DPI:
        raise PictureError(f"dpi is {dpi}, expected 1 to {_LARGEST_DPI} pixels per inch")
    values = encode.with_alpha(encode.finite(image), alpha, kind)
    text = None if record is None else metadata.record_text(record)
    block = metadata.clean_block(exif)
    if dpi is not None:
        block = metadata.add_resolution(block, dpi)
    fits = text is None or kind != "JPEG" or metadata.fits_jpeg(block, text)
    with atomic_write(path) as file:
        if bits == 16:
            encode.write_deep_tiff(file, values, block, text, dpi)
        else:
            encode.write_common(file, values, kind, block, text if fits else None, quality, dpi)
    side_file.update(path, None if fits else text, atomic_write)
    return path


def _output_format(path: Path) -> str:
    kind = OUTPUT_FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(OUTPUT_FORMATS)
        raise PictureError(f"{path} ends in {path.suffix or 'nothing'!r}, expected one of {known}")
    return kind


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when it is complete and on the disk."""
    temporary = path.with_name(temporary_name())
    try:
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(temporary, path)
        sync_folder(path.parent)
    except PictureError:
        raise
    except OSError as error:
        why = opening.reason(error)
        raise PictureError(
            f"cannot write {path}: {why}; free some space, or choose another folder"
        ) from error
    except Exception as error:  # encoders may raise anything
        raise PictureError(f"cannot write {path}: {error}; try another format") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder to the disk, if supported, so that a renamed file survives a power failure."""
    with contextlib.suppress(OSError):  # not supported on Windows and some disks
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_record(path: str | Path) -> dict[str, Any] | None:
    """Read the record of a picture, from the picture or the file beside it.

    Args:
        path: A picture.

    Returns:
        The record, or None if the picture has none.

    Raises:
        PictureError: The file cannot be read.

    Example:
        >>> read_record(write_image("a.png", image, record={"size": 512}))  # doctest: +SKIP
        {'size': 512}
    """
    path = opening.locate(path)

    def read() -> dict[str, Any] | None:
        with opening.open_file(path) as image:
            return metadata.find_record(image)

    record = _guard(str(path), read)
    return side_file.find_beside(path) if record is None else record


def check_output(path: str | Path) -> None:
    """Check in advance that a picture can be written to a path.

    Args:
        path: The path.

    Raises:
        PictureError: The format is unknown, or the folder is missing or not writable.

    Example:
        >>> check_output("result.png")
    """
    path = opening.locate(path)
    _output_format(path)
    check_writable(path)


def check_writable(path: Path) -> None:
    """Check in advance that a file of any type can be written to a path.

    Raises:
        PictureError: It is a folder, or its folder is missing or not writable.
    """
    folder = path.parent
    try:
        path_is_folder, has_folder = path.is_dir(), folder.is_dir()
    except OSError as error:
        raise PictureError(f"cannot write {path}: {opening.reason(error)}") from error
    if path_is_folder:
        raise PictureError(f"{path} is a folder; give the name of a file")
    if not has_folder:
        raise PictureError(f"there is no folder {folder}; create it first, or choose another")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PictureError(f"the folder {folder} cannot be written; choose another with -o")


def free_path(path: str | Path) -> Path:
    """Return the path, or the first of `name-2`, `name-3`, ... that does not exist.

    Example:
        >>> free_path("no-such-file.png").name
        'no-such-file.png'
    """
    path = opening.locate(path)
    if not os.path.lexists(path):
        return path
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2))
    return next(candidate for candidate in numbered if not os.path.lexists(candidate))


def make_folder(folder: Path) -> None:
    """Create a folder if it is missing.

    Raises:
        PictureError: It cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(
            f"cannot create the folder {folder}: {error.strerror}; choose another with -o"
        ) from error
