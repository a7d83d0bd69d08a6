"""Checkpoints: write them during a run, and resume a run from the last one."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..engines.iterative.checkpoint import read_snapshot, write_snapshot
from ..errors import DivergedError, ImpastoError, ModelError
from ..images.scales import Scale
from ..settings import Settings, complete_recorded
from ..types import Snapshot, Step
from .run_folder import RUN, STATE, lock_folder, read_run, remove
from .run_record import check_inputs, restore_environment

LONG = 120.0  # seconds; longer runs get checkpoints by default
_LEAST_PAUSE, _SHARE = 10.0, 20.0  # seconds between checkpoints, or this many times the write time
_LOOK_AFTER = 20.0  # seconds of a run before its duration is estimated
_LEAST_LEFT = 0.1  # seconds of a budget


def wants_checkpoint(seconds: float | None) -> bool:
    """Return whether a run is long enough for checkpoints.

    Args:
        seconds: Expected duration; None if unknown.

    Example:
        >>> wants_checkpoint(30.0), wants_checkpoint(600.0), wants_checkpoint(None)
        (False, True, False)
    """
    return seconds is not None and seconds > LONG


def long_run_detector(stages: Sequence[Scale]) -> Callable[[Step], bool]:
    """Return a function that estimates from a run's speed, after a step, whether it is long.

    Args:
        stages: The scales of the run; the time of an evaluation is about proportional to pixels.
    """
    began = time.perf_counter()
    work = [scale.iterations * math.prod(scale.size) for scale in stages]
    before = list(itertools.accumulate((scale.iterations for scale in stages), initial=0))

    def look(step: Step) -> bool:
        spent = time.perf_counter() - began
        here = (step.iteration - before[step.scale]) * math.prod(step.size)
        done = sum(work[: step.scale]) + here
        return spent >= _LOOK_AFTER and wants_checkpoint(spent * sum(work) / max(done, 1))

    return look


def checkpointed(
    steps: Iterator[Step],
    folder: Path,
    settings: Settings,
    *,
    spent: float = 0.0,
    begin: Callable[[Step], bool] | None = None,
) -> Generator[Step]:
    """Yield steps, and write checkpoints from which the run can be resumed.

    A checkpoint is written after a step was consumed: at the end of each scale, else at most every
    ten seconds or twenty times the last write time, and when the run ends early. If it cannot be
    written, a warning says so and the run continues. Close the iterator (`contextlib.closing`) to
    write the last one when leaving a loop early.

    Args:
        steps: From a `Stylizer`.
        folder: Folder of the run, locked by `run_folder.lock_folder`.
        settings: `rounds`.
        spent: Seconds that the run took before it was resumed.
        begin: Whether to start checkpoints after a step, see `deferred_start`; called until it
            returns True. None starts at once.

    Yields:
        The same steps.
    """
    write = _writer(folder, spent)
    last, writing = None, begin is None
    try:
        for step in steps:
            yield step
            last = step
            writing = writing or (begin is not None and begin(step))
            if writing:
                write(step, step.end_of_round and step.round % settings.rounds == 0)
    except DivergedError:  # a resumed run would diverge, too
        if writing:
            remove(folder)
        raise
    except BaseException:
        if writing and last is not None:
            write(last, True)
        elif writing and not (folder / STATE).exists():
            remove(folder)
        raise


def deferred_start(
    stack: contextlib.ExitStack,
    folder: Path,
    describe: Callable[[], Mapping[str, Any]],
    wanted: Callable[[Step], bool],
) -> Callable[[Step], bool]:
    """Return a function for `checkpointed` that starts checkpoints once they are wanted.

    Args:
        stack: Holds the lock of the folder.
        folder: Folder of the run, created when needed. If that fails, a warning says so, once.
        describe: Returns the description of the run, from `run_record.describe_run`.
        wanted: Whether to start after a step.
    """
    possible = True

    def begin(step: Step) -> bool:
        nonlocal possible
        if not possible or not wanted(step):
            return False
        try:
            stack.enter_context(lock_folder(folder, describe()))
        except ImpastoError as error:
            possible = False
            warnings.warn(f"the run continues without checkpoints: {error}", stacklevel=2)
        return possible

    return begin


def start_checkpointed(
    stack: contextlib.ExitStack,
    steps: Iterator[Step],
    folder: Path,
    run: Mapping[str, Any],
    settings: Settings,
) -> Iterator[Step]:
    """Yield the steps of a new run, and write checkpoints to a folder from the first step.

    Args:
        stack: Holds the lock of the folder; closing it writes the last checkpoint.
        steps: From a `Stylizer`.
        folder: Folder of the run, created if missing.
        run: Description of the run, from `run_record.describe_run`.
        settings: Settings.

    Raises:
        PictureError: The folder cannot be created or written.
        ModelError: There is an unfinished run in the folder.
    """
    if (folder / RUN).is_file():
        raise ModelError(
            f"{folder} holds an unfinished run; resume it with impasto.resume, or choose another "
            "folder"
        )
    stack.enter_context(lock_folder(folder, run))
    return stack.enter_context(contextlib.closing(checkpointed(steps, folder, settings)))


def _writer(folder: Path, spent: float) -> Callable[[Step, bool], None]:
    """Return a function that writes a checkpoint if one is due, or if forced."""
    began, due, warned = time.perf_counter(), -math.inf, False

    def write(step: Step, force: bool) -> None:
        nonlocal due, warned
        before = time.perf_counter()
        if before < due and not force:
            return
        try:
            _write(folder, step, spent + before - began)
        except ImpastoError as error:
            if not warned:
                warnings.warn(f"the run continues, but a checkpoint failed: {error}", stacklevel=2)
            warned = True
        now = time.perf_counter()
        due = now + max(_LEAST_PAUSE, _SHARE * (now - before))

    return write


def _write(folder: Path, step: Step, seconds: float) -> None:
    from ..backend import operators

    if step.snapshot is None:
        return
    snapshot = step.snapshot()
    about = {**snapshot.about, "seconds": seconds, "operators": operators()}
    write_snapshot(folder / STATE, snapshot._replace(about=about))


class Unfinished(NamedTuple):
    """A run that can be resumed.

    Attributes:
        run: Its description, from `describe_run`.
        settings: Settings; a budget is reduced to the time left.
        snapshot: Its state; None if it ended before its first checkpoint.
        seconds: Time it took so far.
    """

    run: Mapping[str, Any]
    settings: Settings
    snapshot: Snapshot | None
    seconds: float


def open_unfinished(folder: Path) -> Unfinished:
    """Read an unfinished run, and prepare this process to resume it.

    Args:
        folder: From `run_folder.find_folder`, locked by `run_folder.lock_folder`.

    Returns:
        The run. A warning says why its picture may differ from an uninterrupted run's.

    Raises:
        ModelError: The checkpoint is damaged.
        PictureError: An input is missing or has changed.
        WeightsError: VGG19's weights are not those of the run.
    """
    run = read_run(folder)
    has_checkpoint = (folder / STATE).exists()
    try:
        settings = Settings(**complete_recorded(run["settings"]))
        check_inputs(run, has_checkpoint=has_checkpoint)
        if not has_checkpoint:
            return Unfinished(run, settings, None, 0.0)
        snapshot = read_snapshot(folder / STATE)
        about = snapshot.about
        restore_environment(run, about.get("operators"))
        left, seconds = about["seconds_left"], float(about["seconds"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{folder / RUN} is damaged ({error!r}); restart the run with "
            "impasto stylize ... --force"
        ) from error
    if left is not None:
        settings = settings.changed(budget=max(left, _LEAST_LEFT))
        warnings.warn(
            f"the run has a time budget with {left:.0f} s left, so its picture may differ from "
            "that of an uninterrupted run",
            stacklevel=2,
        )
    return Unfinished(run, settings, snapshot, seconds)
