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

from ...images.files import atomic_write
from ...images.scales import fit, resize
from ...settings import Settings
from ...types import Image, Size, Step
from .job_file import Stage

Status = Literal["waiting", "running", "paused", "done", "stopped", "failed"]
PREVIEW_SIDE = 1024  # pixels, at most
_PREVIEW_QUALITY = 85
_MOST_POINTS = 200  # of a curve
_PROGRESS, _PREVIEW = "progress.json", "preview.jpg"


@dataclass(frozen=True)
class Progress:
    """Progress and losses of a job.

    Attributes:
        scale: The current scale, from 1; 0 before the first step.
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
    """Status of a job for display.

    Attributes:
        id: Unguessable id.
        name: File name of the result, without suffix.
        titles: Display names of the styles.
        status: Status of the job.
        place: Position in the queue: 1 runs next, 0 does not wait.
        waiting: Number of waiting jobs of all users.
        scale: The current scale, from 1; 0 before the first step.
        scales: Number of scales.
        size: Height and width of the picture at this scale.
        iteration: Evaluations so far, over all scales.
        iterations: Evaluations planned in all.
        seconds_left: Estimated remaining time; None if unknown.
        curve: Total loss after some of the evaluations, as (evaluation, loss), at most 200.
        version: Increases when the preview changes.
        picture: File name in the gallery, once there is one.
        error: Why the job failed; empty otherwise.
        settings: Settings of the job, with all changes.
        created: Time of creation, UTC, ISO 8601.
        begun: Whether stopping the job would keep a picture; for an ended job, whether it has one.
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
    """Return the progress after a step; repeated steps of a resumed job count once.

    Args:
        progress: Progress before the step.
        step: The step.
        stage: The stage of the step.

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
    """Return a JPEG of a picture with a long side of at most `PREVIEW_SIDE`.

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
    """Write progress and preview to a job's folder, to show them after a restart.

    Args:
        folder: Folder of the job.
        progress: Progress of the job.
        preview: From `make_preview`.

    Raises:
        PictureError: A file cannot be written.

    Example:
        >>> write_progress(folder, Progress(), None)  # doctest: +SKIP
    """
    with atomic_write(folder / _PROGRESS) as file:
        file.write(json.dumps(dataclasses.asdict(progress)).encode())
    if preview is not None:
        with atomic_write(folder / _PREVIEW) as file:
            file.write(preview)


def read_progress(folder: Path) -> tuple[Progress, bytes | None]:
    """Read what `write_progress` wrote; damaged files are ignored: no result depends on them.

    Args:
        folder: Folder of the job.

    Returns:
        Progress and preview; the initial progress and None if missing.

    Example:
        >>> read_progress(Path("no-such-run"))[0].scale
        0
    """
    try:
        progress = TypeAdapter(Progress).validate_json((folder / _PROGRESS).read_bytes())
    except (OSError, ValidationError):
        progress = Progress()
    try:
        preview = (folder / _PREVIEW).read_bytes()
    except OSError:
        preview = None
    return progress, preview
