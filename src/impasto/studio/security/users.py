"""Users of the studio: a single one without a name, or several with passwords."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import SettingsError, printable
from ...images.files import make_folder
from ...images.opening import locate

NOBODY = ""  # the one user of a studio without passwords
_SHORTEST_PASSWORD = 8
_LONGEST_NAME = 40
# A name is also the name of a folder, on any system.
_NAME = re.compile(r"\w(?:[\w .-]*\w)?")
_TAKEN = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_HOW = "write NAME:PASSWORD, or give a text file with one such line for each user"


@dataclass(frozen=True)
class Users:
    """Who may come in, and where the pictures of each are kept.

    Attributes:
        gallery: Folder of all pictures.
        passwords: SHA-256 of each user's password, by name; empty where anyone may come in.
    """

    gallery: Path
    passwords: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read_users(gallery: Path, auth: Iterable[str]) -> Users:
    """Read names and passwords.

    Args:
        gallery: Folder of all pictures.
        auth: `NAME:PASSWORD`, or paths of text files with such lines (`#` begins a remark).

    Returns:
        The users; without any, the studio has one user, who needs no password.

    Raises:
        SettingsError: A name or a password cannot be used, or a file cannot be read.

    Example:
        >>> list(read_users(Path("pictures"), ["anna:correct horse"]).passwords)
        ['anna']
    """
    passwords: dict[str, bytes] = {}
    seen: set[str] = set()
    for line in (line for value in auth for line in _lines(value)):
        name, password = _split(line)
        if name.casefold() in seen:
            raise SettingsError(f"--auth has the name {printable(name)} twice; take another")
        seen.add(name.casefold())
        passwords[name] = _digest(password)
    if auth and not passwords:
        raise SettingsError(f"--auth names nobody; {_HOW}")
    return Users(gallery, passwords)


def _lines(value: str) -> list[str]:
    """Return what a value of --auth says: itself, or the lines of the file it names."""
    path = locate(value)
    try:
        if not path.is_file():
            return [value]
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read the file of --auth: {error}; {_HOW}") from None
    return [line for line in map(str.strip, lines) if line and not line.startswith("#")]


def _split(line: str) -> tuple[str, str]:
    """Split a line and check both parts; no message shows a password."""
    name, colon, password = line.partition(":")
    name = normalize_name(name)
    shown = printable(name)
    if not colon:
        raise SettingsError(
            f"--auth expected NAME:PASSWORD or a file, got a word of {len(line)} characters that "
            f"is neither; {_HOW}"
        )
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name) or _TAKEN.fullmatch(name):
        raise SettingsError(
            f"--auth cannot use the name {shown!r}: it is also the name of a folder; take up to "
            f"{_LONGEST_NAME} letters, digits, spaces, dots, dashes, beginning with a letter or a "
            "digit"
        )
    if len(password) < _SHORTEST_PASSWORD:
        raise SettingsError(
            f"--auth: the password of {shown} has {len(password)} characters; take at least "
            f"{_SHORTEST_PASSWORD}"
        )
    return name, password


def normalize_name(name: str) -> str:
    """Return a name as it is kept: composed (NFC), without space around it.

    Example:
        >>> normalize_name(" anna ")
        'anna'
    """
    return unicodedata.normalize("NFC", name).strip()


def check_password(users: Users, name: str, password: str) -> bool:
    """Tell whether a name and a password belong together; takes as long for any name.

    Example:
        >>> users = read_users(Path("pictures"), ["anna:correct horse"])
        >>> check_password(users, "anna", "correct horse"), check_password(users, "eva", "")
        (True, False)
    """
    name = normalize_name(name)
    right = hmac.compare_digest(users.passwords.get(name, bytes(32)), _digest(password))
    return right and name in users.passwords


def _digest(password: str) -> bytes:
    composed = unicodedata.normalize("NFC", password)
    return hashlib.sha256(composed.encode("utf-8", "surrogatepass")).digest()


def users_of(users: Users) -> tuple[str, ...]:
    """List the users: the names, or the one without a name.

    Example:
        >>> users_of(Users(Path("pictures")))
        ('',)
    """
    return tuple(users.passwords) or (NOBODY,)


def user_named(users: Users, name: str | None) -> str:
    """Return the user of a request, as the page's functions are told (`gr.Request.username`).

    Args:
        users: Who may come in.
        name: As typed at the door; None where there is no door.

    Returns:
        A user of `users_of`.

    Raises:
        SettingsError: Nobody has that name.

    Example:
        >>> user_named(Users(Path("pictures")), None)
        ''
    """
    if not users.passwords:
        return NOBODY
    known = normalize_name(name or "")
    if known not in users.passwords:
        raise SettingsError("the studio does not know this name; log in again")
    return known


def gallery_of(users: Users, user: str) -> Path:
    """Return the folder of a user's pictures, made if it is missing.

    Args:
        users: Who may come in.
        user: One of `users_of`.

    Returns:
        The gallery itself, or the user's folder in it.

    Raises:
        SettingsError: There is no such user.
        PictureError: The folder cannot be made.

    Example:
        >>> gallery_of(Users(Path("pictures")), "")  # doctest: +SKIP
        PosixPath('pictures')
    """
    if user not in users_of(users):
        raise SettingsError("the studio does not know this name; log in again")
    folder = users.gallery / user if user else users.gallery
    make_folder(folder)
    return folder
