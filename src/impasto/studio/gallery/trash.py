"""Deleted pictures, which can be restored for a while.

Each picture has its own folder in `.studio/deleted`, named after the time of deletion, so that it
keeps its name and deletions have an order.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import time
from pathlib import Path

from ...images import side_file
from .paths import (
    STUDIO,
    file_errors,
    is_file,
    locate_picture,
    make_folder,
    may_be_a_picture,
    missing_picture,
    move_to_free,
    quotable,
)

_NUMBER = re.compile("[0-9]{1,30}")
_NANOSECONDS_PER_DAY = 86_400 * 10**9
_MOVING = threading.Lock()  # concurrent undos restore different pictures


def delete(folder: str | Path, name: str) -> None:
    """Move a picture of a gallery to the trash.

    Args:
        folder: The gallery.
        name: Name of a file in it.

    Raises:
        PictureError: There is no such picture, or it cannot be moved.

    Example:
        >>> delete("gallery", "cat_wave.png")  # doctest: +SKIP
    """
    path = locate_picture(Path(folder), name)
    with _MOVING, file_errors(f"delete {quotable(path.name)}"):
        place = _new_place(Path(folder))
        try:
            path.rename(place / path.name)
        except FileNotFoundError:
            place.rmdir()
            raise missing_picture(name) from None
        except OSError:
            place.rmdir()
            raise
        side = side_file.beside(path)
        if is_file(side) and side_file.find_beside(path) is not None:
            side.rename(place / side.name)


def undo(folder: str | Path) -> str | None:
    """Restore the picture that was deleted last.

    Args:
        folder: The gallery.

    Returns:
        Its file name, a new one if the old one is taken; None if the trash is empty.

    Raises:
        PictureError: It cannot be moved and stays in the trash.

    Example:
        >>> undo("gallery")  # doctest: +SKIP
        'cat_wave.png'
    """
    with _MOVING, file_errors("restore the picture"):
        for _, place in reversed(_places(Path(folder))):
            name = _restore(place, Path(folder))
            if name is not None:
                return name
    return None


def forget_deleted(folder: str | Path, days: float = 30) -> None:
    """Permanently remove pictures that were deleted some days ago.

    Args:
        folder: The gallery.
        days: Days that deleted pictures are kept.

    Raises:
        PictureError: A picture cannot be removed.

    Example:
        >>> forget_deleted("gallery")
    """
    oldest = time.time_ns() - int(days * _NANOSECONDS_PER_DAY)
    with _MOVING, file_errors("empty the trash"):
        for number, place in _places(Path(folder)):
            if number < oldest:
                shutil.rmtree(place)


def _bin(folder: Path) -> Path:
    return folder / STUDIO / "deleted"


def _places(folder: Path) -> list[tuple[int, Path]]:
    """Return the folders of deleted pictures, oldest first."""
    if not _bin(folder).is_dir():
        return []
    found = [path for path in _bin(folder).iterdir() if _NUMBER.fullmatch(path.name)]
    return sorted((int(path.name), path) for path in found if _is_folder(path))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _new_place(folder: Path) -> Path:
    """Create a folder that sorts after all others, even if the clock was set back."""
    make_folder(_bin(folder))
    last = max((number for number, _ in _places(folder)), default=0)
    number = max(time.time_ns(), last + 1)
    while True:
        place = _bin(folder) / f"{number:020d}"
        with contextlib.suppress(FileExistsError):  # by another process
            place.mkdir()
            return place
        number += 1


def _restore(place: Path, folder: Path) -> str | None:
    pictures = [path for path in place.iterdir() if may_be_a_picture(path.name) and is_file(path)]
    if not pictures:
        with contextlib.suppress(OSError):  # not empty
            place.rmdir()
        return None
    (picture,) = pictures[:1]
    side = side_file.beside(picture)
    if is_file(side):
        back = move_to_free(
            picture, folder, picture.name, lambda path: not side_file.beside(path).exists()
        )
        move_to_free(side, folder, side_file.beside(back).name)
    else:
        back = move_to_free(picture, folder, picture.name)
    with contextlib.suppress(OSError):
        place.rmdir()
    return back.name
