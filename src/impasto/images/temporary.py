"""Names of temporary files, and what a killed process leaves of them."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from pathlib import Path

_DIGITS = 12  # in a name, hexadecimal
_marks: list[str] = []  # one at most
STANDARD_INPUT = "standard-input"  # name of the copy of standard input, without suffix
FOLDER_OF_INPUT = "impasto-stdin-"


def temporary_name() -> str:
    """Return a new name for a temporary file.

    Its length is fixed: a suffix to a name of maximum length would be too long.

    Example:
        >>> len(temporary_name())
        25
    """
    mark = "".join(_marks)
    return f".impasto-{mark}{secrets.token_hex((_DIGITS - len(mark)) // 2)}.tmp"


def mark_temporary_files(mark: str) -> None:
    """Let the temporary names of this process begin with a mark, 8 hexadecimal digits.

    When the process is killed, another can then remove what it leaves; see `remove_marked`.

    Example:
        >>> mark_temporary_files(secrets.token_hex(4))  # doctest: +SKIP
    """
    _marks[:] = [mark]


def remove_marked(folder: Path, mark: str) -> None:
    """Remove the temporary files with a mark from a folder, if possible.

    Example:
        >>> remove_marked(Path("painted"), "0123abcd")
    """
    with contextlib.suppress(OSError):
        for path in folder.glob(f".impasto-{mark}*.tmp"):
            path.unlink(missing_ok=True)


def folder_for_standard_input() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder for a copy of standard input.

    Example:
        >>> with folder_for_standard_input() as folder:
        ...     is_standard_input(Path(folder) / STANDARD_INPUT)
        True
    """
    return tempfile.TemporaryDirectory(prefix=FOLDER_OF_INPUT)


def is_standard_input(path: Path) -> bool:
    """Return whether a file is a copy of standard input, which no record should name by its path.

    Example:
        >>> is_standard_input(Path("photo.jpg"))
        False
    """
    return path.stem == STANDARD_INPUT and path.parent.name.startswith(FOLDER_OF_INPUT)
