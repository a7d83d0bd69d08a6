"""Styles and strengths that change over the time of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from ..engines.network.model import PHOTOGRAPH, Array, PaintingModel
from ..engines.network.predict import mix
from ..engines.strength import style_mixture
from ..errors import SettingsError
from ..video_settings import VideoSettings
from .paint import Painter, StyleLike, make_painter
from .record import Input

StylesOverTime = StyleLike | Mapping[str, float] | Mapping[float, Any]


class Timeline(NamedTuple):
    """Styles of one network, and strengths, by the second from which they apply.

    Attributes:
        model: The network.
        styles: Second and full style vector, (style size,), in order.
        strengths: Second and strength, in order; between two, the strength changes evenly.
        fade: Duration of the change from one style to the next, seconds.
        name: Names of the styles, for records.
        inputs: The network and the styles, as inputs of a record.
    """

    model: PaintingModel
    styles: Sequence[tuple[float, Array]]
    strengths: Sequence[tuple[float, float]]
    fade: float
    name: str
    inputs: tuple[Input, ...]


def make_timeline(
    style: StylesOverTime,
    strength: float | Mapping[float, float] | None,
    settings: VideoSettings,
    model: PaintingModel | str | Path | None = None,
) -> Timeline:
    """Find the styles of a clip.

    Args:
        style: A style, or several with their shares, as for `paint`; or such by the second from
            which they apply, `{0: "wave", 4: "scream"}`.
        strength: In place of `settings.strength`: a strength, 0..2, or strengths by second.
        settings: Settings.
        model: The network, or its file; the shipped one if None.

    Raises:
        SettingsError: A time, strength or style is out of range or unknown.
        ModelError: The styles belong to different networks.
    """
    by_time: dict[float, Any] = dict(style) if _is_by_time(style) else {0.0: style}
    strengths = _strengths_by_time(settings.strength if strength is None else strength)
    _check_times([*by_time, *strengths])
    full = settings.model_copy(update={"strength": 1.0})
    found = [(seconds, make_painter(by_time[seconds], full, model)) for seconds in sorted(by_time)]
    painters = [painter for _, painter in found]
    first = painters[0]
    if any(painter.model is not first.model for painter in painters):
        raise SettingsError(
            "styles of different model files cannot follow each other; use styles of one file"
        )
    return Timeline(
        first.model,
        [(seconds, painter.vector) for seconds, painter in found],
        sorted(strengths.items()),
        float(settings.fade),
        _name(found),
        (first.inputs[0], *(each for painter in painters for each in painter.inputs[1:])),
    )


def style_at(timeline: Timeline, seconds: float) -> tuple[Array, float]:
    """Return the style vector, mixed for its strength, and that mixture, at a time.

    Args:
        timeline: From `make_timeline`.
        seconds: Time since the first frame of the clip.

    Returns:
        The vector, (style size,), and the share of the style in it, 0 for the photograph.
    """
    starts, found = zip(*timeline.styles, strict=True)
    weights = _weights_at(starts, timeline.fade, seconds)
    vector = sum(np.float32(w) * each for w, each in zip(weights, found, strict=True) if w > 0)
    mixture = style_mixture(strength_at(timeline, seconds))
    vectors = {PHOTOGRAPH: timeline.model.styles[PHOTOGRAPH], "": vector}
    return mix(vectors, {"": 1.0}, mixture), mixture


def shares_at(style: StylesOverTime, fade: float, seconds: float) -> list[tuple[StyleLike, float]]:
    """Return the styles at a time, each with its share.

    Args:
        style: As for `make_timeline`.
        fade: Duration of the change from one style to the next, seconds.
        seconds: Time since the first frame of the clip.
    """
    by_time: dict[float, Any] = dict(style) if _is_by_time(style) else {0.0: style}
    starts = sorted(by_time)
    return [
        (each, weight * share)
        for start, weight in zip(starts, _weights_at(starts, fade, seconds), strict=True)
        for each, share in _shares(by_time[start])
        if weight * share > 0
    ]


def _weights_at(starts: Sequence[float], fade: float, seconds: float) -> list[float]:
    """Return the weight of each of several styles at a time; they follow each other."""
    weights = [1.0]
    for start in starts[1:]:
        since = seconds - start
        grown = 0.0 if since < 0 else min(1.0, since / fade) if fade > 0 else 1.0
        weights = [*(weight * (1 - grown) for weight in weights), grown]
    return weights


def _shares(style: StyleLike | Mapping[str, float]) -> list[tuple[StyleLike, float]]:
    if not isinstance(style, Mapping):
        return [(style, 1.0)]
    total = sum(style.values())
    return [(name, share / total) for name, share in style.items()]


def strength_at(timeline: Timeline, seconds: float) -> float:
    """Return the strength at a time, 0..2."""
    times, values = zip(*timeline.strengths, strict=True)
    return float(np.interp(seconds, times, values))


def _is_by_time(style: StylesOverTime) -> TypeGuard[Mapping[float, Any]]:
    return isinstance(style, Mapping) and any(isinstance(key, int | float) for key in style)


def _strengths_by_time(strength: float | Mapping[float, float]) -> dict[float, float]:
    strengths = dict(strength) if isinstance(strength, Mapping) else {0.0: strength}
    if not strengths:
        raise SettingsError("give at least one strength, as in {0: 1.0}")
    for value in strengths.values():
        VideoSettings(strength=value)  # raises if it is out of range
    return strengths


def _check_times(times: Sequence[Any]) -> None:
    for seconds in times:
        if not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
            raise SettingsError(
                f"times are seconds from 0 on, as in {{0: 'wave'}}, got {seconds!r}"
            )


def _name(found: Sequence[tuple[float, Painter]]) -> str:
    if len(found) == 1:
        return found[0][1].name
    return ", ".join(f"{seconds:g}s:{painter.name}" for seconds, painter in found)
