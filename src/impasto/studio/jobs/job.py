"""A job in memory, and the status that pages show."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from .job_file import JobEntry
from .stage import has_picture
from .status import JobView, Progress, Status

_NANO = 1e9


@dataclass(eq=False)
class Job:
    """A job in memory. The queue's lock guards its mutable attributes.

    Attributes:
        id: Random id.
        user: Owner of the job.
        folder: Folder of the job.
        entry: Contents of the job file.
        progress: Progress and losses.
        preview: JPEG of the current picture.
        version: Increases when the preview changes.
        seconds_left: Estimated remaining time; None if unknown.
        active: Whether the worker runs the job.
        ended: How the job ended; its folder is then removed.
        picture: File name of its picture in the gallery.
        damaged: Whether its file is unreadable, so that it can only be deleted.
        removed: Whether its folder must not be written any more.
        finishing: Whether its last step is done, so that it can no longer change.
        yielded: Whether it was interrupted to finish another job, and runs next.
        disk: Lock held while the job file is written or removed.
    """

    id: str
    user: str
    folder: Path
    entry: JobEntry
    progress: Progress = field(default_factory=Progress)
    preview: bytes | None = None
    version: int = 0
    seconds_left: float | None = None
    active: bool = False
    ended: Literal["done", "stopped"] | None = None
    picture: str | None = None
    damaged: bool = False
    removed: bool = False
    finishing: bool = False
    yielded: bool = False
    disk: threading.Lock = field(default_factory=threading.Lock)

    @property
    def status(self) -> Status:
        """Status of the job."""
        if self.ended is not None:
            return self.ended
        if self.entry.state == "failed":
            return "failed"
        if self.entry.state == "pause":
            return "paused"
        return "running" if self.active else "waiting"

    @property
    def finished(self) -> bool:
        """Whether the job is done, stopped or failed."""
        return self.status in ("done", "stopped", "failed")


def make_view(job: Job, place: int, waiting: int) -> JobView:
    """Return the status of a job for display. Needs the queue's lock.

    Args:
        job: The job.
        place: Position among the waiting jobs, from 1; 0 if not waiting.
        waiting: Number of waiting jobs.

    Example:
        >>> make_view(job, 1, 3).place  # doctest: +SKIP
        1
    """
    entry, progress = job.entry, job.progress
    created = datetime.fromtimestamp(entry.asked_at / _NANO, UTC)
    return JobView(
        id=job.id,
        name=entry.spec.name,
        titles=entry.spec.titles,
        status=job.status,
        place=place,
        waiting=waiting,
        scale=progress.scale,
        scales=progress.scales,
        size=progress.size,
        iteration=progress.iteration,
        iterations=progress.iterations,
        seconds_left=job.seconds_left if job.status == "running" else None,
        curve=progress.curve,
        version=job.version,
        picture=job.picture or entry.picture,
        error=entry.error,
        settings=entry.spec.settings,
        created=created.isoformat(timespec="seconds"),
        begun=_has_begun(job),
    )


def _has_begun(job: Job) -> bool:
    if job.ended is not None:
        return job.picture is not None
    return (job.active and job.progress.scale > 0) or has_picture(job.folder, job.entry)
