"""The iterative route: optimise the picture itself (Gatys et al. 2016), coarse to fine."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..backend import free_memory, ops, resolve_precision
from ..errors import DivergedError
from ..images.files import read_image
from ..images.memory import fit_scales
from ..images.scales import Scale, plan, resize, style_size
from ..perceptual import objective, tiles
from ..perceptual.features import Kernels
from ..settings import Settings
from ..types import Image, Size, Step, Targets, Tensor
from . import pace
from .optimizers import OPTIMIZERS
from .points import Evaluate, Point, lower

_CHECK_EVERY = 10  # evaluations
_NOISE_MEAN, _NOISE_DEVIATION = 0.5, 0.15


class Progress(NamedTuple):
    """Where a run stands: everything of a `Step` but the picture."""

    scale: int
    scales: int
    iteration: int
    iterations: int
    round: int


def optimize_image(
    content: Image,
    style: Image,
    settings: Settings,
    *,
    init: Image | None = None,
    since: float | None = None,
) -> Iterator[Step]:
    """Paint `content` in the style of `style`, yielding a step after each optimizer step.

    Stop at any time: each step holds the best picture of its scale so far. The first step of a
    scale shows its starting picture.

    Args:
        content: The photograph, (H, W, 3), 0..1, any size.
        style: The painting, (h, w, 3), 0..1, any size.
        settings: All knobs.
        init: Starting picture in place of `settings.init`, (h, w, 3), 0..1, any size.
        since: When the budget of time began, by `time.perf_counter`; None for now.

    Yields:
        Steps; the last one holds the result.

    Raises:
        PictureError: A picture is too small or too thin for the network.
        WeightsError: No usable weights were found.
        DivergedError: The loss left the finite numbers; its `step` holds the last good picture.
    """
    since = time.perf_counter() if since is None else since
    deadline = None if settings.seconds is None else since + settings.seconds
    settings = settings.changed(precision=resolve_precision(settings.precision))
    stages = plan(content.shape[:2], style.shape[:2], settings)
    fits = fit_scales(content.shape[:2], style.shape[:2], settings)
    picture = starting_picture(content, style, stages[0].size, settings) if init is None else init
    kernels = objective.load_kernels(settings)
    progress = Progress(0, len(stages), 0, settings.iterations, 0)
    last, each = None, 0.0
    for index, (stage, fit) in enumerate(zip(stages, fits, strict=True)):
        started = time.perf_counter()
        at_work = resize(picture, stage.size, resampling=settings.resampling)
        progress = progress._replace(scale=index)
        until = None
        if deadline is not None:
            until = started + pace.seconds_for(stages[index:], deadline - started)
            if last and not pace.fits(stage, stages[index - 1], each, until - started):
                yield _enlarged(last, at_work, progress)
                continue
        fitted = settings.changed(tile=fit.tile, history=fit.history)
        targets = prepare_targets(content, style, stage.size, kernels, fitted, fit.tile)
        pixels = to_pixels(at_work)
        last = yield from run_scale(pixels, targets, kernels, stage, fitted, progress, until)
        picture = last.image
        free_memory()
        spent = time.perf_counter() - started
        each = pace.seconds_each(stage, last.iteration - progress.iteration, spent)
        progress = progress._replace(iteration=last.iteration, round=last.round)


def starting_picture(content: Image, style: Image, size: Size, settings: Settings) -> Image:
    """Make the picture that the first scale starts from.

    Args:
        content: The photograph, (H, W, 3).
        style: The painting, (h, w, 3).
        size: Height and width of the first scale.
        settings: `init`, and `seed` for noise.

    Returns:
        A picture, 0..1, of `size` for noise and as it is otherwise.

    Raises:
        PictureError: `init` is a file that cannot be read.
    """
    if settings.init == "content":
        return content
    if settings.init == "style":
        return style
    if settings.init == "noise":
        noise = np.random.default_rng(settings.seed).normal(
            _NOISE_MEAN, _NOISE_DEVIATION, (*size, 3)
        )
        return np.asarray(np.clip(noise, 0.0, 1.0), dtype=np.float32)
    return read_image(Path(settings.init))


def prepare_targets(
    content: Image,
    style: Image,
    size: Size,
    kernels: Kernels,
    settings: Settings,
    tile: int | None = None,
) -> Targets:
    """Compute the targets for one size of the picture, (H, W), in tiles if they have a side."""
    painting = resize(
        style, style_size(style.shape[:2], size, settings), resampling=settings.resampling
    )
    photograph = resize(content, size, resampling=settings.resampling)
    pixels = to_pixels(photograph), to_pixels(painting)
    if tile is not None:
        return tiles.make_targets(*pixels, kernels, settings, tile)
    return objective.make_targets(*pixels, kernels, settings)


def run_scale(
    pixels: Tensor,
    targets: Targets,
    kernels: Kernels,
    stage: Scale,
    settings: Settings,
    progress: Progress,
    until: float | None = None,
) -> Generator[Step, None, Step]:
    """Optimise at one size, in `settings.rounds` rounds.

    Args:
        pixels: Starting picture, (1, H, W, 3), 0..1.
        targets: From `prepare_targets` for the same size.
        kernels: The prepared network.
        stage: Size and evaluations of this scale.
        settings: All knobs; with a `tile` the picture is looked at in tiles.
        progress: Where the run stands before this scale.
        until: When this scale must end, by `time.perf_counter`.

    Yields:
        Steps with the best picture of this scale so far.

    Returns:
        The last step.

    Raises:
        DivergedError: The loss left the finite numbers; its `step` holds the best picture.
    """
    if settings.tile is not None:
        loss = tiles.loss_and_gradient(settings, settings.tile)
    else:
        loss = objective.loss_and_gradient(settings)
    best = _start_point(loss, pixels, targets, kernels)

    def evaluate(x: Tensor) -> Point:
        nonlocal best
        point = evaluate_point(loss, x, targets, kernels)
        best = lower(point, best)
        return point

    yield _step(best, progress, stage.size, False)
    for share in filter(None, _shares(stage.iterations, settings.rounds)):
        before = progress
        progress = before._replace(iteration=before.iteration + 1)
        try:
            for evaluations in run_round(evaluate, best, settings, share, until):
                progress = before._replace(iteration=before.iteration + evaluations)
                if evaluations < share:
                    yield _step(best, progress, stage.size, False)
        except KeyboardInterrupt:  # amid a long step: hand out what there is, then go
            yield _step(best, progress, stage.size, False)
            raise
        except DivergedError as error:
            raise DivergedError(str(error), _step(best, progress, stage.size, False)) from error
        progress = progress._replace(round=before.round + 1)
        yield _step(best, progress, stage.size, True)
    return _step(best, progress, stage.size, True)


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


def _start_point(
    loss: Callable[..., Any], pixels: Tensor, targets: Targets, kernels: Kernels
) -> Point:
    start = evaluate_point(loss, pixels, targets, kernels)
    if not math.isfinite(float(start.value)):
        raise DivergedError(
            "the loss of the starting picture is not finite; "
            "lower content_weight, style_weight or tv_weight"
        )
    return start


def evaluate_point(
    loss: Callable[..., Any], x: Tensor, targets: Targets, kernels: Kernels
) -> Point:
    """Evaluate the loss; the value is infinity where loss or gradient is not finite."""
    (total, parts), gradient = loss(x, targets, kernels)
    finite = ops.logical_and(ops.isfinite(total), ops.all(ops.isfinite(gradient)))
    return Point(x, ops.where(finite, total, math.inf), gradient, {"total": total, **parts})


def _shares(iterations: int, rounds: int) -> list[int]:
    """Divide the iterations between the rounds as evenly as whole numbers allow."""
    edges = [iterations * i // rounds for i in range(rounds + 1)]
    return [end - start for start, end in itertools.pairwise(edges)]


def _step(point: Point, progress: Progress, size: Size, end_of_round: bool) -> Step:
    return Step(
        parts=point.parts,
        size=size,
        end_of_round=end_of_round,
        read=lambda: _to_image(point.x),
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


def to_pixels(image: Image) -> Tensor:
    """Bring an image onto the device as pixels, (1, H, W, 3)."""
    return ops.convert_to_tensor(image[None], dtype="float32")


def _to_image(pixels: Tensor) -> Image:
    image: Image = np.clip(ops.convert_to_numpy(pixels)[0], 0.0, 1.0)  # (H, W, 3)
    return image
