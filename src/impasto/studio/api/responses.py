"""API responses that describe styles, jobs and pictures."""

from __future__ import annotations

from typing import Any, TypedDict

from ..gallery.entries import Entry
from ..jobs.status import JobView, Status
from .requests import without_files


class StyleResponse(TypedDict):
    """A learned style.

    Attributes:
        name: By which it is asked for.
        title: As users would call it.
    """

    name: str
    title: str


class JobResponse(TypedDict):
    """How a run stands.

    Attributes:
        id: By which it is asked for.
        name: Of the result, without a suffix.
        styles: What the styles are called.
        status: `waiting`, `running`, `paused`, `done`, `stopped` or `failed`.
        place: 1 for the run that is worked on next; 0 for one that does not wait.
        waiting: Number of runs that wait, of all users.
        scale: The present one, from 1; 0 before the first step.
        scales: Number of scales.
        width: Of the picture at this scale, pixels.
        height: Of the picture, pixels.
        iteration: Evaluations so far.
        iterations: Evaluations planned.
        seconds_left: How long it will take; None where that is not known.
        losses: Pairs of evaluation and total loss, at most 200.
        picture: Name of the file in the gallery, once there is one.
        error: Why it failed, in a sentence.
        settings: As asked for, with all changes.
        created: When it was asked for, UTC, ISO 8601.
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
        name: Of its file.
        content: Name of the photograph.
        style: Name of the painting or of the style.
        command: What made it: `stylize`, `texture` or `paint`.
        width: Pixels.
        height: Pixels.
        made_at: UTC, ISO 8601.
        seconds: Time it took.
        settings: What it was made with.
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
    """Tell how a run stands.

    Args:
        view: Of the run.
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
    """Tell of a picture in the gallery.

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
