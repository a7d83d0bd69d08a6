"""Forecast the time of a run from a short measurement of this machine."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...backend import BACKEND, VERSION, devices, ops, threads
from ...backend.measurements import Table, Timing, is_steady
from ...images.memory import Fit, fit_scales
from ...images.scales import Scale, plan, style_size
from ...perceptual import objective
from ...perceptual.features import Kernels
from ...perceptual.receptive_field import grid, margin
from ...settings import Settings
from ...types import Size, Targets
from ..strength import as_planned
from .state import resolve_settings

_SIDES = (128, 256, 512, 1024)  # measured from small to large, until one takes long enough
_LONG_ENOUGH = 0.04  # seconds of an evaluation from which larger ones can be extrapolated
_LEAST = 0.2  # least share of an evaluation's time that is attributed to its pixels
_PAIR = 0.008  # extra time for each pair in the memory of L-BFGS, as a share of an evaluation
_FIRST = 1.0  # extra time of the first evaluation at a new size, in evaluations
_START = 0.3  # seconds, to load the network
_WORTH_REMEASURING = 60.0  # seconds of a run for which a second of measuring is worthwhile
# The settings that determine the time of an evaluation.
_MATTERS = ("precision", "pooling", "padding", "content_layers", "style_layers", "style_loss")


class Speed(NamedTuple):
    """The speed of this machine.

    Attributes:
        call: Fixed seconds of an evaluation of loss and gradient.
        pixel: Additional seconds for each pixel.
        look: Time of a forward pass, as a share of an evaluation.
        compile: Seconds before the first evaluation at each size.
    """

    call: float
    pixel: float
    look: float
    compile: float = 0.0


def forecast_seconds(
    content_size: Size, style_size: Size, settings: Settings, *, styles: int = 1
) -> float:
    """Forecast how long `optimize_image` takes, if no scale ends early by its tolerance.

    The machine's speed is measured for about a second and cached in the user's cache folder. It is
    measured again for a run of more than a minute, since other programs may be busy now.

    Args:
        content_size: Height and width of the photograph, pixels.
        style_size: Height and width of the largest painting, pixels.
        settings: All settings.
        styles: Number of paintings.

    Returns:
        Seconds, at most the time budget.

    Raises:
        PictureError: A picture is too small, or the result does not fit into memory.
        WeightsError: No usable weights were found.

    Example:
        >>> forecast_seconds((400, 600), (400, 600), Settings(size=320))  # doctest: +SKIP
        7.9
    """
    settings = resolve_settings(as_planned(settings))
    work = functools.partial(work_seconds, content_size, style_size, settings, styles=styles)
    seconds = work(speed(settings))
    if seconds > _WORTH_REMEASURING:
        seconds = work(speed(settings, remeasure=True))
    return seconds if settings.seconds is None else min(seconds, settings.seconds)


def work_seconds(
    content: Size, style: Size, settings: Settings, speed: Speed, *, styles: int = 1
) -> float:
    """Return how long all scales take at a given speed.

    Args:
        content: Height and width of the photograph, pixels.
        style: Height and width of the largest painting, pixels.
        settings: All settings; `budget` is ignored.
        speed: Speed of the machine.
        styles: Number of paintings.

    Returns:
        Seconds.

    Raises:
        PictureError: A picture is too small, or the result does not fit into memory.

    Example:
        >>> settings = Settings(size=256, scales=1, iterations=10, history=5)
        >>> round(work_seconds((256, 256), (256, 256), settings, Speed(0.0, 1e-6, 0.5)), 2)
        1.12
    """
    stages, fits = plan(content, style, settings), fit_scales(content, style, settings)
    return _START + sum(
        _scale_seconds(
            stage, [style_size(style, stage.size, settings)] * styles, fit, settings, speed
        )
        for stage, fit in zip(stages, fits, strict=True)
    )


def _scale_seconds(
    stage: Scale, paintings: Sequence[Size], fit: Fit, settings: Settings, speed: Speed
) -> float:
    """Return the seconds of a scale: targets and evaluations."""
    layers = {*settings.content_layers, *settings.style_layers}
    tiles, pixels = _tiles_and_pixels(stage.size, fit.tile, margin(layers))
    evaluation = tiles * speed.call + pixels * speed.pixel
    whole_evaluation = evaluation * (1 + speed.look if tiles > 1 else 1)
    if settings.optimizer == "lbfgs":
        own = stage.size[0] * stage.size[1] * speed.pixel
        whole_evaluation += _PAIR * min(fit.history, stage.iterations) * own
    looks = evaluation
    for painting in paintings:
        tiles, pixels = _tiles_and_pixels(painting, fit.tile, margin(settings.style_layers))
        looks += tiles * speed.call + pixels * speed.pixel
    return (
        speed.compile + speed.look * looks + (max(stage.iterations, 1) + _FIRST) * whole_evaluation
    )


def _tiles_and_pixels(size: Size, tile: int | None, reach: int) -> tuple[int, int]:
    """Return the number of tiles of a picture and of their pixels, margins included."""
    if tile is None:
        return 1, size[0] * size[1]
    windows = [part.outer for part in grid(size, tile, reach)]
    return len(windows), sum((w.bottom - w.top) * (w.right - w.left) for w in windows)


def speed(settings: Settings, *, remeasure: bool = False) -> Speed:
    """Return this machine's speed, measured now or read from the cache.

    Args:
        settings: Layers, pooling, padding and precision, which must not be `auto`.
        remeasure: Measure even if the speed is cached.

    Raises:
        WeightsError: No usable weights were found.
    """
    question = " ".join(str(getattr(settings, name)) for name in _MATTERS)
    ask = functools.partial(_measure, settings)
    known = _table().look_up(question, Speed._fields, ask, remeasure=remeasure)
    if not math.isfinite(sum(known.values())):  # a damaged file
        known = _table().look_up(question, Speed._fields, ask, remeasure=True)
    return Speed(**known)


@functools.cache
def _table() -> Table:
    return Table(f"forecast {BACKEND} {VERSION} {devices()[0]}", threads())


class _Times(NamedTuple):
    """Seconds at one size: an evaluation, a forward pass, and the compilation before.

    `steady` is false if two evaluations disagree, as on a busy machine.
    """

    pixels: int
    evaluation: float
    look: float
    before: float
    steady: bool


def _measure(settings: Settings) -> Timing:
    """Time growing sizes until an evaluation takes long enough.

    A line through the last two gives the seconds of a call and of a pixel.
    """
    kernels = objective.load_kernels(settings)
    found: list[_Times] = []
    for side in _SIDES:
        found.append(_time_size(side, kernels, settings))
        if len(found) > 1 and found[-1].evaluation > _LONG_ENOUGH:
            break
    small, large = found[-2:]
    added = max(large.evaluation - small.evaluation, _LEAST * large.evaluation)
    pixel = added / (large.pixels - small.pixels)
    seconds = {
        "call": max(0.0, large.evaluation - pixel * large.pixels),
        "pixel": pixel,
        "look": large.look / large.evaluation,
        "compile": min(times.before for times in found),
    }
    return Timing(seconds, small.steady and large.steady)


def _time_size(side: int, kernels: Kernels, settings: Settings) -> _Times:
    evaluate = objective.loss_and_gradient(settings)
    noise = np.random.default_rng(0).random((1, side * 3 // 4, side, 3), dtype=np.float32)
    pixels = ops.convert_to_tensor(noise)

    def look() -> Targets:
        targets = objective.make_targets(pixels, [pixels], kernels, settings)
        float(targets.content[settings.content_layers[0]][0, 0, 0, 0])  # waits for the device
        return targets

    def step() -> None:
        float(evaluate(pixels, targets, kernels)[0][0])

    began = time.perf_counter()
    targets = look()
    step()
    first = time.perf_counter() - began
    times, both = [_time(step), _time(step)], _time(look)
    before = max(0.0, first - both - (1 + _FIRST) * min(times))
    return _Times(noise[..., 0].size, min(times), both / 2, before, is_steady(times))


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
