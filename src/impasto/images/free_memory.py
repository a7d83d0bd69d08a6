"""How much memory is free: of the machine, and of the control group that a container gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import psutil


class _Files(NamedTuple):
    """Where a version of Linux' control groups tells of memory.

    Attributes:
        mount: Folder of the groups.
        limit: Bytes at most; `max` for no limit.
        used: Bytes in use, caches of files among them.
        reclaimable: Line of `memory.stat` with the bytes of caches that can be given up.
    """

    mount: str
    limit: str
    used: str
    reclaimable: str


_VERSION_2 = _Files("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
_VERSION_1 = _Files(
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
)


def free_memory(root: Path = Path("/")) -> float:
    """Return the bytes that this process may still take without swapping or being killed.

    Args:
        root: Where the system's files begin; another in tests.
    """
    return min(float(psutil.virtual_memory().available), *_free_in_groups(root), float("inf"))


def _free_in_groups(root: Path) -> Iterator[float]:
    """Yield what is left of each limit that this process is under."""
    for files, group in _groups(root):
        mount = root / files.mount
        # A container often sees only its own group, mounted where the root's would be.
        for folder in {mount, *(mount / part for part in (group, *group.parents))}:
            if (left := _left(folder, files)) is not None:
                yield max(0.0, left)


def _groups(root: Path) -> Iterator[tuple[_Files, PurePosixPath]]:
    """Yield the groups of this process, as paths below their mount."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux, or no control groups
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        group = PurePosixPath(path.lstrip("/"))
        if ".." in group.parts:  # outside of what this container sees
            group = PurePosixPath()
        if number == "0" and not controllers:
            yield _VERSION_2, group
        elif "memory" in controllers.split(","):
            yield _VERSION_1, group


def _left(folder: Path, files: _Files) -> float | None:
    try:
        limit = (folder / files.limit).read_text().strip()
        used = int((folder / files.used).read_text())
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:  # no group, or one without a limit of memory
        return None
    if limit == "max":
        return None
    reclaimable = next(
        (int(line.split()[1]) for line in lines if line.split()[:1] == [files.reclaimable]), 0
    )
    return float(int(limit) - used + reclaimable)
