"""Intermediate pictures of `impasto stylize`: `--save-every` and the classic preset."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..images.scales import Scale
from ..types import Step
from .job import Job


def early_path(output: Path, iteration: int) -> Path:
    """Return the path of an intermediate picture, always PNG.

    Example:
        >>> early_path(Path("out.jpg"), 3).name
        'out_at_iteration_3.png'
    """
    return output.with_name(f"{output.stem}_at_iteration_{iteration}.png")


def early_paths(job: Job, scales: Sequence[Scale]) -> list[Path]:
    """List the paths of the intermediate pictures that the run may write."""
    settings, every = job.command.settings, job.command.save_every
    numbers: list[int] = []
    if every:
        numbers = list(range(every, settings.iterations + 1, every))
    elif settings.preset == "classic":
        numbers = list(range(settings.rounds * len(scales)))
    return [early_path(job.output, number) for number in numbers]


def early_saver(job: Job, write: Callable[[Job, Step, Path], object]) -> Callable[[Step], None]:
    """Return a callback that saves intermediate pictures, every N evaluations or every round.

    The reference procedure (preset classic) saves a picture and prints loss and time after each
    round.

    Args:
        job: The run.
        write: Writes the picture of a step.
    """
    every = job.command.save_every
    classic = job.command.settings.preset == "classic"
    saved: int | None = None
    round_started = time.perf_counter()

    def save(step: Step) -> None:
        nonlocal saved, round_started
        if saved is None:  # a resumed run has saved the earlier ones
            saved = step.iteration // every if every else 0
        if every and step.iteration // every > saved:
            saved = step.iteration // every
            write(job, step, early_path(job.output, saved * every))
        if classic and step.end_of_round:
            now = time.perf_counter()
            text = (
                f"round {step.round}: loss {step.losses['total']:.6g}, {now - round_started:.1f} s"
            )
            if not every:
                path = early_path(job.output, step.round - 1)
                write(job, step, path)
                text += f", saved as {path}"
            job.console.print(text, soft_wrap=True, highlight=False)
            round_started = now

    return save
