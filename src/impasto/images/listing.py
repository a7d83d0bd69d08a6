"""List the pictures of a folder or a list file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..errors import PictureError
from .opening import locate, reason

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".avif", ".jxl",
     ".tif", ".tiff", ".bmp", ".gif")
)  # fmt: skip
LIST_SUFFIX = ".txt"


class ListedPicture(NamedTuple):
    """A picture file.

    Attributes:
        path: The file.
        relative: Its path relative to the folder or list that it was found in.
    """

    path: Path
    relative: Path


def list_pictures(folder: str | Path, *, without: Path | None = None) -> list[Path]:
    """List the pictures of a folder and its subfolders, sorted by name.

    Hidden files and folders (names with a leading dot) are skipped.

    Args:
        folder: The folder.
        without: A subfolder to skip, such as that of the results.

    Raises:
        PictureError: There is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PictureError(f"{folder} is not a folder; give a folder of photographs")
    left_out = None if without is None else without.resolve()
    if left_out is not None and folder.resolve().is_relative_to(left_out):
        left_out = None  # the folder is inside it, not the other way round
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not path.is_dir()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not (left_out is not None and path.resolve().is_relative_to(left_out))
    )
    if not found:
        raise PictureError(
            f"{folder} has no pictures; give a folder with JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP "
            "or GIF files"
        )
    return found


def read_list(path: str | Path) -> list[Path]:
    """Read a text file with the path of one picture on each line.

    Paths are relative to the list's folder. Blank lines, lines that begin with # and repeated
    pictures are skipped. The files need not exist.

    Args:
        path: A text file in UTF-8.

    Raises:
        PictureError: The file cannot be read, is not text, or is empty.
    """
    path = locate(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot read the list {path}: {reason(error)}") from error
    if b"\0" in text:
        raise PictureError(f"{path} is not text in UTF-8; expected the path of a picture per line")
    # File names may be any bytes; surrogateescape keeps them.
    words = text.decode("utf-8-sig", "surrogateescape").split("\n")
    named = [word.strip() for word in words if word.strip() and not word.strip().startswith("#")]
    if not named:
        raise PictureError(f"{path} names no pictures; write one path per line")
    return list(dict.fromkeys(path.parent / locate(name) for name in named))


def is_folder_or_list(place: str | Path) -> bool:
    """Return whether a path is a folder or a list, rather than a picture.

    Example:
        >>> is_folder_or_list("photo.jpg"), is_folder_or_list("photos.txt")
        (False, True)
    """
    place = locate(place)
    return place.suffix.lower() == LIST_SUFFIX or place.is_dir()


def find_pictures(
    places: Iterable[str | Path], *, without: Path | None = None
) -> list[ListedPicture]:
    """Find the pictures of folders, lists (.txt) and single files.

    Args:
        places: Folders, lists and pictures.
        without: A folder to skip when it is inside another.

    Returns:
        The pictures in order, without repetition.

    Raises:
        PictureError: A folder or a list cannot be read, or has no pictures.
    """
    found: dict[Path, ListedPicture] = {}
    for place in map(locate, places):
        if place.is_dir():
            paths, root = list_pictures(place, without=without), place
        elif is_folder_or_list(place):
            paths, root = read_list(place), place.parent
        else:
            paths, root = [place], place.parent
        for path in paths:
            inside = path.is_relative_to(root) and ".." not in path.relative_to(root).parts
            below = path.relative_to(root) if inside else Path(path.name)
            found.setdefault(path, ListedPicture(path, below))
    return list(found.values())
