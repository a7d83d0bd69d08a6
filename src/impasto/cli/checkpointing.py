"""`--checkpoint`: keep a run on disk so that it can be resumed."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..images.scales import Scale
from ..types import Step
from ..workflows.checkpointing import checkpointed, later, seen_to_be_long, wants_checkpoint
from ..workflows.run_folder import RUN, at_work
from ..workflows.run_record import describe_run, name_inputs
from .job import Job

# What a resumed run is told anew, or has from elsewhere.
_NOT_KEPT = {
    "content", "styles", "output", "settings", "common", "force", "quiet", "checkpoint",
    "no_checkpoint",
}  # fmt: skip


@contextlib.contextmanager
def enduring(
    job: Job, steps: Iterator[Step], scales: list[Scale], expected: float | None
) -> Iterator[Iterator[Step]]:
    """Pass steps on, with checkpoints if they are asked for, or if the run is long.

    Args:
        job: The run; with `unfinished`, its folder is held already.
        steps: From a `Stylizer`.
        scales: The plan.
        expected: Seconds that the run takes; None to see how it goes.

    Yields:
        The steps. What ends a loop over them early has the last checkpoint written.

    Raises:
        PictureError: Checkpoints are asked for, and cannot be written there.
    """
    command, folder, settings = job.command, job.folder, job.command.settings
    with contextlib.ExitStack() as held:
        if job.unfinished is not None:
            spent = job.unfinished.seconds
            kept = checkpointed(steps, folder, settings, spent=spent)
        elif command.checkpoint:
            held.enter_context(at_work(folder, _describe(job)))
            kept = checkpointed(steps, folder, settings)
        elif command.no_checkpoint:
            yield steps
            return
        else:
            seen = seen_to_be_long(scales)
            begin = later(
                held,
                folder,
                lambda: _describe(job),
                lambda step: wants_checkpoint(expected) or seen(step),
            )
            kept = checkpointed(steps, folder, settings, begin=begin)
        yield held.enter_context(contextlib.closing(kept))


def _describe(job: Job) -> dict[str, Any]:
    from ..backend import BACKEND

    command = job.command
    options = {
        field.name: getattr(command, field.name)
        for field in dataclasses.fields(command)
        if field.name not in _NOT_KEPT
    }
    return describe_run(
        name_inputs(command.content, command.styles, None, None),
        command.settings,
        output=str(job.output.absolute()),
        options=options,
        backend=BACKEND,
        threads=command.common.threads,
        device=command.common.device,
    )


def way_on(folder: Path, output: Path) -> str | None:
    """Say how to go on with a run that has ended early; None if it has left nothing."""
    if not (folder / RUN).is_file():
        return None
    return f"impasto resume {shlex.quote(str(output))} goes on"
