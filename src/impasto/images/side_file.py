"""Side files: records in a JSON file beside a picture that cannot hold them."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from . import metadata

_LARGEST = 1 << 24  # bytes, limit of a side file


def beside(path: Path) -> Path:
    """Return the path of the side file of a picture.

    Example:
        >>> beside(Path("out.jpg")).name
        'out.jpg.json'
    """
    return path.with_name(f"{path.name}.json")


def find_beside(path: Path) -> dict[str, Any] | None:
    """Read the record from a side file; None if there is none, or the file is not a side file.

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
    """Write or remove the side file of a picture.

    An existing file that is not a side file is kept, with a warning.

    Args:
        path: The picture.
        text: The record as JSON; None removes the side file.
        whole: Opens a file for atomic writing.
    """
    side, stale = beside(path), find_beside(path) is not None
    if text is None:
        if stale:
            with contextlib.suppress(OSError):  # the picture's own record has precedence
                side.unlink()
    elif os.path.lexists(side) and not stale:
        warnings.warn(
            f"{side} exists and is not a record, so {path} has no record; rename one",
            stacklevel=3,
        )
    else:
        with whole(side) as file:
            file.write(metadata.wrap(text).encode("ascii"))
