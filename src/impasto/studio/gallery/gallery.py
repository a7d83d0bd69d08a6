"""A gallery: a folder of pictures with records; the folder is its only state.

```
<photo>_<style>.png, ...   the pictures, with their records
.studio/thumbnails/        small JPEGs, made when needed
.studio/deleted/           what was deleted and can be brought back
```

Names may come from strangers: all functions take the name of a file right in the folder, and
nothing else. They may be called by several threads, and by several processes.
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
from ...images.files import whole_or_not_at_all
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
_SHRINKING = threading.Lock()  # one at a time, for the memory's sake


def keep(folder: str | Path, result: Result, name: str) -> Path:
    """Write a result into a gallery, whole or not at all, under a name that was free.

    Args:
        folder: The gallery; made if it is missing.
        result: The picture.
        name: Its name without suffix; any text, see `safe_name`.

    Returns:
        The file, a PNG with the record in it.

    Raises:
        PictureError: It cannot be written; nothing else is touched.

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
    """Leave out of a record where uploads lay, in folders that end with the server."""
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
    """Return a small copy of a picture, made if it is not there yet.

    Args:
        folder: The gallery.
        name: Of a file in it.
        side: Longest side of the copy, pixels, 16..2048; small pictures stay as they are.

    Returns:
        A JPEG without record and EXIF block, over white where the picture is transparent.

    Raises:
        PictureError: There is no such picture, it is damaged, or the copy cannot be written.
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
            with whole_or_not_at_all(small) as file:
                profile = metadata.srgb_profile()
                encode.save(image, file, "JPEG", quality=_QUALITY, icc_profile=profile)
    return small


def _thumbnails(folder: Path) -> Path:
    return folder / STUDIO / "thumbnails"


def _thumbnail_prefix(path: Path) -> str:
    """Return what the thumbnails of a picture begin with, another when the file is."""
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
    """Remove what nobody needs: thumbnails of pictures that have gone, and what a kill left.

    Args:
        folder: The gallery. Unfinished files are removed when they are older than a day, as
            another program may be writing.

    Raises:
        PictureError: Something cannot be removed.

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
    """Remove what nobody needs and what was deleted long ago, as far as that can be done.

    Args:
        folder: The gallery. What cannot be removed is logged; nobody waits for it.

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
