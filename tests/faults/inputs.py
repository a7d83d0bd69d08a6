"""Bad inputs for every place of every command."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import pickle
import random
import re
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from tests.faults import corpus
from tests.faults.cases import Bench, Case, Figures, attempt, seconds_left
from tests.faults.places import BAD, GOOD_FILES, PLACES, Place, commands

# Settings that decide how much work there is: only values that are refused, or take no time.
_WORK = {
    "size",
    "height",
    "iterations",
    "rounds",
    "steps",
    "batch",
    "crop",
    "style_size",
    "widths",
    "blocks",
    "up_blocks",
    "predictor_width",
    "scales",
    "history",
    "workers",
    "seconds",
    "budget",
    "tile",
    "width_mm",
    "height_mm",
    "dpi",
    "max_pixels",
}
_REFUSED = ("nan", "inf", "-1", "0", "1e308", "99999999999999999999", "", "abc", "\u0663", "[1]")


def in_lanes(bench: Bench, lanes: int, deadline: float) -> None:
    """Try inputs in several processes at a time, and add up what they find."""
    children = []
    for lane in range(lanes):
        work = bench.work / f"lane{lane}"
        work.mkdir()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                figures = Figures(bench.figures.seed, lane=f"{lane}")
                try_inputs(Bench(bench.good, work, bench.kept, figures), lane, lanes, deadline)
                (work / "figures").write_bytes(pickle.dumps(figures))
                code = 0
            except BaseException:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
        children.append((pid, work / "figures"))
    for pid, path in children:
        os.waitpid(pid, 0)
        bench.figures.add(pickle.loads(path.read_bytes()))


def try_inputs(bench: Bench, lane: int, lanes: int, deadline: float) -> None:
    """Try what somebody thought of, in any order, then what chance makes, until a time.

    Half of the time at most goes to the first, so that chance gets some in a short run, too.
    """
    thought_of = [*_files(bench.good), *_names(bench.good), *_options(bench.good)]
    random.Random(bench.figures.seed).shuffle(thought_of)
    thought_of = thought_of[lane::lanes]
    rng = random.Random(f"{bench.figures.seed}/{lane}")
    counts = {"thought_of": len(thought_of), "of_them_tried": 0, "mutants": 0}
    bench.figures.parts["inputs"] = counts
    total = seconds_left(deadline)
    for case in thought_of:
        attempt(case, bench)
        counts["of_them_tried"] += 1
        if seconds_left(deadline) < total / 2:
            break
    for case in _chances(bench.good, rng, bench):
        attempt(case, bench)
        counts["mutants"] += 1
        if seconds_left(deadline) <= 0:
            break


def try_good(bench: Bench) -> None:
    """Try every place with what belongs there: else the bad is refused for a wrong reason.

    Raises:
        RuntimeError: A command refuses good input.
    """
    refused = []
    for command, place in _places(bench.good):
        if place.good and place.kind not in ("run", "checkpoint"):
            case = _with_word(command, place, place.good)
            if place.at:
                case = case._replace(make=lambda folder: None)
            outcome = attempt(case, bench)
            if outcome.code != 0:
                refused.append(f"{' '.join(case.words)}: {outcome.err.strip()}")
    if refused:
        raise RuntimeError("good input is refused: " + "; ".join(refused))


def _places(good: Path) -> Iterator[tuple[str, Place]]:
    """Give every place of a command that there is, and whose good inputs there are."""
    there = commands()
    for command, places in PLACES.items():
        for place in places if command in there else ():
            needed = Path(place.at or place.good)
            if place.kind == "name" or not needed.suffix or (good / needed).exists():
                yield command, place


def _files(good: Path) -> Iterator[Case]:
    for command, place in _places(good):
        if place.kind != "name":
            for bad in corpus.pictures() if place.kind == "picture" else corpus.anything():
                yield _with_file(command, place, bad)


def _names(good: Path) -> Iterator[Case]:
    for command, place in _places(good):
        if place.at or place.kind not in ("name", "picture"):
            continue
        for name in corpus.NAMES:
            yield _with_word(command, place, name)


def _with_file(command: str, place: Place, bad: corpus.Bad) -> Case:
    where = place.at if Path(place.at).suffix else f"{place.at or 'bad'}{bad.suffix}"

    def make(folder: Path) -> None:
        path = folder / where
        if path.exists():
            path.unlink()
        bad.make(path)

    words = tuple(word.replace(BAD, where) for word in place.words)
    return Case(command, f"{place.name} is {bad.name}", words, make, place.leaves)


def _with_word(command: str, place: Place, word: str) -> Case:
    """Put a name into a place, and, if a picture is expected there, a picture of that name."""

    def make(folder: Path) -> None:
        corpus.put_odd_places(folder)
        if place.kind == "picture" and word and not (folder / word).is_absolute():
            with contextlib.suppress(OSError, ValueError):
                if not (folder / word).exists():
                    shutil.copy(folder / "photo.png", folder / word)

    words = tuple(part.replace(BAD, word) for part in place.words)
    return Case(command, f"{place.name} is named {word[:60]!r}", words, make, place.leaves)


def _options(good: Path) -> Iterator[Case]:
    """Give each option of each command every odd value, after words that are good."""
    usual = {}
    for command, place in _places(good):
        usual.setdefault(command, place)
    for command, place in usual.items():
        words = [word.replace(BAD, place.good) for word in place.words]
        for option in _option_names(command):
            for value in _REFUSED if option in _WORK else corpus.VALUES:
                added = f"--{option.replace('_', '-')}={value}"
                what = f"option {added[:60]!r}"
                yield Case(command, what, (*words, added), lambda folder: None, place.leaves)


@functools.cache
def _option_names(command: str) -> tuple[str, ...]:
    from impasto.cli.main import HANDLERS

    kinds = {re.sub("(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): kind for kind in HANDLERS}
    return tuple(_fields(kinds[command]))


def _fields(kind: type) -> Iterator[str]:
    """Name the options that come from a command's class, and from those within."""
    for field in dataclasses.fields(kind):
        inner = field.default_factory
        if not isinstance(inner, type):
            yield field.name
        elif issubclass(inner, BaseModel):
            yield from inner.model_fields
        else:
            yield from _fields(inner)


def _chances(good: Path, rng: random.Random, bench: Bench) -> Iterator[Case]:
    """Give damaged files for ever; a place that takes long gets fewer of them."""
    files = {
        kind: (good / name).read_bytes()
        for kind, name in GOOD_FILES.items()
        if (good / name).exists()
    }
    places = [
        (command, place)
        for command, place in _places(good)
        if place.kind == "picture" or place.kind in files
    ]
    cost = dict.fromkeys(range(len(places)), 0.3)
    while True:
        (number,) = rng.choices([*cost], [1 / seconds for seconds in cost.values()])
        command, place = places[number]
        kind = rng.choice([*files]) if rng.random() < 0.05 else place.kind
        started = time.monotonic()
        yield _with_file(command, place, corpus.mutant(kind, files, rng))
        cost[number] = 0.8 * cost[number] + 0.2 * (time.monotonic() - started)
