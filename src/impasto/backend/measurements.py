"""Measure which implementation is fastest on this machine, and cache the result.

The table is a file in the user's cache folder, one for each version of Impasto and the framework,
processor and number of threads. Processes may share it: each reads it once and replaces it by an
atomic rename. If two write at the same time, the last one wins, and the lost times are measured
again later. If the folder is not writable or the file is damaged, times are measured again. Times
measured on a busy machine are used by this process but not written.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import os
import platform
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import PictureError
from ..images.files import atomic_write
from ..images.metadata import made_with
from ..images.user_folders import cache_folder

Seconds = dict[str, float]

# Version of the table. 1 had times of busy machines, 2 times of NNPACK through PyTorch.
_FORM = 3
_FEWEST_ROUNDS, _MOST_ROUNDS, _LONGEST = 2, 12, 0.4  # of a measurement; the last is in seconds
_MUCH_SLOWER = 5.0  # times the best: not measured after the warm-up
_SLOWER = 2.0  # times the best: not measured again
_ALIKE = 1.1  # largest ratio of the two best times on an idle machine


class Timing(NamedTuple):
    """Times of several implementations of the same function.

    Attributes:
        seconds: The smallest time of each, by name; infinite if it raised.
        steady: Whether the times were reproducible; false on a busy machine.
    """

    seconds: Seconds
    steady: bool


def fastest(seconds: Mapping[str, float]) -> str:
    """Return the name with the smallest time."""
    return min(seconds, key=lambda name: seconds[name])


def measure(
    ways: Mapping[str, Callable[[], object]], wait: Callable[[], object] = lambda: None
) -> Timing:
    """Time implementations in turn until the best times are steady.

    Args:
        ways: Functions by name; one that raises gets an infinite time.
        wait: Called after each; waits for the device.
    """
    times: dict[str, list[float]] = {}
    for name, way in ways.items():
        try:
            times[name] = [_time(way, wait)]  # warms up
        except (RuntimeError, AttributeError):  # an operator missing in this build
            times[name] = [math.inf]
    best = min(min(taken) for taken in times.values())
    left = [name for name, taken in times.items() if taken[0] < _MUCH_SLOWER * best]
    for name in left:
        times[name].clear()  # the warm-up does not count
    start = time.perf_counter()
    rounds, steady = 0, not left
    while not steady and rounds < _MOST_ROUNDS and time.perf_counter() - start <= _LONGEST:
        rounds += 1
        for name in left:
            times[name].append(_time(ways[name], wait))
        best = min(min(times[name]) for name in left)
        left = [name for name in left if min(times[name]) < _SLOWER * best]
        steady = rounds >= _FEWEST_ROUNDS and all(is_steady(times[name]) for name in left)
    return Timing({name: min(taken) for name, taken in times.items()}, steady)


def is_steady(times: Sequence[float]) -> bool:
    """Return whether the two smallest times agree, as they do on an idle machine."""
    best, second = sorted(times)[:2]
    return second < _ALIKE * best


def _time(way: Callable[[], object], wait: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    wait()
    return time.perf_counter() - start


class Table:
    """A cache of times by key, in memory and in a file."""

    def __init__(self, version: str, threads: int):
        self._path = _path(version, threads)
        self._known: dict[str, Seconds] = {}
        self._steady: dict[str, Seconds] = {}  # measured by this process, on an idle machine
        self._read = False

    def look_up(
        self,
        question: str,
        names: Collection[str],
        ask: Callable[[], Timing],
        *,
        remeasure: bool = False,
    ) -> Seconds:
        """Return the times of a key, measured if they are not cached.

        Args:
            question: Key of the table.
            names: Names of the implementations; an entry with other names is measured again.
            ask: Measures; called if the table has no usable entry.
            remeasure: Measure in any case.
        """
        self._load_once()
        if remeasure or self._known.get(question, {}).keys() != set(names):
            seconds, steady = ask()
            self._known[question] = seconds
            if steady:
                self._steady[question] = seconds
                _save(self._path, {**_load(self._path), **self._steady})
        return self._known[question]

    def _load_once(self) -> None:
        if not self._read:
            self._known, self._read = _load(self._path), True


def _path(version: str, threads: int) -> Path | None:
    machine = f"{_FORM} {made_with()} {processor()} {version} {threads}"
    name = hashlib.sha256(machine.encode()).hexdigest()[:16]
    folder = cache_folder()
    return None if folder is None else folder / f"speeds-{name}.json"


@functools.cache
def processor() -> str:
    """Describe the processor: its name or features, and the number of cores."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "flags")):
                return f"{platform.machine()} {line} {os.cpu_count()}"
    return f"{platform.machine()} {platform.processor()} {os.cpu_count()}"


def _load(path: Path | None) -> dict[str, Seconds]:
    if path is None:
        return {}
    try:
        table = json.loads(path.read_text())
        known = {
            str(question): {str(name): float(value) for name, value in seconds.items()}
            for question, seconds in table.items()
            if seconds
        }
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}
    return {question: seconds for question, seconds in known.items() if _is_usable(seconds)}


def _is_usable(seconds: Seconds) -> bool:
    """Return whether times can be measured ones: none is negative, and not all are 0 or missing."""
    times = seconds.values()
    return all(each >= 0 for each in times) and math.isfinite(min(times)) and max(times) > 0


def _save(path: Path | None, table: Mapping[str, Seconds]) -> None:
    if path is None:
        return
    with contextlib.suppress(OSError, PictureError), atomic_write(path) as file:
        file.write(json.dumps(table, indent=1).encode())
