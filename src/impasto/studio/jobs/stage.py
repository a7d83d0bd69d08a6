"""Run one stage of a job: start or resume it, finish it, start the next."""

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
from ...workflows.checkpointing import Unfinished, checkpointed, open_unfinished, start_checkpointed
from ...workflows.result import Result
from ...workflows.run_folder import RUN, STATE, lock_folder, remove
from ...workflows.run_record import describe_run, name_inputs
from ...workflows.stylize import finish, make_stylizer
from .job_file import INPUTS, JobEntry, Stage, first_stage

_LEAST_LEFT = 0.1  # seconds left of a budget, at least
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class RunningStage:
    """A running stage.

    Attributes:
        entry: The job.
        content: The photograph.
        styles: The paintings.
        settings: Settings of the stage, with the remaining budget.
        steps: Steps of the optimisation.
        scales: Planned scales.
        started: Start by `time.perf_counter`, as if the stage had run without interruption.
    """

    entry: JobEntry
    content: Picture
    styles: list[Picture]
    settings: Settings
    steps: Iterator[Step]
    scales: list[Scale]
    started: float


def checkpoint_folder(folder: Path, stage: Stage) -> Path:
    """Return the checkpoint folder of a stage.

    Example:
        >>> checkpoint_folder(Path("0a1b"), Stage(Settings(), Settings())).name
        'run-1'
    """
    return folder / f"run-{stage.number}"


def has_picture(folder: Path, entry: JobEntry) -> bool:
    """Return whether a job has a picture to keep.

    Example:
        >>> has_picture(folder, entry)  # doctest: +SKIP
        True
    """
    return entry.stage.number > 1 or (checkpoint_folder(folder, entry.stage) / STATE).is_file()


def start_stage(
    held: contextlib.ExitStack, folder: Path, entry: JobEntry, max_pixels: int | None = None
) -> RunningStage:
    """Start the current stage of a job, or resume it from its checkpoint.

    Args:
        held: Locks the stage's folder; the last checkpoint is written when it closes.
        folder: Folder of the job.
        entry: The job.
        max_pixels: Largest picture that is read; Pillow's limit if None.

    Returns:
        The running stage.

    Raises:
        ImpastoError: A picture, a setting or the weights cannot be used.

    Example:
        >>> with contextlib.ExitStack() as held:  # doctest: +SKIP
        ...     for step in start_stage(held, folder, entry).steps:
        ...         print(step.iteration)
    """
    asked = time.perf_counter()
    spec, place = entry.spec, checkpoint_folder(folder, entry.stage)
    content = read_picture(spec.content, max_pixels=max_pixels)
    styles = [read_picture(style, max_pixels=max_pixels) for style in spec.styles]
    unfinished = _open_checkpoint(held, place)
    if unfinished is not None:
        settings, spent = unfinished.settings, unfinished.seconds
        painted = make_stylizer(styles, settings, resume=unfinished.snapshot)(content)
        steps: Iterator[Step] = held.enter_context(
            contextlib.closing(checkpointed(painted, place, settings, spent=spent))
        )
    else:
        entry = replace(entry, stage=_current_stage(folder, entry, content, styles, max_pixels))
        settings, spent = entry.stage.settings, 0.0
        record = describe_run(name_inputs(spec.content, list(spec.styles), None, None), settings)
        steps = start_checkpointed(
            held, make_stylizer(styles, settings)(content), place, record, settings
        )
    scales = _scales(content, styles, settings)
    return RunningStage(entry, content, styles, settings, steps, scales, asked - spent)


def _open_checkpoint(held: contextlib.ExitStack, place: Path) -> Unfinished | None:
    """Open the checkpoint of a stage, if it is usable."""
    if not (place / RUN).is_file():
        return None
    if not (place / STATE).is_file():  # ended before the first checkpoint
        remove(place)
        return None
    with contextlib.ExitStack() as opened:
        opened.enter_context(lock_folder(place))
        try:
            unfinished = open_unfinished(place)
        except ModelError as error:
            _LOG.warning("a job restarts, since its checkpoint is unusable: %s", error)
        else:
            held.push(opened.pop_all())
            return unfinished
    remove(place)
    return None


def _scales(content: Picture, styles: list[Picture], settings: Settings) -> list[Scale]:
    largest = max((style.image.shape[:2] for style in styles), key=math.prod)
    return plan(content.image.shape[:2], largest, settings)


def result_of(running: RunningStage, step: Step) -> Result:
    """Return the result of a job that ends with a step.

    Args:
        running: The running stage.
        step: Its last step.

    Returns:
        The result; evaluations and seconds are totals, settings are those of the last stage.

    Example:
        >>> result_of(running, step).image.shape  # doctest: +SKIP
        (64, 64, 3)
    """
    stage = running.entry.stage
    whole = dataclasses.replace(step, iteration=stage.iteration + step.iteration)
    seconds = stage.seconds + time.perf_counter() - running.started
    return finish(whole, running.content, running.styles, stage.settings, seconds=seconds)


def next_stage(folder: Path, running: RunningStage, step: Step, asked: Settings) -> Stage:
    """Prepare the next stage, which continues from the current picture with new settings.

    It runs the scales of the new settings that are not smaller than the picture, with all their
    evaluations, so that the change has an effect.

    Args:
        folder: Folder of the job; the current picture is written there.
        running: The stage that ends.
        step: Its last step.
        asked: The new settings.

    Returns:
        The next stage.

    Raises:
        PictureError: The picture cannot be written, or cannot have the new size.
        SettingsError: The settings contradict each other.

    Example:
        >>> next_stage(folder, running, step, asked).number  # doctest: +SKIP
        2
    """
    stage, number = running.entry.stage, running.entry.stage.number + 1
    picture = None if step.snapshot is None else picture_so_far(step.snapshot())
    path = start_picture(folder, number)
    write_image(path, step.image if picture is None else picture, bits=16)
    seconds = stage.seconds + time.perf_counter() - running.started
    return Stage(
        asked=asked,
        settings=_settings_from(
            running.content, running.styles, asked, path, max(step.size), seconds
        ),
        number=number,
        scale=stage.scale + step.scale,
        iteration=stage.iteration + step.iteration,
        seconds=seconds,
    )


def _settings_from(
    content: Picture,
    styles: list[Picture],
    asked: Settings,
    start: Path,
    side: int,
    seconds: float,
) -> Settings:
    """Return the settings of a stage that starts from a picture of this long side."""
    scales = _scales(content, styles, asked)
    fitting = [i for i, scale in enumerate(scales) if max(scale.size) >= side]
    count, iterations = plan_from(scales, min(fitting, default=len(scales) - 1))
    changed = {
        "init": str(start),
        "scales": count,
        "iterations": iterations,
        "rounds": max(1, min(asked.rounds, iterations)),
    }
    if asked.seconds is not None:
        changed["budget"] = max(asked.seconds - seconds, _LEAST_LEFT)
    return Settings(**{**asked.model_dump(), **changed})


def _current_stage(
    folder: Path, entry: JobEntry, content: Picture, styles: list[Picture], max_pixels: int | None
) -> Stage:
    """Return the stage to start, with the latest settings if they changed before it started."""
    stage, asked = entry.stage, entry.spec.settings
    if stage.asked == asked:
        return stage
    if stage.number == 1:
        return first_stage(entry.spec)
    path = start_picture(folder, stage.number)
    side = max(read_picture(path, max_pixels=max_pixels).image.shape[:2])
    settings = _settings_from(content, styles, asked, path, side, stage.seconds)
    return replace(stage, asked=asked, settings=settings)


def start_picture(folder: Path, number: int) -> Path:
    """Return the file of the picture from which a stage starts.

    Example:
        >>> start_picture(Path("0a1b"), 2).name
        'so-far-2.tif'
    """
    return folder / INPUTS / f"so-far-{number}.tif"
