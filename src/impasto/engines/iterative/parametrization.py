"""Parametrizations: maps from the optimised variables to the pixels that the network sees."""

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

_MARGIN = 64  # pixels of wrap-around padding of a seamless picture, at most
_MULTIPLE = 16


class Parametrization(NamedTuple):
    """An affine map from the optimised variables to the pixels that the network sees.

    Attributes:
        forward: Maps the variables, (1, H, W, 3), to pixels, (1, H', W', 3).
        backward: Maps the gradient in the pixels to the gradient in the variables.
        finish: Maps the variables to the finished picture, both (H, W, 3).
    """

    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor], Tensor]
    finish: Callable[[Image], Image]


def _same(x: Tensor) -> Tensor:
    return x


IDENTITY = Parametrization(_same, _same, _same)


def make_parametrization(
    photograph: Image, guidance: Guidance, settings: Settings
) -> Parametrization:
    """Compose the parametrization that guidance and settings need.

    Args:
        photograph: At the size of the scale, (H, W, 3), 0..1.
        guidance: The parts that keep the photograph.
        settings: `color` (`luminance` optimises one channel only), `seamless`, and `strength`.
    """
    result = IDENTITY
    share = painted_share(settings)
    if share < 1:
        result = _compose(result, _mix_with(photograph, share))
    if settings.color == "luminance":
        result = _compose(result, Parametrization(_grey, _grey, _same))
    painted = painted_part(guidance, photograph.shape[:2])
    if painted is not None:
        result = _compose(result, _protect(photograph, painted))
    if settings.seamless:
        result = _compose(result, _seamless(seamless_margin(photograph.shape[:2])))
    return result


def _compose(first: Parametrization, second: Parametrization) -> Parametrization:
    return Parametrization(
        lambda x: second.forward(first.forward(x)),
        lambda gradient: first.backward(second.backward(gradient)),
        lambda image: second.finish(first.finish(image)),
    )


def _mix_with(photograph: Image, share: float) -> Parametrization:
    def finish(image: Image) -> Image:
        mixed: Image = image + np.float32(1 - share) * (photograph - image)
        return mixed

    return Parametrization(_same, _same, finish)


def _grey(x: Tensor) -> Tensor:
    """Replace each colour by its mean, a projection: its own transpose."""
    return ops.broadcast_to(ops.mean(x, axis=-1, keepdims=True), x.shape)


def _protect(photograph: Image, painted: Mask) -> Parametrization:
    share = ops.convert_to_tensor(painted[None, :, :, None])
    fixed = ops.convert_to_tensor((photograph * (1 - painted[..., None]))[None])

    def finish(image: Image) -> Image:
        mixed: Image = image * painted[..., None] + photograph * (1 - painted[..., None])
        return mixed

    return Parametrization(lambda x: share * x + fixed, lambda gradient: share * gradient, finish)


def seamless_margin(size: Size) -> int:
    """Return the width of the wrap-around padding of a seamless picture, pixels."""
    return max(_MULTIPLE, min(_MARGIN, min(size) // _MULTIPLE * _MULTIPLE))


def _seamless(margin: int) -> Parametrization:
    def forward(x: Tensor) -> Tensor:
        for axis in (1, 2):
            x = ops.concatenate(
                [_part(x, axis, -margin, None), x, _part(x, axis, 0, margin)], axis=axis
            )
        return x

    def backward(gradient: Tensor) -> Tensor:
        for axis in (2, 1):
            inner = _part(gradient, axis, margin, -margin)
            length = inner.shape[axis]
            before, after = _part(gradient, axis, 0, margin), _part(gradient, axis, -margin, None)
            gap = ops.zeros_like(_part(inner, axis, 0, length - margin))
            inner = inner + ops.concatenate([gap, before], axis=axis)
            gradient = inner + ops.concatenate([after, gap], axis=axis)
        return gradient

    return Parametrization(forward, backward, _same)


def _part(x: Tensor, axis: int, start: int, stop: int | None) -> Tensor:
    return x[:, start:stop] if axis == 1 else x[:, :, start:stop]


def pad_seamless(image: Image, settings: Settings) -> Image:
    """Pad an image by wrapping around if the picture is seamless; else return it as it is."""
    if not settings.seamless:
        return image
    margin = seamless_margin(image.shape[:2])
    around = ((margin, margin), (margin, margin), (0, 0))[: image.ndim]
    return np.pad(image, around, mode="wrap")


def pad_guidance(guidance: Guidance, size: Size, styles: int, settings: Settings) -> Guidance:
    """Return the guidance of a padded picture; see `pad_seamless`.

    The padding only gives features their surroundings. It has weight 0, since its outer edge is
    not an edge of the picture.
    """
    if not settings.seamless:
        return guidance
    margin = seamless_margin(size)
    core = np.pad(np.ones(size, np.float32), margin)
    core /= core.mean()
    masks = guidance.masks or (None,) * styles
    within = tuple(
        core if mask is None else core * pad_seamless(fit_mask(mask, size), settings)
        for mask in masks
    )
    return Guidance(guidance.weights, within, guidance.style_masks, None)
