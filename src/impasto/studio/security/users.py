"""Users of the studio: one anonymous user, or several with passwords."""

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

NOBODY = ""  # the user of a studio without passwords
_SHORTEST_PASSWORD = 8
_LONGEST_NAME = 40
# Names are also folder names, on any system.
_NAME = re.compile(r"\w(?:[\w .-]*\w)?")
_TAKEN = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_HOW = "pass NAME:PASSWORD, or a text file with one such line per user"


@dataclass(frozen=True)
class Users:
    """Users and the folder of their pictures.

    Attributes:
        gallery: Folder of all pictures.
        passwords: SHA-256 of passwords by user name; empty if no login is needed.
    """

    gallery: Path
    passwords: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read_users(gallery: Path, auth: Iterable[str]) -> Users:
    """Parse names and passwords.

    Args:
        gallery: Folder of all pictures.
        auth: `NAME:PASSWORD`, or paths of text files with such lines (`#` starts a comment).

    Returns:
        The users; if `auth` is empty, one user without a password.

    Raises:
        SettingsError: A name or password is invalid, or a file cannot be read.

    Example:
        >>> list(read_users(Path("pictures"), ["anna:correct horse"]).passwords)
        ['anna']
    """
    passwords: dict[str, bytes] = {}
    seen: set[str] = set()
    for line in (line for value in auth for line in _lines(value)):
        name, password = _split(line)
        if name.casefold() in seen:
            raise SettingsError(f"--auth has the name {printable(name)} twice; rename one user")
        seen.add(name.casefold())
        passwords[name] = _digest(password)
    if auth and not passwords:
        raise SettingsError(f"--auth names no users; {_HOW}")
    return Users(gallery, passwords)


def _lines(value: str) -> list[str]:
    """Return the lines of a value of --auth: the value itself, or the lines of its file."""
    path = locate(value)
    try:
        if not path.is_file():
            return [value]
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read the file of --auth: {error}; {_HOW}") from None
    return [line for line in map(str.strip, lines) if line and not line.startswith("#")]


def _split(line: str) -> tuple[str, str]:
    """Split a line and check both parts; messages never contain the password."""
    name, colon, password = line.partition(":")
    name = normalize_name(name)
    shown = printable(name)
    if not colon:
        raise SettingsError(
            f"--auth expects NAME:PASSWORD or a file, got {len(line)} characters that are neither; "
            f"{_HOW}"
        )
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name) or _TAKEN.fullmatch(name):
        raise SettingsError(
            f"--auth cannot use the name {shown!r}, which must also be a folder name; use up to "
            f"{_LONGEST_NAME} letters, digits, spaces, dots and dashes, starting with a letter or "
            "digit"
        )
    if len(password) < _SHORTEST_PASSWORD:
        raise SettingsError(
            f"--auth: the password of {shown} has {len(password)} characters; use at least "
            f"{_SHORTEST_PASSWORD}"
        )
    return name, password


def normalize_name(name: str) -> str:
    """Normalise a name: composed (NFC), stripped.

    Example:
        >>> normalize_name(" anna ")
        'anna'
    """
    return unicodedata.normalize("NFC", name).strip()


def check_password(users: Users, name: str, password: str) -> bool:
    """Check a password in constant time for any name.

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
    """List the user names; `('',)` for a studio without passwords.

    Example:
        >>> users_of(Users(Path("pictures")))
        ('',)
    """
    return tuple(users.passwords) or (NOBODY,)


def user_named(users: Users, name: str | None) -> str:
    """Return the user of a request.

    Args:
        users: All users.
        name: Name at login, `gr.Request.username`; None without login.

    Returns:
        A user of `users_of`.

    Raises:
        SettingsError: There is no such user.

    Example:
        >>> user_named(Users(Path("pictures")), None)
        ''
    """
    if not users.passwords:
        return NOBODY
    known = normalize_name(name or "")
    if known not in users.passwords:
        raise SettingsError("the studio has no user of this name; log in again")
    return known


def gallery_of(users: Users, user: str) -> Path:
    """Return the folder of a user's pictures; create it if missing.

    Args:
        users: All users.
        user: One of `users_of`.

    Returns:
        The gallery itself, or the user's folder in it.

    Raises:
        SettingsError: There is no such user.
        PictureError: The folder cannot be created.

    Example:
        >>> gallery_of(Users(Path("pictures")), "")  # doctest: +SKIP
        PosixPath('pictures')
    """
    if user not in users_of(users):
        raise SettingsError("the studio has no user of this name; log in again")
    folder = users.gallery / user if user else users.gallery
    make_folder(folder)
    return folder
