"""List, search and read the pictures of a gallery."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import PictureError
from ...images import metadata, opening, side_file
from ...paint_settings import PaintSettings
from ...settings import Settings
from ...types import Size
from ...workflows.record import Record, parse_record
from .paths import (
    decode_errors,
    file_errors,
    locate_picture,
    may_be_a_picture,
    missing_picture,
    quotable,
)

Stamp = tuple[int, int, int]  # mtime in ns, bytes, inode; changes when a file is rewritten
_LAST_MOMENT = 253_402_300_799  # end of the year 9999, seconds
_GALLERIES = 256  # cached


@dataclass(frozen=True)
class Entry:
    """A picture in a gallery.

    Attributes:
        name: File name.
        path: Path of the file.
        content: Name of the photograph; empty for a texture.
        style: Name of the painting or style; several with their shares.
        command: `stylize`, `texture` or `paint`.
        settings: Settings in the record; paths are relative to the gallery.
        made_at: Time of completion, UTC, ISO 8601; the file's mtime if the record has none.
        seconds: Duration.
        size: Height and width, pixels.
    """

    name: str
    path: Path
    content: str
    style: str
    command: str
    settings: dict[str, Any] = field(repr=False)
    made_at: str
    seconds: float
    size: Size

    @functools.cached_property
    def search_text(self) -> str:
        """The text that a search matches, folded."""
        defaults = _defaults(self.command)
        chosen = [value for name, value in self.settings.items() if value != defaults.get(name)]
        values = map(
            _as_text, chosen
        )  # default values would match too much: "cat" is in "replicate"
        return fold("\n".join([self.content, self.style, self.name, *values]))


def fold(text: str) -> str:
    r"""Fold case and Unicode composition of a text.

    Example:
        >>> fold("Cafe\u0301") == fold("CAF\u00c9")
        True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@functools.lru_cache(maxsize=8)
def _defaults(command: str) -> dict[str, Any]:
    """Return the default settings of a command as in a record."""
    settings = PaintSettings() if command == "paint" else Settings()
    return settings.model_dump(mode="json")


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(map(_as_text, value))
    return "" if value is None or isinstance(value, bool) else str(value)


def entries(folder: str | Path, search: str = "") -> list[Entry]:
    """List the pictures of a gallery that have a record, newest first.

    Files are cached until they change. Pictures without a record, damaged files, links and folders
    are skipped.

    Args:
        folder: The gallery; a missing one is empty.
        search: Words that must all occur in the name of the photograph, style or file, or in
            settings that differ from the defaults.

    Raises:
        PictureError: The folder cannot be read.

    Example:
        >>> entries("no-such-folder")
        []
    """
    folder = Path(folder)
    known = _cache(str(folder))
    with file_errors(f"read the gallery {folder}"):
        stamps = dict(_pictures(folder))
    for name in [name for name in list(known) if name not in stamps]:
        known.pop(name, None)
    found = [(stamp, _cached(folder / name, stamp)) for name, stamp in stamps.items()]
    words = fold(search).split()
    listed = [
        (entry.made_at, stamp, entry.name, entry)
        for stamp, entry in found
        if entry is not None and all(word in entry.search_text for word in words)
    ]
    return [entry for *_, entry in sorted(listed, key=lambda each: each[:3], reverse=True)]


def find(folder: str | Path, name: str) -> Entry:
    """Find a picture of a gallery by file name.

    Args:
        folder: The gallery.
        name: Untrusted; paths outside the folder and links are not found.

    Raises:
        PictureError: The picture is missing or damaged, or has no record.

    Example:
        >>> find("gallery", "cat_wave.png").style  # doctest: +SKIP
        'wave'
    """
    path = locate_picture(Path(folder), name)
    entry = _cached(path, stamp_of(path))
    return _read(path) if entry is None else entry


def stamp_of(path: Path) -> Stamp:
    """Return a stamp that changes when a file is rewritten.

    Raises:
        PictureError: The file is missing.
    """
    try:
        found = path.lstat()
    except OSError:
        raise missing_picture(path.name) from None
    return _stamp(found)


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _pictures(folder: Path) -> Iterator[tuple[str, Stamp]]:
    try:
        scan = os.scandir(folder)
    except FileNotFoundError:
        return
    with scan:
        for file in scan:
            if may_be_a_picture(file.name):
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                    found = file.stat(follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode):
                        yield file.name, _stamp(found)


@functools.lru_cache(maxsize=_GALLERIES)
def _cache(folder: str) -> dict[str, tuple[Stamp, Entry | None]]:
    """Return the mutable cache of a folder; None marks files without a record."""
    return {}


def _cached(path: Path, stamp: Stamp) -> Entry | None:
    """Return a picture from the cache, or read it; None if it cannot be listed."""
    known = _cache(str(path.parent))
    before = known.get(path.name)
    if before is not None and before[0] == stamp:
        return before[1]
    try:
        entry = _read(path)
    except _NoRecord:
        entry = None
    except PictureError:  # not cached, since the next attempt may succeed
        return None
    known[path.name] = stamp, entry
    return entry


class _NoRecord(PictureError):
    """A readable picture has no valid record."""


def _read(path: Path) -> Entry:
    with decode_errors(path), opening.open_file(path) as image:
        size, record = (image.height, image.width), metadata.find_record(image)
        changed = path.stat().st_mtime
    try:
        parsed = parse_record(side_file.find_beside(path) if record is None else record, path.name)
        return _entry(path, parsed, size, changed)
    except PictureError as error:
        raise _NoRecord(str(error)) from error
    except RecursionError:
        raise _NoRecord(f"the record of {path.name} is damaged: it is nested too deep") from None


def _entry(path: Path, record: Record, size: Size, changed: float) -> Entry:
    return Entry(
        name=path.name,
        path=path,
        content=quotable(record.content),
        style=quotable(record.style),
        command=quotable(record.command),
        settings=_plain(record.settings),
        made_at=_timestamp(record.made_at, changed),
        seconds=record.seconds if math.isfinite(record.seconds) else 0.0,
        size=size,
    )


def _plain(value: Any) -> Any:
    """Return JSON values without lone surrogates and non-finite numbers."""
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _timestamp(text: str, changed: float) -> str:
    """Return a time in UTC, ISO 8601, so that the texts sort by time."""
    with contextlib.suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    changed = min(max(changed, 0.0), _LAST_MOMENT)
    return datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds")
