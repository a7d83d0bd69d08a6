"""Which of several ways to compute a thing is fastest here: measured once, kept on disk.

The table is a file in the user's cache folder, one for each processor, framework version and
number of threads. Processes may share it: it is read once, and replaced as a whole by a rename;
of two that write at the same time one wins, and the other's figures are measured again some day.
A folder that cannot be written, or a damaged file, only costs the measurement. Times that were
taken while the machine was busy serve this process and are not kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import os
import platform
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import platformdirs

Seconds = dict[str, float]

_FORM = 2  # of the table; those before held what a busy machine took
_FEWEST_ROUNDS, _MOST_ROUNDS, _LONGEST = 2, 12, 0.4  # of a measurement; the last in seconds
_LOST = 5.0  # times slower than the best when all warm up: not measured
_HOPELESS = 2.0  # times slower than the best so far: not measured again
_ALIKE = 1.1  # so near are the two best times of a way if nothing has disturbed them


class Timing(NamedTuple):
    """What several ways took.

    Attributes:
        seconds: The least of each, by name.
        steady: Whether they can be relied on; not if the machine was busy with something else.
    """

    seconds: Seconds
    steady: bool


def fastest(seconds: Mapping[str, float]) -> str:
    """Return the name with the smallest time."""
    return min(seconds, key=lambda name: seconds[name])


def measure(
    ways: Mapping[str, Callable[[], object]], wait: Callable[[], object] = lambda: None
) -> Timing:
    """Time each way in turns until the best times come again.

    Args:
        ways: What to time, by name; one that raises takes for ever.
        wait: Called after each, so that a device finishes its work.
    """
    times: dict[str, list[float]] = {}
    for name, way in ways.items():
        try:
            times[name] = [_time(way, wait)]  # warms up, and is not like the others
        except (RuntimeError, AttributeError):  # an operator that this build lacks
            times[name] = [math.inf]
    best = min(min(taken) for taken in times.values())
    left = [name for name, taken in times.items() if taken[0] < _LOST * best]
    for name in left:
        times[name].clear()  # of the first time
    steady = not left
    start = time.perf_counter()
    for done in range(1, _MOST_ROUNDS + 1 if left else 0):
        for name in left:
            times[name].append(_time(ways[name], wait))
        best = min(min(times[name]) for name in left)
        left = [name for name in left if min(times[name]) < _HOPELESS * best]
        steady = done >= _FEWEST_ROUNDS and all(come_again(times[name]) for name in left)
        if steady or time.perf_counter() - start > _LONGEST:
            break
    return Timing({name: min(taken) for name, taken in times.items()}, steady)


def come_again(times: Sequence[float]) -> bool:
    """Tell whether the two least of some times are so alike that nothing has disturbed them."""
    best, second = sorted(times)[:2]
    return second < _ALIKE * best


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
        self._steady: dict[str, Seconds] = {}  # of those that were asked here
        self._read = False

    def look_up(
        self,
        question: str,
        names: Collection[str],
        ask: Callable[[], Timing],
        *,
        anew: bool = False,
    ) -> Seconds:
        """Return the times of a question.

        Args:
            question: What is asked.
            names: What an answer must have a time for.
            ask: Called if the answer is not known, or unfit; remembered.
            anew: Ask in any case.
        """
        self._load_once()
        if anew or self._known.get(question, {}).keys() != set(names):
            seconds, steady = ask()
            self._known[question] = seconds
            if steady:
                self._steady[question] = seconds
                _save(self._path, {**_load(self._path), **self._steady})
        return self._known[question]

    def _load_once(self) -> None:
        if not self._read:
            self._known, self._read = _load(self._path), True


def _path(version: str, threads: int) -> Path:
    machine = f"{_FORM} {processor()} {version} {threads}"
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
        known = {
            str(question): {str(name): float(value) for name, value in seconds.items()}
            for question, seconds in table.items()
            if seconds
        }
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {
        question: seconds
        for question, seconds in known.items()
        if all(value >= 0 for value in seconds.values())
    }


def _save(path: Path, table: Mapping[str, Seconds]) -> None:
    with contextlib.suppress(OSError), contextlib.ExitStack() as on_failure:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as new:
            on_failure.callback(Path(new.name).unlink, missing_ok=True)
            new.write(json.dumps(table, indent=1))
        os.replace(new.name, path)  # noqa: PTH105  # the name in words: replaces atomically
        on_failure.pop_all()
