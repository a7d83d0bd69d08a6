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
_MOST_ENDED = 20  # finished jobs to keep in memory for each user


class Queue:
    """All jobs, behind one lock.

    Args:
        most_each: Limit of unfinished jobs of a user.
        most: Limit of unfinished jobs of all users.

    Attributes:
        changed: The lock; notified when the worker may have something to do.
        jobs: Jobs by id.
        closing: Whether the worker must stop.
    """

    def __init__(self, most_each: int, most: int) -> None:
        self._most_each, self._most = most_each, most
        self._adding: list[str] = []  # users whose inputs are being copied
        self._last_asked = 0
        self._last_turns: dict[str, int] = {}  # number of each user's last turn
        self.changed = threading.Condition()
        self.jobs: dict[str, Job] = {}
        self.closing = False

    @contextlib.contextmanager
    def reserve(self, user: str) -> Iterator[int]:
        """Reserve a place for a new job, and yield its time of creation.

        Raises:
            BusyError: The limit of unfinished jobs is reached.
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
        """Check the limits of unfinished jobs. Needs the lock.

        Raises:
            BusyError: A limit is reached.
        """
        unfinished = [job for job in self.jobs.values() if not job.finished]
        mine = sum(job.user == user for job in unfinished) + self._adding.count(user)
        waiting = len(self._waiting())
        if self.closing:
            raise BusyError("the studio is closing; try again when it is back")
        if mine >= self._most_each:
            raise BusyError(
                f"you have {mine} unfinished jobs, and the limit is {self._most_each} ({waiting} "
                "wait in all); wait, stop one, or delete one"
            )
        if len(unfinished) + len(self._adding) >= self._most:
            raise BusyError(
                f"{waiting} jobs wait, and the queue is full; try again when some are finished"
            )

    def add(self, job: Job) -> None:
        """Add a job whose file is written."""
        with self.changed:
            self.jobs[job.id] = job
            self.changed.notify_all()

    def take_next(self) -> Job | None:
        """Wait for the next job to run; None when the worker must stop."""
        with self.changed:
            while not self.closing:
                waiting = self._waiting()
                if waiting:
                    return self._start(waiting[0])
                self.changed.wait()
            return None

    def _start(self, job: Job) -> Job:
        if job.entry.state != "stop" and not job.yielded:  # others do not count as a turn
            self._last_turns[job.user] = max(self._last_turns.values(), default=0) + 1
        job.active, job.yielded = True, False
        return job

    def release(self, job: Job) -> None:
        """Release a job that the worker has left."""
        with self.changed:
            job.active, job.finishing, job.seconds_left = False, False, None
            removed = job.removed
        if removed:
            shutil.rmtree(job.folder, ignore_errors=True)  # on failure, at the next start

    def _waiting(self) -> list[Job]:
        """Return the waiting jobs, next first: jobs to stop, then round-robin between users."""
        waiting = [job for job in self.jobs.values() if job.status == "waiting"]
        waiting.sort(key=lambda job: job.entry.asked_at)
        turns = round_robin(waiting, lambda job: job.user, self._last_turns)
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
            return "yield"  # stopping another job is quick
        return None

    def last_reason(self, job: Job) -> Reason:
        """Return why the worker must leave a job after its last step. Needs the lock."""
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
            RunError: There is none; jobs of other users look like missing ones.
        """
        found = self.jobs.get(job)
        if found is None or found.user != user:
            raise RunError("there is no such job; it is finished or deleted")
        return found

    def update(self, job: Job, **changes: Any) -> None:
        """Change a job's entry, in memory and on disk.

        Raises:
            PictureError: The file cannot be written; the entry in memory has changed.
        """
        with self.changed:
            self.alter(job, **changes)
        self.save(job)

    def alter(self, job: Job, **changes: Any) -> None:
        """Change a job's entry in memory; call `save` afterwards. Needs the lock."""
        job.entry = replace(job.entry, **changes)
        if "state" in changes:
            job.yielded = False
        self.changed.notify_all()

    def save(self, job: Job) -> None:
        """Write a job's current entry.

        Raises:
            PictureError: The file cannot be written.
        """
        with job.disk:
            with self.changed:
                entry, lost = job.entry, job.removed or job.damaged
            if not lost:
                write_entry(job.folder, entry)

    def end(self, job: Job, how: Literal["done", "stopped"], picture: str | None) -> None:
        """Mark a job as ended, remove its folder, and forget old jobs.

        Nothing else may use its folder.
        """
        self.remove(job, in_use=False)
        with self.changed:
            job.ended, job.picture = how, picture
        self.forget_old(job.user)

    def remove(self, job: Job, *, in_use: bool | None = None) -> None:
        """Remove a job's folder; that of an active job when the worker releases it."""
        with self.changed:
            job.removed = True
            active = job.active if in_use is None else in_use
            self.changed.notify_all()
        with job.disk, contextlib.suppress(FileNotFoundError):
            (job.folder / ORDER).unlink()  # a folder without it is removed at the next start
        if not active:
            shutil.rmtree(job.folder, ignore_errors=True)

    def forget_old(self, user: str) -> None:
        """Forget the oldest of a user's finished jobs, to limit memory."""
        with self.changed:
            finished = [job for job in self.jobs.values() if job.user == user and job.finished]
            finished.sort(key=lambda job: job.entry.asked_at)
            old = [job for job in finished[:-_MOST_ENDED] if not job.active]
            for job in old:
                del self.jobs[job.id]
        for job in old:
            self.remove(job)

    def views(self, jobs: list[Job]) -> list[JobView]:
        """Return the status of jobs for display. Needs the lock."""
        waiting = self._waiting()
        places = {job.id: number for number, job in enumerate(waiting, 1)}
        return [make_view(job, places.get(job.id, 0), len(waiting)) for job in jobs]
