"""List the pictures of a folder or a list file."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..errors import PictureError
from .opening import check_no_address, locate, reason

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".avif", ".jxl",
     ".tif", ".tiff", ".bmp", ".gif")
)  # fmt: skip
LIST_SUFFIX = ".txt"
# Folders and files of Synology, QNAP, macOS, Windows and Linux, in lower case.
_OF_SYSTEM = frozenset(
    ("@eadir", "#recycle", "@recycle", "@recently-snapshot", "__macosx", "$recycle.bin",
     "system volume information", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini")
)  # fmt: skip
_PATTERN = re.compile(r"[*?]")  # brackets are common in names


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

    Hidden files and folders (names with a leading dot) and the folders in which systems keep
    thumbnails and deleted files are skipped.

    Args:
        folder: The folder.
        without: A subfolder to skip, such as that of the results.

    Raises:
        PictureError: There is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PictureError(f"{folder} is not a folder; give a folder of photographs")
    found = [path for path in _list_files(folder, without) if path.suffix.lower() in SUFFIXES]
    if not found:
        kinds = count_left_out([folder], without=without)
        other = f" (only {describe_counts(kinds)})" if kinds else ""
        raise PictureError(
            f"{folder} has no pictures{other}; give a folder with JPEG, PNG, WebP, HEIC, AVIF, "
            "TIFF, BMP or GIF files"
        )
    return found


def _list_files(folder: Path, without: Path | None = None) -> list[Path]:
    """List the files of a folder and its subfolders that people see; see `list_pictures`."""
    left_out = None if without is None else without.resolve()
    if left_out is not None and folder.resolve().is_relative_to(left_out):
        left_out = None  # the folder is inside it, not the other way round
    return sorted(
        path
        for path in folder.rglob("*")
        if not any(_is_of_system(part) for part in path.relative_to(folder).parts)
        and not path.is_dir()
        and not (left_out is not None and path.resolve().is_relative_to(left_out))
    )


def _is_of_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _OF_SYSTEM


def count_left_out(places: Iterable[str | Path], *, without: Path | None = None) -> Counter[str]:
    """Count the files of folders that `find_pictures` does not take, by type.

    Args:
        places: Folders, lists and pictures; only folders count.
        without: As in `find_pictures`.

    Returns:
        Suffix in lower case ("no suffix" if there is none) -> number of files.
    """
    folders = [place for place in map(locate, places) if place.is_dir()]
    files = {path for folder in folders for path in _list_files(folder, without)}
    kinds = (path.suffix.lower() for path in files)
    return Counter(kind or "no suffix" for kind in kinds if kind not in SUFFIXES)


def describe_counts(kinds: Counter[str]) -> str:
    """Describe how many files there are of each type.

    Example:
        >>> describe_counts(Counter({".dng": 2, ".txt": 1}))
        '2 .dng, 1 .txt'
    """
    ordered = sorted(kinds.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{count} {kind}" for kind, count in ordered)


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
    """Return whether a path is a folder, a list or a pattern, rather than a picture.

    Example:
        >>> is_folder_or_list("photo.jpg"), is_folder_or_list("photos.txt")
        (False, True)
    """
    place = locate(place)
    return place.suffix.lower() == LIST_SUFFIX or place.is_dir() or _is_pattern(place)


def _is_pattern(place: Path) -> bool:
    """Return whether a path is a pattern such as *.jpg, which Windows leaves to the program."""
    return _PATTERN.search(str(place)) is not None and not os.path.lexists(place)


def _fixed_part(pattern: Path) -> Path:
    """Return the folder that precedes the first name with a pattern."""
    return next(each for each in pattern.parents if not _PATTERN.search(str(each)))


def _matching(pattern: Path) -> list[Path]:
    """List the pictures that match a pattern, without hidden ones.

    Raises:
        PictureError: There is none.
    """
    found = sorted(
        path
        for path in Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
        if path.suffix.lower() in SUFFIXES
        and not path.is_dir()
        and not any(map(_is_of_system, path.parts[len(_fixed_part(pattern).parts) :]))
    )
    if not found:
        raise PictureError(f"no picture matches {pattern}; check the pattern and the folder")
    return found


def find_pictures(
    places: Iterable[str | Path], *, without: Path | None = None
) -> list[ListedPicture]:
    """Find the pictures of folders, lists (.txt), patterns (*.jpg) and single files.

    Args:
        places: Folders, lists, patterns and pictures.
        without: A folder to skip when it is inside another.

    Returns:
        The pictures in order, without repetition.

    Raises:
        PictureError: A folder or a list cannot be read or has no pictures, or a place is an
            address.
    """
    found: dict[Path, ListedPicture] = {}
    for place in map(locate, places):
        if place.is_dir():
            paths, root = list_pictures(place, without=without), place
        elif _is_pattern(place):
            paths, root = _matching(place), _fixed_part(place)
        elif is_folder_or_list(place):
            paths, root = read_list(place), place.parent
        else:
            check_no_address(place)
            paths, root = [place], place.parent
        for path in paths:
            inside = path.is_relative_to(root) and ".." not in path.relative_to(root).parts
            below = path.relative_to(root) if inside else Path(path.name)
            found.setdefault(path, ListedPicture(path, below))
    return list(found.values())
