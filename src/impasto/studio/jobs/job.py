"""A run in memory, and what is shown of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from .job_file import Entry
from .stage import has_picture
from .status import Status, Trail, View

_NANO = 1e9


@dataclass(eq=False)
class Run:
    """A run in memory. What changes is read and written under the queue's lock.

    Attributes:
        id: By which it is asked for.
        user: Whose it is.
        folder: Its own.
        entry: What its folder says of it.
        trail: Where it stands.
        preview: JPEG of the picture so far.
        version: Goes up when the preview changes.
        seconds_left: How long it will take; None where that is not known.
        at_work: Whether the worker has it.
        ended: How it has ended, if it has; then nothing of it is on the disk.
        picture: Its file in the gallery.
        damaged: Whether its entry could not be read, so that it can only be dropped.
        gone: Whether its folder is not to be written any more.
        ending: Whether its last step is done, so that nothing of it can change.
        gave_way: Whether it was left for another to be ended, so that it is the next.
        disk: Held while the entry is written or removed.
    """

    id: str
    user: str
    folder: Path
    entry: Entry
    trail: Trail = field(default_factory=Trail)
    preview: bytes | None = None
    version: int = 0
    seconds_left: float | None = None
    at_work: bool = False
    ended: Literal["done", "stopped"] | None = None
    picture: str | None = None
    damaged: bool = False
    gone: bool = False
    ending: bool = False
    gave_way: bool = False
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
        return "running" if self.at_work else "waiting"

    @property
    def finished(self) -> bool:
        """Whether nothing more comes of it by itself."""
        return self.status in ("done", "stopped", "failed")


def view_of(run: Run, place: int, waiting: int) -> View:
    """Return what there is to show of a run. Needs the queue's lock.

    Args:
        run: The run.
        place: Among those that wait, from 1; 0 if it does not.
        waiting: How many wait.

    Example:
        >>> view_of(run, 1, 3).place  # doctest: +SKIP
        1
    """
    entry, trail = run.entry, run.trail
    created = datetime.fromtimestamp(entry.asked_at / _NANO, UTC)
    return View(
        id=run.id,
        name=entry.order.name,
        titles=entry.order.titles,
        status=run.status,
        place=place,
        waiting=waiting,
        scale=trail.scale,
        scales=trail.scales,
        size=trail.size,
        iteration=trail.iteration,
        iterations=trail.iterations,
        seconds_left=run.seconds_left if run.status == "running" else None,
        curve=trail.curve,
        version=run.version,
        picture=run.picture or entry.picture,
        error=entry.error,
        settings=entry.order.settings,
        created=created.isoformat(timespec="seconds"),
        begun=_has_begun(run),
    )


def _has_begun(run: Run) -> bool:
    if run.ended is not None:
        return run.picture is not None
    return (run.at_work and run.trail.scale > 0) or has_picture(run.folder, run.entry)
