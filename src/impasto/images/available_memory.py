"""Memory available to this process: of the machine, its control groups, and its own limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import psutil


class _Files(NamedTuple):
    """Files of Linux' control groups, version 1 or 2, that describe memory.

    Attributes:
        mount: Folder of the groups.
        limits: Names of the files with limits in bytes, or `max` for none; processes are killed
            at the hard limit, and slowed down at the other.
        used: Name of the file with the bytes in use, page cache included.
        reclaimable: Name of the line of `memory.stat` with the bytes of page cache that the kernel
            can reclaim.
    """

    mount: str
    limits: tuple[str, ...]
    used: str
    reclaimable: str


_VERSION_2 = _Files(
    "sys/fs/cgroup", ("memory.max", "memory.high"), "memory.current", "inactive_file"
)
_VERSION_1 = _Files(
    "sys/fs/cgroup/memory",
    ("memory.limit_in_bytes",),
    "memory.usage_in_bytes",
    "total_inactive_file",
)


def available_memory(root: Path = Path("/")) -> float:
    """Return the bytes that this process can still allocate without swapping or being killed.

    Args:
        root: Root of the file system, replaced in tests.
    """
    machine = float(psutil.virtual_memory().available)
    return min([machine, *_available_in_groups(root), *_available_in_limits()])


def _available_in_limits() -> Iterator[float]:
    """Yield the bytes left in the limits of the process itself, as set by `ulimit -v` and `-d`."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = psutil.Process().memory_info()
    for limit, size in (("RLIMIT_AS", used.vms), ("RLIMIT_DATA", getattr(used, "data", 0))):
        number = getattr(resource, limit, None)
        soft = resource.RLIM_INFINITY if number is None else resource.getrlimit(number)[0]
        if soft != resource.RLIM_INFINITY:
            yield max(0.0, float(soft - size))


def _available_in_groups(root: Path) -> Iterator[float]:
    """Yield the bytes left in each control group that limits this process."""
    for files, group in _groups(root):
        mount = root / files.mount
        # A container often sees only its own group, mounted in place of the root group.
        for folder in {mount, *(mount / part for part in (group, *group.parents))}:
            if (left := _left(folder, files)) is not None:
                yield max(0.0, left)


def _groups(root: Path) -> Iterator[tuple[_Files, PurePosixPath]]:
    """Yield the control groups of this process, as paths relative to the mount."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux, or no control groups
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        group = PurePosixPath(path.lstrip("/"))
        if ".." in group.parts:  # outside the container's namespace
            group = PurePosixPath()
        if number == "0" and not controllers:
            yield _VERSION_2, group
        elif "memory" in controllers.split(","):
            yield _VERSION_1, group


def _left(folder: Path, files: _Files) -> float | None:
    limits = [found for name in files.limits if (found := _limit(folder / name)) is not None]
    if not limits:
        return None
    try:
        used = int((folder / files.used).read_text())
        lines = (folder / "memory.stat").read_text().splitlines()
        reclaimable = next(
            (int(line.split()[1]) for line in lines if line.split()[:1] == [files.reclaimable]), 0
        )
    except (OSError, ValueError):  # no figures
        return None
    return float(min(limits) - used + reclaimable)


def _limit(path: Path) -> int | None:
    """Return a limit in bytes; None if there is none."""
    try:
        text = path.read_text().strip()
    except OSError:  # no group, or no such limit
        return None
    return int(text) if text.isdecimal() else None
