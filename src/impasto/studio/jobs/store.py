"""Runs found on the disk when the studio starts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ...errors import ModelError
from .job_file import ORDER, Entry, Order, first_leg, read_entry
from .queue import Run
from .status import read_trail

_ID = re.compile(r"[0-9a-f]{32}")


def find_runs(user: str, home: Path) -> dict[str, Run]:
    """Take up the runs of a person; one that is damaged is there as failed.

    What a killed process was making or removing is removed.

    Args:
        user: The person.
        home: The folder of the runs, held by `run_folder.at_work`.

    Returns:
        The runs by their ids.

    Example:
        >>> find_runs("ada", Path("Pictures/Impasto/.studio/runs"))  # doctest: +SKIP
        {}
    """
    found = [_load(user, folder) for folder in home.iterdir() if _is_run(folder)]
    return {run.id: run for run in found if run is not None}


def _is_run(folder: Path) -> bool:
    return bool(_ID.fullmatch(folder.name)) and folder.is_dir() and not folder.is_symlink()


def _load(user: str, folder: Path) -> Run | None:
    if not (folder / ORDER).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        return None
    trail, preview = read_trail(folder)
    try:
        entry, damaged = read_entry(folder), False
    except ModelError as error:
        order, asked_at = Order(folder, ()), folder.stat().st_mtime_ns
        entry = Entry(order, first_leg(order), asked_at, state="failed", error=str(error))
        damaged = True
    version = 0 if preview is None else 1
    return Run(folder.name, user, folder, entry, trail, preview, version, damaged=damaged)
