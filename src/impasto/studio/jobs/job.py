"""A job in memory, and the view of it that pages get."""

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
    """A job in memory. What changes is read and written under the queue's lock.

    Attributes:
        id: By which it is asked for.
        user: Whose it is.
        folder: Its own.
        entry: What its folder says of it.
        progress: Where it stands.
        preview: JPEG of the picture so far.
        version: Goes up when the preview changes.
        seconds_left: How long it will take; None where that is not known.
        active: Whether the worker has it.
        ended: How it has ended, if it has; then nothing of it is on the disk.
        picture: Its file in the gallery.
        damaged: Whether its entry could not be read, so that it can only be dropped.
        removed: Whether its folder is not to be written any more.
        finishing: Whether its last step is done, so that nothing of it can change.
        yielded: Whether it was left for another to be ended, so that it is the next.
        disk: Held while the entry is written or removed.
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
        """What it is doing."""
        if self.ended is not None:
            return self.ended
        if self.entry.state == "failed":
            return "failed"
        if self.entry.state == "pause":
            return "paused"
        return "running" if self.active else "waiting"

    @property
    def finished(self) -> bool:
        """Whether nothing more comes of it by itself."""
        return self.status in ("done", "stopped", "failed")


def make_view(job: Job, place: int, waiting: int) -> JobView:
    """Return what there is to show of a job. Needs the queue's lock.

    Args:
        job: The job.
        place: Among those that wait, from 1; 0 if it does not.
        waiting: How many wait.

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
