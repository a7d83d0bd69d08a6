"""The hidden folder of an unfinished run: description, checkpoint and lock.

```
.out.png.impasto/
  run.json             inputs with checksums, settings, the command's options; written once
  state.safetensors    the last checkpoint; replaced atomically
  frame_*.png          of a clip, see frame_store.py: the painted frames
  memory_*.npz         of a clip: what the next frame needs
  lock                 locked by the running process; released when it ends or dies
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
from ..images.files import atomic_write, make_folder

RUN, STATE, LOCK = "run.json", "state.safetensors", "lock"
VERSION = 1
_KIND = "impasto-run"
_SUFFIX = ".impasto"
_OF_CLIP = ("frame_*.png", "memory_*.npz")
_LEFT_OVER = ".impasto-*.tmp"  # temporary files of a killed process


def folder_of(output: Path) -> Path:
    """Return the folder of the run that makes a picture.

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
    _remove_unfounded(folder_of(path))
    raise ModelError(
        f"there is no unfinished run of {path}: no folder {folder_of(path).name} beside it; give "
        "the output path of an interrupted impasto stylize"
    )


@contextlib.contextmanager
def lock_folder(folder: Path, run: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Lock a run's folder against other processes.

    Args:
        folder: Created if missing.
        run: Description of a new run, to write; None for a resumed one.

    Raises:
        PictureError: The folder cannot be created or written.
        ModelError: Another process has locked it.
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
            raise ModelError(f"another process is using {folder}; wait for it, or end it first")
        for part in folder.glob(_LEFT_OVER):
            part.unlink(missing_ok=True)
        if run is not None:
            _remove_progress(folder)
            with atomic_write(folder / RUN) as file:
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
    except OSError:  # a file system without locks
        return True
    return True


def read_run(folder: Path, command: str = "stylize") -> dict[str, Any]:
    """Read the description of a run.

    Args:
        folder: From `find_folder`.
        command: The command that started it.

    Returns:
        The description, as given to `lock_folder`.

    Raises:
        ModelError: It is damaged, of a newer version or another command, or not of Impasto.
    """
    path = folder / RUN
    try:
        run = json.loads(path.read_bytes())
        version = int(run[_KIND])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is damaged, or not a run of Impasto ({error}); delete {folder} and restart "
            "the run"
        ) from error
    if version > VERSION:
        raise ModelError(
            f"{folder} was made by a newer Impasto (format {version}, this version reads "
            f"{VERSION}); run pip install --upgrade impasto"
        )
    found = run.get("command", "stylize")
    if found != command:
        raise ModelError(f"{folder} is of impasto {found}; repeat that command to continue it")
    return dict(run)


def check_unfinished(output: Path, force: bool) -> None:
    """Refuse a result that has an unfinished run; with `force`, remove that run.

    Args:
        output: Path of the result.
        force: Remove an unfinished run.

    Raises:
        ModelError: There is an unfinished run without `force`, or a process has locked it.
    """
    folder = folder_of(output)
    if not (folder / RUN).is_file():
        _remove_unfounded(folder)
        return
    with lock_folder(folder):  # else another process would lose its checkpoints
        if not force:
            raise ModelError(
                f"{output} has an unfinished run; resume it with impasto resume "
                f"{shlex.quote(str(output))}, or start over with --force"
            )
    remove(folder)


def _remove_unfounded(folder: Path) -> None:
    """Remove a folder without a description, left by a process killed while it wrote one."""
    if not folder.is_dir():
        return
    with contextlib.suppress(OSError, PictureError), (folder / LOCK).open("a+b") as lock:
        if take_lock(lock) and not (folder / RUN).is_file():
            remove(folder)


def remove(folder: Path) -> None:
    """Remove the files of a run, and its folder if it is empty then.

    Raises:
        PictureError: A file cannot be removed.
    """
    try:
        (folder / RUN).unlink(missing_ok=True)  # first: without it the folder is no run
        _remove_progress(folder)
        (folder / LOCK).unlink(missing_ok=True)
        for part in folder.glob(_LEFT_OVER):
            part.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it has other files
            folder.rmdir()
    except OSError as error:
        raise PictureError(
            f"cannot remove the checkpoint folder {folder}: {error.strerror}; delete it yourself"
        ) from error


def _remove_progress(folder: Path) -> None:
    """Remove the checkpoint, or the painted frames, of a run."""
    (folder / STATE).unlink(missing_ok=True)
    for pattern in _OF_CLIP:
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
