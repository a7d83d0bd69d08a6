"""Pictures from file objects: open files, buffers, uploads, members of archives."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Protocol, TypeGuard

from ..errors import PictureError
from ..types import Picture

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


class Readable(Protocol):
    """A file object opened for reading bytes."""

    def read(self) -> bytes:
        """Return all bytes that follow."""
        ...


def is_readable(source: object) -> TypeGuard[Readable]:
    """Return whether a value is a file object.

    Example:
        >>> is_readable(io.BytesIO(b"")), is_readable(b"")
        (True, False)
    """
    return hasattr(source, "read")


def in_memory(file: Readable) -> io.BytesIO:
    """Read a file object, from its beginning if it can seek, into memory.

    Raises:
        PictureError: It cannot be read, or was opened as text.

    Example:
        >>> in_memory(io.BytesIO(b"abc")).getvalue()
        b'abc'
    """
    stream: Any = file
    try:
        if hasattr(stream, "seekable") and stream.seekable():
            stream.seek(0)
        data = stream.read()
    except (OSError, ValueError) as error:  # closed, or opened for writing
        raise PictureError(
            f"cannot read the file object: {error}; open the picture with open(path, 'rb')"
        ) from error
    if not isinstance(data, bytes):
        raise PictureError(
            f"read() of the file object returned {type(data).__name__}, expected bytes; open the "
            "picture with open(path, 'rb'), or pass io.BytesIO(data)"
        )
    held = io.BytesIO(data)
    held.name = getattr(file, "name", "")
    return held


def read_stream(file: Readable, read: Callable[[Path], Picture]) -> Picture:
    """Read a picture from a file object.

    Args:
        file: The file object; it stays open.
        read: Reads a picture from a path, and names the path in its errors.

    Returns:
        The picture with the name of the file, if it has one, and without a path.

    Raises:
        PictureError: As `read` and `in_memory` raise.

    Example:
        >>> with open("photo.jpg", "rb") as file:  # doctest: +SKIP
        ...     picture = read_stream(file, read_picture)
    """
    data = in_memory(file).getvalue()
    named = getattr(file, "name", "")  # an integer if opened from a descriptor
    name = PurePath(named).name if isinstance(named, str) else ""
    suffix = PurePath(name).suffix
    with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
        path = Path(folder) / f"picture{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        _write(path, data)
        try:
            picture = read(path)
        except PictureError as error:
            text = str(error).replace(str(path), name or "the file object")
            raise PictureError(text) from error.__cause__
    digest = hashlib.sha256(data).hexdigest()
    return replace(picture, name=name, path=None, file_sha256=digest)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise PictureError(
            f"cannot copy the file object to {path.parent}: {error.strerror}; free some space, or "
            "set TMPDIR to another folder"
        ) from error
