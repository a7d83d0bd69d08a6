"""File names in a gallery: what is allowed, and how a free name is claimed."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from ...errors import PictureError, printable
from ...images import opening
from ...images.files import OUTPUT_FORMATS, sync_folder

STUDIO = ".studio"  # hidden folder in a gallery
MOST_PIXELS = 1 << 28  # of a picture to decode: a print of over one square metre
HIDDEN = ".impasto-"  # prefix of unfinished files
_LONGEST_NAME = 130  # bytes; some encrypted file systems allow 143, including a number and .png
_LONGEST_GIVEN = 255  # bytes; limit of common file systems
_LONGEST_SHOWN = 120  # characters of a name in an error
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')  # on some system
_INVISIBLE = ("Cc", "Cf", "Cs", "Co")  # control and format characters, surrogates
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # of Windows
_NO_HARD_LINKS = (
    errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK
)  # fmt: skip


def safe_name(text: str) -> str:
    """Turn any text into a file name stem that is valid on every system.

    Args:
        text: The wanted name; untrusted.

    Returns:
        At most 131 bytes in UTF-8, composed (NFC); `picture` if nothing remains.

    Example:
        >>> safe_name("../cat / wave: 2"), safe_name("..")
        ('_cat _ wave_ 2', 'picture')
    """
    spaced = "".join(" " if letter.isspace() else letter for letter in text)
    seen = "".join(letter for letter in spaced if unicodedata.category(letter) not in _INVISIBLE)
    plain = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", seen))
    plain = " ".join(plain.split()).lstrip(" .-")
    cut = plain.encode()[:_LONGEST_NAME].decode("utf-8", "ignore").rstrip(" .")
    return f"_{cut}" if _DEVICES.fullmatch(cut) else cut or "picture"


def quotable(text: object) -> str:
    r"""Shorten a text to one printable line for an error message.

    Example:
        >>> quotable("a\nb" + "c" * 200)[:6]
        'a\\nbcc'
    """
    whole = str(text)[: _LONGEST_SHOWN + 1].encode("utf-8", "replace").decode()
    cut = whole if len(whole) <= _LONGEST_SHOWN else f"{whole[:_LONGEST_SHOWN]}..."
    return printable(cut)


def may_be_a_picture(name: object) -> bool:
    """Return whether an untrusted name can be that of a picture in a gallery.

    Example:
        >>> may_be_a_picture("cat.png"), may_be_a_picture("../cat.png"), may_be_a_picture(".a.png")
        (True, False, False)
    """
    if not isinstance(name, str) or name.startswith(".") or re.search(r"[/\\\0]", name):
        return False
    if os.name == "nt" and (":" in name or _DEVICES.fullmatch(name)):
        return False
    try:
        long = len(name.encode()) > _LONGEST_GIVEN
    except UnicodeEncodeError:  # not valid Unicode, so no page can name it
        return False
    return not long and Path(name).suffix.lower() in OUTPUT_FORMATS


def locate_picture(folder: Path, name: str) -> Path:
    """Return the path of a picture in a gallery.

    Args:
        folder: The gallery.
        name: File name, untrusted; composed or decomposed Unicode.

    Returns:
        The path of a regular file directly in the folder.

    Raises:
        PictureError: There is no such picture.

    Example:
        >>> locate_picture(Path("gallery"), "../secret.png")
        Traceback (most recent call last):
        ...
        impasto.errors.PictureError: there is no picture ../secret.png in the gallery; ...
    """
    if may_be_a_picture(name):
        with file_errors(f"look for {quotable(name)} in the gallery"):
            spellings = itertools.chain([name], _other_spellings(folder, name))
            for spelling in spellings:
                if is_file(folder / spelling):
                    return folder / spelling
    raise missing_picture(name)


def missing_picture(name: object) -> PictureError:
    """Return the error for a picture that is not in the gallery."""
    return PictureError(
        f"there is no picture {quotable(name)} in the gallery; it may have been deleted or "
        "renamed, so reload the page"
    )


def _other_spellings(folder: Path, name: str) -> Iterator[str]:
    """Yield names in a folder that differ from `name` only in Unicode composition."""
    if name.isascii() or not folder.is_dir():
        return
    wanted = unicodedata.normalize("NFC", name)
    for other in os.listdir(folder):  # noqa: PTH208  # names, not paths
        if other != name and unicodedata.normalize("NFC", other) == wanted:
            yield other


def is_file(path: Path) -> bool:
    """Return whether a path is a regular file: no link, folder or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return False
        raise


@contextlib.contextmanager
def file_errors(what: str) -> Iterator[None]:
    """Turn an `OSError` into a `PictureError` that says what failed.

    Args:
        what: Completes "cannot ...".

    Raises:
        PictureError: An `OSError` occurred.
    """
    try:
        yield
    except OSError as error:
        why = opening.reason(error)
        raise PictureError(
            f"cannot {what}: {why}; free some space, make the folder writable, or choose another "
            "with --gallery"
        ) from error


@contextlib.contextmanager
def decode_errors(path: Path) -> Iterator[None]:
    """Turn errors of decoding a picture into a `PictureError`.

    Args:
        path: The picture.

    Raises:
        PictureError: The picture is missing, damaged, or too large for memory.
    """
    try:
        yield
    except PictureError as error:
        if isinstance(error.__context__, FileNotFoundError):
            raise missing_picture(path.name) from error
        raise
    except FileNotFoundError as error:  # deleted meanwhile
        raise missing_picture(path.name) from error
    except MemoryError as error:
        raise PictureError(f"{quotable(path.name)} does not fit in memory") from error
    except Exception as error:  # decoders raise various errors for damaged files
        raise PictureError(
            f"{quotable(path.name)} is damaged or cut off: {quotable(error)}; make it again, or "
            "delete it"
        ) from error


def make_folder(folder: Path) -> None:
    """Create a folder of the studio if missing.

    Raises:
        PictureError: It cannot be created.
    """
    with file_errors(f"create the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)


def move_to_free(
    source: Path, folder: Path, name: str, free: Callable[[Path], bool] = lambda path: True
) -> Path:
    """Move a file to the first free name of `name`, `name-2`, ..., without overwriting.

    Args:
        source: A file on the same file system.
        folder: Target folder.
        name: Target name.
        free: Additional condition that a target path must meet.

    Returns:
        The new path.

    Raises:
        OSError: The file cannot be moved and stays where it was.
    """
    stem, suffix = os.path.splitext(name)  # noqa: PTH122  # Path splits `a.` differently
    number = 1
    while True:
        ending = suffix if number == 1 else f"-{number}{suffix}"
        room = _LONGEST_GIVEN - len(os.fsencode(ending))
        candidate = folder / (os.fsencode(stem)[:room].decode("utf-8", "ignore") + ending)
        number += 1
        if free(candidate):
            with contextlib.suppress(FileExistsError):
                _move(source, candidate)
                sync_folder(folder)
                return candidate


def _move(source: Path, target: Path) -> None:
    """Rename a file without overwriting; only a hard link does so atomically.

    Raises:
        FileExistsError: The name is taken.
        OSError: The file cannot be moved.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
    else:
        source.unlink()
        return
    claim(target)
    try:
        source.replace(target)
    except OSError:
        target.unlink()
        raise


def claim(path: Path) -> None:
    """Reserve a name with an empty file.

    Raises:
        FileExistsError: The name is taken.
        OSError: The file cannot be created.
    """
    path.open("xb").close()
