"""`impasto stylize`."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..engines.strength import as_planned
from ..errors import DivergedError, PictureError, SettingsError
from ..images.files import read_picture
from ..images.listing import is_folder_or_list
from ..images.memory import GIGABYTE, fit_scales
from ..images.scales import Scale, plan
from ..presets import WITHOUT_BLEND
from ..prints import describe_print
from ..settings import Settings
from ..types import Size, Step
from ..workflows.expectations import describe_inputs
from ..workflows.interrupts import hold_interrupts
from ..workflows.output_names import check_saved, claim, save_new
from ..workflows.run_folder import check_unfinished, folder_of, remove
from ..workflows.style_paintings import style_file
from ..workflows.stylize import finish, make_stylizer
from ..workflows.texture import as_texture
from ..workflows.time_left import roughly
from . import STARTED
from .batch import stylize_several
from .checkpointing import resume_hint, with_checkpoints
from .checks import check_options, check_outputs
from .intermediate import early_paths, early_saver
from .job import Job
from .progress import progress
from .warn import print_warnings, unused_quality

if TYPE_CHECKING:
    from .commands import Stylize

_SECONDS_TO_START = 0.05  # of the interpreter, before it imports this package
_SECONDS_TO_SAVE, _LEAST_SECONDS = 0.3, 0.1
# Runs this short finish before the tolerance stops them.
_TOLERANCE_UNUSED_UP_TO = WITHOUT_BLEND["good"]["iterations"]


def stylize(command: Stylize) -> Path:
    """Stylize one picture, show progress, and write it; or several, see `batch.stylize_several`.

    If the run ends early (Ctrl-C, a non-finite loss, out of memory), the picture so far is written
    to the path of the result.

    Returns:
        The path of the result, or the folder of several.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says where the picture so far is.
    """
    check_options(command)
    if is_folder_or_list(command.content):
        return stylize_several(command)
    if command.cluster is not None:
        raise SettingsError("--cluster is for several photographs; leave it out for one")
    wanted = command.output or default_output(command)
    with claim(wanted, own=command.output is None, force=command.force) as output:
        return run_job(prepare(command, output))


def run_job(job: Job) -> Path:
    """Run a prepared job, from the start or from its checkpoint; see `stylize`."""
    command, resumed = job.command, job.unfinished
    scales = plan_of(job)
    expected = _print_plan(job, scales)
    settings = resumed.settings if resumed else _with_time_left(command.settings)
    save_early = early_saver(job, _save)
    started = time.perf_counter() - (resumed.seconds if resumed else 0.0)
    stylizer = make_stylizer(
        list(job.styles), settings, resume=resumed.snapshot if resumed else None
    )
    step: Step | None = None
    try:
        with (
            progress(job.console, scales, settings.seconds, quiet=command.quiet) as show,
            with_checkpoints(job, stylizer(job.content), scales, expected) as steps,
        ):
            for step in steps:
                show(step)
                save_early(step)
    except KeyboardInterrupt:
        raise _interrupted(job, step) from None
    except Exception as error:  # save the picture so far
        latest = (error.step if isinstance(error, DivergedError) else None) or step
        if latest is not None:
            error.add_note(f"the picture so far is in {_save(job, latest, job.output)}")
        if (hint := resume_hint(job.folder, job.output)) is not None:
            error.add_note(hint)
        raise
    if step is None:
        raise PictureError("the run produced no picture")
    with hold_interrupts(drop=True):
        saved = _save(job, step, job.output, time.perf_counter() - started)
        remove(job.folder)
    check_saved(saved, job.output, own=job.command.output is None)
    sys.stdout.write(f"{saved}\n")
    return saved


def sizes_of(job: Job) -> tuple[Size, Size]:
    """Return height and width of the photograph and of the largest painting."""
    sizes = [style.image.shape[:2] for style in job.styles]
    return job.content.image.shape[:2], max(sizes, key=math.prod)


def plan_of(job: Job) -> list[Scale]:
    """Return the scales of a job.

    Raises:
        PictureError: A picture is too small or too thin.
    """
    return plan(*sizes_of(job), as_planned(job.command.settings))


def _print_plan(job: Job, scales: list[Scale]) -> float | None:
    """Print the size of the result and the memory and time that the run takes.

    Returns:
        Expected seconds; None with `--quiet`, since the forecast takes a second, and for a resumed
        run.

    Raises:
        PictureError: It does not fit into memory.
    """
    from ..engines.iterative.state import resolve_settings

    settings = resolve_settings(as_planned(job.command.settings))
    fits = fit_scales(*sizes_of(job), settings)
    height, width = scales[-1].size
    text = f"{width}x{height} in {len(scales)} scale(s), computed in {settings.precision}, "
    if settings.print_mm is not None:
        text = f"{describe_print(scales[-1].size, settings.dpi)}, {text}"
    text += f"memory about {max(fit.bytes for fit in fits) / GIGABYTE:.1f} GB"
    if fits[-1].tile is not None:
        text += f", in tiles of {fits[-1].tile} pixels"
    wanted = not job.command.quiet and job.unfinished is None
    seconds = _expected_seconds(job, settings) if wanted else None
    if seconds is not None:
        text += f", {_about(seconds, settings)}"
    job.console.print(text, soft_wrap=True, highlight=False)
    return seconds


def _expected_seconds(job: Job, settings: Settings) -> float:
    """Return the expected duration, seconds: the budget, else a forecast, which takes a second."""
    from ..engines.iterative.forecast import forecast_seconds

    if settings.seconds is not None:
        return settings.seconds
    return forecast_seconds(*sizes_of(job), settings, styles=len(job.styles))


def _about(seconds: float, settings: Settings) -> str:
    if settings.seconds is not None:
        return f"at most {roughly(seconds)}"
    ends_early = settings.tolerance and settings.iterations > _TOLERANCE_UNUSED_UP_TO
    return f"at most about {roughly(seconds)}" if ends_early else f"about {roughly(seconds)}"


def _with_time_left(settings: Settings) -> Settings:
    """Subtract the program's start-up time and the time for saving from the budget."""
    if settings.seconds is None:
        return settings
    spent = _SECONDS_TO_START + time.perf_counter() - STARTED + _SECONDS_TO_SAVE
    return settings.changed(budget=max(settings.seconds - spent, _LEAST_SECONDS))


def default_output(command: Stylize) -> Path:
    """Return the name of the result where none is given: that of the photograph and the styles."""
    names = "_".join([command.content.stem, *(style.stem for style in command.styles)])
    return command.content.with_name(f"{names}.{command.format or 'png'}")


def prepare(command: Stylize, output: Path, *, resumed: bool = False) -> Job:
    """Read the pictures and check, before any work, that the results can be written.

    Args:
        command: The command.
        output: Path of the result.
        resumed: Whether it resumes a run, and so allows an unfinished one.

    Raises:
        SettingsError: An option is out of range or contradicts another.
        PictureError: A picture cannot be read, or a result cannot be written.
    """
    content = read_picture(command.content, max_pixels=command.max_pixels)
    paintings = [style_file(style) for style in command.styles]
    styles = [read_picture(painting, max_pixels=command.max_pixels) for painting in paintings]
    if not resumed:
        check_unfinished(output, command.force)
    console = Console(stderr=True, quiet=command.quiet)
    job = Job(command, content, styles, output, console, folder_of(output))
    check_outputs([output, *early_paths(job, plan_of(job))], command.force)
    if not resumed:
        advice = describe_inputs(content, styles, command.settings)
        advice += unused_quality(command.jpeg_quality, output.suffix)
        print_warnings(advice, quiet=command.quiet)
    return job


def _interrupted(job: Job, step: Step | None) -> KeyboardInterrupt:
    """Save the picture so far and return the exception to raise."""
    if step is None:
        return KeyboardInterrupt("interrupted before the first picture")
    with hold_interrupts(drop=True):
        saved = _save(job, step, job.output)
    height, width = step.size
    hint = resume_hint(job.folder, job.output)
    return KeyboardInterrupt(
        f"interrupted at evaluation {step.iteration} of {step.iterations}; "
        f"the picture so far, {width}x{height}, is in {saved}{f'; {hint}' if hint else ''}"
    )


def _save(job: Job, step: Step, path: Path, seconds: float = 0.0) -> Path:
    """Save the picture of a step; return where, see `save_new`."""
    result = finish(step, job.content, job.styles, job.command.settings, seconds=seconds)
    if job.aspect is not None:
        result = as_texture(result, job.aspect)
    quality = job.command.jpeg_quality
    if path != job.output:  # an intermediate picture
        return result.save(path, quality=quality, metadata=job.command.metadata)
    return save_new(
        result,
        path,
        force=job.command.force,
        quality=quality,
        bits=job.command.bits,
        metadata=job.command.metadata,
    )
