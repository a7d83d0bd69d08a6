"""The runs behind `time_to_quality.py`, each in a process of its own, their state all on disk.

FOLDER/<content>__<style>_<size>/
    classic/         the classic procedure's final picture, run.json, measures.json
    pastiche/        pictures at some steps, run.json (seconds of each step), measures.json
    seed/            <framework>.json, seconds of some evaluations
    speeds/          <round>_<name>.json, the same measured again, and pastiche's
    ours-<digest>/   settings.json, pictures, run.json, measures.json, speeds/

What is there is not run again. `forget` removes what our code made, never the baselines.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import workers
from machine import progress

SEEDS = ("seed_tensorflow", "seed_torch")
PLAIN = (*SEEDS, "pastiche")
CLASSIC_EVALUATIONS, PASTICHE_STEPS = 400, 1000
_KEEP_EVERY = 10  # evaluations between the pictures of our run
_SEED_EVALUATIONS, _SPEED_STEPS = 2, 5  # in one short run


class Pair(NamedTuple):
    """What is painted, and where everything about it is kept."""

    content: Path
    style: Path
    size: int
    folder: Path

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.content.stem} x {self.style.stem}"


def make_pair(content: Path, style: Path, size: int, output: Path) -> Pair:
    """Name a pair's folder."""
    return Pair(content, style, size, output / f"{content.stem}__{style.stem}_{size}")


def read(path: Path) -> Any:
    """Read a JSON file; None if there is none."""
    return json.loads(path.read_text()) if path.exists() else None


def write(path: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, indent=2))
    part.replace(path)


def once(path: Path, script: str, *arguments: object, backend: str = "torch") -> None:
    """Run a script and write what it prints, unless that is there; a failure is said and passed."""
    if path.exists():
        return
    progress(f"{path.parent.parent.name}: {path.parent.name}/{path.stem}")
    try:
        write(path, workers.run_json(script, *arguments, environment={"KERAS_BACKEND": backend}))
    except workers.WorkerError as error:
        progress(f"{path}: {script} {error}")


def ours_folder(pair: Pair, changes: Sequence[str]) -> Path:
    """Name the folder of our run with these settings, words like `tv_weight=1`."""
    digest = hashlib.sha256("\n".join(sorted(changes)).encode()).hexdigest()[:8]
    return pair.folder / (f"ours-{digest}" if changes else "ours-default")


def run_baselines(pair: Pair) -> None:
    """Make what we are compared with, as far as it is not there."""
    classic = ('preset="classic"', "height=null", f"size={pair.size}")
    folder = pair.folder / "classic"
    once(folder / "run.json", "ours.py", *_pictures(pair), "-o", folder, "--set", *classic)
    for name in SEEDS:
        _time_plain(pair, name, pair.folder / "seed" / f"{name}.json")
    folder = pair.folder / "pastiche"
    steps = ("--steps", PASTICHE_STEPS, "--size", pair.size)
    once(folder / "run.json", "pastiche_port.py", *_pictures(pair), *steps, "-o", folder)
    for name in ("classic", "pastiche"):
        judge_folder(pair, pair.folder / name)


def run_ours(pair: Pair, changes: Sequence[str]) -> None:
    """Paint with Impasto, keeping pictures on the way."""
    folder = ours_folder(pair, changes)
    write(folder / "settings.json", list(changes))
    _paint(pair, changes, folder / "run.json", "-o", folder)
    judge_folder(pair, folder)


def run_speeds(pair: Pair, changes: Sequence[str], rounds: int) -> None:
    """Measure all speeds again in short runs, ours (whole runs, nothing saved) between them."""
    for i in range(rounds):
        for name in PLAIN:
            _time_plain(pair, name, pair.folder / "speeds" / f"{i}_{name}.json")
            _paint(pair, changes, ours_folder(pair, changes) / "speeds" / f"{i}_{name}.json")


def forget(pair: Pair, phases: Sequence[str], changes: Sequence[str]) -> None:
    """Remove what the phases `ours` and `speeds` have left."""
    ours = ours_folder(pair, changes)
    if "ours" in phases:
        shutil.rmtree(ours, ignore_errors=True)
    if "speeds" in phases:
        shutil.rmtree(ours / "speeds", ignore_errors=True)
        shutil.rmtree(pair.folder / "speeds", ignore_errors=True)


def _pictures(pair: Pair) -> tuple[Path, Path]:
    return pair.content, pair.style


def _paint(pair: Pair, changes: Sequence[str], path: Path, *options: object) -> None:
    settings = (f"size={pair.size}", *changes)
    every = ("--every", _KEEP_EVERY, "--started", repr(time.time()))
    once(path, "ours.py", *_pictures(pair), *options, *every, "--set", *settings)


def _time_plain(pair: Pair, name: str, path: Path) -> None:
    """Time a competitor in a short run, at the size that the classic run had."""
    if name == "pastiche":
        steps = ("--steps", _SPEED_STEPS, "--size", pair.size)
        once(path, "pastiche_port.py", *_pictures(pair), *steps)
    elif (run := read(pair.folder / "classic" / "run.json")) is not None:
        height, width = run["size"]
        size = ("--height", height, "--width", width, "--evaluations", _SEED_EVALUATIONS)
        backend = name.removeprefix("seed_")
        once(path, "seed_port.py", *_pictures(pair), *size, backend=backend)


def judge_folder(pair: Pair, folder: Path) -> None:
    """Judge the pictures of a folder, all at the size of our result, once."""
    pictures = sorted(folder.glob("*.png"))
    names = [picture.name for picture in pictures]
    known = read(folder / "measures.json")
    classic = read(pair.folder / "classic" / "run.json")
    if not pictures or (known is not None and list(known) == names):
        return
    progress(f"{pair.folder.name}: judging {len(pictures)} pictures of {folder.name}")
    size = () if classic is None else ("--size", *classic["size"])
    judged = workers.run_json("judging.py", *_pictures(pair), *pictures, *size)
    write(folder / "measures.json", {Path(name).name: row for name, row in judged.items()})


def speed(pair: Pair, name: str) -> float | None:
    """Return a competitor's seconds per evaluation: measured again if it was, else at first.

    The first step of a run is left out where there are more.
    """
    again = sorted((pair.folder / "speeds").glob(f"*_{name}.json"))
    first = pair.folder / ("pastiche/run.json" if name == "pastiche" else f"seed/{name}.json")
    runs = [run for path in again or [first] if (run := read(path)) is not None]
    seconds = [value for run in runs for value in run["seconds"][1:] or run["seconds"]]
    return statistics.median(seconds) if seconds else None


def our_seconds(folder: Path, iteration: int) -> float:
    """Return when our run has made so many evaluations, the median if measured again."""
    again = sorted((folder / "speeds").glob("*.json"))
    runs = [read(path) for path in again or [folder / "run.json"]]
    moments = []
    for run in runs:
        later = [row["seconds"] for row in run["times"] if row["iteration"] >= iteration]
        moments.append(later[0] if later else run["times"][-1]["seconds"])
    return statistics.median(moments)
