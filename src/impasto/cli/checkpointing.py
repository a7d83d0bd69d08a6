"""`--checkpoint`: write checkpoints from which a run can be resumed."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..images.scales import Scale
from ..types import Step
from ..workflows.checkpointing import (
    checkpointed,
    deferred_start,
    long_run_detector,
    wants_checkpoint,
)
from ..workflows.run_folder import RUN, lock_folder
from ..workflows.run_record import describe_run, name_inputs
from .job import Job

# Options that a resumed run takes from its own command line, or from elsewhere in the description.
_NOT_STORED = {
    "content", "styles", "output", "settings", "common", "force", "quiet", "checkpoint",
    "no_checkpoint",
}  # fmt: skip


@contextlib.contextmanager
def with_checkpoints(
    job: Job, steps: Iterator[Step], scales: list[Scale], expected: float | None
) -> Iterator[Iterator[Step]]:
    """Wrap steps so that checkpoints are written if requested or if the run is long.

    Args:
        job: The run; with `unfinished`, its folder is already locked.
        steps: From a `Stylizer`.
        scales: The plan.
        expected: Expected duration, seconds; None to estimate it while running.

    Yields:
        The steps. If a loop over them ends early, the last checkpoint is written.

    Raises:
        PictureError: Checkpoints were requested and cannot be written.
    """
    command, folder, settings = job.command, job.folder, job.command.settings
    with contextlib.ExitStack() as stack:
        if job.unfinished is not None:
            spent = job.unfinished.seconds
            checkpointing = checkpointed(steps, folder, settings, spent=spent)
        elif command.checkpoint:
            stack.enter_context(lock_folder(folder, _describe(job)))
            checkpointing = checkpointed(steps, folder, settings)
        elif command.no_checkpoint:
            yield steps
            return
        else:
            is_long = long_run_detector(scales)
            begin = deferred_start(
                stack,
                folder,
                lambda: _describe(job),
                lambda step: wants_checkpoint(expected) or is_long(step),
            )
            checkpointing = checkpointed(steps, folder, settings, begin=begin)
        yield stack.enter_context(contextlib.closing(checkpointing))


def _describe(job: Job) -> dict[str, Any]:
    from ..backend import BACKEND

    command = job.command
    options = {
        field.name: getattr(command, field.name)
        for field in dataclasses.fields(command)
        if field.name not in _NOT_STORED
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


def resume_hint(folder: Path, output: Path) -> str | None:
    """Return how to resume a run that ended early; None if it has no checkpoint folder."""
    if not (folder / RUN).is_file():
        return None
    return f"resume it with impasto resume {shlex.quote(str(output))}"
