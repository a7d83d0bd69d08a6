"""Paint many photographs: skip finished ones, report failures."""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..errors import (
    BackendError,
    ModelError,
    PictureError,
    SettingsError,
    WeightsError,
    explain,
)
from ..images.checksum import file_digest
from ..images.files import check_output, make_folder, read_picture, read_record
from ..images.opening import locate
from ..paint_settings import PaintSettings
from ..settings import Settings
from ..types import Picture, Step
from .build_record import relative_settings
from .output_paths import Task, find_photographs, plan_outputs
from .result import Result, StylesLike, as_paintings
from .stylize import make_stylizer, stylize_with

Status = Literal["done", "skipped", "failed"]

_FATAL = (BackendError, ModelError, SettingsError, WeightsError)  # the same for every photograph
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Outcome:
    """Outcome of one photograph of a batch.

    Attributes:
        photograph: Path of the photograph.
        result: Path of the result, whether it exists or not.
        status: `done`, `skipped` (finished before), or `failed`.
        reason: Why it failed; empty otherwise.
        seconds: Time it took.
        number: Index of the photograph, from 1.
        count: Number of photographs.
        details: The traceback of the failure.
    """

    photograph: Path
    result: Path
    status: Status
    reason: str
    seconds: float
    number: int
    count: int
    details: str = ""


class Form(NamedTuple):
    """How results are written.

    Attributes:
        suffix: Type of the files: .png, .jpg, .webp or .tif.
        quality: Of JPEG and WebP, 1..100.
        bits: 8, or 16 for TIFF.
        force: Replace existing files made from other inputs or settings.
    """

    suffix: str = ".png"
    quality: int = 92
    bits: int = 8
    force: bool = False


OnStep = Callable[[Task, Picture, Step], None]


def stylize_all(
    photographs: str | Path | Sequence[str | Path],
    style: StylesLike,
    folder: str | Path,
    settings: Settings | None = None,
    *,
    form: Form | None = None,
    max_pixels: int | None = None,
    on_step: OnStep | None = None,
) -> Iterator[Outcome]:
    """Stylize several photographs by the iterative route.

    Results whose record names the same photograph, style and settings are skipped, so repeating an
    interrupted batch continues it. A failure does not stop the batch, unless the disk is full.
    Pictures are written when finished; an interrupted one leaves nothing.

    Args:
        photographs: A folder, searched recursively; a text file (.txt) with one path per line,
            relative to the text file's folder; a picture; or several of these.
        style: The painting, or a list of several, as for `stylize`.
        folder: Folder of the results, `<name>.png` in the same sub-folders; created if missing.
            It may be inside the folder of photographs; its pictures are not used as input.
        settings: Settings; the defaults if None. A budget applies to each picture.
        form: How results are written.
        max_pixels: Largest photograph, pixels; Pillow's limit if None.
        on_step: Called after each step, with the task and its photograph.

    Yields:
        The outcome of each photograph, in order.

    Raises:
        PictureError: There are no photographs, a style cannot be read, or the folder is not
            writable.
        SettingsError: The folder is that of the photographs, or settings contradict each other.
        WeightsError: VGG19's weights were not found.
        ModelError: The network for the starting picture cannot be used.

    Example:
        >>> for outcome in stylize_all("photos", "wave.jpg", "painted"):  # doctest: +SKIP
        ...     print(outcome.status, outcome.result, outcome.reason)
    """
    settings, folder, paintings = settings or Settings(), locate(folder), as_paintings(style)
    places = [photographs] if isinstance(photographs, str | Path) else photographs
    form = form or Form()
    tasks = plan_outputs(find_photographs(places, folder, form.suffix), folder, form.suffix)
    paint = make_stylizer(paintings, settings)

    def make(task: Task) -> Result:
        photograph = read_picture(task.photograph, max_pixels=max_pixels)
        watch = None if on_step is None else partial(on_step, task, photograph)
        return stylize_with(paint, photograph, paintings, settings, on_step=watch)

    def differing(task: Task, record: Mapping[str, Any]) -> list[str]:
        seen = Settings(**relative_settings(settings, task.result))
        digests = [painting.sha256 for painting in paintings]
        return differences(record, file_digest(task.photograph), digests, seen)

    yield from run_tasks(tasks, make, differing, form)


def run_tasks(
    tasks: Sequence[Task],
    make: Callable[[Task], Result],
    differing: Callable[[Task, Mapping[str, Any]], list[str]] | None,
    form: Form | None = None,
) -> Iterator[Outcome]:
    """Make and save pictures one after the other; see `stylize_all`.

    Args:
        tasks: From `plan_outputs`.
        make: Makes the picture of a task.
        differing: Compares a task with the record of an existing result and returns the
            differences, as `differences` does; None never skips results.
        form: How results are written.

    Yields:
        The outcome of each task.

    Raises:
        ImpastoError: Settings, weights, a model or the backend are wrong for all tasks.

    Example:
        >>> list(run_tasks([], lambda task: None, None))  # doctest: +SKIP
        []
    """
    form = form or Form()
    photographs = {task.photograph.resolve() for task in tasks}
    for task in tasks:
        started = time.perf_counter()
        status: Status = "done"
        reason, details, full = "", "", False
        try:
            if task.result.resolve() in photographs:
                raise PictureError(
                    f"{task.result} is one of the photographs; choose another folder with -o"
                )
            if is_finished(task, differing, force=form.force):
                status = "skipped"
            else:
                make_folder(task.result.parent)
                check_output(task.result)
                make(task).save(task.result, quality=form.quality, bits=form.bits)
        except _FATAL:
            raise
        except Exception as error:  # reported; the other tasks still run
            status, reason, full = "failed", explain(error), _is_disk_full(error)
            details = "".join(traceback.format_exception(error))
        seconds = time.perf_counter() - started
        yield Outcome(
            task.photograph, task.result, status, reason, seconds, task.number, task.count, details
        )
        if full:
            return


def is_finished(
    task: Task,
    differing: Callable[[Task, Mapping[str, Any]], list[str]] | None,
    *,
    force: bool,
) -> bool:
    """Return whether the result of a task exists and has the same inputs and settings.

    Raises:
        PictureError: It exists with other inputs or settings, and `force` is not set.
    """
    if not task.result.exists():
        return False
    ways = None if differing is None else _compare(task, differing)
    if ways == []:
        return True
    if force:
        return False
    how = f", made {', '.join(ways)}" if ways else ""
    raise PictureError(
        f"{task.result} exists already{how}; add --force to replace it, or choose another folder"
    )


def _compare(task: Task, differing: Callable[[Task, Mapping[str, Any]], list[str]]) -> list[str]:
    try:
        record = read_record(task.result)
    except PictureError:  # not a result of Impasto
        record = None
    return ["by another program"] if record is None else differing(task, record)


def differences(
    record: Mapping[str, Any],
    content: str,
    styles: Sequence[str],
    settings: Settings | PaintSettings,
) -> list[str]:
    """Return how the record of a result differs from inputs and settings.

    Args:
        record: Record of the result, from `read_record`.
        content: SHA-256 of the photograph.
        styles: SHA-256 of each painting.
        settings: Settings, with paths from `relative_settings`.

    Returns:
        Phrases such as `in another style`; empty if nothing differs.

    Example:
        >>> record = {"inputs": [{"role": "content", "sha256": "1a"}], "settings": {"size": 64}}
        >>> differences(record, "1a", ["2b"], Settings(size=64))
        ['in another style']
    """
    words = ["from another photograph"] * (_digests(record, "content") != [content])
    words += ["in another style"] * (_digests(record, "style") != [*styles])
    made = record.get("settings")
    try:  # a record may be of another version
        former = type(settings)(**made) if isinstance(made, dict) else None
    except SettingsError:
        former = None
    if former is None:
        return [*words, "with other settings"]
    now, then = settings.model_dump(mode="json"), former.model_dump(mode="json")
    names = [name for name in now if now[name] != then[name]]
    return [*words, f"with other settings ({', '.join(names)})"] if names else words


def _digests(record: Mapping[str, Any], role: str) -> list[str]:
    """Return the SHA-256 of the inputs of a role; empty if the record is malformed."""
    inputs = record.get("inputs")
    each = (
        [entry for entry in inputs if isinstance(entry, dict)] if isinstance(inputs, list) else []
    )
    return [str(entry.get("sha256")) for entry in each if entry.get("role") == role]


def _is_disk_full(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _DISK_FULL
