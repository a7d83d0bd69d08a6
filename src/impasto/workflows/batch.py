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
from .build_record import placed_settings
from .result import Result, StylesLike, as_paintings
from .stylize import make_stylizer, stylize_with
from .tasks import Task, find_into, plan_results

Status = Literal["done", "skipped", "failed"]

_THE_SAME_FOR_ALL = (BackendError, ModelError, SettingsError, WeightsError)
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Outcome:
    """What became of one photograph of several.

    Attributes:
        photograph: Its path.
        result: Where the picture is, or would be.
        status: `done` now, `skipped` as it was done before, or `failed`.
        reason: Why it failed; empty otherwise.
        seconds: Time it took.
        number: Which of the photographs, from 1 on.
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
        force: Whether files that exist and were made otherwise are replaced.
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
    """Repaint several photographs in one style by the slow route.

    A result that is there and whose record names the same photograph, style and settings is not
    made again, so that a run that was stopped goes on where it was. A photograph that cannot be
    painted does not keep the others back, unless the disk is full: then the run ends after it.
    A picture is written when it is finished; of one that was interrupted nothing is kept.

    Args:
        photographs: A folder, with all folders in it; a text file (.txt) with the path of a
            picture on each line, counted from its own folder; a picture; or several of these.
        style: The painting, or a list of several, as for `stylize`.
        folder: Where the results go, `<name>.png` in the same sub-folders; made if it is missing.
            It may lie in the folder of photographs: its pictures are not painted again.
        settings: All knobs; the defaults if None. A budget is that of each picture.
        form: How results are written.
        max_pixels: Largest photograph that is read, pixels; Pillow's limit if None.
        on_step: Called after each step, with the task and its photograph.

    Yields:
        What became of each photograph, in order.

    Raises:
        PictureError: There are no photographs, the style cannot be read, or the folder not written.
        SettingsError: The folder is that of the photographs, or settings contradict each other.
        WeightsError: No usable weights of the network were found.
        ModelError: The network for the starting picture cannot be used.

    Example:
        >>> for outcome in stylize_all("photos", "wave.jpg", "painted"):  # doctest: +SKIP
        ...     print(outcome.status, outcome.result, outcome.reason)
    """
    settings, folder, paintings = settings or Settings(), locate(folder), as_paintings(style)
    places = [photographs] if isinstance(photographs, str | Path) else photographs
    form = form or Form()
    tasks = plan_results(find_into(places, folder, form.suffix), folder, form.suffix)
    paint = make_stylizer(paintings, settings)

    def make(task: Task) -> Result:
        photograph = read_picture(task.photograph, max_pixels=max_pixels)
        watch = None if on_step is None else partial(on_step, task, photograph)
        return stylize_with(paint, photograph, paintings, settings, on_step=watch)

    def differing(task: Task, record: Mapping[str, Any]) -> list[str]:
        seen = Settings(**placed_settings(settings, task.result))
        digests = [painting.sha256 for painting in paintings]
        return differences(record, file_digest(task.photograph), digests, seen)

    yield from work_through(tasks, make, differing, form)


def work_through(
    tasks: Sequence[Task],
    make: Callable[[Task], Result],
    differing: Callable[[Task, Mapping[str, Any]], list[str]] | None,
    form: Form | None = None,
) -> Iterator[Outcome]:
    """Make and save the pictures one after the other; see `stylize_all`.

    Args:
        tasks: From `plan_results`.
        make: Makes the picture of a task.
        differing: Given a task and the record of a result that is there, tells in what it was
            made otherwise, as from `differences`; None if results are never skipped.
        form: How results are written.

    Yields:
        What became of each task.

    Raises:
        ImpastoError: It is no use to go on: settings, weights, a model, or the backend are wrong.

    Example:
        >>> list(work_through([], lambda task: None, None))  # doctest: +SKIP
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
            if is_there(task, differing, force=form.force):
                status = "skipped"
            else:
                make_folder(task.result.parent)
                check_output(task.result)
                make(task).save(task.result, quality=form.quality, bits=form.bits)
        except _THE_SAME_FOR_ALL:
            raise
        except Exception as error:  # whatever it was, the others may do better; it is told of
            status, reason, full = "failed", explain(error), _is_disk_full(error)
            details = "".join(traceback.format_exception(error))
        seconds = time.perf_counter() - started
        yield Outcome(
            task.photograph, task.result, status, reason, seconds, task.number, task.count, details
        )
        if full:
            return


def is_there(
    task: Task,
    differing: Callable[[Task, Mapping[str, Any]], list[str]] | None,
    *,
    force: bool,
) -> bool:
    """Tell whether the result of a task was made before, and the same way.

    Raises:
        PictureError: There is one that was made otherwise, and it is not to be replaced.
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
    except PictureError:  # then it is none of our pictures, which is all that is asked
        record = None
    return ["by other means"] if record is None else differing(task, record)


def differences(
    record: Mapping[str, Any],
    content: str,
    styles: Sequence[str],
    settings: Settings | PaintSettings,
) -> list[str]:
    """Tell in what a result was made otherwise.

    Args:
        record: Of the result, from `read_record`.
        content: SHA-256 of the photograph.
        styles: SHA-256 of each painting.
        settings: All knobs, paths as `placed_settings` gives them.

    Returns:
        How it was made, such as `in another style`; empty if nothing differs.

    Example:
        >>> record = {"inputs": [{"role": "content", "sha256": "1a"}], "settings": {"size": 64}}
        >>> differences(record, "1a", ["2b"], Settings(size=64))
        ['in another style']
    """
    words = ["from another photograph"] * (_digests(record, "content") != [content])
    words += ["in another style"] * (_digests(record, "style") != [*styles])
    made = record.get("settings")
    try:  # a record may be older than a setting, or of another version
        former = type(settings)(**made) if isinstance(made, dict) else None
    except SettingsError:
        former = None
    if former is None:
        return [*words, "with other settings"]
    now, then = settings.model_dump(mode="json"), former.model_dump(mode="json")
    names = [name for name in now if now[name] != then[name]]
    return [*words, f"with other settings ({', '.join(names)})"] if names else words


def _digests(record: Mapping[str, Any], role: str) -> list[str]:
    """Return the SHA-256 of the inputs of a role; none where the record is not one of ours."""
    inputs = record.get("inputs")
    each = (
        [entry for entry in inputs if isinstance(entry, dict)] if isinstance(inputs, list) else []
    )
    return [str(entry.get("sha256")) for entry in each if entry.get("role") == role]


def _is_disk_full(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _DISK_FULL
