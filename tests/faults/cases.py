"""One case: a command line in a folder with something bad in it, run and judged."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import child, verdict
from tests.faults.places import copy_good

MOST_KEPT = 100  # failing cases whose folders are kept
_TOLD = 5  # slowest and largest cases that are told of


class Case(NamedTuple):
    """A command line, and what is bad about it.

    Attributes:
        command: Name of the command.
        what: What is bad, and in which place.
        words: The command line.
        make: Puts the bad thing into a folder that has the good inputs.
        leaves: Patterns of files that the command may leave or replace though it fails.
        before: Takes away rights, in the new process.
        must_fail: Whether it is a fault if the command succeeds.
    """

    command: str
    what: str
    words: tuple[str, ...]
    make: Callable[[Path], object]
    leaves: tuple[str, ...] = ()
    before: Callable[[], None] | None = None
    must_fail: bool = False


class Fault(NamedTuple):
    """Something that went wrong.

    Attributes:
        kind: `crash`, `lost` or `left`, or `differs` of a run that was resumed.
        text: What it is.
        case: The case.
        folder: Where it is kept; None where there are too many.
    """

    kind: str
    text: str
    case: str
    folder: str | None


@dataclass
class Figures:
    """What has been tried and found so far."""

    seed: int
    lane: str = ""
    tried: Counter[str] = field(default_factory=Counter)  # by command
    codes: Counter[str] = field(default_factory=Counter)
    parts: dict[str, Any] = field(default_factory=dict)  # by part of the run
    faults: list[Fault] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    largest: list[tuple[float, str]] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """Return the number of faults of a kind."""
        return sum(fault.kind == kind for fault in self.faults)

    def add(self, other: Figures) -> None:
        """Add what was found at the same time."""
        self.tried += other.tried
        self.codes += other.codes
        self.faults += other.faults
        self.slowest = _top([*self.slowest, *other.slowest])
        self.largest = _top([*self.largest, *other.largest])
        for part, counts in other.parts.items():
            sums = self.parts.setdefault(part, {})
            for name, count in counts.items():
                sums[name] = sums.get(name, 0) + count

    def note(self, case: Case, outcome: child.Outcome) -> None:
        """Count a case, and keep the slowest and the largest."""
        self.tried[case.command] += 1
        self.codes[str(outcome.code)] += 1
        name = f"{case.command}: {case.what}"
        self.slowest = _top([*self.slowest, (round(outcome.cpu, 1), name)])
        self.largest = _top([*self.largest, (round(outcome.memory / 1e6), name)])


def _top(pairs: list[tuple[float, str]]) -> list[tuple[float, str]]:
    best: dict[str, float] = {}
    for value, name in pairs:
        best[name] = max(value, best.get(name, 0))
    return sorted(((value, name) for name, value in best.items()), reverse=True)[:_TOLD]


class Bench(NamedTuple):
    """Where cases are tried.

    Attributes:
        good: Folder of good inputs.
        work: Folder for the folders of cases.
        kept: Folder for those that failed.
        figures: What has been found.
    """

    good: Path
    work: Path
    kept: Path
    figures: Figures


def attempt(case: Case, bench: Bench, *, place: Path | None = None) -> child.Outcome:
    """Run a case and judge it.

    Args:
        case: The case.
        bench: Where; its figures are added to.
        place: Folder of the run, in place of a fresh one; emptied afterwards.
    """
    folder = bench.work / f"{sum(bench.figures.tried.values())}" if place is None else place
    copy_good(bench.good, folder)
    case.make(folder)
    before = verdict.snapshot(folder)
    outcome = child.run(case.words, folder, before=case.before)
    after = verdict.snapshot(folder)
    crashes = verdict.crashes(outcome, quiet="-q" in case.words)
    if case.must_fail and outcome.code == verdict.DONE:
        crashes.append("it says that it is done, which cannot be")
    faults = {
        "crash": crashes,
        "lost": verdict.losses(before, after, outcome, replaces=case.leaves)
        + verdict.halves(folder, before, after),
        "left": verdict.left_behind(before, after, outcome, leaves=case.leaves),
    }
    bench.figures.note(case, outcome)
    if any(faults.values()):
        kept = keep(folder, bench, case.words, outcome, faults)
        for kind, texts in faults.items():
            name = f"{case.command}: {case.what}"
            bench.figures.faults += [Fault(kind, text, name, kept) for text in texts]
    clear(folder)
    return outcome


def keep(
    folder: Path,
    bench: Bench,
    words: tuple[str, ...],
    outcome: child.Outcome,
    faults: dict[str, list[str]],
) -> str | None:
    """Keep the folder of a case that failed, with the command that shows it."""
    number = len(bench.figures.faults)
    if number >= MOST_KEPT:
        return None
    kept = bench.kept / f"{number:03d}{bench.figures.lane and '-'}{bench.figures.lane}"
    shutil.copytree(folder, kept, symlinks=True, ignore=_pipes)
    line = shlex.join(["impasto", *words])
    about = f"# in this folder:\n{line}\n"
    (kept / "COMMAND").write_text(about, "utf-8", "backslashreplace")
    report = {**outcome._asdict(), "faults": faults, "words": words}
    (kept / "OUTCOME.json").write_text(json.dumps(report, indent=1))
    return str(kept)


def _pipes(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_fifo()]


def clear(folder: Path) -> None:
    """Remove a folder, or what is in it if it is the root of a disk."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if not os.path.ismount(folder):
        with contextlib.suppress(OSError):
            folder.rmdir()


def seconds_left(deadline: float) -> float:
    """Return the seconds until a time of `time.monotonic`."""
    return deadline - time.monotonic()
