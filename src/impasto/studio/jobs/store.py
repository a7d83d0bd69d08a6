"""Load jobs from disk when the studio starts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ...errors import ModelError
from .job_file import ORDER, JobEntry, JobSpec, first_stage, read_entry
from .queue import Job
from .status import read_progress

_ID = re.compile(r"[0-9a-f]{32}")


def load_jobs(user: str, home: Path) -> dict[str, Job]:
    """Load the jobs of a user; damaged ones are loaded as failed.

    Removes jobs that a killed process was creating or removing.

    Args:
        user: The user.
        home: The folder of the jobs, locked by `run_folder.at_work`.

    Returns:
        Jobs by id.

    Example:
        >>> load_jobs("ada", Path("Pictures/Impasto/.studio/runs"))  # doctest: +SKIP
        {}
    """
    found = [_load(user, folder) for folder in home.iterdir() if _is_job(folder)]
    return {job.id: job for job in found if job is not None}


def _is_job(folder: Path) -> bool:
    return bool(_ID.fullmatch(folder.name)) and folder.is_dir() and not folder.is_symlink()


def _load(user: str, folder: Path) -> Job | None:
    if not (folder / ORDER).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        return None
    progress, preview = read_progress(folder)
    try:
        entry, damaged = read_entry(folder), False
    except ModelError as error:
        spec, asked_at = JobSpec(folder, ()), folder.stat().st_mtime_ns
        entry = JobEntry(spec, first_stage(spec), asked_at, state="failed", error=str(error))
        damaged = True
    version = 0 if preview is None else 1
    return Job(folder.name, user, folder, entry, progress, preview, version, damaged=damaged)
