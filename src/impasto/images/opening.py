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
DEFAULT_LIMIT = 89_478_485  # Pillow's own, for programs that switched its guard off
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_SCAN, _MOST_SCANS = b"\xff\xda", 500  # progressive pictures have about ten
_START = 12  # bytes that tell the formats apart
# The decoders are called by name: `PIL.Image.open` would also start external programs for some
# formats, and its guard against bombs has one limit for the whole process.
_OPENERS: dict[tuple[bytes, ...], Callable[[str], PIL.Image]] = {
    (b"\xff\xd8\xff",): JpegImagePlugin.jpeg_factory,  # type: ignore[dict-item]
    (b"\x89PNG\r\n\x1a\n",): PngImagePlugin.PngImageFile,
    (b"RIFF",): WebPImagePlugin.WebPImageFile,
    TIFF_STARTS: TiffImagePlugin.TiffImageFile,
    (b"BM",): BmpImagePlugin.BmpImageFile,
    (b"GIF87a", b"GIF89a"): GifImagePlugin.GifImageFile,
}


def locate(path: str | Path) -> Path:
    """Expand a leading `~`, unless it is just the first letter of a name."""
    with contextlib.suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def resolve_parent(path: Path) -> Path:
    """Return an absolute path that leads through no link of a folder; the file may be a link.

    So the way from one folder to a file, with its `..`, is the same for names and on the disk.

    Example:
        >>> resolve_parent(Path("a.png")) == Path.cwd().resolve() / "a.png"
        True
    """
    return path.parent.resolve() / path.name


def first_bytes(path: Path) -> bytes:
    """Return how a file begins, or say why it cannot be read.

    Args:
        path: Any path.

    Returns:
        Up to 12 bytes.

    Raises:
        PictureError: There is no file, it is a folder or a device, empty, or not permitted.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PictureError(f"{path} is a folder; {READABLE}")
        if not stat.S_ISREG(mode):  # a pipe or a device might never end
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
    """Return what the operating system said, without number and path."""
    return str(getattr(error, "strerror", None) or error)


def check_pixels(pixels: int, limit: int, name: str) -> None:
    """Refuse a picture of more pixels than the limit.

    Raises:
        PictureError: It has more.
    """
    if pixels > limit:
        raise PictureError(
            f"{name} has {pixels:,} pixels and the limit is {limit:,}, as a guard against files "
            f"made to fill the memory; if you trust it, pass max_pixels={pixels} (--max-pixels)"
        )


def _check_scans(path: Path) -> None:
    """Refuse a JPEG that goes over its pixels again and again: minutes of work in a small file.

    Raises:
        PictureError: It does.
    """
    scans = path.read_bytes().count(_JPEG_SCAN)
    if scans > _MOST_SCANS:
        raise PictureError(
            f"{path} has {scans:,} scans and the limit is {_MOST_SCANS}, as a guard against files "
            "made to keep a program busy; if you trust it, save it as PNG"
        )


def open_file(path: Path, limit: int | None = None) -> PIL.Image:
    """Open a picture without decoding it; Pillow's process-wide guard is neither asked nor moved.

    Args:
        path: A file.
        limit: Largest number of pixels; any if None, for reading what is not pixels.

    Returns:
        An image that owns its file: close it.

    Raises:
        PictureError: It has more pixels, or is of another format. Damage raises what the decoders
            raise, which may be anything.
    """
    start = first_bytes(path)
    factory = next((make for starts, make in _OPENERS.items() if start.startswith(starts)), None)
    if factory is None:
        raise PictureError(f"{path} is no picture that can be read; {READABLE}")
    if limit is not None and start.startswith(b"\xff\xd8\xff"):
        _check_scans(path)
    try:
        image = factory(str(path))
    except PIL.DecompressionBombError as error:  # WebP asks the guard by itself
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
