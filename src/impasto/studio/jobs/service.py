"""Jobs as the page and the API use them: add, list, pause, change, stop, delete."""

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
from ...workflows.run_folder import lock_folder
from ...workflows.setting_files import ROLES
from .inputs import copy_inputs
from .job_file import JobEntry, JobSpec, first_stage, write_entry
from .queue import Job, Queue
from .stage import has_picture
from .status import JobView
from .store import load_jobs
from .worker import Keep, work

_FIXED = (*ROLES, "weights")  # settings that name files


class JobService:
    """All jobs of a server: one runs at a time, and users take turns.

    All methods are thread-safe and return at once; the running job reacts at its next step.

    Args:
        folders: Returns the gallery folder of a user.
        keep: Saves a result to a folder under a name, and returns the file.
        most_each: Limit of unfinished jobs of a user.
        most: Limit of unfinished jobs of all users.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Example:
        >>> jobs = JobService(folders, keep)  # doctest: +SKIP
        >>> jobs.start(["ada"])  # doctest: +SKIP
        >>> job = jobs.add("ada", JobSpec(photo, (painting,), name="photo_wave"))  # doctest: +SKIP
        >>> jobs.view("ada", job).status  # doctest: +SKIP
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
        """Load unfinished jobs, and start the worker.

        Args:
            users: Users whose jobs to load.

        Raises:
            ModelError: Another studio uses the same gallery.
            PictureError: A gallery folder cannot be written.
        """
        for user in users:
            self._open(user)
        self._worker.start()

    def close(self) -> None:
        """Stop the worker after a last checkpoint; jobs stay on disk for the next start."""
        with self._queue.changed:
            self._queue.closing = True
            self._queue.changed.notify_all()
        if self._worker.ident is not None:
            self._worker.join()
        self._held.close()

    def add(self, user: str, spec: JobSpec) -> str:
        """Add a job; its input files are copied.

        Args:
            user: Owner of the job.
            spec: Specification of the job.

        Returns:
            Id of the job.

        Raises:
            BusyError: The limit of unfinished jobs is reached.
            PictureError: A file cannot be read, or a copy cannot be written.
            SettingsError: There is no style, or weights or masks do not match the styles.
        """
        self._open(user)
        job = secrets.token_hex(16)
        folder = self._home(user) / job
        with self._queue.reserve(user) as asked_at:
            try:
                make_folder(folder)
                copied = copy_inputs(spec, folder)
                entry = JobEntry(copied, first_stage(copied), asked_at)
                write_entry(folder, entry)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._queue.add(Job(job, user, folder, entry))
        return job

    def jobs_of(self, user: str) -> list[JobView]:
        """List a user's unfinished and recently finished jobs, newest first.

        Args:
            user: The user.
        """
        with self._queue.changed:
            jobs = [job for job in self._queue.jobs.values() if job.user == user]
            jobs.sort(key=lambda job: -job.entry.asked_at)
            return self._queue.views(jobs)

    def view(self, user: str, job: str) -> JobView:
        """Return the status of a job.

        Args:
            user: Owner of the job.
            job: Id of the job.

        Raises:
            RunError: The user has no such job.
        """
        with self._queue.changed:
            return self._queue.views([self._queue.find(user, job)])[0]

    def preview(self, user: str, job: str) -> bytes | None:
        """Return the current picture as a JPEG with a long side of at most 1024 pixels.

        Args:
            user: Owner of the job.
            job: Id of the job.

        Returns:
            The file; None before the first step.

        Raises:
            RunError: The user has no such job.
        """
        with self._queue.changed:
            return self._queue.find(user, job).preview

    def photograph(self, user: str, job: str) -> Path | None:
        """Return the photograph of a job; None once it is finished. See `view`.

        Raises:
            RunError: The user has no such job.
        """
        with self._queue.changed:
            path = self._queue.find(user, job).entry.spec.content
        return path if path.is_file() else None

    def pause(self, user: str, job: str) -> None:
        """Pause a job, so that the next one runs; no effect on a finished job.

        Args:
            user: Owner of the job.
            job: Id of the job.

        Raises:
            RunError: The user has no such job.
            PictureError: The job file cannot be written.
        """
        with self._queue.changed:
            found = self._queue.find(user, job)
            if found.entry.state != "go" or found.finished or found.finishing:
                return
            self._queue.alter(found, state="pause")
        self._queue.save(found)

    def resume(self, user: str, job: str) -> None:
        """Resume a paused job, or retry a failed one from its last checkpoint.

        Args:
            user: Owner of the job.
            job: Id of the job.

        Raises:
            RunError: The user has no such job, or it has ended.
            BusyError: Retrying a failed job would exceed the limit.
            PictureError: The job file cannot be written.
        """
        with self._queue.changed:
            found = self._queue.find(user, job)
            self._check_open(found)
            if found.entry.state == "go":
                return
            if found.finished:
                self._queue.check_room(user)
            self._queue.alter(found, state="go", error="", tries=0)
        self._queue.save(found)

    def stop(self, user: str, job: str) -> None:
        """Stop a job, and keep its current picture, if any, in the gallery.

        Args:
            user: Owner of the job.
            job: Id of the job.

        Raises:
            RunError: The user has no such job.
            PictureError: The job file cannot be written.
        """
        with self._queue.changed:
            found = self._queue.find(user, job)
            if found.finished or found.finishing:
                return
            begun = found.active or has_picture(found.folder, found.entry)
            if begun:
                self._queue.alter(found, state="stop")
            else:
                found.ended = "stopped"
        if begun:
            self._queue.save(found)
        else:
            self._queue.end(found, "stopped", None)

    def delete(self, user: str, job: str) -> None:
        """Delete a job; pictures in the gallery stay.

        Args:
            user: Owner of the job.
            job: Id of the job.

        Raises:
            RunError: The user has no such job.
        """
        with self._queue.changed:
            found = self._queue.find(user, job)
            del self._queue.jobs[job]
        self._queue.remove(found)

    def change(self, user: str, job: str, **settings: Any) -> None:
        """Change the settings of a job; a started one continues from the current picture.

        Args:
            user: Owner of the job.
            job: Id of the job.
            **settings: Arguments of `Settings`, such as `strength=0.6`; none that names a file.

        Raises:
            RunError: The user has no such job, or it has ended.
            SettingsError: A setting is unknown, out of range, or names a file.
            PictureError: The job file cannot be written.
        """
        if fixed := [name for name in settings if name in _FIXED]:
            raise SettingsError(
                f"{fixed[0]} cannot change after a job is created; start a new job with it"
            )
        with self._queue.changed:
            found = self._queue.find(user, job)
            self._check_open(found)
            spec = found.entry.spec
            spec = replace(spec, settings=spec.settings.changed(**settings))
            self._queue.alter(found, spec=spec)
        self._queue.save(found)

    def _check_open(self, job: Job) -> None:
        if job.damaged:
            raise RunError(job.entry.error)
        if job.ended is not None or job.finishing or job.entry.state == "stop":
            raise RunError(f"the job {job.entry.spec.name} has ended; start a new one")

    def _home(self, user: str) -> Path:
        return self._folders(user).absolute() / ".studio" / "runs"

    def _open(self, user: str) -> None:
        """Lock the folder of a user's jobs, and load them, once."""
        with self._opening:
            if user in self._opened:
                return
            home = self._home(user)
            self._held.enter_context(lock_folder(home))
            found = load_jobs(user, home)
            with self._queue.changed:
                self._queue.jobs |= found
                self._queue.changed.notify_all()
            self._opened.add(user)
        self._queue.forget_old(user)
