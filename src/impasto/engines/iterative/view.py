"""The view of one scale: parametrization, targets and loss."""

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
from ...perceptual.style_cache import Known
from ...settings import Settings
from ...types import Guidance, Image, Size, Targets, Tensor
from .parametrization import Canvas, make_canvas, wrapped, wrapped_guidance
from .points import Point, where

_NOISE_MEAN, _NOISE_DEVIATION = 0.5, 0.15


class View(NamedTuple):
    """How a picture of one size is looked at.

    Attributes:
        canvas: From the numbers that are optimised to the pixels that the network sees.
        aim: Gives the targets, for the pixels as they are at the start of a round.
        loss: Of pixels, targets and kernels, with its gradient.
        kernels: The prepared network.
    """

    canvas: Canvas
    aim: Callable[[Tensor], Targets]
    loss: LossAndGradient
    kernels: Kernels


def make_view(
    photograph: Image,
    styles: Sequence[Image],
    guidance: Guidance,
    kernels: Kernels,
    settings: Settings,
    known: Known | None = None,
) -> View:
    """Make all that is needed to judge pictures of one size.

    Args:
        photograph: At that size, (H, W, 3), 0..1.
        styles: The paintings, (h, w, 3) each, 0..1, any size.
        guidance: Which style goes where, and what stays as it is.
        kernels: From `objective.load_kernels`.
        settings: All knobs; with a `tile` the picture is looked at in tiles.
        known: What is remembered of paintings, for one network.

    Raises:
        PictureError: A painting is too small or too thin.
    """
    size = photograph.shape[:2]
    seen = to_pixels(wrapped(photograph, settings))
    sizes = [style_size(style.shape[:2], size, settings) for style in styles]
    within = wrapped_guidance(guidance, size, len(styles), settings)

    def aim(pixels: Tensor) -> Targets:
        paintings = [
            to_pixels(resize(style, at, resampling=settings.resampling))
            for style, at in zip(styles, sizes, strict=True)
        ]
        if settings.tile is not None:
            tile = settings.tile
            return tiles.make_targets(seen, paintings, kernels, settings, tile, within, known)
        return objective.make_targets(seen, paintings, kernels, settings, within, pixels, known)

    loss = objective.loss_and_gradient(settings)
    if settings.tile is not None:
        loss = tiles.loss_and_gradient(settings, settings.tile)
    return View(make_canvas(photograph, guidance, settings), aim, loss, kernels)


def prepare_targets(
    content: Image, styles: Sequence[Image], size: Size, kernels: Kernels, settings: Settings
) -> Targets:
    """Compute the targets for one size of the picture, (H, W), without regions.

    Args:
        content: The photograph, (h, w, 3), 0..1, any size.
        styles: The paintings, in the same form.
        size: Height and width.
        kernels: From `objective.load_kernels`.
        settings: All knobs; with a `tile` the pictures are looked at in tiles.
    """
    photograph = resize(content, size, resampling=settings.resampling)
    view = make_view(photograph, styles, objective.UNGUIDED, kernels, settings)
    return view.aim(to_pixels(photograph))


def evaluate_point(view: View, x: Tensor, targets: Targets) -> Point:
    """Evaluate the loss; the value is infinity where loss or gradient is not finite."""
    (total, parts), gradient = view.loss(view.canvas.show(x), targets, view.kernels)
    finite = ops.logical_and(ops.isfinite(total), ops.all(ops.isfinite(gradient)))
    value = where(finite, total, math.inf)
    return Point(x, value, view.canvas.pull(gradient), {"total": total, **parts})


def starting_picture(content: Image, style: Image, size: Size, settings: Settings) -> Image:
    """Make the picture that the first scale starts from, if no network paints it.

    Args:
        content: The photograph, (H, W, 3).
        style: The painting, (h, w, 3).
        size: Height and width of the first scale.
        settings: `init`, a `blend` being the photograph alone, and `seed` for noise.

    Returns:
        A picture, 0..1, of `size` for noise and as it is otherwise.

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


def to_pixels(image: Image) -> Tensor:
    """Bring an image onto the device as pixels, (1, H, W, 3)."""
    return ops.convert_to_tensor(image[None], dtype="float32")


def to_image(pixels: Tensor) -> Image:
    """Bring pixels, (1, H, W, 3), back as an image, clipped to 0..1."""
    image: Image = np.clip(ops.convert_to_numpy(pixels)[0], 0.0, 1.0)  # (H, W, 3)
    return image
