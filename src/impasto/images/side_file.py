"""Record in a JSON file beside a picture that cannot hold it."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from . import metadata

_LARGEST = 1 << 24  # bytes of a side file that are read


def beside(path: Path) -> Path:
    """Return where the record of a picture goes that the picture cannot hold.

    Example:
        >>> beside(Path("out.jpg")).name
        'out.jpg.json'
    """
    return path.with_name(f"{path.name}.json")


def find_beside(path: Path) -> dict[str, Any] | None:
    """Read the record beside a picture; None if there is none, or that file is something else.

    Args:
        path: The picture.
    """
    side = beside(path)
    try:
        if not side.is_file() or side.stat().st_size > _LARGEST:
            return None
        return metadata.unwrap(side.read_bytes())
    except (OSError, ValueError):
        return None


def update(
    path: Path, text: str | None, whole: Callable[[Path], AbstractContextManager[BinaryIO]]
) -> None:
    """Write the record that a picture cannot hold beside it, or remove that of the one before.

    A file there that is none of ours is left alone, with a warning.

    Args:
        path: The picture.
        text: The record as JSON; None if the picture holds it, or has none.
        whole: Opens a file to be written whole or not at all.
    """
    side, stale = beside(path), find_beside(path) is not None
    if text is None:
        if stale:
            with contextlib.suppress(OSError):  # the picture's own record is asked first
                side.unlink()
    elif os.path.lexists(side) and not stale:
        warnings.warn(f"{side} is something else, so {path} has no record", stacklevel=3)
    else:
        with whole(side) as file:
            file.write(metadata.wrap(text).encode("ascii"))
