"""The thread that works on the runs, one at a time."""

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
from .queue import Queue, Reason, Run
from .stage import Job, begin, checkpoint_folder, next_leg, result_of, so_far
from .status import make_preview, moved, write_trail

Keep = Callable[[Path, Result, str], Path]  # folder, result, name -> the file
_PREVIEW_PAUSE, _PREVIEW_SHARE = 0.5, 20.0  # seconds between previews; times what one took
_NOTE_PAUSE = 10.0  # seconds between notes of where a run stands
_MOST_TRIES = 5
_COPY = re.compile(rf"\b{INPUTS}[/\\]\d+[/\\]")  # where copies of inputs lie
_LOG = logging.getLogger(__name__)


@dataclass
class _Moment:
    """What the worker is at, for the case that it fails."""

    job: Job | None = None
    step: Step | None = None


def work(
    queue: Queue, folders: Callable[[str], Path], keep: Keep, max_pixels: int | None = None
) -> None:
    """Work on runs until the queue is closed.

    Args:
        queue: All runs.
        folders: Gives the gallery folder of a person.
        keep: Puts a result into it.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Example:
        >>> threading.Thread(target=work, args=(queue, folders, keep)).start()  # doctest: +SKIP
    """
    while (run := queue.take()) is not None:
        try:
            _take_up(queue, run, partial(_kept, folders, keep, run), max_pixels)
        except Exception:  # that the run failed is in memory, but could not be written
            _LOG.exception("a run failed, and that could not be dealt with")
        finally:
            queue.give_back(run)


def _take_up(queue: Queue, run: Run, keep: Callable[[Result], str], max_pixels: int | None) -> None:
    moment = _Moment()
    try:
        reason = _paint(queue, run, moment, max_pixels)
        if run.gone:
            return
        if reason in ("done", "stop"):
            _finish(queue, run, moment, keep, reason)
        else:
            queue.update(run, tries=0)
    except Exception as error:  # whatever it was, the other runs shall not suffer from it
        if not run.gone:
            _fail(queue, run, moment, keep, error)


def _kept(folders: Callable[[str], Path], keep: Keep, run: Run, result: Result) -> str:
    """Put a result into the gallery, and return the name of its file."""
    return keep(folders(run.user), result, run.entry.order.name).name


def _paint(queue: Queue, run: Run, moment: _Moment, max_pixels: int | None) -> Reason:
    """Work on a run until it is done or there is a reason to leave it."""
    _count_try(queue, run)
    while True:
        with contextlib.ExitStack() as held:
            job = begin(held, run.folder, run.entry, max_pixels)
            if job.entry.leg != run.entry.leg:
                queue.update(run, leg=job.entry.leg)
            reason = _follow(queue, run, job, moment)
        if reason != "change":
            return reason
        _change(queue, run, moment)


def _count_try(queue: Queue, run: Run) -> None:
    """Give a run up that has ended the program several times, else it would for ever."""
    tries = run.entry.tries
    if tries >= _MOST_TRIES:
        raise RunError(
            f"the program was ended {tries} times while it worked on this, perhaps because memory "
            "ran out; take a smaller size, or go on with it when other programs are closed"
        )
    queue.update(run, tries=tries + 1)


def _follow(queue: Queue, run: Run, job: Job, moment: _Moment) -> Reason:
    """Take the steps of a leg, show them, and tell why they ended."""
    clock = Clock(job.stages, job.settings.seconds)
    preview_due = note_due = 0.0
    reason: Reason | None = None
    for step in job.steps:
        if moment.job is not job:
            _count_progress(queue, run, job.entry.leg.iteration + step.iteration)
        moment.job, moment.step = job, step
        if len(job.stages) == step.scales:  # at strength 0 there is one only, and it is short
            clock.tick(step)
        trail = moved(run.trail, step, job.entry.leg)
        with queue.changed:
            run.trail, run.seconds_left = trail, clock.seconds_left
            reason = queue.reason_to_leave(run)
        if reason is not None:
            break
        if time.perf_counter() >= preview_due:
            preview_due = _show(queue, run, step)
        if time.perf_counter() >= note_due:
            _note(run)
            note_due = time.perf_counter() + _NOTE_PAUSE
    if moment.job is job and moment.step is not None and reason != "drop":
        _show(queue, run, moment.step)
        _note(run)
    with queue.changed:
        return reason or queue.last_reason(run)


def _count_progress(queue: Queue, run: Run, iteration: int) -> None:
    """Take note where a run has got to, so that a try that brought it on is none in vain."""
    if iteration > run.entry.mark:
        queue.update(run, mark=iteration, tries=1)


def _show(queue: Queue, run: Run, step: Step) -> float:
    """Make the preview of a step, and return when the next is due."""
    began = time.perf_counter()
    preview = make_preview(step.image)
    with queue.changed:
        run.preview, run.version = preview, run.version + 1
    now = time.perf_counter()
    return now + max(_PREVIEW_PAUSE, _PREVIEW_SHARE * (now - began))


def _note(run: Run) -> None:
    """Write where a run stands; it is only shown, so a full disk does not end the run."""
    try:
        write_trail(run.folder, run.trail, run.preview)
    except ImpastoError as error:
        _LOG.warning("where a run stands could not be written: %s", error)


def _change(queue: Queue, run: Run, moment: _Moment) -> None:
    """Begin the leg with the new settings, and remove what the one before has left."""
    job, step = _made(moment)
    with queue.changed:
        asked = run.entry.order.settings
    before = job.entry.leg
    queue.update(run, leg=next_leg(run.folder, job, step, asked), tries=0)
    shutil.rmtree(checkpoint_folder(run.folder, before), ignore_errors=True)
    so_far(run.folder, before.number).unlink(missing_ok=True)


def _made(moment: _Moment) -> tuple[Job, Step]:
    if moment.job is None or moment.step is None:
        raise RunError("the run made no picture")
    return moment.job, moment.step


def _finish(
    queue: Queue, run: Run, moment: _Moment, keep: Callable[[Result], str], reason: Reason
) -> None:
    """Put what a run has made into the gallery."""
    job, step = _made(moment)
    moment.step = None  # if it cannot be kept now, trying it again would fail likewise
    picture = keep(result_of(job, step))
    queue.end(run, "stopped" if reason == "stop" else "done", picture)


def _fail(
    queue: Queue, run: Run, moment: _Moment, keep: Callable[[Result], str], error: Exception
) -> None:
    """Say why a run failed, and keep what it has made."""
    if not isinstance(error, ImpastoError):
        _LOG.error("a run failed", exc_info=error)
    run.ending, text, picture = False, explain(error), None
    job, step = moment.job, moment.step
    if isinstance(error, DivergedError) and error.step is not None:
        step = error.step
    if job is not None and step is not None and job.entry.leg.iteration + step.iteration > 0:
        try:
            picture = keep(result_of(job, step))
        except Exception as second:  # what went wrong first is told first
            text += f"; and the picture so far could not be kept: {explain(second)}"
    text = _COPY.sub("", text.replace(f"{run.folder}{os.sep}", ""))
    try:
        queue.update(run, state="failed", error=text, picture=picture, tries=0)
    except ImpastoError as second:
        _LOG.warning("that a run failed could not be written: %s", second)
    queue.forget_old(run.user)
