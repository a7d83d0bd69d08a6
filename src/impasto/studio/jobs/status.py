"""Status of a job for the page: progress, losses, preview."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image as PIL
from pydantic import TypeAdapter, ValidationError

from ...images.files import whole_or_not_at_all
from ...images.scales import fit, resize
from ...settings import Settings
from ...types import Image, Size, Step
from .job_file import Stage

Status = Literal["waiting", "running", "paused", "done", "stopped", "failed"]
PREVIEW_SIDE = 1024  # pixels, at most
_PREVIEW_QUALITY = 85
_MOST_POINTS = 200  # of a curve
_TRAIL, _PREVIEW = "progress.json", "preview.jpg"


@dataclass(frozen=True)
class Progress:
    """Where a job stands, and how it came there.

    Attributes:
        scale: The present scale, from 1; 0 before the first step.
        scales: Number of scales.
        size: Height and width of the picture at this scale.
        iteration: Evaluations so far, over all scales.
        iterations: Evaluations planned in all.
        curve: Total loss after some of the evaluations, as (evaluation, loss).
        every: Evaluations between two points of the curve.
    """

    scale: int = 0
    scales: int = 0
    size: Size = (0, 0)
    iteration: int = 0
    iterations: int = 0
    curve: tuple[tuple[int, float], ...] = ()
    every: int = 1


@dataclass(frozen=True)
class JobView:
    """What there is to show of a job.

    Attributes:
        id: By which the job is asked for; not to be guessed.
        name: Of the result, without a suffix.
        titles: What the styles are called.
        status: What it is doing.
        place: 1 for the job that is worked on next; 0 for one that does not wait.
        waiting: Number of jobs that wait, of all users.
        scale: The present scale, from 1; 0 before the first step.
        scales: Number of scales.
        size: Height and width of the picture at this scale.
        iteration: Evaluations so far, over all scales.
        iterations: Evaluations planned in all.
        seconds_left: How long it will take; None where that is not known.
        curve: Total loss after some of the evaluations, as (evaluation, loss), at most 200.
        version: Goes up when the preview changes.
        picture: Name of the file in the gallery, once there is one.
        error: Why it failed, in a sentence; empty if it has not.
        settings: As asked for, with all changes.
        created: When it was asked for, UTC, ISO 8601.
        begun: Whether there is a picture so far, which would be kept if the job were stopped; of
            one that has ended, whether it has a picture.
    """

    id: str
    name: str
    titles: tuple[str, ...]
    status: Status
    place: int
    waiting: int
    scale: int
    scales: int
    size: Size
    iteration: int
    iterations: int
    seconds_left: float | None
    curve: tuple[tuple[int, float], ...]
    version: int
    picture: str | None
    error: str
    settings: Settings
    created: str
    begun: bool = False


def advance(progress: Progress, step: Step, stage: Stage) -> Progress:
    """Return the progress after a step; what a resumed job does again is not counted twice.

    Args:
        progress: Before it.
        step: The step.
        stage: The part of the job that it belongs to.

    Example:
        >>> advance(progress, step, stage).iteration  # doctest: +SKIP
        12
    """
    iteration = stage.iteration + step.iteration
    curve = [point for point in progress.curve if point[0] < iteration]
    every, loss = progress.every, float(step.parts.get("total", math.nan))
    if math.isfinite(loss) and (not curve or iteration >= curve[-1][0] + every):
        curve.append((iteration, loss))
    while len(curve) > _MOST_POINTS:
        curve, every = curve[::2], 2 * every
    return Progress(
        scale=stage.scale + step.scale + 1,
        scales=stage.scale + step.scales,
        size=(step.size[0], step.size[1]),
        iteration=iteration,
        iterations=stage.iteration + step.iterations,
        curve=tuple(curve),
        every=every,
    )


def make_preview(image: Image) -> bytes:
    """Return a JPEG of a picture, no side of it longer than `PREVIEW_SIDE`.

    Args:
        image: (H, W, 3), 0..1.

    Example:
        >>> make_preview(np.zeros((16, 24, 3), np.float32))[:2].hex()
        'ffd8'
    """
    size = image.shape[:2]
    if max(size) > PREVIEW_SIDE:
        image = resize(image, fit((size[0], size[1]), PREVIEW_SIDE))
    pixels = (np.clip(np.nan_to_num(image), 0, 1) * 255 + 0.5).astype(np.uint8)
    file = io.BytesIO()
    PIL.fromarray(pixels).save(file, "JPEG", quality=_PREVIEW_QUALITY)
    return file.getvalue()


def write_progress(folder: Path, progress: Progress, preview: bytes | None) -> None:
    """Keep in a job's folder what is shown of it, for the time after a restart.

    Args:
        folder: Of the job.
        progress: Where it stands.
        preview: From `make_preview`.

    Raises:
        PictureError: It cannot be written.

    Example:
        >>> write_progress(folder, Progress(), None)  # doctest: +SKIP
    """
    with whole_or_not_at_all(folder / _TRAIL) as file:
        file.write(json.dumps(dataclasses.asdict(progress)).encode())
    if preview is not None:
        with whole_or_not_at_all(folder / _PREVIEW) as file:
            file.write(preview)


def read_progress(folder: Path) -> tuple[Progress, bytes | None]:
    """Read what `write_progress` wrote; damaged files are ignored: no result depends on them.

    Args:
        folder: Of the job.

    Returns:
        The progress and the preview; an empty progress and None where there is none.

    Example:
        >>> read_progress(Path("no-such-run"))[0].scale
        0
    """
    try:
        progress = TypeAdapter(Progress).validate_json((folder / _TRAIL).read_bytes())
    except (OSError, ValidationError):
        progress = Progress()
    try:
        preview = (folder / _PREVIEW).read_bytes()
    except OSError:
        preview = None
    return progress, preview
