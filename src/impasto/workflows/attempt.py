"""Make the picture of one task, unless it is finished, and say how it went."""

from __future__ import annotations

import contextlib
import errno
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from ..errors import (
    BackendError,
    ModelError,
    PictureError,
    SettingsError,
    WeightsError,
    explain,
)
from ..images.exif_filter import MetadataRule
from ..images.files import check_output, make_folder, read_record
from ..images.new_files import TakenError, as_new_file
from ..images.opening import locate
from ..paint_settings import PaintSettings
from ..settings import Settings
from .interrupts import hold_interrupts
from .output_paths import Task
from .result import Result

Status = Literal["done", "skipped", "failed"]

FATAL = (BackendError, ModelError, SettingsError, WeightsError)  # the same for every photograph
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
        suffix: Type of the files: .png, .jpg, .webp, .tif, .avif or .heic.
        quality: Of JPEG, WebP, AVIF and HEIC, 1..100.
        bits: 8, or 16 for TIFF.
        force: Replace existing files made from other inputs or settings.
        metadata: `keep` or `no-place`, as in `Result.save`; without the record of `none`, finished
            results would not be recognised.
    """

    suffix: str = ".png"
    quality: int = 92
    bits: int = 8
    force: bool = False
    metadata: MetadataRule = "keep"


class Attempt(NamedTuple):
    """Result of one task.

    Attributes:
        outcome: The outcome.
        disk_full: Whether it failed because the disk is full, which ends the batch.
    """

    outcome: Outcome
    disk_full: bool = False


Make = Callable[[Task], Result]
IsInput = Callable[[Task], bool]  # whether the result's path is that of a photograph of the batch


class Work(Protocol):
    """Makes the pictures of a batch; it can be pickled and sent to another process."""

    def start(self) -> Make:
        """Load what all pictures need, and return the function that makes the picture of a task.

        Raises:
            ImpastoError: Settings, weights, a model or the backend are wrong for all tasks.
        """
        ...

    def differing(self, task: Task, record: Mapping[str, Any]) -> list[str]:
        """Compare a task with the record of an existing result; see `differences`."""
        ...


def attempt(task: Task, make: Make, work: Work, form: Form, *, is_input: bool) -> Attempt:
    """Make and save the picture of a task, unless it is finished.

    Args:
        task: The task.
        make: From `Work.start`.
        work: Compares the task with an existing result.
        form: How results are written.
        is_input: Whether the path of the result is that of a photograph of the batch.

    Raises:
        ImpastoError: Settings, weights, a model or the backend are wrong for all tasks.
    """
    started = time.perf_counter()
    status: Status = "done"
    reason, details, full = "", "", False
    try:
        if is_input:
            raise PictureError(
                f"{task.result} is one of the photographs; choose another folder with -o"
            )
        status = _make(task, make, work, form)
    except FATAL:
        raise
    except Exception as error:  # reported; the other tasks still run
        status, reason, full = "failed", explain(error), _is_disk_full(error)
        details = "".join(traceback.format_exception(error))
    seconds = time.perf_counter() - started
    return Attempt(
        Outcome(
            task.photograph, task.result, status, reason, seconds, task.number, task.count, details
        ),
        full,
    )


def _make(task: Task, make: Make, work: Work, form: Form) -> Status:
    if is_finished(task, work, force=form.force):
        return "skipped"
    make_folder(task.result.parent)
    check_output(task.result)
    result = make(task)
    try:
        with (
            hold_interrupts(),
            contextlib.nullcontext() if form.force else as_new_file(locate(task.result)),
        ):
            result.save(task.result, quality=form.quality, bits=form.bits, metadata=form.metadata)
    except TakenError:  # perhaps by another process with the same photographs
        if not is_finished(task, work, force=False):
            raise
        return "skipped"
    return "done"


def is_finished(task: Task, work: Work, *, force: bool) -> bool:
    """Return whether the result of a task exists and has the same inputs and settings.

    Raises:
        PictureError: It exists with other inputs or settings, and `force` is not set.
    """
    if not task.result.exists():
        return False
    try:
        record = read_record(task.result)
    except PictureError:  # not a result of Impasto
        record = None
    ways = ["by another program"] if record is None else work.differing(task, record)
    if not ways:
        return True
    if force:
        return False
    raise PictureError(
        f"{task.result} exists already, made {', '.join(ways)}; add --force to replace it, or "
        "choose another folder"
    )


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
        styles: SHA-256 of each painting, or the name of a learned style.
        settings: Settings, with paths from `relative_settings`.

    Returns:
        Phrases such as `in another style`; empty if nothing differs.

    Example:
        >>> record = {"inputs": [{"role": "content", "sha256": "1a"}], "settings": {"size": 64}}
        >>> differences(record, "1a", ["2b"], Settings(size=64))
        ['in another style']
    """
    words = ["from another photograph"] * (identities(record, "content") != [content])
    words += ["in another style"] * (identities(record, "style") != [*styles])
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


def identities(record: Mapping[str, Any], role: str) -> list[str]:
    """Return the SHA-256, else the name, of each input of a role; none of a malformed record."""
    return [str(each.get("sha256") or each.get("name")) for each in inputs_of(record, role)]


def inputs_of(record: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """Return the inputs of a role; none if the record is malformed."""
    inputs = record.get("inputs")
    each = (
        [entry for entry in inputs if isinstance(entry, dict)] if isinstance(inputs, list) else []
    )
    return [entry for entry in each if entry.get("role") == role]


def _is_disk_full(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _DISK_FULL
