"""The hidden folder of an unfinished run: description, checkpoint and lock.

```
.out.png.impasto/
  run.json             inputs with checksums, settings, the command's options; written once
  state.safetensors    where the run stands; replaced as a whole
  lock                 held by the process at work, and by nobody when that has died
```
"""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import ModelError, PictureError
from ..images.files import make_folder, whole_or_not_at_all

RUN, STATE, LOCK = "run.json", "state.safetensors", "lock"
VERSION = 1
_KIND = "impasto-run"
_SUFFIX = ".impasto"
_LEFT_OVER = ".impasto-*.tmp"  # what a killed process was writing


def folder_of(output: Path) -> Path:
    """Name the folder of the run that makes a picture.

    Example:
        >>> folder_of(Path("out.png")).name
        '.out.png.impasto'
    """
    return output.parent / f".{output.name}{_SUFFIX}"


def find_folder(path: Path) -> Path:
    """Find the folder of an unfinished run.

    Args:
        path: The picture that the run makes, or the folder itself.

    Returns:
        The folder.

    Raises:
        ModelError: There is no unfinished run.

    Example:
        >>> find_folder(Path("out.png"))  # doctest: +SKIP
        PosixPath('.out.png.impasto')
    """
    for folder in (path, folder_of(path)):
        if (folder / RUN).is_file():
            return folder
    raise ModelError(
        f"there is no unfinished run of {path}: no {folder_of(path).name} is beside it; give the "
        "path of the result that impasto stylize was to write"
    )


@contextlib.contextmanager
def at_work(folder: Path, run: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Hold a run's folder, so that no other process works on it, while this one lives.

    Args:
        folder: Made if it is missing.
        run: What to write as the description of a new run; None for one that is resumed.

    Raises:
        PictureError: The folder cannot be made or written.
        ModelError: Another process works on it.
    """
    make_folder(folder)
    try:
        lock = (folder / LOCK).open("a+b")
    except OSError as error:
        raise PictureError(
            f"cannot write the checkpoint folder {folder}: {error.strerror}; choose another "
            "folder, or add --no-checkpoint"
        ) from error
    with lock:
        if not take_lock(lock):
            raise ModelError(
                f"another process is at work on {folder}; wait for it, or end it first"
            )
        for part in folder.glob(_LEFT_OVER):
            part.unlink(missing_ok=True)
        if run is not None:
            (folder / STATE).unlink(missing_ok=True)
            with whole_or_not_at_all(folder / RUN) as file:
                file.write(json.dumps({_KIND: VERSION, **run}, indent=1).encode())
        yield


def take_lock(file: BinaryIO) -> bool:
    """Lock a file until it is closed or the process ends; False if another has locked it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a disk that knows no locks
        return True
    return True


def read_run(folder: Path) -> dict[str, Any]:
    """Read what a run is.

    Args:
        folder: From `find_folder`.

    Returns:
        What `at_work` was given.

    Raises:
        ModelError: It is damaged, of a newer version, or something else.
    """
    path = folder / RUN
    try:
        run = json.loads(path.read_bytes())
        version = int(run[_KIND])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is damaged, or not of a run of Impasto ({error}); delete {folder} and start "
            "the run again"
        ) from error
    if version > VERSION:
        raise ModelError(
            f"{folder} was made by a newer Impasto (its format is {version}, this one reads "
            f"{VERSION}); run pip install --upgrade impasto"
        )
    return dict(run)


def check_unfinished(output: Path, force: bool) -> None:
    """Refuse to begin a picture whose run is not finished, or remove that run.

    Args:
        output: Where the picture is to go.
        force: Begin anew.

    Raises:
        ModelError: There is an unfinished run, and it is to be kept, or a process works on it.
    """
    folder = folder_of(output)
    if not (folder / RUN).is_file():
        return
    with at_work(folder):  # else another process would lose its checkpoints
        if not force:
            raise ModelError(
                f"{output} was begun and is not finished; impasto resume "
                f"{shlex.quote(str(output))} goes on with it, and --force begins anew"
            )
    remove(folder)


def remove(folder: Path) -> None:
    """Remove what a run has left in its folder, and the folder, if nothing else is in it.

    Raises:
        PictureError: Something cannot be removed.
    """
    try:
        for name in (RUN, STATE, LOCK):  # without its description a run is gone
            (folder / name).unlink(missing_ok=True)
        for part in folder.glob(_LEFT_OVER):
            part.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something of somebody else's is in it
            folder.rmdir()
    except OSError as error:
        raise PictureError(
            f"cannot remove the checkpoint folder {folder}: {error.strerror}; delete it yourself"
        ) from error
