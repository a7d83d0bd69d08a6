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
_NEW = 60.0  # seconds after which a folder must have a lock
OLDEST = 24 * 3600.0
MOST = 4_000_000_000  # bytes
_PREVIEW = "image.jpeg"  # Gradio's name for compared images; uploads keep their names


class Temporary(NamedTuple):
    """Two private folders with unguessable names.

    Attributes:
        shown: Gradio's folder: uploads, and copies of shown files. A resolved path.
        scratch: Folder for files of the page, which Gradio copies to `shown`.
    """

    shown: Path
    scratch: Path


@contextlib.contextmanager
def temporary_folders() -> Iterator[Temporary]:
    """Create temporary folders, and remove those of killed servers.

    Yields:
        Two empty folders, removed on exit.

    Raises:
        StudioError: The folders cannot be created.

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
            f"cannot create a temporary folder: {error.strerror}; free some space, or set TMPDIR"
        ) from error
    try:
        with lock:
            take_lock(lock)
            # All paths on the page contain this name.
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
        place: Parent of the temporary folders. Those of other users, or in use, stay.

    Example:
        >>> remove_stale_folders(Path("no_such_folder"))
    """
    for outer in place.glob(f"{_PREFIX}*"):
        # Folders of other users, and of a server that has not locked its own yet, stay.
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
    """Remove old files, then further ones above a total size: previews first, oldest first.

    Args:
        folder: The temporary folder.
        keep: Paths to keep, which the page shows to all users.
        oldest: Seconds after which a file is removed.
        most: Total size of the remaining files, bytes.

    Example:
        >>> sweep(Path("no_such_folder"))
    """
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # removed meanwhile
            if path.is_file() and str(path) not in keep:
                # A copy has the mtime of its source, but a new ctime.
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
            path.parent.rmdir()  # fails unless it is empty
