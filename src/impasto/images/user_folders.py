"""The user's folders: home and caches. A user may have neither, as in a container."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

import platformdirs

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def home_folder() -> Path | None:
    """Return the user's home folder.

    Returns:
        The folder, or None if HOME is unset and the system does not know the user.
    """
    with contextlib.suppress(RuntimeError):
        return Path.home()
    return None


def cache_folder() -> Path | None:
    """Return the folder for caches, created if it is missing.

    It is the system's folder for the user's caches. Without a home, or with one that is not
    writable, it is `impasto-<user id>` in the folder for temporary files.

    Returns:
        The folder, or None if neither can be used.
    """
    for folder in (_in_home(), _in_temporary()):
        if folder is not None and _is_usable(folder):
            return folder
    return None


def redirect_libraries() -> None:
    """Let Keras and Matplotlib use the folder for caches if the user's home is not usable.

    Without a home they would write to a folder named `~`, or warn. Call it before they are
    imported.

    Example:
        >>> redirect_libraries()  # doctest: +SKIP
    """
    own, folder = _in_home(), cache_folder()
    if folder is not None and folder != own:
        os.environ.setdefault("KERAS_HOME", str(folder / "keras"))
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))


def _in_home() -> Path | None:
    with contextlib.suppress(RuntimeError):  # platformdirs found no home
        return Path(platformdirs.user_cache_dir("impasto", appauthor=False))
    return None


def _in_temporary() -> Path | None:
    user = os.getuid() if hasattr(os, "getuid") else os.getpid()
    with contextlib.suppress(OSError):  # tempfile found no folder that is writable
        return Path(tempfile.gettempdir()) / f"impasto-{user}"
    return None


def _is_usable(folder: Path) -> bool:
    """Create a folder; return whether only this user can change it."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = folder.lstat()
        mine = not hasattr(os, "getuid") or known.st_uid in (os.getuid(), 0)
        shared = mine and hasattr(os, "getuid") and known.st_mode & _OTHERS
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
        is_usable = is_folder and mine and not shared
        return bool(is_usable) and os.access(folder, os.W_OK | os.X_OK)
    return False
