"""Which of several ways to compute a thing is fastest here: measured once, kept on disk.

The table is a file in the user's cache folder, one for each processor, framework version and
number of threads. Processes may share it: it is read once, and replaced as a whole by a rename;
of two that write at the same time one wins, and the other's figures are measured again some day.
A folder that cannot be written, or a damaged file, only costs the measurement.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs

Seconds = dict[str, float]

_ROUNDS = 2
_HOPELESS = 2.0  # times slower than the best in the first round: not measured again


def fastest(seconds: Mapping[str, float]) -> str:
    """Return the name with the smallest time."""
    return min(seconds, key=lambda name: seconds[name])


def measure(
    ways: Mapping[str, Callable[[], object]], wait: Callable[[], object] = lambda: None
) -> Seconds:
    """Time each way, alternating between them, and keep the best of a few runs.

    Args:
        ways: What to time, by name; one that raises is left out.
        wait: Called after each, so that a device finishes its work.

    Returns:
        Seconds by name.
    """
    seconds: Seconds = {}
    for name, way in ways.items():
        try:
            _time(way, wait)  # warms up
            seconds[name] = _time(way, wait)
        except (RuntimeError, AttributeError):  # an operator that this build lacks
            continue
    for _ in range(_ROUNDS):
        for name, once in seconds.items():
            if once < _HOPELESS * min(seconds.values()):
                seconds[name] = min(once, _time(ways[name], wait))
    return seconds


def _time(way: Callable[[], object], wait: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    wait()
    return time.perf_counter() - start


class Table:
    """Times by question, in memory and in a file."""

    def __init__(self, version: str, threads: int):
        self._path = _path(version, threads)
        self._known: dict[str, Seconds] = {}
        self._read = False

    def look_up(self, question: str, ask: Callable[[], Seconds], *, anew: bool = False) -> Seconds:
        """Return the times of a question; ask and remember if it is new, or shall be asked anew."""
        self._load_once()
        if anew or question not in self._known:
            self._known[question] = ask()
            self._known = {**_load(self._path), **self._known}
            _save(self._path, self._known)
        return self._known[question]

    def known(self) -> dict[str, Seconds]:
        """Return the times of all questions that have been asked."""
        self._load_once()
        return dict(self._known)

    def restore(self, known: Mapping[str, Seconds]) -> None:
        """Take times that were measured before in the place of those that are known."""
        self._known = {**self.known(), **known}

    def _load_once(self) -> None:
        if not self._read:
            self._known, self._read = _load(self._path), True


def _path(version: str, threads: int) -> Path:
    machine = f"{processor()} {version} {threads}"
    name = hashlib.sha256(machine.encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("impasto", appauthor=False)) / f"speeds-{name}.json"


@functools.cache
def processor() -> str:
    """Describe the processor: its name, or what it can do, and the number of its cores."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "flags")):
                return f"{platform.machine()} {line} {os.cpu_count()}"
    return f"{platform.machine()} {platform.processor()} {os.cpu_count()}"


def _load(path: Path) -> dict[str, Seconds]:
    try:
        table = json.loads(path.read_text())
        return {
            str(question): {str(name): float(value) for name, value in seconds.items()}
            for question, seconds in table.items()
            if seconds
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _save(path: Path, table: Mapping[str, Seconds]) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as new:
            new.write(json.dumps(table, indent=1))
        os.replace(new.name, path)  # noqa: PTH105  # the name in words: replaces atomically
