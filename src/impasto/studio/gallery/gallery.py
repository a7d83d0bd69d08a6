"""A gallery: a folder of pictures with records; the folder is its only state.

```
<photo>_<style>.png, ...   the pictures, with their records
.studio/thumbnails/        small JPEGs, made when needed
.studio/deleted/           deleted pictures, which can be restored
```

Names are untrusted: functions accept only names of files directly in the folder. They are safe to
call from several threads and processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import secrets
import threading
import time
from dataclasses import replace
from pathlib import Path

from PIL import Image as PIL

from ...errors import PictureError, SettingsError
from ...images import encode, metadata, opening
from ...images.files import atomic_write
from ...workflows.result import Result
from .downloads import KINDS, Kind, export
from .entries import Entry, entries, find, stamp_of
from .paths import (
    HIDDEN,
    MOST_PIXELS,
    STUDIO,
    decode_errors,
    file_errors,
    is_file,
    locate_picture,
    make_folder,
    may_be_a_picture,
    move_to_free,
    safe_name,
)
from .trash import delete, forget_deleted, undo

__all__ = [
    "KINDS",
    "Entry",
    "Kind",
    "delete",
    "entries",
    "export",
    "find",
    "forget_deleted",
    "keep",
    "safe_name",
    "sweep",
    "thumbnail",
    "tidy",
    "undo",
]

_LOG = logging.getLogger(__name__)
_SMALLEST, _LARGEST = 16, 2048  # long side of a thumbnail
_QUALITY = 85
_LEFT_OVER = re.compile(re.escape(HIDDEN) + r"[0-9a-f]{12}\.(tmp|png)")
_SECONDS_PER_DAY = 86_400
_SHRINKING = threading.Lock()  # one at a time, to limit memory


def keep(folder: str | Path, result: Result, name: str) -> Path:
    """Save a result to a gallery atomically, without overwriting a file.

    Args:
        folder: The gallery; created if missing.
        result: The picture.
        name: File name without suffix; any text, see `safe_name`.

    Returns:
        The file, a PNG that contains the record.

    Raises:
        PictureError: The file cannot be written; no other file changes.

    Example:
        >>> keep("gallery", result, "cat_wave")  # doctest: +SKIP
        PosixPath('gallery/cat_wave.png')
    """
    folder = Path(folder)
    make_folder(folder)
    wanted = folder / f"{safe_name(name)}.png"
    hidden = folder / f"{HIDDEN}{secrets.token_hex(6)}.png"
    try:
        _without_temporary_paths(result, folder).save(hidden)
        with file_errors(f"write {wanted}"):
            return move_to_free(hidden, folder, wanted.name)
    except PictureError as error:
        raise PictureError(str(error).replace(str(hidden), str(wanted))) from error
    finally:
        with contextlib.suppress(OSError):
            hidden.unlink(missing_ok=True)


def _without_temporary_paths(result: Result, folder: Path) -> Result:
    """Remove the paths of uploads from a record, since temporary folders do not persist."""
    home = folder.absolute()
    inputs = [
        {
            key: value
            for key, value in each.items()
            if key != "path" or Path(value).is_relative_to(home)
        }
        for each in result.record.get("inputs", ())
    ]
    return replace(result, record={**result.record, "inputs": inputs})


def thumbnail(folder: str | Path, name: str, side: int = 320) -> Path:
    """Return a thumbnail of a picture; create it if missing.

    Args:
        folder: The gallery.
        name: Name of a file in it.
        side: Long side, pixels, 16..2048; smaller pictures are not enlarged.

    Returns:
        A JPEG without record and EXIF block; transparent parts are white.

    Raises:
        PictureError: The picture is missing or damaged, or the thumbnail cannot be written.
        SettingsError: The side is out of range.

    Example:
        >>> thumbnail("gallery", "cat_wave.png").suffix  # doctest: +SKIP
        '.jpg'
    """
    if not _SMALLEST <= side <= _LARGEST:
        raise SettingsError(f"side is {side}, expected {_SMALLEST} to {_LARGEST} pixels")
    path = locate_picture(Path(folder), name)
    small = _thumbnails(Path(folder)) / f"{_thumbnail_prefix(path)}-{side}.jpg"
    with _SHRINKING:
        if not is_file(small):
            image = _shrink(path, side)
            make_folder(small.parent)
            with atomic_write(small) as file:
                profile = metadata.srgb_profile()
                encode.save(image, file, "JPEG", quality=_QUALITY, icc_profile=profile)
    return small


def _thumbnails(folder: Path) -> Path:
    return folder / STUDIO / "thumbnails"


def _thumbnail_prefix(path: Path) -> str:
    """Return the file name prefix of a picture's thumbnails; changes with the file."""
    changed, size, _ = stamp_of(path)
    return f"{hashlib.sha256(path.name.encode()).hexdigest()[:24]}-{changed:x}-{size:x}"


def _shrink(path: Path, side: int) -> PIL.Image:
    with decode_errors(path):
        with opening.open_file(path, MOST_PIXELS) as image:
            if image.format == "JPEG":
                image.draft("RGB", (side, side))
            small = metadata.upright(image)
        if small.mode not in ("RGB", "RGBA"):
            small = small.convert("RGBA" if small.has_transparency_data else "RGB")
        small.thumbnail((side, side), PIL.Resampling.LANCZOS)
        if small.mode == "RGB":
            return metadata.to_srgb(small)
        white = PIL.new("RGB", small.size, "white")
        white.paste(small, mask=small.getchannel("A"))
    return white


def sweep(folder: str | Path) -> None:
    """Remove thumbnails of missing pictures, and files that a killed process left.

    Args:
        folder: The gallery. Unfinished files are removed after a day, since another process may
            still be writing.

    Raises:
        PictureError: A file cannot be removed.

    Example:
        >>> sweep("gallery")
    """
    folder, small = Path(folder), _thumbnails(Path(folder))
    with file_errors("tidy up the gallery"):
        for place in filter(Path.is_dir, (folder, small)):
            for path in place.iterdir():
                if _LEFT_OVER.fullmatch(path.name) and is_file(path) and _is_old(path):
                    path.unlink(missing_ok=True)
        if small.is_dir():
            pictures = [path for path in folder.iterdir() if may_be_a_picture(path.name)]
            prefixes = {_thumbnail_prefix(path) for path in pictures if is_file(path)}
            for path in small.glob("*-*-*-*.jpg"):
                if path.name.rpartition("-")[0] not in prefixes:
                    path.unlink(missing_ok=True)


def tidy(folder: str | Path) -> None:
    """Run `sweep` and `forget_deleted`; log errors.

    Args:
        folder: The gallery.

    Example:
        >>> tidy("gallery")
    """
    for remove in (sweep, forget_deleted):
        try:
            remove(folder)
        except PictureError as error:
            _LOG.warning("%s", error)


def _is_old(path: Path) -> bool:
    return time.time() - path.lstat().st_mtime > _SECONDS_PER_DAY
