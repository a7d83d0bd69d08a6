"""Names of results: claimed when a run starts, and checked when the picture is written.

A claim is a locked file in the user's cache folder, so a killed process holds none. Processes of
other users or machines are noticed when the picture is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import PictureError
from ..images.exif_filter import MetadataRule
from ..images.files import free_path
from ..images.new_files import TakenError, as_new_file
from ..images.opening import locate, resolve_parent
from ..images.user_folders import cache_folder
from .result import Result
from .run_folder import take_lock

_FOLDER = "claims"
_TRIES, _PAUSE = 4, 0.05  # pause in seconds


@contextlib.contextmanager
def claim(path: Path, *, own: bool, force: bool = False) -> Iterator[Path]:
    """Claim the name of a result for the time of a run.

    Args:
        path: The name.
        own: Whether the program has chosen it, and may choose another.
        force: Whether an existing file is to be replaced; then nothing is claimed.

    Yields:
        The name: that given, or with `own` the first of `name-2`, `name-3`, ... that is free.

    Raises:
        PictureError: Another process has claimed it.

    Example:
        >>> with claim(Path("no-such-file.png"), own=True) as output:
        ...     output.name
        'no-such-file.png'
    """
    path = locate(path)
    with contextlib.ExitStack() as stack:
        if force and not own:
            yield path
            return
        for name in _candidates(path) if own else (path,):
            if stack.enter_context(_claimed(name)):
                yield name
                return
        raise PictureError(
            f"another process is making {path}; wait for it, or choose another name with -o"
        )


def _candidates(path: Path) -> Iterator[Path]:
    """Yield the names that are free, in the order of `free_path`."""
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2))
    return (name for name in itertools.chain([path], numbered) if not os.path.lexists(name))


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Lock the file that stands for a name; yield whether no other process has."""
    folder = cache_folder()
    try:
        file = None if folder is None else _lock(folder / _FOLDER, path)
    except OSError:  # a full disk; `save_new` will notice another file
        folder = file = None
    if file is None:
        yield folder is None
        return
    try:
        yield True
    finally:
        if os.name == "nt":  # where a file that is open cannot be removed
            file.close()
        with file, contextlib.suppress(OSError):
            Path(file.name).unlink()


def _lock(folder: Path, path: Path) -> BinaryIO | None:
    """Lock the file of a name; None if another process has."""
    name = hashlib.sha256(os.fsencode(resolve_parent(locate(path)))).hexdigest()
    folder.mkdir(exist_ok=True)
    _remove_stale(folder)
    for last in (*[False] * _TRIES, True):  # another process may be looking at it for a moment
        file = (folder / name).open("a+b")
        is_mine = take_lock(file)
        if is_mine and _is_current(file):
            return file
        file.close()  # taken, or its owner removed it after it was opened here
        if not is_mine and not last:
            time.sleep(_PAUSE)
    return None


def _is_current(file: BinaryIO) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(file.fileno()), Path(file.name).stat())
    return False


def _remove_stale(folder: Path) -> None:
    """Remove what killed processes have left."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError), path.open("r+b") as file:
            if take_lock(file) and _is_current(file):
                path.unlink()


def save_new(
    result: Result,
    path: Path,
    *,
    force: bool,
    quality: int,
    bits: int = 8,
    metadata: MetadataRule = "keep",
) -> Path:
    """Save a result; if a file has appeared under its name, under the next free one.

    Args:
        result: The result.
        path: Its name.
        force: Replace an existing file.
        quality: As in `Result.save`.
        bits: As in `Result.save`.
        metadata: As in `Result.save`.

    Returns:
        The path of the picture.

    Raises:
        PictureError: It cannot be written.
    """
    if force:
        return result.save(path, quality=quality, bits=bits, metadata=metadata)
    name = locate(path)
    while True:
        try:
            with as_new_file(name):
                return result.save(name, quality=quality, bits=bits, metadata=metadata)
        except TakenError:
            name = free_path(path)


def check_saved(saved: Path, wanted: Path, *, own: bool) -> None:
    """Report a result that was saved under another name than that asked for.

    Args:
        saved: Where the result is.
        wanted: Where it should be.
        own: Whether the program has chosen the name.

    Raises:
        PictureError: The names differ.
    """
    if saved != locate(wanted) and not own:
        raise PictureError(
            f"{wanted} was made by another program in the meantime and is not replaced; the "
            f"picture is in {saved}"
        )
