"""`make faults`: what the command line does with bad input, kills, full disks, closed folders.

python -m tests.faults --seconds 600 --seed 1 --folder faults
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

_SHORT = 45  # seconds; a run shorter than this does without what takes long to prepare
_TABLE_ROWS = 25
FIGURES = "figures.json"
PARTS = ("rights", "kills", "inputs")


def main() -> int:
    """Try for a while, print the figures, and return 1 if one that must be 0 is not."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="impasto_faults_") as home:
        _set_environment(home)
        figures = _try(options)
    summary = summarize(figures, options.seconds)
    text = json.dumps(summary, indent=1)
    (options.folder / FIGURES).write_text(text)
    if options.json:
        sys.stdout.write(f"{text}\n")
    else:
        _print_table(summary, options.folder)
    return 0 if summary["ok"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=Path("faults"))
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--lanes", type=int, default=min(4, os.cpu_count() or 1), help="at a time")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    options.seed = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    options.folder = options.folder.absolute()
    return options


def _set_environment(home: str) -> None:
    """Let nothing of the user's decide, and one thread do the work, so that it can be forked."""
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    os.environ.update(KERAS_HOME=home, XDG_CACHE_HOME=f"{home}/cache", KERAS_BACKEND="torch")
    os.environ["IMPASTO_MEASURE"] = "0"  # all processes choose the same operators
    os.environ.pop("IMPASTO_VGG19", None)
    warnings.simplefilter("ignore")


def _load() -> None:
    """Load what every run needs, once; not the frameworks that Keras would load beside."""
    import importlib

    for other in ("tensorflow", "jax"):
        sys.modules[other] = None  # type: ignore[assignment]  # as where it is not installed

    from impasto.cli.main import HANDLERS
    from impasto.perceptual import weights
    from impasto.process import tune_process

    tune_process(backend="torch", threads=1)
    for module, _ in HANDLERS.values():
        importlib.import_module(f"impasto.{module}")
    import impasto.engines.iterative.optimize
    import impasto.workflows.stylize  # noqa: F401

    weights.load(weights.find())


def _empty(folder: Path) -> None:
    """Remove what a run before has left, and nothing else.

    Raises:
        SystemExit: The folder holds something else.
    """
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if there and not there & {FIGURES, "work"}:
        sys.exit(f"{folder} holds something else; choose another folder")
    shutil.rmtree(folder, ignore_errors=True)


def _try(options: argparse.Namespace) -> Any:
    started = time.monotonic()
    _load()
    from tests.faults.cases import Bench, Figures
    from tests.faults.inputs import in_lanes, try_good
    from tests.faults.kills import try_kills
    from tests.faults.places import make_good
    from tests.faults.rights import try_closed_folders, try_full_disk

    short = options.seconds < _SHORT
    work = options.folder / "work"
    _empty(options.folder)
    work.mkdir(parents=True)
    bench = Bench(work / "good", work, options.folder, Figures(options.seed))
    rng = random.Random(options.seed)
    make_good(bench.good, quick=short)
    if not short and "inputs" in options.parts:
        try_good(bench)
    left = max(5.0, started + options.seconds - time.monotonic())
    bench.figures.parts["prepared_in"] = round(time.monotonic() - started, 1)
    if "rights" in options.parts:
        try_closed_folders(bench, time.monotonic() + 0.15 * left)
        try_full_disk(bench, rng, time.monotonic() + 0.15 * left)
    if "kills" in options.parts:
        try_kills(bench, rng, time.monotonic() + 0.3 * left, fresh=not short)
    if "inputs" in options.parts:
        in_lanes(bench, options.lanes, max(started + options.seconds, time.monotonic() + 2))
    shutil.rmtree(work)
    return bench.figures


def summarize(figures: Any, seconds: float) -> dict[str, Any]:
    """Return the figures as plain values; `ok` tells whether all is 0 that must be."""
    kills = figures.parts.get("kills", {})
    must_be_0 = {
        "crashes": figures.count("crash"),
        "files_lost": figures.count("lost"),
        "files_left_behind": figures.count("left"),
        "resumed_differently": figures.count("differs"),
    }
    return {
        "ok": not any(must_be_0.values()),
        "seed": figures.seed,
        "seconds": seconds,
        "inputs_tried": sum(figures.tried.values()),
        **must_be_0,
        "runs_killed": kills.get("killed", 0),
        "resumed_identically": kills.get("resumed_identically", 0),
        "tried": dict(sorted(figures.tried.items())),
        "exit_codes": dict(sorted(figures.codes.items())),
        "parts": figures.parts,
        "slowest_cpu_seconds": figures.slowest,
        "largest_megabytes": figures.largest,
        "faults": [fault._asdict() for fault in figures.faults],
    }


def _print_table(summary: dict[str, Any], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("figure", "value", box=None)
    for name, value in summary.items():
        if name not in ("faults", "ok"):
            table.add_row(name.replace("_", " "), _say(value))
    console.print(table)
    kinds = Counter(
        (fault["kind"], fault["text"][:160], fault["case"]) for fault in summary["faults"]
    )
    for (kind, text, case), count in kinds.most_common(_TABLE_ROWS):
        console.print(f"{kind} x{count}: {case}: {text}", markup=False, highlight=False)
    if summary["faults"]:
        console.print(f"cases, with the command that shows each: {folder}", soft_wrap=True)
    console.print("all that must be 0 is 0" if summary["ok"] else "NOT all that must be 0 is 0")


def _say(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_say(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(_say(each) for each in value) or "none"
    return f"{value[0]} {value[1]}" if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    sys.exit(main())
