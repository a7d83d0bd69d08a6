"""Painting one leg of a run: begun or gone on with, ended, and followed by another."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...engines.iterative.state import picture_so_far
from ...errors import ModelError
from ...images.files import read_picture, write_image
from ...images.scales import Scale, plan, plan_from
from ...settings import Settings
from ...types import Picture, Step
from ...workflows.checkpointing import Unfinished, checkpointed, kept, open_unfinished
from ...workflows.result import Result
from ...workflows.run_folder import RUN, STATE, at_work, remove
from ...workflows.run_record import describe_run, name_inputs
from ...workflows.stylize import finish, make_stylizer
from .job_file import INPUTS, Entry, Leg, first_leg

_LEAST_LEFT = 0.1  # seconds of a budget
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Job:
    """A leg at work.

    Attributes:
        entry: The run.
        content: The photograph.
        styles: The paintings.
        settings: Of the leg; of a budget what is left.
        steps: What comes of it.
        stages: The plan.
        started: When the leg would have started had it not been interrupted, by
            `time.perf_counter`.
    """

    entry: Entry
    content: Picture
    styles: list[Picture]
    settings: Settings
    steps: Iterator[Step]
    stages: list[Scale]
    started: float


def checkpoint_folder(folder: Path, leg: Leg) -> Path:
    """Name the folder of the checkpoints of a leg.

    Example:
        >>> checkpoint_folder(Path("0a1b"), Leg(Settings(), Settings())).name
        'run-1'
    """
    return folder / f"run-{leg.number}"


def has_picture(folder: Path, entry: Entry) -> bool:
    """Tell whether a run has made anything that could be kept.

    Example:
        >>> has_picture(folder, entry)  # doctest: +SKIP
        True
    """
    return entry.leg.number > 1 or (checkpoint_folder(folder, entry.leg) / STATE).is_file()


def begin(
    held: contextlib.ExitStack, folder: Path, entry: Entry, max_pixels: int | None = None
) -> Job:
    """Begin the present leg of a run, or go on with it from its checkpoint.

    Args:
        held: Holds the leg's folder; when it is closed, the last checkpoint is written.
        folder: Of the run.
        entry: The run.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Returns:
        The leg, at work.

    Raises:
        ImpastoError: A picture, a setting or the weights cannot be used.

    Example:
        >>> with contextlib.ExitStack() as held:  # doctest: +SKIP
        ...     for step in begin(held, folder, entry).steps:
        ...         print(step.iteration)
    """
    asked = time.perf_counter()
    order, place = entry.order, checkpoint_folder(folder, entry.leg)
    content = read_picture(order.content, max_pixels=max_pixels)
    styles = [read_picture(style, max_pixels=max_pixels) for style in order.styles]
    unfinished = _go_on(held, place)
    if unfinished is not None:
        settings, spent = unfinished.settings, unfinished.seconds
        painted = make_stylizer(styles, settings, resume=unfinished.snapshot)(content)
        steps: Iterator[Step] = held.enter_context(
            contextlib.closing(checkpointed(painted, place, settings, spent=spent))
        )
    else:
        entry = replace(entry, leg=_renewed(folder, entry, content, styles, max_pixels))
        settings, spent = entry.leg.settings, 0.0
        run = describe_run(name_inputs(order.content, list(order.styles), None, None), settings)
        steps = kept(held, make_stylizer(styles, settings)(content), place, run, settings)
    stages = _stages(content, styles, settings)
    return Job(entry, content, styles, settings, steps, stages, asked - spent)


def _go_on(held: contextlib.ExitStack, place: Path) -> Unfinished | None:
    """Open what a leg has left, if it is of any use."""
    if not (place / RUN).is_file():
        return None
    if not (place / STATE).is_file():  # ended before there was anything to go on with
        remove(place)
        return None
    with contextlib.ExitStack() as opened:
        opened.enter_context(at_work(place))
        try:
            unfinished = open_unfinished(place)
        except ModelError as error:
            _LOG.warning("a run begins again, since it cannot be gone on with: %s", error)
        else:
            held.push(opened.pop_all())
            return unfinished
    remove(place)
    return None


def _stages(content: Picture, styles: list[Picture], settings: Settings) -> list[Scale]:
    largest = max((style.image.shape[:2] for style in styles), key=math.prod)
    return plan(content.image.shape[:2], largest, settings)


def result_of(job: Job, step: Step) -> Result:
    """Make the result of a run that ends with a step.

    Args:
        job: The leg at work.
        step: Its last step.

    Returns:
        The result; evaluations and seconds are those of all legs, the settings the last one's.

    Example:
        >>> result_of(job, step).image.shape  # doctest: +SKIP
        (64, 64, 3)
    """
    leg = job.entry.leg
    whole = dataclasses.replace(step, iteration=leg.iteration + step.iteration)
    seconds = leg.seconds + time.perf_counter() - job.started
    return finish(whole, job.content, job.styles, leg.settings, seconds=seconds)


def next_leg(folder: Path, job: Job, step: Step, asked: Settings) -> Leg:
    """Prepare the leg that goes on from the picture so far with other settings.

    It takes the scales of the new settings that are not smaller than the picture, with all their
    evaluations: settings that have changed need work to show.

    Args:
        folder: Of the run; the picture so far goes there.
        job: The leg that ends.
        step: Its last step.
        asked: The new settings.

    Returns:
        The next leg.

    Raises:
        PictureError: The picture cannot be written, or cannot have the new size.
        SettingsError: The settings contradict each other.

    Example:
        >>> next_leg(folder, job, step, asked).number  # doctest: +SKIP
        2
    """
    leg, number = job.entry.leg, job.entry.leg.number + 1
    picture = None if step.snapshot is None else picture_so_far(step.snapshot())
    path = so_far(folder, number)
    write_image(path, step.image if picture is None else picture, bits=16)
    seconds = leg.seconds + time.perf_counter() - job.started
    return Leg(
        asked=asked,
        settings=_going_on(job.content, job.styles, asked, path, max(step.size), seconds),
        number=number,
        scale=leg.scale + step.scale,
        iteration=leg.iteration + step.iteration,
        seconds=seconds,
    )


def _going_on(
    content: Picture,
    styles: list[Picture],
    asked: Settings,
    start: Path,
    side: int,
    seconds: float,
) -> Settings:
    """Return the settings of a leg that starts from a picture of this long side."""
    stages = _stages(content, styles, asked)
    fitting = [i for i, stage in enumerate(stages) if max(stage.size) >= side]
    scales, iterations = plan_from(stages, min(fitting, default=len(stages) - 1))
    changed = {
        "init": str(start),
        "scales": scales,
        "iterations": iterations,
        "rounds": max(1, min(asked.rounds, iterations)),
    }
    if asked.seconds is not None:
        changed["budget"] = max(asked.seconds - seconds, _LEAST_LEFT)
    return Settings(**{**asked.model_dump(), **changed})


def _renewed(
    folder: Path, entry: Entry, content: Picture, styles: list[Picture], max_pixels: int | None
) -> Leg:
    """Return the leg to begin, with the settings by now if they were changed before it began."""
    leg, asked = entry.leg, entry.order.settings
    if leg.asked == asked:
        return leg
    if leg.number == 1:
        return first_leg(entry.order)
    path = so_far(folder, leg.number)
    side = max(read_picture(path, max_pixels=max_pixels).image.shape[:2])
    settings = _going_on(content, styles, asked, path, side, leg.seconds)
    return replace(leg, asked=asked, settings=settings)


def so_far(folder: Path, number: int) -> Path:
    """Name the file of the picture with which a leg starts.

    Example:
        >>> so_far(Path("0a1b"), 2).name
        'so-far-2.tif'
    """
    return folder / INPUTS / f"so-far-{number}.tif"
