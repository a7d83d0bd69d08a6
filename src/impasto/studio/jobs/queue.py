"""The runs of all people: which is next, what each shall do, and what is shown of it."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from ...errors import BusyError, RunError
from .job import Run, view_of
from .job_file import ORDER, write_entry
from .status import View
from .turns import in_turn

__all__ = ["Queue", "Reason", "Run"]

Reason = Literal["done", "stop", "pause", "change", "close", "drop", "give way"]
_MOST_ENDED = 20  # runs of one person that are remembered after their end


class Queue:
    """All runs, behind one lock.

    Args:
        most_each: Unfinished runs that a person may have.
        most: Unfinished runs of all people.

    Attributes:
        changed: The lock; notified when there may be something to do.
        runs: By their ids.
        closing: Whether the worker shall end.
    """

    def __init__(self, most_each: int, most: int) -> None:
        self._most_each, self._most = most_each, most
        self._adding: list[str] = []  # people whose inputs are being copied
        self._last_asked = 0
        self._began: dict[str, int] = {}  # number of each person's last turn
        self.changed = threading.Condition()
        self.runs: dict[str, Run] = {}
        self.closing = False

    @contextlib.contextmanager
    def room(self, user: str) -> Iterator[int]:
        """Keep room for a run that is being made, and give the time of its asking.

        Raises:
            BusyError: There are as many unfinished runs as may be.
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
        """Refuse one run more than there may be. Needs the lock.

        Raises:
            BusyError: There are as many unfinished runs as may be.
        """
        unfinished = [run for run in self.runs.values() if not run.finished]
        mine = sum(run.user == user for run in unfinished) + self._adding.count(user)
        waiting = len(self._waiting())
        if self.closing:
            raise BusyError("the studio is closing; ask again when it is back")
        if mine >= self._most_each:
            raise BusyError(
                f"{mine} of your runs are not finished, and there may be {self._most_each} "
                f"({waiting} wait in all); wait for one, stop it, or drop it"
            )
        if len(unfinished) + len(self._adding) >= self._most:
            raise BusyError(
                f"{waiting} runs wait, and no more are taken; try again when some are finished"
            )

    def put(self, run: Run) -> None:
        """Add a run that is on the disk."""
        with self.changed:
            self.runs[run.id] = run
            self.changed.notify_all()

    def take(self) -> Run | None:
        """Wait for the next run to work on; None when the worker shall end."""
        with self.changed:
            while not self.closing:
                waiting = self._waiting()
                if waiting:
                    return self._begun(waiting[0])
                self.changed.wait()
            return None

    def _begun(self, run: Run) -> Run:
        if run.entry.state != "stop" and not run.gave_way:  # else it is not a turn
            self._began[run.user] = max(self._began.values(), default=0) + 1
        run.at_work, run.gave_way = True, False
        return run

    def give_back(self, run: Run) -> None:
        """Take note that the worker is done with a run, for now or for ever."""
        with self.changed:
            run.at_work, run.ending, run.seconds_left = False, False, None
            gone = run.gone
        if gone:
            shutil.rmtree(run.folder, ignore_errors=True)  # else at the next start

    def _waiting(self) -> list[Run]:
        """Return what waits, the next one first: those to be ended, then as people take turns."""
        waiting = [run for run in self.runs.values() if run.status == "waiting"]
        waiting.sort(key=lambda run: run.entry.asked_at)
        turns = in_turn(waiting, lambda run: run.user, self._began)
        return sorted(turns, key=lambda run: (run.entry.state != "stop", not run.gave_way))

    def reason_to_leave(self, run: Run) -> Reason | None:
        """Tell why the worker shall leave the run it is at; None to go on. Needs the lock."""
        if run.gone:
            return "drop"
        if run.entry.state == "stop":
            return "stop"
        if self.closing:
            return "close"
        if run.entry.state == "pause":
            return "pause"
        if run.entry.leg.asked != run.entry.order.settings:
            return "change"
        if any(one.status == "waiting" and one.entry.state == "stop" for one in self.others(run)):
            run.gave_way = True
            return "give way"  # to end another takes a moment
        return None

    def last_reason(self, run: Run) -> Reason:
        """Tell why the worker shall leave a run whose steps are over. Needs the lock."""
        if run.gone:
            return "drop"
        if run.entry.state != "stop" and run.entry.leg.asked != run.entry.order.settings:
            return "change"
        run.ending = True
        return "done"

    def others(self, run: Run) -> Iterator[Run]:
        """Yield all other runs. Needs the lock."""
        return (one for one in self.runs.values() if one is not run)

    def find(self, user: str, run: str) -> Run:
        """Return a run of a person. Needs the lock.

        Raises:
            RunError: There is none; one of somebody else is not told from one that never was.
        """
        found = self.runs.get(run)
        if found is None or found.user != user:
            raise RunError("there is no such run; it is over, or it was dropped")
        return found

    def update(self, run: Run, **changes: Any) -> None:
        """Change a run's entry, in memory and then on the disk.

        Raises:
            PictureError: It cannot be written; in memory it is changed.
        """
        with self.changed:
            self.alter(run, **changes)
        self.save(run)

    def alter(self, run: Run, **changes: Any) -> None:
        """Change a run's entry in memory alone; `save` is to follow. Needs the lock."""
        run.entry = replace(run.entry, **changes)
        if "state" in changes:
            run.gave_way = False
        self.changed.notify_all()

    def save(self, run: Run) -> None:
        """Write a run's entry as it is by now.

        Raises:
            PictureError: It cannot be written.
        """
        with run.disk:
            with self.changed:
                entry, lost = run.entry, run.gone or run.damaged
            if not lost:
                write_entry(run.folder, entry)

    def end(self, run: Run, how: Literal["done", "stopped"], picture: str | None) -> None:
        """Remove what a run that has ended has on the disk, say so, and forget old ones.

        Nobody may be at work in its folder.
        """
        self.remove(run, in_use=False)
        with self.changed:
            run.ended, run.picture = how, picture
        self.forget_old(run.user)

    def remove(self, run: Run, *, in_use: bool | None = None) -> None:
        """Remove a run from the disk; what the worker is at goes when it gives it back."""
        with self.changed:
            run.gone = True
            at_work = run.at_work if in_use is None else in_use
            self.changed.notify_all()
        with run.disk, contextlib.suppress(FileNotFoundError):
            (run.folder / ORDER).unlink()  # what has none is removed at the next start, if not now
        if not at_work:
            shutil.rmtree(run.folder, ignore_errors=True)

    def forget_old(self, user: str) -> None:
        """Forget the oldest of a person's finished runs, so that they do not fill the memory."""
        with self.changed:
            finished = [run for run in self.runs.values() if run.user == user and run.finished]
            finished.sort(key=lambda run: run.entry.asked_at)
            old = [run for run in finished[:-_MOST_ENDED] if not run.at_work]
            for run in old:
                del self.runs[run.id]
        for run in old:
            self.remove(run)

    def views(self, runs: list[Run]) -> list[View]:
        """Return what there is to show of runs. Needs the lock."""
        waiting = self._waiting()
        places = {run.id: number for number, run in enumerate(waiting, 1)}
        return [view_of(run, places.get(run.id, 0), len(waiting)) for run in runs]
