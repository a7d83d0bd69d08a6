"""Show the progress of a run to Python users: a bar on a terminal or in a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..types import Step

if TYPE_CHECKING:
    from rich.console import Console

OnStep = Callable[[Step], None]

_SECONDS_BETWEEN_UPDATES = 0.2  # of a notebook, which sends a message for each


@contextmanager
def progress_shown(on_step: OnStep | None, *, progress: bool) -> Iterator[OnStep | None]:
    """Show a bar on standard error, or below the cell of a notebook, while a run goes on.

    Args:
        on_step: Called after each step as well.
        progress: Whether to show the bar.

    Yields:
        The callback for the run.

    Example:
        >>> with progress_shown(print, progress=False) as on_step:
        ...     on_step("a step")
        a step
    """
    if not progress:
        yield on_step
        return
    from rich.console import Console

    console = Console(stderr=True)
    bar = _notebook_bar() if console.is_jupyter else _terminal_bar(console)
    with bar as show:

        def show_and_call(step: Step) -> None:
            show(step)
            if on_step:
                on_step(step)

        yield show_and_call


def _describe(step: Step) -> str:
    height, width = step.size
    return (
        f"scale {step.scale + 1}/{step.scales} {width}x{height}  "
        f"evaluation {step.iteration}/{step.iterations}  loss {step.losses['total']:.4g}"
    )


@contextmanager
def _terminal_bar(console: Console) -> Iterator[OnStep]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(bar_width=12), TextColumn("{task.description}", markup=False)
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("starting", total=None)

        def show(step: Step) -> None:
            total = max(1, step.iterations)
            bar.update(task, total=total, completed=step.iteration, description=_describe(step))

        yield show


@contextmanager
def _notebook_bar() -> Iterator[OnStep]:
    """Show a bar that needs no widgets, so it works in every notebook and stays when saved."""
    from IPython.display import display

    handle = display(_bundle("starting", ""), raw=True, display_id=True)
    last: Step | None = None
    shown = time.perf_counter()

    def update(step: Step) -> None:
        attributes = f" value={step.iteration} max={max(1, step.iterations)}"
        handle.update(_bundle(_describe(step), attributes), raw=True)

    def show(step: Step) -> None:
        nonlocal last, shown
        last = step
        if time.perf_counter() - shown >= _SECONDS_BETWEEN_UPDATES:
            shown = time.perf_counter()
            update(step)

    try:
        yield show
    finally:
        if last is not None:
            update(last)


def _bundle(text: str, attributes: str) -> dict[str, str]:
    bar = f'<progress{attributes} style="width: 12em"></progress> <code>{text}</code>'
    return {"text/plain": text, "text/html": bar}
