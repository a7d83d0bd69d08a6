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

from ...backend import check_process, free_memory
from ...errors import DivergedError
from ...images.memory import Fit
from ...images.scales import Scale, enlarge, plan, resize
from ...perceptual import objective
from ...perceptual.style_cache import StyleCache
from ...process import returning_freed_memory
from ...settings import Settings
from ...types import Guidance, Image, Snapshot, Step, Tensor
from ..pixels import to_image, to_pixels
from ..strength import at_strength
from . import time_budget
from .parametrization import Parametrization, make_parametrization
from .points import BestTracker, Point
from .problem import ScaleProblem, evaluate_point, make_problem, starting_picture, vary
from .rounds import Advance, make_advance, run_round
from .state import (
    Progress,
    RunState,
    current_progress,
    end_round,
    evaluations_in_round,
    from_snapshot,
    set_up_run,
    to_snapshot,
)

_WORTH_FREEING = 4e9  # bytes of a scale from which on freeing memory is worth its 0.2 s


def optimize_image(
    content: Image,
    styles: Sequence[Image],
    settings: Settings,
    *,
    guidance: Guidance = objective.UNGUIDED,
    init: Image | None = None,
    since: float | None = None,
    cache: StyleCache | None = None,
    resume: Snapshot | None = None,
) -> Iterator[Step]:
    """Paint `content` in the style of `styles`, yielding a step after each optimizer step.

    Stop at any time: each step holds the best picture of its scale so far. The first step of a
    scale shows its starting picture.

    Args:
        content: The photograph, (H, W, 3), 0..1, any size.
        styles: The paintings, (h, w, 3) each, 0..1, any size.
        settings: All settings.
        guidance: Which style goes where, and which parts keep the photograph.
        init: Starting picture, instead of `settings.init`, (h, w, 3), 0..1, any size.
        since: Start of the time budget, by `time.perf_counter`; None for now.
        cache: From `objective.make_style_cache`, to share it between pictures; made if None.
        resume: `snapshot` of a step of a run with the same pictures and settings, to continue
            from; `init` is then unused.

    Yields:
        Steps; the last one holds the result.

    Raises:
        PictureError: A picture is too small or too thin for the network.
        WeightsError: No usable weights were found.
        ModelError: `resume` belongs to a different run.
        DivergedError: The loss is not finite; `error.step` holds the last good picture.
        BackendError: The framework cannot be used in this process, see `check_process`.
    """
    check_process()
    since = time.perf_counter() if since is None else since
    settings = at_strength(settings)
    largest = max((style.shape[:2] for style in styles), key=math.prod)
    stages = plan(content.shape[:2], largest, settings)
    run = None if resume is None else from_snapshot(resume, stages, settings, since)
    setup = run.setup if run else set_up_run(content.shape[:2], largest, settings, since)
    settings = settings.changed(precision=setup.precision)
    planned = sum(stage.iterations for stage in stages)
    picture, progress = init, Progress(0, len(stages), 0, planned, 0)
    if run is not None:
        picture, progress = to_image(run.start), current_progress(run)
    elif picture is None or settings.strength == 0:
        picture = starting_picture(content, styles[0], stages[0].size, settings)
    kernels, entries = cache or objective.make_style_cache(settings)
    last, each = None, 0.0
    for index in range(progress.scale, len(stages)):
        stage, fit = stages[index], setup.fits[index]
        started = time.perf_counter()
        if last is None:
            start = resize(picture, stage.size, resampling=settings.resampling)
        else:
            start = enlarge(picture, content, stage.size, settings)
        progress = progress._replace(scale=index)
        seconds = None
        photograph = resize(content, stage.size, resampling=settings.resampling)
        if setup.deadline is not None:
            seconds = time_budget.seconds_for(stages[index:], setup.deadline - started)
            if last and not time_budget.fits(stage, stages[index - 1], each, seconds):
                finish = make_parametrization(photograph, guidance, settings).finish
                yield _enlarged_step(last, finish(start), progress)
                continue
        fitted = _settings_for(settings, fit)
        problem = make_problem(photograph, styles, guidance, kernels, fitted, entries)
        run = run or RunState(setup, to_pixels(start if last else vary(start, settings)), progress)
        with _free_afterwards(fit):
            best = yield from run_scale(problem, stage, fitted, run, seconds)
        last, picture, run = best.step, best.image, None
        each = best.seconds / max(1, last.iteration - progress.iteration)
        progress = progress._replace(iteration=last.iteration, round=last.round)


@contextmanager
def _free_afterwards(fit: Fit) -> Iterator[None]:
    """Return memory to the system after a large scale, in tiles also during it."""
    with nullcontext() if fit.tile is None else returning_freed_memory():
        yield
    if fit.bytes > _WORTH_FREEING:
        free_memory()


def _settings_for(settings: Settings, fit: Fit) -> Settings:
    """Return the settings of one scale: its tiles, history and style loss."""
    settings = settings.changed(tile=fit.tile, history=fit.history)
    if fit.tile is not None and settings.style_loss == "patches":
        warnings.warn(
            "the largest scales are evaluated in tiles, which cannot compare patches, so they use "
            "gram; raise memory or lower size to keep patches",
            stacklevel=2,
        )
        return settings.changed(style_loss="gram")
    return settings


class ScaleResult(NamedTuple):
    """The result of a scale.

    Attributes:
        step: The last step.
        image: The optimised variables, (H, W, 3), 0..1: the next scale starts from them.
        seconds: Time of the evaluations.
    """

    step: Step
    image: Image
    seconds: float


def run_scale(
    problem: ScaleProblem,
    stage: Scale,
    settings: Settings,
    run: RunState,
    seconds: float | None = None,
) -> Generator[Step, None, ScaleResult]:
    """Optimise at one size, in `settings.rounds` rounds.

    Args:
        problem: From `make_problem` for the same size.
        stage: Size and evaluations of this scale.
        settings: All settings.
        run: State of the run at the start of this scale, or within it.
        seconds: Time for the evaluations, from when the targets are made; the deadline of the
            whole run applies as well.

    Yields:
        Steps with the best picture of this scale so far.

    Returns:
        The last step and its picture.

    Raises:
        DivergedError: The loss is not finite; `error.step` holds the best picture.
    """
    advance, tracker = _start_round(problem, run, settings)
    run = run._replace(best=tracker.best)
    began = time.perf_counter()
    until = time_budget.end(began, seconds, run.setup.deadline)

    def step_at(run: RunState, end_of_round: bool = False) -> Step:
        return _step(
            tracker.best, current_progress(run), problem.parametrization, run, end_of_round
        )

    yield step_at(run)
    shares = [*filter(None, _shares(stage.iterations, settings.rounds))]
    for share in shares[run.rounds :]:
        if _needs_new_targets(run, settings):
            run = run._replace(start=tracker.best.x, best=None)
            advance, tracker = _start_round(problem, run, settings)
            run = run._replace(best=tracker.best)
        try:
            for moved in run_round(advance, tracker, run, settings, share, until):
                run = moved
                if evaluations_in_round(run) < share:
                    yield step_at(run)
        except KeyboardInterrupt:  # within a long step: hand out the picture so far
            yield step_at(run)
            raise
        except DivergedError as error:
            raise DivergedError(str(error), step_at(run)) from error
        run = end_round(run, tracker.best)
        yield step_at(run, True)
    step = step_at(run, True)
    return ScaleResult(step, to_image(tracker.best.x), time.perf_counter() - began)


def _needs_new_targets(run: RunState, settings: Settings) -> bool:
    """Return whether the next round needs new targets, because they depend on the picture."""
    return run.state is None and run.rounds > 0 and settings.style_loss == "patches"


def _start_round(
    problem: ScaleProblem, run: RunState, settings: Settings
) -> tuple[Advance, BestTracker]:
    """Make the targets, and evaluate the starting picture if that has not been done."""
    targets = problem.make_targets(problem.parametrization.forward(run.start))

    def evaluate(x: Tensor) -> Point:
        return evaluate_point(problem, x, targets)

    best = run.best or evaluate(run.start)
    if not math.isfinite(float(best.value)):
        raise DivergedError(
            "the loss of the starting picture is not finite; "
            "lower content_weight, style_weight or tv_weight"
        )
    tracker = BestTracker(evaluate, best)
    return make_advance(tracker, settings), tracker


def _shares(iterations: int, rounds: int) -> list[int]:
    """Divide the iterations between the rounds as evenly as integers allow."""
    edges = [iterations * i // rounds for i in range(rounds + 1)]
    return [end - start for start, end in itertools.pairwise(edges)]


def _step(
    point: Point,
    progress: Progress,
    parametrization: Parametrization,
    run: RunState,
    end_of_round: bool,
) -> Step:
    return Step(
        parts=point.parts,
        size=tuple(point.x.shape[1:3]),
        end_of_round=end_of_round,
        read=lambda: parametrization.finish(to_image(point.x)),
        snapshot=partial(to_snapshot, run),
        **progress._asdict(),
    )


def _enlarged_step(last: Step, image: Image, progress: Progress) -> Step:
    """Return the step of a scale that is skipped for lack of time: the last picture, enlarged."""
    return Step(
        parts=last.parts,
        size=image.shape[:2],
        end_of_round=True,
        read=lambda: np.clip(image, 0.0, 1.0),
        snapshot=last.snapshot,
        **progress._asdict(),
    )
