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
from ...images.files import OUTPUT_FORMATS, settle_folder

STUDIO = ".studio"  # the folder in a gallery that is not for the eye
MOST_PIXELS = 1 << 28  # of a picture that is decoded: a print of over one square metre
HIDDEN = ".impasto-"  # how the names of unfinished files begin
_LONGEST_NAME = 130  # bytes; some encrypted disks hold 143, of which a number and .png take some
_LONGEST_GIVEN = 255  # bytes of a name that any disk holds
_LONGEST_SHOWN = 120  # characters of a name that an error quotes
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')  # on some system
_INVISIBLE = ("Cc", "Cf", "Cs", "Co")  # control characters, turns of direction, half characters
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # of Windows
_NO_HARD_LINKS = (
    errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK
)  # fmt: skip


def safe_name(text: str) -> str:
    """Make the stem of a file's name that every system takes, out of any text.

    Args:
        text: The wanted name; it may come from a stranger.

    Returns:
        At most 131 bytes in UTF-8, composed (NFC); `picture` if nothing is left of the text.

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
    r"""Return a text as an error may quote it: one line, short, without half characters.

    Example:
        >>> quotable("a\nb" + "c" * 200)[:6]
        'a\\nbcc'
    """
    whole = str(text)[: _LONGEST_SHOWN + 1].encode("utf-8", "replace").decode()
    cut = whole if len(whole) <= _LONGEST_SHOWN else f"{whole[:_LONGEST_SHOWN]}..."
    return printable(cut)


def may_be_a_picture(name: object) -> bool:
    """Say whether a name, from a stranger perhaps, can be that of a picture in a gallery.

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
    except UnicodeEncodeError:  # bytes that are no text; no page can name such a file
        return False
    return not long and Path(name).suffix.lower() in OUTPUT_FORMATS


def locate_picture(folder: Path, name: str) -> Path:
    """Return the path of a picture in a gallery.

    Args:
        folder: The gallery.
        name: Of a file, from a stranger perhaps; composed or not, as Unicode has it.

    Returns:
        The path of a file right in the folder that is no link.

    Raises:
        PictureError: There is none.

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
    """Return the error that says that a gallery has no such picture."""
    return PictureError(
        f"there is no picture {quotable(name)} in the gallery; it may have been deleted or "
        "renamed, so reload the page"
    )


def _other_spellings(folder: Path, name: str) -> Iterator[str]:
    """Yield the names in a folder that are the same letters, put together otherwise."""
    if name.isascii() or not folder.is_dir():
        return
    wanted = unicodedata.normalize("NFC", name)
    for other in os.listdir(folder):  # noqa: PTH208  # names, not paths
        if other != name and unicodedata.normalize("NFC", other) == wanted:
            yield other


def is_file(path: Path) -> bool:
    """Say whether there is a file, and no link, folder or device."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            return False
        raise


@contextlib.contextmanager
def file_errors(what: str) -> Iterator[None]:
    """Say in a sentence what could not be done when the system refuses a file or a folder.

    Args:
        what: As it follows "cannot".

    Raises:
        PictureError: It refused.
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
    """Say in a sentence why a picture of a gallery cannot be read.

    Args:
        path: The picture.

    Raises:
        PictureError: It has gone, is damaged, or too large for the memory.
    """
    try:
        yield
    except PictureError as error:
        if isinstance(error.__context__, FileNotFoundError):
            raise missing_picture(path.name) from error
        raise
    except FileNotFoundError as error:  # deleted while it was read
        raise missing_picture(path.name) from error
    except MemoryError as error:
        raise PictureError(f"{quotable(path.name)} does not fit into the memory") from error
    except Exception as error:  # decoders raise anything when a file is damaged
        raise PictureError(
            f"{quotable(path.name)} is damaged or cut off: {quotable(error)}; make it again, or "
            "delete it"
        ) from error


def make_folder(folder: Path) -> None:
    """Make a folder of the studio if it is missing.

    Raises:
        PictureError: It cannot be made.
    """
    with file_errors(f"make the folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)


def move_to_free(
    source: Path, folder: Path, name: str, free: Callable[[Path], bool] = lambda path: True
) -> Path:
    """Move a file to the first of `name`, `name-2`, ... that is free; no other is ever replaced.

    Args:
        source: A file on the same disk.
        folder: Where it goes.
        name: Its name there.
        free: Says of a path whether it may be taken; asked before the system is.

    Returns:
        Its new path.

    Raises:
        OSError: It cannot be moved; then it is where it was.
    """
    stem, suffix = os.path.splitext(name)  # noqa: PTH122  # a Path would take `a.` apart otherwise
    number = 1
    while True:
        ending = suffix if number == 1 else f"-{number}{suffix}"
        room = _LONGEST_GIVEN - len(os.fsencode(ending))
        candidate = folder / (os.fsencode(stem)[:room].decode("utf-8", "ignore") + ending)
        number += 1
        if free(candidate):
            with contextlib.suppress(FileExistsError):
                _move(source, candidate)
                settle_folder(folder)
                return candidate


def _move(source: Path, target: Path) -> None:
    """Rename a file where the name is free, which only a hard link does in one step.

    Raises:
        FileExistsError: It is taken.
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
    """Take a name with an empty file.

    Raises:
        FileExistsError: It is taken.
        OSError: No file can be made there.
    """
    path.open("xb").close()
