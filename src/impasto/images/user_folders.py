"""The user's folders: home and caches. A user may have neither, as in a container."""

from __future__ import annotations

import contextlib
import getpass
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
    own = _in_home()
    if own is not None and _is_writable(own):
        return own
    other = _in_temporary()
    return other if other is not None and _is_writable(other) and _is_private(other) else None


def redirect_libraries() -> None:
    """Let Keras and Matplotlib use the folder for caches if the user's home is not usable.

    Without a home they would write to a folder named `~`, or warn. Call it before they are
    imported.

    Example:
        >>> redirect_libraries()  # doctest: +SKIP
    """
    own, folder = _in_home(), cache_folder()
    if folder is not None and folder != own:
        if not _has_keras_folder():
            os.environ.setdefault("KERAS_HOME", str(folder / "keras"))
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))


def _has_keras_folder() -> bool:
    """Return whether the home has a folder of Keras, which may hold weights."""
    home = home_folder()
    return home is not None and (home / ".keras").is_dir()


def _in_home() -> Path | None:
    with contextlib.suppress(RuntimeError):  # platformdirs found no home
        return Path(platformdirs.user_cache_dir("impasto", appauthor=False))
    return None


def _in_temporary() -> Path | None:
    with contextlib.suppress(OSError, KeyError):  # no folder that is writable; no name of the user
        user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
        return Path(tempfile.gettempdir()) / f"impasto-{user}"
    return None


def _is_writable(folder: Path) -> bool:
    """Create a folder if it is missing; return whether it can be written."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    return False


def _is_private(folder: Path) -> bool:
    """Return whether only this user can change a folder that lies among those of others."""
    with contextlib.suppress(OSError):
        known = folder.lstat()
        if not hasattr(os, "getuid"):
            return stat.S_ISDIR(known.st_mode)
        is_own = stat.S_ISDIR(known.st_mode) and known.st_uid == os.getuid()
        return is_own and not known.st_mode & _OTHERS
    return False
