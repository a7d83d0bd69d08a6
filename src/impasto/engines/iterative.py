"""The iterative route: optimise the picture itself (Gatys et al. 2016), coarse to fine."""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..backend import free_memory, ops, resolve_precision
from ..errors import DivergedError
from ..images.memory import Fit, fit_scales
from ..images.scales import Scale, enlarge, plan, resize
from ..perceptual import objective
from ..perceptual.looks import Looks
from ..settings import Settings
from ..types import Guidance, Image, Step, Targets, Tensor
from . import pace
from .canvas import Canvas, make_canvas
from .optimizers import OPTIMIZERS
from .points import Evaluate, Point, lower
from .strength import at_strength
from .view import View, evaluate_point, make_view, starting_picture, to_pixels

_CHECK_EVERY = 10  # evaluations


class Progress(NamedTuple):
    """Where a run stands: everything of a `Step` but the picture."""

    scale: int
    scales: int
    iteration: int
    iterations: int
    round: int


def optimize_image(
    content: Image,
    styles: Sequence[Image],
    settings: Settings,
    *,
    guidance: Guidance = objective.UNGUIDED,
    init: Image | None = None,
    since: float | None = None,
    looks: Looks | None = None,
) -> Iterator[Step]:
    """Paint `content` in the style of `styles`, yielding a step after each optimizer step.

    Stop at any time: each step holds the best picture of its scale so far. The first step of a
    scale shows its starting picture.

    Args:
        content: The photograph, (H, W, 3), 0..1, any size.
        styles: The paintings, (h, w, 3) each, 0..1, any size.
        settings: All knobs.
        guidance: Which style goes where, and what stays as it is.
        init: Starting picture in place of `settings.init`, (h, w, 3), 0..1, any size.
        since: When the budget of time began, by `time.perf_counter`; None for now.
        looks: From `objective.make_looks`, where it serves several pictures; made if None.

    Yields:
        Steps; the last one holds the result.

    Raises:
        PictureError: A picture is too small or too thin for the network.
        WeightsError: No usable weights were found.
        DivergedError: The loss left the finite numbers; its `step` holds the last good picture.
    """
    since = time.perf_counter() if since is None else since
    deadline = None if settings.seconds is None else since + settings.seconds
    settings = at_strength(settings).changed(precision=resolve_precision(settings.precision))
    largest = max((style.shape[:2] for style in styles), key=math.prod)
    stages = plan(content.shape[:2], largest, settings)
    fits = fit_scales(content.shape[:2], largest, settings)
    if init is None or settings.strength == 0:
        init = starting_picture(content, styles[0], stages[0].size, settings)
    picture = init
    kernels, known = looks or objective.make_looks(settings)
    progress = Progress(0, len(stages), 0, sum(stage.iterations for stage in stages), 0)
    last, each = None, 0.0
    for index, (stage, fit) in enumerate(zip(stages, fits, strict=True)):
        started = time.perf_counter()
        if last is None:
            at_work = resize(picture, stage.size, resampling=settings.resampling)
        else:
            at_work = enlarge(picture, content, stage.size, settings)
        progress = progress._replace(scale=index)
        until = None
        photograph = resize(content, stage.size, resampling=settings.resampling)
        if deadline is not None:
            until = started + pace.seconds_for(stages[index:], deadline - started)
            if last and not pace.fits(stage, stages[index - 1], each, until - started):
                finish = make_canvas(photograph, guidance, settings).finish
                yield _enlarged(last, finish(at_work), progress)
                continue
        fitted = _fitted(settings, fit)
        view = make_view(photograph, styles, guidance, kernels, fitted, known)
        best = yield from run_scale(to_pixels(at_work), view, stage, fitted, progress, until)
        last, picture = best.step, best.image
        free_memory()
        spent = time.perf_counter() - started
        each = pace.seconds_each(stage, last.iteration - progress.iteration, spent)
        progress = progress._replace(iteration=last.iteration, round=last.round)


def _fitted(settings: Settings, fit: Fit) -> Settings:
    """Return the settings of a scale as it fits into memory."""
    settings = settings.changed(tile=fit.tile, history=fit.history)
    if fit.tile is not None and settings.style_loss == "patches":
        warnings.warn(
            "the largest scales are looked at in tiles, where patches cannot be compared; gram is "
            "used there (raise memory, or lower size)",
            stacklevel=2,
        )
        return settings.changed(style_loss="gram")
    return settings


class Outcome(NamedTuple):
    """What a scale ends with.

    Attributes:
        step: The last step.
        image: The numbers that were optimised, (H, W, 3), 0..1: what the next scale starts from.
    """

    step: Step
    image: Image


def run_scale(
    pixels: Tensor,
    view: View,
    stage: Scale,
    settings: Settings,
    progress: Progress,
    until: float | None = None,
) -> Generator[Step, None, Outcome]:
    """Optimise at one size, in `settings.rounds` rounds.

    Args:
        pixels: Starting picture, (1, H, W, 3), 0..1.
        view: From `make_view` for the same size.
        stage: Size and evaluations of this scale.
        settings: All knobs.
        progress: Where the run stands before this scale.
        until: When this scale must end, by `time.perf_counter`.

    Yields:
        Steps with the best picture of this scale so far.

    Returns:
        The last step and its picture.

    Raises:
        DivergedError: The loss left the finite numbers; its `step` holds the best picture.
    """
    targets, best = _begin(view, pixels)

    def evaluate(x: Tensor) -> Point:
        nonlocal best
        point = evaluate_point(view, x, targets)
        best = lower(point, best)
        return point

    yield _step(best, progress, view.canvas, False)
    for number, share in enumerate(filter(None, _shares(stage.iterations, settings.rounds))):
        if _aims_anew(number, settings):
            targets, best = _begin(view, best.x)
        before = progress
        progress = before._replace(iteration=before.iteration + 1)
        try:
            for evaluations in run_round(evaluate, best, settings, share, until):
                progress = before._replace(iteration=before.iteration + evaluations)
                if evaluations < share:
                    yield _step(best, progress, view.canvas, False)
        except KeyboardInterrupt:  # amid a long step: hand out what there is, then go
            yield _step(best, progress, view.canvas, False)
            raise
        except DivergedError as error:
            raise DivergedError(str(error), _step(best, progress, view.canvas, False)) from error
        progress = progress._replace(round=before.round + 1)
        yield _step(best, progress, view.canvas, True)
    return Outcome(_step(best, progress, view.canvas, True), _to_image(best.x))


def run_round(
    evaluate: Evaluate, start: Point, settings: Settings, share: int, until: float | None
) -> Iterator[int]:
    """Step until the share of evaluations, the time, or the progress is used up.

    Only every tenth evaluation asks the device how things stand, unless time is short.

    Args:
        evaluate: Gives loss and gradient.
        start: Where to begin; counts as an evaluation.
        settings: `optimizer` and its knobs, `tolerance`.
        share: Evaluations.
        until: When to end, by `time.perf_counter`.

    Yields:
        The number of evaluations after each step.

    Raises:
        DivergedError: The loss left the finite numbers.
    """
    optimizer = OPTIMIZERS[settings.optimizer]
    state = optimizer.init(start, settings)
    began, value = time.perf_counter(), math.inf
    while state.evaluations < share and state.finished is not True:
        state = optimizer.step(evaluate, state, settings, share)
        yield state.evaluations
        if state.evaluations % _CHECK_EVERY == 0 or state.evaluations >= share:
            former, value = value, float(state.point.value)
            if optimizer.check(state) or former - value < settings.tolerance * abs(value):
                return
        if until is not None:
            float(state.point.value)  # waits for the device, else the clock says nothing
            now = time.perf_counter()
            if now + (now - began) / (state.evaluations - 1) > until:
                return


def _aims_anew(number: int, settings: Settings) -> bool:
    """Tell whether a round of a scale has targets of its own: those that depend on the picture."""
    return number > 0 and settings.style_loss == "patches"


def _begin(view: View, x: Tensor) -> tuple[Targets, Point]:
    """Make the targets, and evaluate the starting picture."""
    targets = view.aim(view.canvas.show(x))
    start = evaluate_point(view, x, targets)
    if not math.isfinite(float(start.value)):
        raise DivergedError(
            "the loss of the starting picture is not finite; "
            "lower content_weight, style_weight or tv_weight"
        )
    return targets, start


def _shares(iterations: int, rounds: int) -> list[int]:
    """Divide the iterations between the rounds as evenly as whole numbers allow."""
    edges = [iterations * i // rounds for i in range(rounds + 1)]
    return [end - start for start, end in itertools.pairwise(edges)]


def _step(point: Point, progress: Progress, canvas: Canvas, end_of_round: bool) -> Step:
    return Step(
        parts=point.parts,
        size=tuple(point.x.shape[1:3]),
        end_of_round=end_of_round,
        read=lambda: canvas.finish(_to_image(point.x)),
        **progress._asdict(),
    )


def _enlarged(last: Step, image: Image, progress: Progress) -> Step:
    """Return the step for a scale that there is no time for: the picture before, enlarged."""
    return Step(
        parts=last.parts,
        size=image.shape[:2],
        end_of_round=True,
        read=lambda: np.clip(image, 0.0, 1.0),
        **progress._asdict(),
    )


def _to_image(pixels: Tensor) -> Image:
    image: Image = np.clip(ops.convert_to_numpy(pixels)[0], 0.0, 1.0)  # (H, W, 3)
    return image
