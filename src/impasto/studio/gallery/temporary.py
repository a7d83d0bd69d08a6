"""Temporary folders for uploads and for copies that the page shows."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from ...errors import StudioError
from ...workflows.run_folder import take_lock

_PREFIX = "impasto_studio_"
_LOCK = "lock"
_NEW = 60.0  # seconds in which a folder may have no lock yet
OLDEST = 24 * 3600.0
MOST = 4_000_000_000  # bytes
_PREVIEW = "image.jpeg"  # as Gradio calls what the page compares; uploads keep their own names


class Temporary(NamedTuple):
    """Two folders that only this user can read, with names that cannot be guessed.

    Attributes:
        shown: Gradio's: what is uploaded, and copies of what is shown. Without links in its path.
        scratch: The page's: what it writes here, Gradio copies to where it can be asked for.
    """

    shown: Path
    scratch: Path


@contextlib.contextmanager
def temporary_folders() -> Iterator[Temporary]:
    """Give folders that are removed in the end, and remove what killed servers have left.

    Yields:
        Two empty folders.

    Raises:
        StudioError: There is no place for it.

    Example:
        >>> with temporary_folders() as temporary:
        ...     temporary.shown.is_dir(), temporary.scratch.is_dir()
        (True, True)
    """
    remove_stale_folders(Path(tempfile.gettempdir()))
    try:
        outer = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        lock = (outer / _LOCK).open("a+b")
    except OSError as error:
        raise StudioError(
            f"cannot make a temporary folder: {error.strerror}; make room, or set TMPDIR"
        ) from error
    try:
        with lock:
            take_lock(lock)
            # Each path that the page sees has this name in it.
            shown = outer / outer.name.replace(_PREFIX, "shown_")
            scratch = outer / "scratch"
            shown.mkdir()
            scratch.mkdir()
            yield Temporary(shown, scratch)
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def remove_stale_folders(place: Path) -> None:
    """Remove the folders of servers that were killed.

    Args:
        place: Where temporary folders are. Those that are not ours, or in use, stay.

    Example:
        >>> remove_stale_folders(Path("no_such_folder"))
    """
    for outer in place.glob(f"{_PREFIX}*"):
        # Of others, and of a server that has not come to lock its own: they stay.
        with contextlib.suppress(OSError):
            if outer.is_symlink() or not outer.is_dir() or not _is_ours(outer):
                continue
            if time.time() - outer.stat().st_mtime < _NEW and not (outer / _LOCK).exists():
                continue
            with (outer / _LOCK).open("a+b") as lock:
                left = take_lock(lock)
            if left:
                shutil.rmtree(outer, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return sys.platform == "win32" or folder.stat().st_uid == os.getuid()


def sweep(
    folder: Path, keep: Collection[str] = (), *, oldest: float = OLDEST, most: int = MOST
) -> None:
    """Remove old files, and more where there are too many: the oldest, previews before others.

    Args:
        folder: The temporary folder.
        keep: Paths that stay, as the page shows them to all.
        oldest: Seconds after which a file goes.
        most: Bytes that may stay.

    Example:
        >>> sweep(Path("no_such_folder"))
    """
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if path.is_file() and str(path) not in keep:
                # A copy has the time of what it was copied from, but its entry is new.
                status = path.stat()
                found.append((max(status.st_mtime, status.st_ctime), status.st_size, path))
    left, now = sum(size for _, size, _ in found), time.time()
    files = [
        (now - changed <= oldest, path.name != _PREVIEW, changed, size, path)
        for changed, size, path in found
    ]
    for new, _, _, size, path in sorted(files):
        if new and left <= most:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            left -= size
            path.parent.rmdir()  # unless something else is in it
