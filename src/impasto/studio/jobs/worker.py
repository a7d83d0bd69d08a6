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

Keep = Callable[[Path, Result, str], Path]  # folder, result, name -> the file
_PREVIEW_PAUSE, _PREVIEW_SHARE = 0.5, 20.0  # seconds between previews; times what one took
_SAVE_PAUSE = 10.0  # seconds between notes of where a job stands
_MOST_TRIES = 5
_COPY = re.compile(rf"\b{INPUTS}[/\\]\d+[/\\]")  # where copies of inputs lie
_LOG = logging.getLogger(__name__)


@dataclass
class _Current:
    """What the worker is at, for the case that it fails."""

    running: RunningStage | None = None
    step: Step | None = None


def work(
    queue: Queue, folders: Callable[[str], Path], keep: Keep, max_pixels: int | None = None
) -> None:
    """Work on jobs until the queue is closed.

    Args:
        queue: All jobs.
        folders: Gives the gallery folder of a user.
        keep: Puts a result into it.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Example:
        >>> threading.Thread(target=work, args=(queue, folders, keep)).start()  # doctest: +SKIP
    """
    while (job := queue.take_next()) is not None:
        try:
            _run_job(queue, job, partial(_keep_result, folders, keep, job), max_pixels)
        except Exception:  # that the job failed is in memory, but could not be written
            _LOG.exception("a job failed, and that could not be dealt with")
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
    except Exception as error:  # whatever it was, the other jobs go on
        if not job.removed:
            _fail(queue, job, current, keep, error)


def _keep_result(folders: Callable[[str], Path], keep: Keep, job: Job, result: Result) -> str:
    """Put a result into the gallery, and return the name of its file."""
    return keep(folders(job.user), result, job.entry.spec.name).name


def _run_stages(queue: Queue, job: Job, current: _Current, max_pixels: int | None) -> Reason:
    """Work on a job until it is done or there is a reason to leave it."""
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
    """Give a job up that has ended the program several times, else it would for ever."""
    tries = job.entry.tries
    if tries >= _MOST_TRIES:
        raise RunError(
            f"the program was ended {tries} times while it worked on this, perhaps because memory "
            "ran out; take a smaller size, or go on with it when other programs are closed"
        )
    queue.update(job, tries=tries + 1)


def _run_steps(queue: Queue, job: Job, running: RunningStage, current: _Current) -> Reason:
    """Take the steps of a stage, show them, and tell why they ended."""
    clock = Clock(running.scales, running.settings.seconds)
    preview_due = save_due = 0.0
    reason: Reason | None = None
    for step in running.steps:
        if current.running is not running:
            _count_progress(queue, job, running.entry.stage.iteration + step.iteration)
        current.running, current.step = running, step
        if len(running.scales) == step.scales:  # at strength 0 there is one only, and it is short
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
    """Take note where a job has got to, so that a try that brought it on is none in vain."""
    if iteration > job.entry.mark:
        queue.update(job, mark=iteration, tries=1)


def _update_preview(queue: Queue, job: Job, step: Step) -> float:
    """Make the preview of a step, and return when the next is due."""
    began = time.perf_counter()
    preview = make_preview(step.image)
    with queue.changed:
        job.preview, job.version = preview, job.version + 1
    now = time.perf_counter()
    return now + max(_PREVIEW_PAUSE, _PREVIEW_SHARE * (now - began))


def _save_progress(job: Job) -> None:
    """Write where a job stands; it is only shown, so a full disk does not end the job."""
    try:
        write_progress(job.folder, job.progress, job.preview)
    except ImpastoError as error:
        _LOG.warning("where a job stands could not be written: %s", error)


def _start_next_stage(queue: Queue, job: Job, current: _Current) -> None:
    """Begin the stage with the new settings, and remove what the one before has left."""
    running, step = _last_step(current)
    with queue.changed:
        asked = job.entry.spec.settings
    before = running.entry.stage
    queue.update(job, stage=next_stage(job.folder, running, step, asked), tries=0)
    shutil.rmtree(checkpoint_folder(job.folder, before), ignore_errors=True)
    start_picture(job.folder, before.number).unlink(missing_ok=True)


def _last_step(current: _Current) -> tuple[RunningStage, Step]:
    if current.running is None or current.step is None:
        raise RunError("the job made no picture")
    return current.running, current.step


def _finish(
    queue: Queue, job: Job, current: _Current, keep: Callable[[Result], str], reason: Reason
) -> None:
    """Put what a job has made into the gallery."""
    running, step = _last_step(current)
    current.step = None  # if it cannot be kept now, another try would fail, too
    picture = keep(result_of(running, step))
    queue.end(job, "stopped" if reason == "stop" else "done", picture)


def _fail(
    queue: Queue, job: Job, current: _Current, keep: Callable[[Result], str], error: Exception
) -> None:
    """Say why a job failed, and keep what it has made."""
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
        except Exception as second:  # what went wrong first is told first
            text += f"; and the picture so far could not be kept: {explain(second)}"
    text = _COPY.sub("", text.replace(f"{job.folder}{os.sep}", ""))
    try:
        queue.update(job, state="failed", error=text, picture=picture, tries=0)
    except ImpastoError as second:
        _LOG.warning("that a job failed could not be written: %s", second)
    queue.forget_old(job.user)
