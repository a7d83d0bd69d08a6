"""Frames of a clip by the iterative route: each begins with the painted one before, moved."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SettingsError
from ..settings import Settings
from ..types import Guidance, Picture, TemporalTarget
from ..video.clip import Frame, FrameImage, open_clip, to_bytes, to_floats
from ..video.excerpt import count_frames, make_excerpt
from ..video.sequence import RefineFrame
from ..video.steady import Moved
from ..video_settings import VideoSettings
from .paint import StyleLike
from .result import as_paintings
from .timeline import StylesOverTime, Timeline, shares_at, strength_at

if TYPE_CHECKING:
    from ..types import Size

_FIRST_FRAME = 3  # times as many evaluations for the first frame of a shot


def iterative_settings(settings: VideoSettings, size: Size) -> Settings:
    """Return the settings of the iterative route for one frame.

    Args:
        settings: `iterations`.
        size: Height and width of the frames.
    """
    return Settings(
        size=max(size), scales=1, iterations=settings.iterations, init="content", tolerance=0.0
    )


def make_refiner(
    style: StylesOverTime, timeline: Timeline, settings: VideoSettings
) -> RefineFrame | None:
    """Return a function that improves painted frames; None without `iterations`.

    Args:
        style: Styles that have paintings: names of shipped ones, files or arrays.
        timeline: The same styles as the network has them, and the strengths.
        settings: `iterations`, `temporal_weight` and `fade`.

    Raises:
        PictureError: A painting cannot be read.
        SettingsError: A style has no painting.
    """
    if not settings.iterations:
        return None
    from ..engines.iterative.optimize import optimize_image
    from ..perceptual.objective import make_style_cache

    paintings: dict[int | str, Picture] = {}
    for seconds in [0.0, *(start + float(settings.fade) for start, _ in timeline.styles)]:
        for each, _ in shares_at(style, float(settings.fade), seconds):
            paintings.setdefault(_key(each), _painting(each))
    cache = make_style_cache(Settings())

    def refine(frame: Frame, painted: FrameImage, moved: Moved | None) -> FrameImage:
        strength = strength_at(timeline, float(frame.seconds))
        if strength == 0:
            return painted
        used = shares_at(style, float(settings.fade), float(frame.seconds))
        iterations = settings.iterations * (1 if moved else _FIRST_FRAME)
        changed = iterative_settings(settings, painted.shape[:2]).changed(
            iterations=iterations,
            strength=strength,
            style_weights=tuple(share for _, share in used) if len(used) > 1 else (),
        )
        target = None
        if moved is not None and settings.temporal_weight > 0:
            weight = settings.temporal_weight
            target = TemporalTarget(to_floats(moved.painted), moved.kept, weight)
        steps = optimize_image(
            to_floats(frame.image),
            [paintings[_key(each)].image for each, _ in used],
            changed,
            init=to_floats(painted),
            cache=cache,
            guidance=Guidance(weights=changed.style_weights, temporal=target),
        )
        (last,) = deque(steps, maxlen=1)
        return to_bytes(np.asarray(last.image))

    return refine


def forecast_video(clip: str | Path, settings: VideoSettings) -> float:
    """Forecast how long the iterative route takes for a clip, seconds.

    Args:
        clip: As for `stylize_video`.
        settings: Settings with `iterations`.

    Raises:
        PictureError: The clip cannot be read.
        WeightsError: VGG19's weights were not found.
    """
    from ..engines.iterative.forecast import forecast_seconds

    excerpt = make_excerpt(open_clip(clip), settings)
    each = forecast_seconds(excerpt.size, excerpt.size, iterative_settings(settings, excerpt.size))
    return each * (_FIRST_FRAME - 1 + (count_frames(excerpt) or 1))


def _key(style: StyleLike) -> int | str:
    return str(style) if isinstance(style, str) else id(style)


def _painting(style: StyleLike) -> Picture:
    from ..engines.network.model_file import names_a_model

    if isinstance(style, str) and names_a_model(style):
        raise SettingsError(
            f"{style} has no painting, which iterations need; name a painting or a shipped style"
        )
    (painting,) = as_paintings(style)
    return painting
