"""Open a picture file without decoding it: allowed formats and sizes."""

from __future__ import annotations

import contextlib
import math
import stat
from collections.abc import Callable
from pathlib import Path

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as PIL

from ..errors import PictureError
from . import file_kind, jpeg_xl
from .jpeg_scans import count_scans

READABLE = "expected a JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF picture"
DEFAULT_LIMIT = 89_478_485  # Pillow's default, for programs that have disabled its limit
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_START = b"\xff\xd8\xff"
_MOST_SCANS = 500  # progressive JPEGs have about ten
_BRANDS = 64  # bytes at the start of an HEIF file that name its brands
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def _open_heif(path: str) -> PIL.Image:
    from pillow_heif import HeifImageFile  # loads a codec library, which other formats do not need

    return HeifImageFile(path)


# The decoders are called by name: `PIL.Image.open` would also start external programs for some
# formats, and its pixel limit is global to the process.
_OPENERS: dict[str, Callable[[str], PIL.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "HEIF": _open_heif,
    "JXL": jpeg_xl.open_image,
}
_STARTS: tuple[tuple[bytes, str], ...] = (
    (_JPEG_START, "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    *((start, "TIFF") for start in TIFF_STARTS),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    *((start, "JXL") for start in jpeg_xl.STARTS),
)


def format_of(start: bytes) -> str | None:
    """Return the format of a picture by its first bytes, or None if it cannot be read.

    Args:
        start: At least 64 bytes, if the file has them.

    Example:
        >>> format_of(b"GIF89a")
        'GIF'
    """
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        length = min(int.from_bytes(start[:4], "big"), _BRANDS)
        brands = [start[8:12], *(start[at : at + 4] for at in range(16, length, 4))]
        if any(brand in _AVIF_BRANDS for brand in brands):
            return "AVIF"
        return "HEIF" if brands[0] in _HEIF_BRANDS else None
    return next((name for begin, name in _STARTS if start.startswith(begin)), None)


def locate(path: str | Path) -> Path:
    """Expand a leading `~`, unless it is part of a name."""
    with contextlib.suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def resolve_parent(path: Path) -> Path:
    """Return an absolute path with the links of its folder resolved, but not that of the file.

    Relative paths with `..` between such paths are then valid on the disk.

    Example:
        >>> resolve_parent(Path("a.png")) == Path.cwd().resolve() / "a.png"
        True
    """
    return path.parent.resolve() / path.name


def first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file.

    Args:
        path: Any path.

    Returns:
        Up to 2048 bytes.

    Raises:
        PictureError: The file is missing, a folder or device, empty, or not readable.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PictureError(f"{path} is a folder; {READABLE}")
        if not stat.S_ISREG(mode):  # reading a pipe or device might never end
            raise PictureError(f"{path} is a pipe or a device; save it as a file first")
        with path.open("rb") as file:
            start = file.read(file_kind.START)
    except FileNotFoundError:
        check_no_address(path)
        raise PictureError(f"there is no file {path}; check the name and the folder") from None
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot read {path}: {reason(error)}") from error
    if not start:
        raise PictureError(f"{path} is empty; {READABLE}")
    return start


def check_no_address(path: Path) -> None:
    """Refuse the address of a page or picture on a network, in place of a path.

    Raises:
        PictureError: It is an address.
    """
    scheme, colon, rest = path.as_posix().partition(":/")  # a path has lost the second slash
    if colon and scheme.lower() in ("http", "https", "ftp", "file"):
        is_file = scheme.lower() == "file"
        address = f"{scheme}:{'///' if is_file else '//'}{rest.lstrip('/')}"
        mend = "give the path without file://" if is_file else "download the picture, give the file"
        raise PictureError(f"{address} is an address; {mend}")


def reason(error: Exception) -> str:
    """Return the error message of the operating system, without number and path."""
    return str(getattr(error, "strerror", None) or error)


def check_pixels(pixels: int, limit: int, name: str) -> None:
    """Check the number of pixels of a picture.

    Raises:
        PictureError: It exceeds the limit.
    """
    if pixels > limit:
        raise PictureError(
            f"{name} has {pixels:,} pixels and the limit is {limit:,}, as a guard against files "
            f"made to fill the memory; if you trust it, pass max_pixels={pixels} (--max-pixels)"
        )


def _check_scans(path: Path) -> None:
    """Check the number of scans of a JPEG; many scans take minutes to decode from a small file.

    Raises:
        PictureError: It exceeds the limit.
    """
    scans = count_scans(path.read_bytes())
    if scans > _MOST_SCANS:
        raise PictureError(
            f"{path} has {scans:,} scans and the limit is {_MOST_SCANS}, as a guard against files "
            "made to keep a program busy; if you trust it, save it as PNG"
        )


def not_a_picture(name: str | Path, start: bytes) -> PictureError:
    """Return the error for a file that no decoder reads: what it is, and what to do.

    Args:
        name: Its path.
        start: Its first bytes, as of `first_bytes`.
    """
    kind = file_kind.describe_kind(Path(name), start)
    if kind is None:
        return PictureError(f"{name} is not a picture that can be read; {READABLE}")
    return PictureError(f"{name} is {kind}")


def open_file(path: Path, limit: int | None = None) -> PIL.Image:
    """Open a picture without decoding it, independent of Pillow's global pixel limit.

    Args:
        path: A file.
        limit: Largest number of pixels; None for no limit, to read only metadata.

    Returns:
        An image that owns its file; close it.

    Raises:
        PictureError: The picture has too many pixels or an unsupported format. On damaged files
            decoders may raise anything.
    """
    start = first_bytes(path)
    kind = format_of(start)
    if kind is None:
        raise not_a_picture(path, start)
    if limit is not None and kind == "JPEG":
        _check_scans(path)
    if kind == "JXL":  # its decoder decodes at once
        pixels = math.prod(jpeg_xl.declared_size(path.read_bytes()))
        check_pixels(pixels, DEFAULT_LIMIT if limit is None else limit, str(path))
    try:
        image = _OPENERS[kind](str(path))
    except PIL.DecompressionBombError as error:  # WebP checks the global limit itself
        raise PictureError(
            f"{path} is too large for its format: {error}; save it as PNG and pass max_pixels"
        ) from error
    if limit is not None:
        try:
            check_pixels(image.width * image.height, limit, str(path))
        except PictureError:
            image.close()
            raise
    return image
