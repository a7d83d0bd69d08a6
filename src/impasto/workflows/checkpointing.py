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
from ..settings import Settings, as_recorded
from ..types import Snapshot, Step
from .run_folder import RUN, STATE, at_work, read_run, remove
from .run_record import check_inputs, restore_conditions

LONG = 120.0  # seconds from which on a run is worth checkpoints
_LEAST_PAUSE, _SHARE = 10.0, 20.0  # seconds between checkpoints; times what writing one took
_LOOK_AFTER = 20.0  # seconds of a run that tell how long it will be
_LEAST_LEFT = 0.1  # seconds of a budget


def wants_checkpoint(seconds: float | None) -> bool:
    """Tell whether a run is long enough to keep checkpoints of it.

    Args:
        seconds: How long it will take; None if that is not known.

    Example:
        >>> wants_checkpoint(30.0), wants_checkpoint(600.0), wants_checkpoint(None)
        (False, True, False)
    """
    return seconds is not None and seconds > LONG


def seen_to_be_long(stages: Sequence[Scale]) -> Callable[[Step], bool]:
    """Give a function that tells after a step whether the run is long, by how it has gone so far.

    Args:
        stages: The scales of the run; an evaluation takes about as long as one has pixels.
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
    """Pass steps on, and keep in a folder what the run needs to go on from the last of them.

    A checkpoint is written when whoever takes the steps is done with one: at the end of each
    scale, else not before ten seconds or twenty times what the last took to write have passed,
    and when anything ends the run. One that cannot be written costs a warning, not the run.
    Close the iterator (`contextlib.closing`) to have the last one written when a loop is left.

    Args:
        steps: From a `Stylizer`.
        folder: Of the run, held by `run_folder.at_work`.
        settings: `rounds`.
        spent: Seconds that the run took before it was resumed.
        begin: Whether to begin with checkpoints after a step, see `later`; asked until it says
            yes. None: at once.

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
    except DivergedError:  # going on would come to the same
        if writing:
            remove(folder)
        raise
    except BaseException:
        if writing and last is not None:
            write(last, True)
        elif writing and not (folder / STATE).exists():  # nothing is lost
            remove(folder)
        raise


def later(
    held: contextlib.ExitStack,
    folder: Path,
    describe: Callable[[], Mapping[str, Any]],
    wanted: Callable[[Step], bool],
) -> Callable[[Step], bool]:
    """Give a function for `checkpointed` that begins with checkpoints once they are wanted.

    Args:
        held: Will hold the folder.
        folder: Of the run; made when it is needed. If it cannot be, a warning says so, once.
        describe: Gives what `run_record.describe_run` says of the run.
        wanted: Whether to begin after a step.
    """
    possible = True

    def begin(step: Step) -> bool:
        nonlocal possible
        if not possible or not wanted(step):
            return False
        try:
            held.enter_context(at_work(folder, describe()))
        except ImpastoError as error:
            possible = False
            warnings.warn(f"the run goes on without checkpoints: {error}", stacklevel=2)
        return possible

    return begin


def kept(
    held: contextlib.ExitStack,
    steps: Iterator[Step],
    folder: Path,
    run: Mapping[str, Any],
    settings: Settings,
) -> Iterator[Step]:
    """Pass the steps of a new run on, with checkpoints of it in a folder from the first on.

    Args:
        held: Holds the folder, and writes the last checkpoint when it is closed.
        steps: From a `Stylizer`.
        folder: Made if it is missing.
        run: What it is, from `run_record.describe_run`.
        settings: All knobs.

    Raises:
        PictureError: The folder cannot be made or written.
        ModelError: There is an unfinished run in the folder.
    """
    if (folder / RUN).is_file():
        raise ModelError(
            f"{folder} holds a run that is not finished; go on with it (impasto.resume), or give "
            "another folder"
        )
    held.enter_context(at_work(folder, run))
    return held.enter_context(contextlib.closing(checkpointed(steps, folder, settings)))


def _writer(folder: Path, spent: float) -> Callable[[Step, bool], None]:
    """Give a function that writes a checkpoint if one is due, or in any case."""
    began, due, told = time.perf_counter(), -math.inf, False

    def write(step: Step, in_any_case: bool) -> None:
        nonlocal due, told
        before = time.perf_counter()
        if before < due and not in_any_case:
            return
        try:
            _write(folder, step, spent + before - began)
        except ImpastoError as error:
            if not told:
                warnings.warn(f"the run goes on, but a checkpoint failed: {error}", stacklevel=2)
            told = True
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
    """A run that can go on.

    Attributes:
        run: What it is, as `describe_run` gave it.
        settings: All knobs; of a budget what is left.
        snapshot: Where it stands; None if it ended before its first checkpoint.
        seconds: Time that it took.
    """

    run: Mapping[str, Any]
    settings: Settings
    snapshot: Snapshot | None
    seconds: float


def open_unfinished(folder: Path) -> Unfinished:
    """Read an unfinished run, and prepare this process to go on with it.

    Args:
        folder: From `run_folder.find_folder`, held by `run_folder.at_work`.

    Returns:
        The run. A warning says why its picture may differ from an uninterrupted run's.

    Raises:
        ModelError: The checkpoint is damaged.
        PictureError: An input is missing or has changed.
        WeightsError: Other weights are found than those it began with.
    """
    run = read_run(folder)
    begun = (folder / STATE).exists()
    try:
        settings = Settings(**as_recorded(run["settings"]))
        check_inputs(run, begun=begun)
        if not begun:
            return Unfinished(run, settings, None, 0.0)
        snapshot = read_snapshot(folder / STATE)
        about = snapshot.about
        restore_conditions(run, about.get("operators"))
        left, seconds = about["seconds_left"], float(about["seconds"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{folder / RUN} is damaged ({error!r}); start the run again with "
            "impasto stylize ... --force"
        ) from error
    if left is not None:
        settings = settings.changed(budget=max(left, _LEAST_LEFT))
        warnings.warn(
            f"the run has a budget of time, of which {left:.0f} s are left, so its picture may "
            "differ from that of an uninterrupted run",
            stacklevel=2,
        )
    return Unfinished(run, settings, snapshot, seconds)
