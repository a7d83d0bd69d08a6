"""The thread that runs the jobs, one at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...errors import DivergedError, ImpastoError, RunError, explain
from ...types import Step
from ...workflows.result import Result
from ...workflows.time_left import Clock
from .job_file import INPUTS
from .queue import Job, Queue, Reason
from .stage import (
    RunningStage,
    checkpoint_folder,
    next_stage,
    result_of,
    start_picture,
    start_stage,
)
from .status import advance, make_preview, write_progress

Keep = Callable[[Path, Result, str], Path]  # folder, result, name -> file
_PREVIEW_PAUSE, _PREVIEW_SHARE = 0.5, 20.0  # seconds between previews; factor of the time for one
_SAVE_PAUSE = 10.0  # seconds between writes of the progress
_MOST_TRIES = 5
_COPY = re.compile(rf"\b{INPUTS}[/\\]\d+[/\\]")  # path of an input copy
_LOG = logging.getLogger(__name__)


@dataclass
class _Current:
    """Current stage and step of the worker, for error handling."""

    running: RunningStage | None = None
    step: Step | None = None


def work(
    queue: Queue, folders: Callable[[str], Path], keep: Keep, max_pixels: int | None = None
) -> None:
    """Run jobs until the queue closes.

    Args:
        queue: All jobs.
        folders: Returns the gallery folder of a user.
        keep: Saves a result to a folder.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Example:
        >>> threading.Thread(target=work, args=(queue, folders, keep)).start()  # doctest: +SKIP
    """
    while (job := queue.take_next()) is not None:
        try:
            _run_job(queue, job, partial(_keep_result, folders, keep, job), max_pixels)
        except Exception:  # the failure is in memory, but could not be written
            _LOG.exception("a job failed, and its state could not be saved")
        finally:
            queue.release(job)


def _run_job(queue: Queue, job: Job, keep: Callable[[Result], str], max_pixels: int | None) -> None:
    current = _Current()
    try:
        reason = _run_stages(queue, job, current, max_pixels)
        if job.removed:
            return
        if reason in ("done", "stop"):
            _finish(queue, job, current, keep, reason)
        else:
            queue.update(job, tries=0)
    except Exception as error:  # must not affect other jobs
        if not job.removed:
            _fail(queue, job, current, keep, error)


def _keep_result(folders: Callable[[str], Path], keep: Keep, job: Job, result: Result) -> str:
    """Save a result to the gallery, and return its file name."""
    return keep(folders(job.user), result, job.entry.spec.name).name


def _run_stages(queue: Queue, job: Job, current: _Current, max_pixels: int | None) -> Reason:
    """Run the stages of a job until it is done or must be left."""
    _count_try(queue, job)
    while True:
        with contextlib.ExitStack() as held:
            running = start_stage(held, job.folder, job.entry, max_pixels)
            if running.entry.stage != job.entry.stage:
                queue.update(job, stage=running.entry.stage)
            reason = _run_steps(queue, job, running, current)
        if reason != "change":
            return reason
        _start_next_stage(queue, job, current)


def _count_try(queue: Queue, job: Job) -> None:
    """Count a start; fail a job that has repeatedly crashed the program."""
    tries = job.entry.tries
    if tries >= _MOST_TRIES:
        raise RunError(
            f"the program ended {tries} times while it ran this job, perhaps because memory ran "
            "out; choose a smaller size, or close other programs and resume"
        )
    queue.update(job, tries=tries + 1)


def _run_steps(queue: Queue, job: Job, running: RunningStage, current: _Current) -> Reason:
    """Run the steps of a stage, and return why they ended."""
    clock = Clock(running.scales, running.settings.seconds)
    preview_due = save_due = 0.0
    reason: Reason | None = None
    for step in running.steps:
        if current.running is not running:
            _count_progress(queue, job, running.entry.stage.iteration + step.iteration)
        current.running, current.step = running, step
        if len(running.scales) == step.scales:  # strength 0 has a single, short scale
            clock.tick(step)
        progress = advance(job.progress, step, running.entry.stage)
        with queue.changed:
            job.progress, job.seconds_left = progress, clock.seconds_left
            reason = queue.reason_to_leave(job)
        if reason is not None:
            break
        if time.perf_counter() >= preview_due:
            preview_due = _update_preview(queue, job, step)
        if time.perf_counter() >= save_due:
            _save_progress(job)
            save_due = time.perf_counter() + _SAVE_PAUSE
    if current.running is running and current.step is not None and reason != "delete":
        _update_preview(queue, job, current.step)
        _save_progress(job)
    with queue.changed:
        return reason or queue.last_reason(job)


def _count_progress(queue: Queue, job: Job, iteration: int) -> None:
    """Reset the count of starts when a job has progressed."""
    if iteration > job.entry.mark:
        queue.update(job, mark=iteration, tries=1)


def _update_preview(queue: Queue, job: Job, step: Step) -> float:
    """Update the preview, and return when the next update is due."""
    began = time.perf_counter()
    preview = make_preview(step.image)
    with queue.changed:
        job.preview, job.version = preview, job.version + 1
    now = time.perf_counter()
    return now + max(_PREVIEW_PAUSE, _PREVIEW_SHARE * (now - began))


def _save_progress(job: Job) -> None:
    """Write the progress; only for display, so a full disk does not fail the job."""
    try:
        write_progress(job.folder, job.progress, job.preview)
    except ImpastoError as error:
        _LOG.warning("the progress of a job could not be written: %s", error)


def _start_next_stage(queue: Queue, job: Job, current: _Current) -> None:
    """Prepare the stage with the new settings, and remove files of the previous one."""
    running, step = _last_step(current)
    with queue.changed:
        asked = job.entry.spec.settings
    before = running.entry.stage
    queue.update(job, stage=next_stage(job.folder, running, step, asked), tries=0)
    shutil.rmtree(checkpoint_folder(job.folder, before), ignore_errors=True)
    start_picture(job.folder, before.number).unlink(missing_ok=True)


def _last_step(current: _Current) -> tuple[RunningStage, Step]:
    if current.running is None or current.step is None:
        raise RunError("the job has no picture")
    return current.running, current.step


def _finish(
    queue: Queue, job: Job, current: _Current, keep: Callable[[Result], str], reason: Reason
) -> None:
    """Save the picture of a job to the gallery."""
    running, step = _last_step(current)
    current.step = None  # if this fails, saving again would fail too
    picture = keep(result_of(running, step))
    queue.end(job, "stopped" if reason == "stop" else "done", picture)


def _fail(
    queue: Queue, job: Job, current: _Current, keep: Callable[[Result], str], error: Exception
) -> None:
    """Mark a job as failed, and keep its current picture."""
    if not isinstance(error, ImpastoError):
        _LOG.error("a job failed", exc_info=error)
    job.finishing, text, picture = False, explain(error), None
    running, step = current.running, current.step
    if isinstance(error, DivergedError) and error.step is not None:
        step = error.step
    if (
        running is not None
        and step is not None
        and running.entry.stage.iteration + step.iteration > 0
    ):
        try:
            picture = keep(result_of(running, step))
        except Exception as second:  # after the first error
            text += f"; and the current picture could not be saved: {explain(second)}"
    text = _COPY.sub("", text.replace(f"{job.folder}{os.sep}", ""))
    try:
        queue.update(job, state="failed", error=text, picture=picture, tries=0)
    except ImpastoError as second:
        _LOG.warning("the failure of a job could not be written: %s", second)
    queue.forget_old(job.user)
