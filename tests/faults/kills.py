"""Runs that are killed at random moments and gone on with must come to the same picture."""

from __future__ import annotations

import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as PIL
from tests.faults import child, verdict
from tests.faults.cases import Bench, Case, Fault, clear, keep, seconds_left
from tests.faults.places import TRAINING, commands, copy_good

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
MOST_ATTEMPTS = 12  # at the end of a run, kills and all
_WORK = ("--size", "64", "--scales", "2", "--iterations", "24", "--tolerance", "0", "-q")


class Endurance(NamedTuple):
    """A run that can be gone on with.

    Attributes:
        command: Its name.
        needs: A command, and an option of it, that must be there.
        begin: The words that begin it.
        go_on: The words that go on with it.
        state: What is there when there is something to go on with.
        results: Patterns of the files that must be the same in the end.
    """

    command: str
    needs: str
    begin: tuple[str, ...]
    go_on: tuple[str, ...]
    state: str
    results: tuple[str, ...]


_STYLIZE = ("stylize", "photo.png", "style.png", "-o", "old.png", "-f", "--checkpoint", *_WORK)
_SEVERAL = ("stylize", "photos", "style.png", "-o", "several", *_WORK)
_PAIRS = ("make-pairs", "photos", "style.png", "-o", "new", *_WORK)
_TRAIN = (
    "train",
    "photos",
    "style.png",
    "-o",
    "new",
    *TRAINING,
    "--steps",
    "8",
    "--save-every",
    "2",
)
ENDURANCES = (
    Endurance(
        "stylize",
        "resume",
        _STYLIZE,
        ("resume", "old.png", "-q"),
        ".old.png.impasto/run.json",
        ("old.png",),
    ),
    Endurance(
        "stylize several", "stylize --format", _SEVERAL, _SEVERAL, "several", ("several/*.png",)
    ),
    Endurance("make-pairs", "make-pairs", _PAIRS, _PAIRS, "new", ("new/*.png",)),
    Endurance(
        "train", "train", _TRAIN, (*_TRAIN, "--resume"), "new/state.npz", ("new/model.impasto",)
    ),
)


class Attempt(NamedTuple):
    """What became of one run with its kills."""

    kills: int
    same: bool
    faults: dict[str, list[str]]
    last: child.Outcome


def available() -> list[Endurance]:
    """List the runs that the command line can go on with now."""
    return [endurance for endurance in ENDURANCES if _is_there(endurance.needs)]


def _is_there(needs: str) -> bool:
    from impasto.cli.commands import Stylize

    if needs.startswith("stylize --"):
        return needs.removeprefix("stylize --") in Stylize.__dataclass_fields__
    return needs in commands()


def try_kills(bench: Bench, rng: random.Random, deadline: float, *, fresh: bool) -> None:
    """Kill runs and go on with them until a time.

    Args:
        bench: Where; its figures are added to.
        rng: Decides moments and signals.
        deadline: Time of `time.monotonic`.
        fresh: Also kill processes that start from nothing, as a user's do: slow.
    """
    figures = {"killed": 0, "resumed_identically": 0, "resumed_differently": 0, "runs": {}}
    bench.figures.parts["kills"] = figures
    missing = [each.command for each in ENDURANCES if each not in available()]
    figures["not_there_yet"] = missing
    whole: dict[str, tuple[float, dict[str, bytes]]] = {}
    for number, endurance in enumerate(_in_turn(available(), rng)):
        if seconds_left(deadline) <= 0:
            break
        if endurance.command not in whole:
            whole[endurance.command] = _uninterrupted(endurance, bench)
        seconds, pictures = whole[endurance.command]
        is_fresh = fresh and number % 10 == 0
        folder = bench.work / f"kill{number}"
        done = _kill_and_go_on(endurance, bench.good, folder, rng, seconds, pictures, is_fresh)
        figures["killed"] += done.kills
        if not any(done.faults.values()):
            figures["resumed_identically" if done.same else "resumed_differently"] += 1
        figures["runs"][endurance.command] = figures["runs"].get(endurance.command, 0) + 1
        _note(endurance, done, bench, folder)
        clear(folder)


def _in_turn(endurances: Sequence[Endurance], rng: random.Random) -> Iterator[Endurance]:
    """Give runs for ever: half of them of the first, which has a command of its own to go on."""
    while endurances:
        yield endurances[0]
        yield rng.choice(endurances)


def _uninterrupted(endurance: Endurance, bench: Bench) -> tuple[float, dict[str, bytes]]:
    folder = bench.work / "whole"
    copy_good(bench.good, folder)
    outcome = child.run(endurance.begin, folder)
    if outcome.code != 0:
        raise RuntimeError(f"{endurance.begin} failed: {outcome.err}")
    found = _results(endurance, folder)
    clear(folder)
    return outcome.seconds, found


def _results(endurance: Endurance, folder: Path) -> dict[str, bytes]:
    """Read the results: the pixels of pictures, the numbers of networks."""
    found = {}
    for pattern in endurance.results:
        for path in sorted(folder.glob(pattern)):
            found[path.name] = _content(path)
    return found


def _content(path: Path) -> bytes:
    if path.suffix == ".png":
        with PIL.open(path) as image:
            return np.asarray(image).tobytes()
    from impasto.engines.network.model_file import load_model

    model = load_model(path)
    return b"".join(array.tobytes() for array in (*model.trunk, *model.styles.values()))


def _kill_and_go_on(
    endurance: Endurance,
    good: Path,
    folder: Path,
    rng: random.Random,
    seconds: float,
    whole: dict[str, bytes],
    fresh: bool,
) -> Attempt:
    """Begin a run, kill it, go on with it, maybe kill it again, until it is done."""
    copy_good(good, folder)
    shutil.copy(folder / "out.png", folder / "old.png")
    kills, faults = 0, {"crash": [], "lost": [], "left": []}
    history = ""
    before = verdict.snapshot(folder)
    going_on = False
    for _ in range(MOST_ATTEMPTS):
        words = endurance.go_on if going_on else endurance.begin
        kill = kills < 3 and rng.random() < (0.9 if kills == 0 else 0.5)
        send = (rng.choice(SIGNALS), rng.random() * seconds * 1.05) if kill else None
        last = (
            _run_fresh(words, folder, send, seconds)
            if fresh
            else child.run(words, folder, send=send)
        )
        kills += last.told
        ending = f"   # signal {send[0]} after {send[1]:.3f} s" if send and last.told else ""
        history += f"{shlex.join(['impasto', *words])}{ending}\n"
        faults["crash"] += _crashes(last, send, quiet=not fresh)
        after = verdict.snapshot(folder)
        faults["lost"] += verdict.halves(folder, before, after)
        faults["lost"] += [f"{name!r} has gone" for name in before if name not in after]
        if last.code == 0 or any(faults.values()):
            break
        if not last.told and (going_on or last.code != 0):
            faults["crash"].append(f"going on fails: {last.err.strip()}")
            break
        going_on = (folder / endurance.state).exists()
    faults["left"] += _left(folder, endurance)
    (folder / "HISTORY").write_text(history)
    same = not any(faults.values()) and _results(endurance, folder) == whole
    return Attempt(kills, same, faults, last)


def _crashes(outcome: child.Outcome, send: tuple[int, float] | None, *, quiet: bool) -> list[str]:
    if outcome.told and send and outcome.code in (-send[0], verdict.INTERRUPTED, 128 + send[0]):
        return ["it shows a traceback"] if "Traceback" in outcome.err else []
    return verdict.crashes(outcome, quiet=quiet)


def _left(folder: Path, endurance: Endurance) -> list[str]:
    """Name what is left of a run that is done: the folder of its checkpoints."""
    state = folder / endurance.state
    return [f"{endurance.state} is left"] if endurance.needs == "resume" and state.exists() else []


def _run_fresh(
    words: tuple[str, ...], folder: Path, send: tuple[int, float] | None, seconds: float
) -> child.Outcome:
    """Run a command as a user does, in a process of its own; a signal comes after its start."""
    code = "from impasto.cli.main import entry; entry()"
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    told = False
    try:
        # A fresh process takes about as long again to start.
        out, err = process.communicate(timeout=send[1] * 3 if send else child.LONGEST)
    except subprocess.TimeoutExpired:
        told = send is not None
        process.send_signal(send[0] if send else signal.SIGKILL)
        out, err = process.communicate()
    spent = time.perf_counter() - started
    text = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
    hung = send is None and process.returncode == -signal.SIGKILL
    return child.Outcome(process.returncode, *text, spent, 0.0, 0, hung, told)


def _note(endurance: Endurance, done: Attempt, bench: Bench, folder: Path) -> None:
    """Add what went wrong to the figures."""
    case = Case(endurance.command, "killed and gone on with", endurance.begin, lambda folder: None)
    bench.figures.note(case, done.last)
    faults = {kind: texts for kind, texts in done.faults.items() if texts}
    if not done.same and not faults:
        faults["differs"] = ["the result is not that of an uninterrupted run"]
    if faults:
        kept = keep(folder, bench, endurance.begin, done.last, faults)
        name = f"{case.command}: {case.what}"
        for kind, texts in faults.items():
            bench.figures.faults += [Fault(kind, text, name, kept) for text in texts]
