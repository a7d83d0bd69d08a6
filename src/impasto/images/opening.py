"""Open a picture file without decoding it: allowed formats and sizes."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable
from pathlib import Path

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as PIL

from ..errors import PictureError

READABLE = "expected a JPEG, PNG, WebP, TIFF, BMP or GIF picture"
DEFAULT_LIMIT = 89_478_485  # Pillow's default, for programs that have disabled its limit
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_SCAN, _MOST_SCANS = b"\xff\xda", 500  # progressive JPEGs have about ten
_START = 12  # bytes that identify the format
# The decoders are called by name: `PIL.Image.open` would also start external programs for some
# formats, and its pixel limit is global to the process.
_OPENERS: dict[tuple[bytes, ...], Callable[[str], PIL.Image]] = {
    (b"\xff\xd8\xff",): JpegImagePlugin.jpeg_factory,  # type: ignore[dict-item]
    (b"\x89PNG\r\n\x1a\n",): PngImagePlugin.PngImageFile,
    (b"RIFF",): WebPImagePlugin.WebPImageFile,
    TIFF_STARTS: TiffImagePlugin.TiffImageFile,
    (b"BM",): BmpImagePlugin.BmpImageFile,
    (b"GIF87a", b"GIF89a"): GifImagePlugin.GifImageFile,
}


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
        Up to 12 bytes.

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
            start = file.read(_START)
    except FileNotFoundError:
        raise PictureError(f"there is no file {path}; check the name and the folder") from None
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot read {path}: {reason(error)}") from error
    if not start:
        raise PictureError(f"{path} is empty; {READABLE}")
    return start


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
    scans = path.read_bytes().count(_JPEG_SCAN)
    if scans > _MOST_SCANS:
        raise PictureError(
            f"{path} has {scans:,} scans and the limit is {_MOST_SCANS}, as a guard against files "
            "made to keep a program busy; if you trust it, save it as PNG"
        )


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
    factory = next((make for starts, make in _OPENERS.items() if start.startswith(starts)), None)
    if factory is None:
        raise PictureError(f"{path} is not a picture that can be read; {READABLE}")
    if limit is not None and start.startswith(b"\xff\xd8\xff"):
        _check_scans(path)
    try:
        image = factory(str(path))
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
