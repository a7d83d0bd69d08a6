"""Show how a run goes: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..images.scales import Scale
from ..types import Step

_SECONDS_BETWEEN_LINES = 10
_BAR_WIDTH = 12
_RECENT = 0.3  # weight of the last evaluation in the running mean of their times


class Clock:
    """Measures seconds per evaluation and forecasts what is left.

    An evaluation costs about as much as the picture has pixels, so the speed at one scale tells
    that of the next.
    """

    def __init__(self, plan: Sequence[Scale], budget: float | None = None):
        self._plan = plan
        self._deadline = None if budget is None else time.perf_counter() + budget
        self._last: float | None = None
        self._iteration = 0
        self._scale = -1
        self.seconds_each: float | None = None
        self.seconds_left: float | None = None

    def tick(self, step: Step) -> None:
        """Take note of a step that has just come."""
        now = time.perf_counter()
        spent = step.iteration - self._iteration
        if self._last is not None and spent > 0 and self._scale == step.scale:
            each = (now - self._last) / spent
            known = self.seconds_each
            self.seconds_each = each if known is None else known + _RECENT * (each - known)
        elif self._scale != step.scale and self._scale >= 0 and self.seconds_each is not None:
            self.seconds_each *= _pixels(self._plan[step.scale]) / _pixels(self._plan[self._scale])
        self._last, self._iteration, self._scale = now, step.iteration, step.scale
        if self.seconds_each is not None:
            here = _pixels(self._plan[step.scale])
            before = sum(scale.iterations for scale in self._plan[: step.scale])
            left = self._plan[step.scale].iterations - (step.iteration - before)
            work = max(left, 0) * here
            work += sum(s.iterations * _pixels(s) for s in self._plan[step.scale + 1 :])
            self.seconds_left = self.seconds_each * work / here
            if self._deadline is not None:
                self.seconds_left = max(0.0, min(self.seconds_left, self._deadline - now))


def _pixels(scale: Scale) -> int:
    return scale.size[0] * scale.size[1]


def describe(step: Step, clock: Clock) -> tuple[str, str]:
    """Say where a run stands, in a text of at most 65 characters, and its losses, in another."""
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


def roughly(seconds: float) -> str:
    """Say a duration as people do, in seconds, minutes or hours.

    Example:
        >>> roughly(7.4), roughly(48), roughly(700), roughly(9000)
        ('7 s', '50 s', '12 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds) if seconds < 20 else 5 * round(seconds / 5))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def minutes(seconds: float) -> str:
    """Write a time as minutes and seconds, 1:05."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole}:{rest:02d}"


@contextmanager
def progress(
    console: Console,
    plan: Sequence[Scale],
    budget: float | None = None,
    *,
    quiet: bool,
    heading: Callable[[Clock], str] | None = None,
) -> Iterator[Callable[[Step], None]]:
    """Give a function to be called with each step.

    Args:
        console: Where to show it (standard error, so that standard output stays clean).
        plan: The scales of the run.
        budget: Seconds that it may take.
        quiet: Show nothing.
        heading: For a run that is one of several: gives what is shown before it. Its bar goes
            when it ends.

    Yields:
        The function.
    """
    clock = Clock(plan, budget)
    if quiet:
        yield lambda step: None
    elif console.is_terminal:
        columns = BarColumn(bar_width=_BAR_WIDTH), TextColumn("{task.description}", markup=False)
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


def _line_printer(
    console: Console, clock: Clock, heading: Callable[[Clock], str] | None
) -> Callable[[Step], None]:
    last_time, last_scale = 0.0, -1

    def show(step: Step) -> None:
        nonlocal last_time, last_scale
        clock.tick(step)
        now = time.perf_counter()
        if step.scale != last_scale or now - last_time >= _SECONDS_BETWEEN_LINES:
            last_time, last_scale = now, step.scale
            parts = ([heading(clock)] if heading else []) + [*describe(step, clock)]
            console.print("  ".join(parts), soft_wrap=True, highlight=False, markup=False)

    return show
