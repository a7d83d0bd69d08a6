"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import PictureError
from . import opening


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file of any kind and size, hexadecimal.

    Raises:
        PictureError: The file cannot be read.

    Example:
        >>> _ = Path("a.txt").write_text("abc")
        >>> file_digest("a.txt")[:8]
        'ba7816bf'
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot read {path}: {opening.reason(error)}") from error
