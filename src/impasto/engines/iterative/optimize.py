"""The iterative route: optimise the picture itself (Gatys et al. 2016), coarse to fine."""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import NamedTuple

import numpy as np

from ...backend import free_memory
from ...errors import DivergedError
from ...images.memory import Fit
from ...images.scales import Scale, enlarge, plan, resize
from ...perceptual import objective
from ...perceptual.style_cache import Looks
from ...process import returning_freed_memory
from ...settings import Settings
from ...types import Guidance, Image, Snapshot, Step, Tensor
from ..strength import at_strength
from . import time_budget
from .parametrization import Canvas, make_canvas
from .points import Point, Watched
from .rounds import Advance, make_advance, run_round
from .state import (
    Progress,
    Stand,
    end_round,
    evaluations,
    from_snapshot,
    place,
    settle,
    to_snapshot,
)
from .view import View, evaluate_point, make_view, starting_picture, to_image, to_pixels

_WORTH_FREEING = 4e9  # bytes that a scale takes: looking for what is unused takes 0.2 s


def optimize_image(
    content: Image,
    styles: Sequence[Image],
    settings: Settings,
    *,
    guidance: Guidance = objective.UNGUIDED,
    init: Image | None = None,
    since: float | None = None,
    looks: Looks | None = None,
    resume: Snapshot | None = None,
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
        resume: `snapshot` of a step of a run of the same pictures and settings, to go on from
            there; `init` is then unused.

    Yields:
        Steps; the last one holds the result.

    Raises:
        PictureError: A picture is too small or too thin for the network.
        WeightsError: No usable weights were found.
        ModelError: `resume` is of another kind of run.
        DivergedError: The loss left the finite numbers; its `step` holds the last good picture.
    """
    since = time.perf_counter() if since is None else since
    settings = at_strength(settings)
    largest = max((style.shape[:2] for style in styles), key=math.prod)
    stages = plan(content.shape[:2], largest, settings)
    stand = None if resume is None else from_snapshot(resume, stages, settings, since)
    course = stand.course if stand else settle(content.shape[:2], largest, settings, since)
    settings = settings.changed(precision=course.precision)
    planned = sum(stage.iterations for stage in stages)
    picture, progress = init, Progress(0, len(stages), 0, planned, 0)
    if stand is not None:
        picture, progress = to_image(stand.start), place(stand)
    elif picture is None or settings.strength == 0:
        picture = starting_picture(content, styles[0], stages[0].size, settings)
    kernels, known = looks or objective.make_looks(settings)
    last, each = None, 0.0
    for index in range(progress.scale, len(stages)):
        stage, fit = stages[index], course.fits[index]
        started = time.perf_counter()
        if last is None:
            at_work = resize(picture, stage.size, resampling=settings.resampling)
        else:
            at_work = enlarge(picture, content, stage.size, settings)
        progress = progress._replace(scale=index)
        seconds = None
        photograph = resize(content, stage.size, resampling=settings.resampling)
        if course.deadline is not None:
            seconds = time_budget.seconds_for(stages[index:], course.deadline - started)
            if last and not time_budget.fits(stage, stages[index - 1], each, seconds):
                finish = make_canvas(photograph, guidance, settings).finish
                yield _enlarged(last, finish(at_work), progress)
                continue
        fitted = _fitted(settings, fit)
        view = make_view(photograph, styles, guidance, kernels, fitted, known)
        stand = stand or Stand(course, to_pixels(at_work), progress)
        with _freeing(fit):
            best = yield from run_scale(view, stage, fitted, stand, seconds)
        last, picture, stand = best.step, best.image, None
        each = best.seconds / max(1, last.iteration - progress.iteration)
        progress = progress._replace(iteration=last.iteration, round=last.round)


@contextmanager
def _freeing(fit: Fit) -> Iterator[None]:
    """Give memory back after a scale that takes much, in tiles on the way, too."""
    with nullcontext() if fit.tile is None else returning_freed_memory():
        yield
    if fit.bytes > _WORTH_FREEING:
        free_memory()


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
        seconds: Time that its evaluations took.
    """

    step: Step
    image: Image
    seconds: float


def run_scale(
    view: View,
    stage: Scale,
    settings: Settings,
    stand: Stand,
    seconds: float | None = None,
) -> Generator[Step, None, Outcome]:
    """Optimise at one size, in `settings.rounds` rounds.

    Args:
        view: From `make_view` for the same size.
        stage: Size and evaluations of this scale.
        settings: All knobs.
        stand: Where the run stands before this scale, or amid it.
        seconds: Time for the evaluations, counted from when the targets are made; the deadline of
            the whole run applies as well.

    Yields:
        Steps with the best picture of this scale so far.

    Returns:
        The last step and its picture.

    Raises:
        DivergedError: The loss left the finite numbers; its `step` holds the best picture.
    """
    advance, watched = _begin(view, stand, settings)
    stand = stand._replace(best=watched.best)
    began = time.perf_counter()
    until = time_budget.end(began, seconds, stand.course.deadline)

    def step_at(stand: Stand, end_of_round: bool = False) -> Step:
        return _step(watched.best, place(stand), view.canvas, stand, end_of_round)

    yield step_at(stand)
    shares = [*filter(None, _shares(stage.iterations, settings.rounds))]
    for share in shares[stand.rounds :]:
        if _aims_anew(stand, settings):
            stand = stand._replace(start=watched.best.x, best=None)
            advance, watched = _begin(view, stand, settings)
            stand = stand._replace(best=watched.best)
        try:
            for moved in run_round(advance, watched, stand, settings, share, until):
                stand = moved
                if evaluations(stand) < share:
                    yield step_at(stand)
        except KeyboardInterrupt:  # amid a long step: hand out what there is, then go
            yield step_at(stand)
            raise
        except DivergedError as error:
            raise DivergedError(str(error), step_at(stand)) from error
        stand = end_round(stand, watched.best)
        yield step_at(stand, True)
    step = step_at(stand, True)
    return Outcome(step, to_image(watched.best.x), time.perf_counter() - began)


def _aims_anew(stand: Stand, settings: Settings) -> bool:
    """Tell whether the round to begin has targets of its own: those that depend on the picture."""
    return stand.state is None and stand.rounds > 0 and settings.style_loss == "patches"


def _begin(view: View, stand: Stand, settings: Settings) -> tuple[Advance, Watched]:
    """Make the targets, and evaluate the starting picture, unless that has been done."""
    targets = view.aim(view.canvas.show(stand.start))

    def evaluate(x: Tensor) -> Point:
        return evaluate_point(view, x, targets)

    best = stand.best or evaluate(stand.start)
    if not math.isfinite(float(best.value)):
        raise DivergedError(
            "the loss of the starting picture is not finite; "
            "lower content_weight, style_weight or tv_weight"
        )
    watched = Watched(evaluate, best)
    return make_advance(watched, settings), watched


def _shares(iterations: int, rounds: int) -> list[int]:
    """Divide the iterations between the rounds as evenly as whole numbers allow."""
    edges = [iterations * i // rounds for i in range(rounds + 1)]
    return [end - start for start, end in itertools.pairwise(edges)]


def _step(
    point: Point, progress: Progress, canvas: Canvas, stand: Stand, end_of_round: bool
) -> Step:
    return Step(
        parts=point.parts,
        size=tuple(point.x.shape[1:3]),
        end_of_round=end_of_round,
        read=lambda: canvas.finish(to_image(point.x)),
        snapshot=partial(to_snapshot, stand),
        **progress._asdict(),
    )


def _enlarged(last: Step, image: Image, progress: Progress) -> Step:
    """Return the step for a scale that there is no time for: the picture before, enlarged."""
    return Step(
        parts=last.parts,
        size=image.shape[:2],
        end_of_round=True,
        read=lambda: np.clip(image, 0.0, 1.0),
        snapshot=last.snapshot,
        **progress._asdict(),
    )
