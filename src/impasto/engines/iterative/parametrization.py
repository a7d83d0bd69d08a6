"""Map between the optimised variables and the pixels that the network sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...backend import ops
from ...images.guidance import painted_part
from ...images.masks import fit_mask
from ...settings import Settings
from ...types import Guidance, Image, Mask, Size, Tensor
from ..strength import painted_share

_MARGIN = 64  # pixels of the far side that a seamless picture is seen with
_GRAIN = 16


class Canvas(NamedTuple):
    """A map from the numbers that are optimised to pixels, linear but for what stays as it is.

    Attributes:
        show: Gives the pixels that the network sees, (1, H', W', 3), of numbers (1, H, W, 3).
        pull: Turns the gradient in those pixels into that in the numbers.
        finish: Makes the picture of the numbers, both (H, W, 3).
    """

    show: Callable[[Tensor], Tensor]
    pull: Callable[[Tensor], Tensor]
    finish: Callable[[Image], Image]


def _same(x: Tensor) -> Tensor:
    return x


PLAIN = Canvas(_same, _same, _same)


def make_canvas(photograph: Image, guidance: Guidance, settings: Settings) -> Canvas:
    """Make the canvas that guidance and settings ask for.

    Args:
        photograph: At the size at work, (H, W, 3), 0..1.
        guidance: What stays as in the photograph.
        settings: `color`, of which `luminance` leaves one channel to optimise, `seamless`, and
            `strength`.
    """
    canvas = PLAIN
    share = painted_share(settings)
    if share < 1:
        canvas = _joined(canvas, _mixed_with(photograph, share))
    if settings.color == "luminance":
        canvas = _joined(canvas, Canvas(_grey, _grey, _same))
    painted = painted_part(guidance, photograph.shape[:2])
    if painted is not None:
        canvas = _joined(canvas, _protecting(photograph, painted))
    if settings.seamless:
        canvas = _joined(canvas, _seamless(margin_of(photograph.shape[:2])))
    return canvas


def _joined(first: Canvas, second: Canvas) -> Canvas:
    return Canvas(
        lambda x: second.show(first.show(x)),
        lambda gradient: first.pull(second.pull(gradient)),
        lambda image: second.finish(first.finish(image)),
    )


def _mixed_with(photograph: Image, share: float) -> Canvas:
    def finish(image: Image) -> Image:
        mixed: Image = image + np.float32(1 - share) * (photograph - image)
        return mixed

    return Canvas(_same, _same, finish)


def _grey(x: Tensor) -> Tensor:
    """Replace each colour by its mean, a projection: its own transpose."""
    return ops.broadcast_to(ops.mean(x, axis=-1, keepdims=True), x.shape)


def _protecting(photograph: Image, painted: Mask) -> Canvas:
    share = ops.convert_to_tensor(painted[None, :, :, None])
    fixed = ops.convert_to_tensor((photograph * (1 - painted[..., None]))[None])

    def finish(image: Image) -> Image:
        mixed: Image = image * painted[..., None] + photograph * (1 - painted[..., None])
        return mixed

    return Canvas(lambda x: share * x + fixed, lambda gradient: share * gradient, finish)


def margin_of(size: Size) -> int:
    """Return how many pixels of the far side a seamless picture is seen with."""
    return max(_GRAIN, min(_MARGIN, min(size) // _GRAIN * _GRAIN))


def _seamless(margin: int) -> Canvas:
    def show(x: Tensor) -> Tensor:
        for axis in (1, 2):
            x = ops.concatenate(
                [_part(x, axis, -margin, None), x, _part(x, axis, 0, margin)], axis=axis
            )
        return x

    def pull(gradient: Tensor) -> Tensor:
        for axis in (2, 1):
            inner = _part(gradient, axis, margin, -margin)
            length = inner.shape[axis]
            before, after = _part(gradient, axis, 0, margin), _part(gradient, axis, -margin, None)
            gap = ops.zeros_like(_part(inner, axis, 0, length - margin))
            inner = inner + ops.concatenate([gap, before], axis=axis)
            gradient = inner + ops.concatenate([after, gap], axis=axis)
        return gradient

    return Canvas(show, pull, _same)


def _part(x: Tensor, axis: int, start: int, stop: int | None) -> Tensor:
    return x[:, start:stop] if axis == 1 else x[:, :, start:stop]


def wrapped(image: Image, settings: Settings) -> Image:
    """Return an image as it is seen: a seamless one with its far sides around it."""
    if not settings.seamless:
        return image
    margin = margin_of(image.shape[:2])
    around = ((margin, margin), (margin, margin), (0, 0))[: image.ndim]
    return np.pad(image, around, mode="wrap")


def wrapped_guidance(guidance: Guidance, size: Size, styles: int, settings: Settings) -> Guidance:
    """Return guidance for the picture as it is seen; see `wrapped`.

    What is seen around a seamless picture gives its features their surroundings, but has no style
    of its own to match: beyond it is an edge that is none. The picture counts in full.
    """
    if not settings.seamless:
        return guidance
    margin = margin_of(size)
    core = np.pad(np.ones(size, np.float32), margin)
    core /= core.mean()
    masks = guidance.masks or (None,) * styles
    within = tuple(
        core if mask is None else core * wrapped(fit_mask(mask, size), settings) for mask in masks
    )
    return Guidance(guidance.weights, within, guidance.style_masks, None)
