"""Several pictures by one command: output paths, progress, and a summary."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import PictureError, SettingsError, printable
from ..images.exif_filter import MetadataRule
from ..images.files import OUTPUT_FORMATS, read_picture
from ..images.listing import count_left_out, describe_counts
from ..images.opening import locate
from ..images.scales import plan
from ..types import Picture, Step
from ..workflows.attempt import Form, Outcome
from ..workflows.batch import OnStep, stylize_all
from ..workflows.expectations import describe_inputs
from ..workflows.output_paths import Task
from ..workflows.style_paintings import style_file
from ..workflows.time_left import Clock, minutes
from .progress import progress
from .warn import print_warnings, unused_quality

if TYPE_CHECKING:
    from .commands import Stylize

_UNFIT = re.compile(r'[*?<>:"|]')  # characters of patterns, which names cannot have everywhere


def stylize_several(command: Stylize) -> Path:
    """Stylize the photographs of a folder or a list, and report each outcome.

    Returns:
        The folder of the results.

    Raises:
        ImpastoError: The command failed, or some pictures did.
        KeyboardInterrupt: Interrupted; the message says how many are painted.
    """
    if command.save_every:
        raise SettingsError("--save-every is for one photograph; leave it out for several")
    check_several(command.metadata)
    folder = command.output or folder_beside(
        command.content, [style.stem for style in command.styles]
    )
    check_folder(folder)
    console = Console(stderr=True, quiet=command.quiet)
    paintings = [style_file(style) for style in command.styles]
    styles = [read_picture(painting, max_pixels=command.max_pixels) for painting in paintings]
    form = Form(
        f".{command.format or 'png'}",
        command.jpeg_quality,
        command.bits,
        command.force,
        command.metadata,
    )
    advice = describe_inputs(None, styles, command.settings)
    advice += unused_quality(command.jpeg_quality, form.suffix)
    print_warnings(advice, quiet=command.quiet)
    bars, spent = ExitStack(), list[float]()
    outcomes = stylize_all(
        command.content,
        styles,
        folder,
        command.settings,
        form=form,
        max_pixels=command.max_pixels,
        on_step=_progress_callback(command, styles, console, bars, spent),
        cluster=command.cluster,
    )
    report_outcomes(
        _close_bars(outcomes, bars, spent),
        console,
        count_left_out([command.content], without=folder),
        debug=command.common.debug,
    )
    return folder


def check_several(metadata: MetadataRule) -> None:
    """Refuse results without records, since finished ones would not be recognised.

    Raises:
        SettingsError: The rule for metadata is `none`.
    """
    if metadata == "none":
        raise SettingsError(
            "--metadata none leaves out the records by which finished pictures are skipped; give "
            "one photograph, or --metadata no-place"
        )


def check_folder(place: Path) -> None:
    """Refuse a picture's file name where a folder is needed.

    Raises:
        SettingsError: The path names a picture.
    """
    if place.suffix.lower() in OUTPUT_FORMATS and not place.is_dir():
        raise SettingsError(f"several results need a folder after -o, got {place}")


def folder_beside(photographs: Path, styles: Sequence[str]) -> Path:
    """Return the default folder of the results, beside the photographs.

    Args:
        photographs: A folder, a list or a pattern.
        styles: What names each style.
    """
    photographs = locate(photographs)
    if photographs.name in ("", ".."):
        photographs = photographs.resolve()
    name = photographs.name if photographs.is_dir() else photographs.stem
    name = _UNFIT.sub("", name) or "pictures"  # of a pattern
    return photographs.with_name("_".join([name, *styles]))


def _progress_callback(
    command: Stylize,
    styles: Sequence[Picture],
    console: Console,
    bars: ExitStack,
    spent: list[float],
) -> OnStep:
    """Return a callback that shows the progress of each step.

    Args:
        command: The command.
        styles: The paintings.
        console: Standard error.
        bars: Holds the bar of the current picture.
        spent: Seconds taken by each picture painted so far, to estimate the time left for all.
    """
    largest = max((style.image.shape[:2] for style in styles), key=math.prod)
    present = 0
    show: Callable[[Step], None] | None = None

    def heading(task: Task, clock: Clock) -> str:
        text = f"picture {task.number} of {task.count}"
        if spent and clock.seconds_left is not None:
            left = clock.seconds_left + sum(spent) / len(spent) * (task.count - task.number)
            text += f", {minutes(left)} left for all"
        return f"{text}, {task.photograph.name}"

    def on_step(task: Task, photograph: Picture, step: Step) -> None:
        nonlocal present, show
        if show is None or task.number != present:
            present, settings = task.number, command.settings
            scales = plan(photograph.image.shape[:2], largest, settings)
            title = partial(heading, task)
            bar = progress(console, scales, settings.seconds, quiet=command.quiet, heading=title)
            show = bars.enter_context(bar)
        show(step)

    return on_step


def _close_bars(
    outcomes: Generator[Outcome], bars: ExitStack, spent: list[float]
) -> Generator[Outcome]:
    """Yield the outcomes; close the bar of each and collect the seconds it took."""
    try:
        for outcome in outcomes:
            bars.close()
            if outcome.status == "done":
                spent.append(outcome.seconds)
            yield outcome
    finally:
        bars.close()


def report_outcomes(
    outcomes: Generator[Outcome],
    console: Console,
    left_out: Counter[str],
    *,
    debug: bool = False,
) -> None:
    """Report each outcome as it arrives, then a summary.

    Paths of results go to standard output, one per line, everything else to standard error.

    Args:
        outcomes: From a batch.
        console: Standard error.
        left_out: Number of files of each type that are not painted.
        debug: Show the tracebacks of failures.

    Raises:
        ImpastoError: Some pictures could not be painted.
        KeyboardInterrupt: Interrupted; the message says how many are painted.
    """
    seen: list[Outcome] = []
    try:
        with closing(outcomes):
            for outcome in outcomes:
                seen.append(outcome)
                _report(outcome, console, debug)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"interrupted; {_painted(seen)}; repeat the command to continue with the rest"
        ) from stop
    finally:
        _summarize(seen, console, left_out)
    failed = sum(outcome.status == "failed" for outcome in seen)
    if failed:
        count, text = seen[-1].count, ""
        if len(seen) < count:
            text = f"; {count - len(seen)} were not tried because the disk is full"
        raise PictureError(f"{failed} of {count} pictures could not be painted{text}")


def _painted(seen: list[Outcome]) -> str:
    if not seen:
        return "none is painted yet"
    return f"{sum(each.status != 'failed' for each in seen)} of {seen[-1].count} are painted"


def _report(outcome: Outcome, console: Console, debug: bool) -> None:
    if outcome.status == "failed":
        if debug:
            sys.stderr.write(outcome.details)
        named = str(outcome.photograph) in outcome.reason
        whose = "" if named else f"{outcome.photograph}: "
        sys.stderr.write(f"impasto: {printable(whose + outcome.reason)}\n")
        return
    how = f"in {outcome.seconds:.1f} s" if outcome.status == "done" else "skipped"
    place = f"{outcome.number}/{outcome.count} {outcome.photograph.name} {how}"
    console.print(place, soft_wrap=True, highlight=False, markup=False)
    sys.stdout.write(f"{outcome.result}\n")
    sys.stdout.flush()


def _summarize(seen: list[Outcome], console: Console, left_out: Counter[str]) -> None:
    """Print a table of all pictures, the totals, and what was left out."""
    if not seen:
        return
    table = Table("picture", "result", "seconds", box=None)
    table.columns[2].justify = "right"
    for each in seen:
        said = f"failed: {each.reason}" if each.status == "failed" else str(each.result)
        seconds = "skipped" if each.status == "skipped" else f"{each.seconds:.1f}"
        table.add_row(Text(str(each.photograph)), Text(said), seconds)
    console.print(table)
    totals = Counter(each.status for each in seen)
    text = ", ".join(f"{totals[status]} {status}" for status in ("done", "skipped", "failed"))
    left = seen[-1].count - len(seen)
    text = f"{text}, {left} not tried" if left else text
    if left_out:
        text += f"; not used: {describe_counts(left_out)}"
    console.print(text, soft_wrap=True, highlight=False)
