"""API responses that describe styles, jobs and pictures."""

from __future__ import annotations

from typing import Any, TypedDict

from ..gallery.entries import Entry
from ..jobs.status import JobView, Status
from .requests import without_files


class StyleResponse(TypedDict):
    """A learned style.

    Attributes:
        name: Name in requests.
        title: Display name.
    """

    name: str
    title: str


class JobResponse(TypedDict):
    """Status of a job.

    Attributes:
        id: Id in requests.
        name: File name of the result, without suffix.
        styles: Display names of the styles.
        status: `waiting`, `running`, `paused`, `done`, `stopped` or `failed`.
        place: Position in the queue: 1 runs next, 0 does not wait.
        waiting: Number of waiting jobs of all users.
        scale: The current scale, from 1; 0 before the first step.
        scales: Number of scales.
        width: Width of the picture at this scale, pixels.
        height: Height of the picture at this scale, pixels.
        iteration: Evaluations so far.
        iterations: Evaluations planned.
        seconds_left: Estimated remaining time; None if unknown.
        losses: Pairs of evaluation and total loss, at most 200.
        picture: File name in the gallery, once there is one.
        error: Why the job failed; empty otherwise.
        settings: Settings of the job, with all changes.
        created: Time of creation, UTC, ISO 8601.
    """

    id: str
    name: str
    styles: list[str]
    status: Status
    place: int
    waiting: int
    scale: int
    scales: int
    width: int
    height: int
    iteration: int
    iterations: int
    seconds_left: float | None
    losses: list[list[float]]
    picture: str | None
    error: str
    settings: dict[str, Any]
    created: str


class PictureResponse(TypedDict):
    """A picture in the gallery.

    Attributes:
        name: File name.
        content: Name of the photograph.
        style: Name of the painting or style.
        command: `stylize`, `texture` or `paint`.
        width: Width, pixels.
        height: Height, pixels.
        made_at: Time of completion, UTC, ISO 8601.
        seconds: Duration.
        settings: Settings in the record.
    """

    name: str
    content: str
    style: str
    command: str
    width: int
    height: int
    made_at: str
    seconds: float
    settings: dict[str, Any]


def job_response(view: JobView) -> JobResponse:
    """Return the status of a job as a response.

    Args:
        view: Status of the job.
    """
    height, width = view.size
    return {
        "id": view.id,
        "name": view.name,
        "styles": list(view.titles),
        "status": view.status,
        "place": view.place,
        "waiting": view.waiting,
        "scale": view.scale,
        "scales": view.scales,
        "width": width,
        "height": height,
        "iteration": view.iteration,
        "iterations": view.iterations,
        "seconds_left": view.seconds_left,
        "losses": [[iteration, loss] for iteration, loss in view.curve],
        "picture": view.picture,
        "error": view.error,
        "settings": without_files(view.settings.model_dump(mode="json")),
        "created": view.created,
    }


def picture_response(entry: Entry) -> PictureResponse:
    """Return a picture of the gallery as a response.

    Args:
        entry: The picture.
    """
    height, width = entry.size
    return {
        "name": entry.name,
        "content": entry.content,
        "style": entry.style,
        "command": entry.command,
        "width": width,
        "height": height,
        "made_at": entry.made_at,
        "seconds": entry.seconds,
        "settings": without_files(entry.settings),
    }
