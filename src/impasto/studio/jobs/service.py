"""The iterative runs of the studio: asked for, shown, paused, changed, and kept over restarts."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import RunError, SettingsError
from ...images.files import make_folder
from ...workflows.run_folder import at_work
from ...workflows.setting_files import ROLES
from .inputs import copy_inputs
from .job_file import Entry, Order, first_leg, write_entry
from .queue import Queue, Run
from .stage import has_picture
from .status import View
from .store import find_runs
from .worker import Keep, work

_FIXED = (*ROLES, "weights")  # settings that name files


class Runs:
    """All runs of a server: one is worked on at a time, and people take turns.

    All methods may be called from any thread, and return at once; the run at work heeds them soon.

    Args:
        folders: Gives the gallery folder of a person.
        keep: Puts a result into that folder under a name, and returns the file.
        most_each: Unfinished runs that a person may have.
        most: Unfinished runs of all people.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Example:
        >>> runs = Runs(folders, keep)  # doctest: +SKIP
        >>> runs.start(["ada"])  # doctest: +SKIP
        >>> run = runs.add("ada", Order(photo, (painting,), name="photo_wave"))  # doctest: +SKIP
        >>> runs.view("ada", run).status  # doctest: +SKIP
        'running'
    """

    def __init__(
        self,
        folders: Callable[[str], Path],
        keep: Keep,
        *,
        most_each: int = 5,
        most: int = 30,
        max_pixels: int | None = None,
    ) -> None:
        self._folders = folders
        self._queue = Queue(most_each, most)
        self._opening = threading.Lock()
        self._opened: set[str] = set()
        self._held = contextlib.ExitStack()
        self._worker = threading.Thread(
            target=work,
            args=(self._queue, folders, keep, max_pixels),
            name="impasto-runs",
            daemon=True,
        )

    def start(self, users: Iterable[str]) -> None:
        """Take up the unfinished runs on the disk, and begin to work.

        Args:
            users: Everybody whose runs may be there.

        Raises:
            ModelError: Another studio is at work on the same gallery.
            PictureError: A gallery folder cannot be written.
        """
        for user in users:
            self._open(user)
        self._worker.start()

    def close(self) -> None:
        """End the worker after a last checkpoint; all runs stay on the disk for the next start."""
        with self._queue.changed:
            self._queue.closing = True
            self._queue.changed.notify_all()
        if self._worker.ident is not None:
            self._worker.join()
        self._held.close()

    def add(self, user: str, order: Order) -> str:
        """Ask for a run; copies of all its files are made.

        Args:
            user: Whose it is.
            order: What it shall make.

        Returns:
            Its id.

        Raises:
            BusyError: There are as many unfinished runs as may be.
            PictureError: A file cannot be read, or a copy not be written.
            SettingsError: There is no style, or as many weights or masks as styles are not given.
        """
        self._open(user)
        run = secrets.token_hex(16)
        folder = self._home(user) / run
        with self._queue.room(user) as asked_at:
            try:
                make_folder(folder)
                copied = copy_inputs(order, folder)
                entry = Entry(copied, first_leg(copied), asked_at)
                write_entry(folder, entry)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._queue.put(Run(run, user, folder, entry))
        return run

    def of(self, user: str) -> list[View]:
        """Show the runs of a person, the newest first: all unfinished, and those that ended lately.

        Args:
            user: The person.
        """
        with self._queue.changed:
            runs = [run for run in self._queue.runs.values() if run.user == user]
            runs.sort(key=lambda run: -run.entry.asked_at)
            return self._queue.views(runs)

    def view(self, user: str, run: str) -> View:
        """Show one run.

        Args:
            user: Whose it is.
            run: Its id.

        Raises:
            RunError: The person has no such run.
        """
        with self._queue.changed:
            return self._queue.views([self._queue.find(user, run)])[0]

    def preview(self, user: str, run: str) -> bytes | None:
        """Return the picture so far as a JPEG, no side longer than 1024 pixels.

        Args:
            user: Whose it is.
            run: Its id.

        Returns:
            The file; None before the first step.

        Raises:
            RunError: The person has no such run.
        """
        with self._queue.changed:
            return self._queue.find(user, run).preview

    def photograph(self, user: str, run: str) -> Path | None:
        """Return the photograph that a run paints; None once it is finished. See `view`.

        Raises:
            RunError: The person has no such run.
        """
        with self._queue.changed:
            path = self._queue.find(user, run).entry.order.content
        return path if path.is_file() else None

    def pause(self, user: str, run: str) -> None:
        """Let a run rest, and the next one work; nothing happens to one that is finished.

        Args:
            user: Whose it is.
            run: Its id.

        Raises:
            RunError: The person has no such run.
            PictureError: It cannot be written.
        """
        with self._queue.changed:
            found = self._queue.find(user, run)
            if found.entry.state != "go" or found.finished or found.ending:
                return
            self._queue.alter(found, state="pause")
        self._queue.save(found)

    def go_on(self, user: str, run: str) -> None:
        """Let a paused run go on, and try a failed one again from its last checkpoint.

        Args:
            user: Whose it is.
            run: Its id.

        Raises:
            RunError: The person has no such run, or it has ended.
            BusyError: A failed one would be one too many.
            PictureError: It cannot be written.
        """
        with self._queue.changed:
            found = self._queue.find(user, run)
            self._check_open(found)
            if found.entry.state == "go":
                return
            if found.finished:
                self._queue.check_room(user)
            self._queue.alter(found, state="go", error="", tries=0)
        self._queue.save(found)

    def stop(self, user: str, run: str) -> None:
        """End a run and put the picture so far into the gallery; without one, it just ends.

        Args:
            user: Whose it is.
            run: Its id.

        Raises:
            RunError: The person has no such run.
            PictureError: It cannot be written.
        """
        with self._queue.changed:
            found = self._queue.find(user, run)
            if found.finished or found.ending:
                return
            begun = found.at_work or has_picture(found.folder, found.entry)
            if begun:
                self._queue.alter(found, state="stop")
            else:
                found.ended = "stopped"
        if begun:
            self._queue.save(found)
        else:
            self._queue.end(found, "stopped", None)

    def drop(self, user: str, run: str) -> None:
        """Throw a run away; what is in the gallery stays there.

        Args:
            user: Whose it is.
            run: Its id.

        Raises:
            RunError: The person has no such run.
        """
        with self._queue.changed:
            found = self._queue.find(user, run)
            del self._queue.runs[run]
        self._queue.remove(found)

    def change(self, user: str, run: str, **settings: Any) -> None:
        """Give a run other settings; one that has begun goes on from the picture so far.

        Args:
            user: Whose it is.
            run: Its id.
            **settings: As `Settings` takes them, such as `strength=0.6`; none that names a file.

        Raises:
            RunError: The person has no such run, or it has ended.
            SettingsError: A setting is unknown, out of range, or names a file.
            PictureError: It cannot be written.
        """
        if fixed := [name for name in settings if name in _FIXED]:
            raise SettingsError(
                f"{fixed[0]} cannot change while a run goes on; start a new run with it"
            )
        with self._queue.changed:
            found = self._queue.find(user, run)
            self._check_open(found)
            order = found.entry.order
            order = replace(order, settings=order.settings.changed(**settings))
            self._queue.alter(found, order=order)
        self._queue.save(found)

    def _check_open(self, run: Run) -> None:
        if run.damaged:
            raise RunError(run.entry.error)
        if run.ended is not None or run.ending or run.entry.state == "stop":
            raise RunError(f"the run of {run.entry.order.name} has ended; start a new one")

    def _home(self, user: str) -> Path:
        return self._folders(user).absolute() / ".studio" / "runs"

    def _open(self, user: str) -> None:
        """Hold the folder of a person's runs, and take up those that are in it, once."""
        with self._opening:
            if user in self._opened:
                return
            home = self._home(user)
            self._held.enter_context(at_work(home))
            found = find_runs(user, home)
            with self._queue.changed:
                self._queue.runs |= found
                self._queue.changed.notify_all()
            self._opened.add(user)
        self._queue.forget_old(user)
