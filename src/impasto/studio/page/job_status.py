"""Render the status of a job: a line, a progress bar, the loss curve."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from ..jobs.status import JobView
from .strings import duration, say

UNFINISHED = ("waiting", "running", "paused")
_WIDTH, _HEIGHT = 480, 120
_DIGITS = 3


def status_line(view: JobView, language: str) -> str:
    """Return the status of a job in one line.

    Args:
        view: Status of the job.
        language: `en` or `ko`.
    """
    if view.status == "waiting":
        return say("place", language, place=view.place, waiting=view.waiting)
    if view.status == "running" and not view.iteration:
        return say("starting", language)
    if view.status in ("running", "paused"):
        return _progress_line(view, language)
    if view.status == "failed":
        return say("failed", language, error=view.error)
    if view.picture is None:
        return say("stopped_early", language)
    return say(view.status, language, name=view.picture)


def _progress_line(view: JobView, language: str) -> str:
    height, width = view.size
    line = say(
        view.status,
        language,
        size=f"{width}x{height}",
        scale=view.scale,
        scales=view.scales,
        iteration=view.iteration,
        iterations=view.iterations,
    )
    if view.seconds_left is None or view.status == "paused":
        return line
    return f"{line}, {say('left', language, time=duration(view.seconds_left, language))}"


def progress_panel(view: JobView | None, language: str) -> str:
    """Return status line, progress bar and loss curve as HTML; empty without a job.

    Args:
        view: Status of the job.
        language: `en` or `ko`.
    """
    if view is None:
        return ""
    line = html.escape(status_line(view, language))
    parts = [
        f'<p class="status-line" data-announce="{html.escape(announcement_key(view))}">{line}</p>'
    ]
    if view.status in UNFINISHED:
        parts.append(_bar(view, language))
    if len(view.curve) > 1:
        parts.append(curve(view.curve, language))
    return "".join(parts)


def announcement_key(view: JobView) -> str:
    """Return a key that changes with each announced update: status, place, scale, tenth.

    Args:
        view: Status of the job.
    """
    tenth = 10 * view.iteration // max(view.iterations, 1)
    return f"{view.id} {view.status} {view.place} {view.scale} {tenth}"


def _bar(view: JobView, language: str) -> str:
    share = 100 * view.iteration // max(view.iterations, 1)
    name = html.escape(say("progress", language))
    return (
        f'<div class="bar" role="progressbar" aria-label="{name}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share}"><i style="width:{share}%"></i></div>'
    )


def curve(points: Sequence[tuple[int, float]], language: str) -> str:
    """Plot losses over evaluations as an SVG with a logarithmic loss axis.

    Args:
        points: At least two pairs of evaluation and total loss.
        language: `en` or `ko`.

    Example:
        >>> "polyline" in curve([(0, 2.0), (1, 1.0)], "en")
        True
    """
    levels = [math.log(max(loss, 1e-12)) for _, loss in points]
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1)
    low, high = min(levels), max(*levels, min(levels) + 1e-9)
    drawn = " ".join(
        f"{_WIDTH * (at - first) / (last - first):.1f},"
        f"{_HEIGHT - 4 - (_HEIGHT - 8) * (level - low) / (high - low):.1f}"
        for (at, _), level in zip(points, levels, strict=True)
    )
    ends = {"first": _short(points[0][1]), "last": _short(points[-1][1])}
    label = html.escape(say("curve", language, **ends))
    return (
        f'<figure class="curve"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{label}" preserveAspectRatio="none"><polyline points="{drawn}"/></svg>'
        f"<figcaption>{label}</figcaption></figure>"
    )


def _short(number: float) -> str:
    return f"{number:.{_DIGITS}g}"
