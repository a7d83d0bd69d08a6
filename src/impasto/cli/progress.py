"""Show progress: a bar on a terminal, lines elsewhere, nothing with `--quiet`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..images.scales import Scale
from ..types import Step
from ..workflows.time_left import Clock, minutes

_SECONDS_BETWEEN_LINES = 10
BAR_WIDTH = 12


def describe(step: Step, clock: Clock) -> tuple[str, str]:
    """Format a run's progress, at most 65 characters, and its losses."""
    height, width = step.size
    losses = step.losses
    place = (
        f"scale {step.scale + 1}/{step.scales} {width}x{height}  "
        f"evaluation {step.iteration}/{step.iterations}"
    )
    if clock.seconds_each is not None and clock.seconds_left is not None:
        place += f"  {clock.seconds_each:.2f} s each, {minutes(clock.seconds_left)} left"
    return place, (
        f"loss {losses['total']:.4g} "
        f"(content {losses['content']:.3g}, style {losses['style']:.3g}, tv {losses['tv']:.3g})"
    )


@contextmanager
def progress(
    console: Console,
    plan: Sequence[Scale],
    budget: float | None = None,
    *,
    quiet: bool,
    heading: Callable[[Clock], str] | None = None,
) -> Iterator[Callable[[Step], None]]:
    """Show the progress of a run.

    Args:
        console: Console to print to (standard error, which keeps standard output clean).
        plan: The scales of the run.
        budget: Time limit, seconds.
        quiet: Show nothing.
        heading: For one run of several: returns a line to show above; the bar disappears at the
            end.

    Yields:
        A callback that takes each step.
    """
    clock = Clock(plan, budget)
    if quiet:
        yield lambda step: None
    elif console.is_terminal:
        columns = BarColumn(bar_width=BAR_WIDTH), TextColumn("{task.description}", markup=False)
        with Progress(*columns, console=console, transient=heading is not None) as bar:
            task = bar.add_task("starting", total=max(1, sum(s.iterations for s in plan)))

            def show(step: Step) -> None:
                clock.tick(step)
                lines = [heading(clock)] if heading else []
                lines += describe(step, clock)  # both fit a terminal of 80 columns
                bar.update(task, completed=step.iteration, description="\n".join(lines))

            yield show
    else:
        yield _line_printer(console, clock, heading)


def paced_printer(console: Console) -> Callable[..., None]:
    """Return `(text, at_once=False)`, which prints a line at once or at most every ten seconds."""
    last = -math.inf

    def say(text: str, *, at_once: bool = False) -> None:
        nonlocal last
        now = time.perf_counter()
        if at_once or now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            console.print(text, soft_wrap=True, highlight=False, markup=False)

    return say


def _line_printer(
    console: Console, clock: Clock, heading: Callable[[Clock], str] | None
) -> Callable[[Step], None]:
    say, last_scale = paced_printer(console), -1

    def show(step: Step) -> None:
        nonlocal last_scale
        clock.tick(step)
        parts = ([heading(clock)] if heading else []) + [*describe(step, clock)]
        say("  ".join(parts), at_once=step.scale != last_scale)
        last_scale = step.scale

    return show
