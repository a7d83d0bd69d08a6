"""The queue of all jobs: limits, which job is next, changes to a job."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from ...errors import BusyError, RunError
from .job import Job, make_view
from .job_file import ORDER, write_entry
from .status import JobView
from .turns import round_robin

__all__ = ["Job", "Queue", "Reason"]

Reason = Literal["done", "stop", "pause", "change", "close", "delete", "yield"]
_MOST_ENDED = 20  # jobs of one user that are remembered after their end


class Queue:
    """All jobs, behind one lock.

    Args:
        most_each: Unfinished jobs that a user may have.
        most: Unfinished jobs of all users.

    Attributes:
        changed: The lock; notified when there may be something to do.
        jobs: By their ids.
        closing: Whether the worker must end.
    """

    def __init__(self, most_each: int, most: int) -> None:
        self._most_each, self._most = most_each, most
        self._adding: list[str] = []  # users whose inputs are being copied
        self._last_asked = 0
        self._began: dict[str, int] = {}  # number of each user's last turn
        self.changed = threading.Condition()
        self.jobs: dict[str, Job] = {}
        self.closing = False

    @contextlib.contextmanager
    def reserve(self, user: str) -> Iterator[int]:
        """Keep room for a job that is being made, and give the time of its asking.

        Raises:
            BusyError: There are as many unfinished jobs as may be.
        """
        with self.changed:
            self.check_room(user)
            self._adding.append(user)
            asked_at = self._last_asked = max(self._last_asked + 1, time.time_ns())
        try:
            yield asked_at
        finally:
            with self.changed:
                self._adding.remove(user)

    def check_room(self, user: str) -> None:
        """Refuse one job more than there may be. Needs the lock.

        Raises:
            BusyError: There are as many unfinished jobs as may be.
        """
        unfinished = [job for job in self.jobs.values() if not job.finished]
        mine = sum(job.user == user for job in unfinished) + self._adding.count(user)
        waiting = len(self._waiting())
        if self.closing:
            raise BusyError("the studio is closing; ask again when it is back")
        if mine >= self._most_each:
            raise BusyError(
                f"{mine} of your jobs are not finished, and there may be {self._most_each} "
                f"({waiting} wait in all); wait for one, stop it, or drop it"
            )
        if len(unfinished) + len(self._adding) >= self._most:
            raise BusyError(
                f"{waiting} jobs wait, and no more are taken; try again when some are finished"
            )

    def add(self, job: Job) -> None:
        """Add a job that is on the disk."""
        with self.changed:
            self.jobs[job.id] = job
            self.changed.notify_all()

    def take_next(self) -> Job | None:
        """Wait for the next job to work on; None when the worker must end."""
        with self.changed:
            while not self.closing:
                waiting = self._waiting()
                if waiting:
                    return self._start(waiting[0])
                self.changed.wait()
            return None

    def _start(self, job: Job) -> Job:
        if job.entry.state != "stop" and not job.yielded:  # else it is not a turn
            self._began[job.user] = max(self._began.values(), default=0) + 1
        job.active, job.yielded = True, False
        return job

    def release(self, job: Job) -> None:
        """Take note that the worker is done with a job, for now or for ever."""
        with self.changed:
            job.active, job.finishing, job.seconds_left = False, False, None
            gone = job.removed
        if gone:
            shutil.rmtree(job.folder, ignore_errors=True)  # else at the next start

    def _waiting(self) -> list[Job]:
        """Return what waits, the next one first: those to be ended, then as users take turns."""
        waiting = [job for job in self.jobs.values() if job.status == "waiting"]
        waiting.sort(key=lambda job: job.entry.asked_at)
        turns = round_robin(waiting, lambda job: job.user, self._began)
        return sorted(turns, key=lambda job: (job.entry.state != "stop", not job.yielded))

    def reason_to_leave(self, job: Job) -> Reason | None:
        """Return why the worker must leave its job; None to continue. Needs the lock."""
        if job.removed:
            return "delete"
        if job.entry.state == "stop":
            return "stop"
        if self.closing:
            return "close"
        if job.entry.state == "pause":
            return "pause"
        if job.entry.stage.asked != job.entry.spec.settings:
            return "change"
        if any(one.status == "waiting" and one.entry.state == "stop" for one in self.others(job)):
            job.yielded = True
            return "yield"  # to end another takes a moment
        return None

    def last_reason(self, job: Job) -> Reason:
        """Return why the worker must leave a job whose steps are over. Needs the lock."""
        if job.removed:
            return "delete"
        if job.entry.state != "stop" and job.entry.stage.asked != job.entry.spec.settings:
            return "change"
        job.finishing = True
        return "done"

    def others(self, job: Job) -> Iterator[Job]:
        """Yield all other jobs. Needs the lock."""
        return (one for one in self.jobs.values() if one is not job)

    def find(self, user: str, job: str) -> Job:
        """Return a job of a user. Needs the lock.

        Raises:
            RunError: There is none; one of somebody else is not told from one that never was.
        """
        found = self.jobs.get(job)
        if found is None or found.user != user:
            raise RunError("there is no such job; it is over, or it was dropped")
        return found

    def update(self, job: Job, **changes: Any) -> None:
        """Change a job's entry, in memory and then on the disk.

        Raises:
            PictureError: It cannot be written; in memory it is changed.
        """
        with self.changed:
            self.alter(job, **changes)
        self.save(job)

    def alter(self, job: Job, **changes: Any) -> None:
        """Change a job's entry in memory alone; `save` is to follow. Needs the lock."""
        job.entry = replace(job.entry, **changes)
        if "state" in changes:
            job.yielded = False
        self.changed.notify_all()

    def save(self, job: Job) -> None:
        """Write a job's entry as it is by now.

        Raises:
            PictureError: It cannot be written.
        """
        with job.disk:
            with self.changed:
                entry, lost = job.entry, job.removed or job.damaged
            if not lost:
                write_entry(job.folder, entry)

    def end(self, job: Job, how: Literal["done", "stopped"], picture: str | None) -> None:
        """Remove what a job that has ended has on the disk, say so, and forget old ones.

        Nobody may be at work in its folder.
        """
        self.remove(job, in_use=False)
        with self.changed:
            job.ended, job.picture = how, picture
        self.forget_old(job.user)

    def remove(self, job: Job, *, in_use: bool | None = None) -> None:
        """Remove a job from the disk; what the worker is at goes when it gives it back."""
        with self.changed:
            job.removed = True
            at_work = job.active if in_use is None else in_use
            self.changed.notify_all()
        with job.disk, contextlib.suppress(FileNotFoundError):
            (job.folder / ORDER).unlink()  # what has none is removed at the next start, if not now
        if not at_work:
            shutil.rmtree(job.folder, ignore_errors=True)

    def forget_old(self, user: str) -> None:
        """Forget the oldest of a user's finished jobs, so that they do not fill the memory."""
        with self.changed:
            finished = [job for job in self.jobs.values() if job.user == user and job.finished]
            finished.sort(key=lambda job: job.entry.asked_at)
            old = [job for job in finished[:-_MOST_ENDED] if not job.active]
            for job in old:
                del self.jobs[job.id]
        for job in old:
            self.remove(job)

    def views(self, jobs: list[Job]) -> list[JobView]:
        """Return what there is to show of jobs. Needs the lock."""
        waiting = self._waiting()
        places = {job.id: number for number, job in enumerate(waiting, 1)}
        return [make_view(job, places.get(job.id, 0), len(waiting)) for job in jobs]
