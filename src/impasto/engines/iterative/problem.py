"""The optimisation problem of one scale: parametrization, targets and loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...backend import ops
from ...images.files import read_image
from ...images.scales import resize, style_size
from ...perceptual import objective, tiles
from ...perceptual.features import Kernels
from ...perceptual.objective import LossAndGradient
from ...perceptual.style_cache import Cached
from ...settings import Settings
from ...types import Guidance, Image, Size, Targets, Tensor
from ..pixels import to_pixels
from .parametrization import Parametrization, make_parametrization, pad_guidance, pad_seamless
from .points import Point, where
from .temporal import with_temporal_loss

_NOISE_MEAN, _NOISE_DEVIATION = 0.5, 0.15
_VARIATION = 0.2  # standard deviation of the noise that another seed adds to the start


class ScaleProblem(NamedTuple):
    """The problem that the optimizer solves at one scale.

    Attributes:
        parametrization: From the optimised variables to the pixels that the network sees.
        make_targets: Computes the targets, given the pixels at the start of a round.
        loss: `(pixels, targets, kernels) -> ((total, parts), gradient)`.
        kernels: The prepared network.
    """

    parametrization: Parametrization
    make_targets: Callable[[Tensor], Targets]
    loss: LossAndGradient
    kernels: Kernels


def make_problem(
    photograph: Image,
    styles: Sequence[Image],
    guidance: Guidance,
    kernels: Kernels,
    settings: Settings,
    cached: Cached | None = None,
) -> ScaleProblem:
    """Make the optimisation problem of one size.

    Args:
        photograph: At that size, (H, W, 3), 0..1.
        styles: The paintings, (h, w, 3) each, 0..1, any size.
        guidance: Which style goes where, and which parts keep the photograph.
        kernels: From `objective.load_kernels`.
        settings: All settings; with `tile` the picture is evaluated in tiles.
        cached: Cached style targets of this network.

    Raises:
        PictureError: A painting is too small or too thin.
    """
    size = photograph.shape[:2]
    seen = to_pixels(pad_seamless(photograph, settings))
    sizes = [style_size(style.shape[:2], size, settings) for style in styles]
    within = pad_guidance(guidance, size, len(styles), settings)

    def make_targets(pixels: Tensor) -> Targets:
        paintings = [
            to_pixels(resize(style, at, resampling=settings.resampling))
            for style, at in zip(styles, sizes, strict=True)
        ]
        if settings.tile is not None:
            tile = settings.tile
            return tiles.make_targets(seen, paintings, kernels, settings, tile, within, cached)
        return objective.make_targets(seen, paintings, kernels, settings, within, pixels, cached)

    loss = objective.loss_and_gradient(settings)
    if settings.tile is not None:
        loss = tiles.loss_and_gradient(settings, settings.tile)
    if guidance.temporal is not None:
        loss = with_temporal_loss(loss, guidance.temporal, size)
    return ScaleProblem(
        make_parametrization(photograph, guidance, settings), make_targets, loss, kernels
    )


def prepare_targets(
    content: Image, styles: Sequence[Image], size: Size, kernels: Kernels, settings: Settings
) -> Targets:
    """Compute the targets for one size of the picture, (H, W), without regions.

    Args:
        content: The photograph, (h, w, 3), 0..1, any size.
        styles: The paintings, in the same form.
        size: Height and width.
        kernels: From `objective.load_kernels`.
        settings: All settings; with `tile` the pictures are evaluated in tiles.
    """
    photograph = resize(content, size, resampling=settings.resampling)
    problem = make_problem(photograph, styles, objective.UNGUIDED, kernels, settings)
    return problem.make_targets(to_pixels(photograph))


def evaluate_point(problem: ScaleProblem, x: Tensor, targets: Targets) -> Point:
    """Evaluate the loss; the value is infinite if the loss or its gradient is not finite."""
    (total, parts), gradient = problem.loss(
        problem.parametrization.forward(x), targets, problem.kernels
    )
    finite = ops.logical_and(ops.isfinite(total), ops.all(ops.isfinite(gradient)))
    value = where(finite, total, math.inf)
    return Point(x, value, problem.parametrization.backward(gradient), {"total": total, **parts})


def starting_picture(content: Image, style: Image, size: Size, settings: Settings) -> Image:
    """Make the picture that the first scale starts from, unless a network paints it.

    Args:
        content: The photograph, (H, W, 3).
        style: The painting, (h, w, 3).
        size: Height and width of the first scale.
        settings: `init` (`blend` counts as `content`), and `seed` of noise.

    Returns:
        A picture, 0..1, of `size` for noise and of its own size otherwise.

    Raises:
        PictureError: `init` is a file that cannot be read.
    """
    if settings.init in ("content", "blend"):
        return content
    if settings.init == "style":
        return style
    if settings.init == "noise":
        noise = np.random.default_rng(settings.seed).normal(
            _NOISE_MEAN, _NOISE_DEVIATION, (*size, 3)
        )
        return np.asarray(np.clip(noise, 0.0, 1.0), dtype=np.float32)
    return read_image(Path(settings.init))


def vary(start: Image, settings: Settings) -> Image:
    """Add noise to a starting picture, so that another `seed` than 0 gives another result.

    Args:
        start: (H, W, 3), at the size of the first scale.
        settings: `seed`; `init`, since noise differs by itself; `iterations`, since without any
            the start is the result.
    """
    if settings.seed == 0 or settings.init == "noise" or settings.iterations == 0:
        return start
    rng = np.random.default_rng([settings.seed, 1])
    noise = rng.standard_normal(start.shape, dtype=np.float32)
    return np.clip(start + np.float32(_VARIATION) * noise, 0, 1)
