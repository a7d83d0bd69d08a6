"""Resume a run that ended early."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import PictureError
from ..types import Picture, Step
from .checkpointing import checkpointed, open_unfinished
from .progress import progress_shown
from .record import Input
from .result import PictureLike, Result, StylesLike, as_paintings
from .run_folder import find_folder, lock_folder, remove
from .stylize import consume_steps, finish, make_stylizer


def resume(
    path: str | Path,
    *,
    content: PictureLike | None = None,
    style: StylesLike | None = None,
    on_step: Callable[[Step], None] | None = None,
    progress: bool = False,
) -> Result:
    """Resume a run of `stylize` that ended early; on a CPU the result is bit-identical.

    Args:
        path: The `checkpoint` folder of `stylize`, or the output path of `impasto stylize`.
        content: The photograph, only if it was not given as a file.
        style: The painting or paintings, only if they were not given as files.
        on_step: Called after each step.
        progress: Show a bar, on a terminal or in a notebook.

    Returns:
        The picture; its history starts at the checkpoint. A warning says why it may differ from
        an uninterrupted run's.

    Raises:
        ModelError: There is no unfinished run, it is damaged, or another process has locked it.
        PictureError: A picture is missing, or is not the one the run started with.
        WeightsError: VGG19's weights are not those of the run.
        DivergedError: The optimisation failed; its `step` holds the last good picture.

    Example:
        >>> resume("run").save("painted.png")  # doctest: +SKIP
    """
    folder = find_folder(Path(path))
    start = time.perf_counter()
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock_folder(folder))
        run, settings, snapshot, spent = open_unfinished(folder)
        (photograph,) = _inputs(run, "content", content)
        paintings = _inputs(run, "style", style)
        if snapshot is None and run["inputs"].get("init", {"path": ""})["path"] is None:
            raise PictureError(
                f"the run in {folder} ended before its first checkpoint, and its starting picture "
                "was not a file; delete the folder and restart the run"
            )
        steps = make_stylizer(paintings, settings, resume=snapshot)(photograph)
        checkpointing = contextlib.closing(checkpointed(steps, folder, settings, spent=spent))
        steps = stack.enter_context(checkpointing)
        watch = stack.enter_context(progress_shown(on_step, progress=progress))
        step, history = consume_steps(steps, watch)
        remove(folder)
    seconds = spent + time.perf_counter() - start
    init = run["inputs"].get("init")
    others = [] if init is None else [Input(role="init", sha256=init["sha256"])]
    return finish(step, photograph, paintings, settings, history, seconds, others)


def _inputs(run: Mapping[str, Any], role: str, given: StylesLike | None) -> list[Picture]:
    """Return the pictures that a run started with: from their files, else those given."""
    entries = [entry for name, entry in run["inputs"].items() if name.split()[0] == role]
    paths = [entry["path"] for entry in entries]
    if None not in paths:
        if given is not None:
            raise PictureError(f"the run started with {', '.join(paths)}; leave {role}= out")
        return as_paintings(paths)
    if given is None:
        raise PictureError(f"the run's {role} was not a file; pass it as {role}=")
    pictures = as_paintings(given)
    same = [
        entry["path"] is not None or entry["sha256"] == picture.sha256
        for entry, picture in zip(entries, pictures, strict=False)
    ]
    if len(pictures) != len(entries) or not all(same):
        raise PictureError(f"the given {role} is not the one the run started with")
    return pictures
