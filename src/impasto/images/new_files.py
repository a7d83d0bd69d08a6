"""Write a file only if no other has taken its name in the meantime."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from ..errors import PictureError

_new: ContextVar[Path | None] = ContextVar("new", default=None)


class TakenError(PictureError):
    """A file appeared under the name of the one to be written."""


@contextlib.contextmanager
def as_new_file(path: Path) -> Iterator[None]:
    """Let `put_in_place` refuse to replace a file, in this context.

    Args:
        path: The file; others are replaced as usual.
    """
    token = _new.set(path)
    try:
        yield
    finally:
        _new.reset(token)


def put_in_place(temporary: Path, path: Path) -> None:
    """Rename a complete temporary file; an existing file is replaced, unless `as_new_file`.

    Raises:
        TakenError: It exists, and must not be replaced.
        OSError: The file cannot be renamed.
    """
    if path != _new.get():
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)  # unlike a rename, it fails if there is a file
    except OSError as error:  # the file system may lack hard links
        if path.exists():
            raise TakenError(f"{path} exists already") from error
        temporary.replace(path)
