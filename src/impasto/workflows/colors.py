"""Colours and faces before and after the optimisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..engines.strength import as_planned, painted_share
from ..images.color import (
    keep_colors,
    luminance,
    match_colors,
    match_luminance,
    with_luminance,
)
from ..images.faces import Face, keep_faces
from ..images.guidance import group_styles
from ..images.masks import fit_mask
from ..images.scales import resize
from ..images.toning import Tone, apply_tone, find_tone, join_tones
from ..settings import Settings
from ..types import Guidance, Image, Step

_METHODS = {"match": "covariance", "histogram": "histogram"}


class ColoredInputs(NamedTuple):
    """Inputs of a run, recoloured as the settings require."""

    content: Image
    styles: list[Image]
    settings: Settings
    init: Image | None


def prepare_colors(
    content: Image,
    styles: Sequence[Image],
    guidance: Guidance,
    settings: Settings,
    init: Image | None,
) -> ColoredInputs:
    """Recolour the inputs of a run before the optimisation.

    Args:
        content: The photograph, (H, W, 3).
        styles: The paintings, (h, w, 3) each.
        guidance: Masks and weights of the styles, for `palette`.
        settings: `color` and `strength`.
        init: The starting picture; None if the settings name it.

    Returns:
        The inputs, with settings changed to match: `palette` needs no optimisation.
    """
    if settings.strength == 0:
        return ColoredInputs(content, list(styles), settings.changed(color="style"), None)
    if settings.color in _METHODS:
        method = _METHODS[settings.color]
        matched = [match_colors(style, content, method=method) for style in styles]
        return ColoredInputs(content, matched, settings, init)
    if settings.color == "luminance":
        light = luminance(content)
        greys = [_grey(match_luminance(luminance(style), light)) for style in styles]
        start = None if init is None else _grey(luminance(init))
        return ColoredInputs(_grey(light), greys, settings, start)
    if settings.color == "palette":
        start = _recolored(content, styles, guidance, settings)
        return ColoredInputs(content, list(styles), as_planned(settings), start)
    return ColoredInputs(content, list(styles), settings, init)


def tone_of(styles: Sequence[Image], guidance: Guidance, settings: Settings) -> Tone | None:
    """Return the tone that a result gets from paintings of one ink, such as drawings.

    Args:
        styles: The paintings, (h, w, 3) each.
        guidance: With masks, parts of a result may have other colours: no tone.
        settings: `color`.
    """
    guided = any(mask is not None for mask in (*guidance.masks, guidance.protect))
    if guided or settings.color not in ("style", "palette"):
        return None
    return join_tones([find_tone(style) for style in styles])


def restore_faces(step: Step, content: Image, settings: Settings, faces: Sequence[Face]) -> Step:
    """Keep the photograph's faces in a step.

    Args:
        step: As optimised.
        content: The photograph, (H, W, 3).
        settings: `keep_faces`, and `color`, since some colours are restored afterwards.
        faces: From `faces_to_keep`.
    """
    if not faces:
        return step

    def read() -> Image:
        photograph = np.clip(resize(content, step.size, resampling=settings.resampling), 0, 1)
        if settings.color == "luminance":
            photograph = _grey(luminance(photograph))
        return keep_faces(step.image, photograph, faces, settings.keep_faces)

    return dataclasses.replace(step, read=read)


def restore_colors(
    step: Step, content: Image, settings: Settings, tone: Tone | None = None
) -> Step:
    """Give a step the photograph's colours if the settings require it, or a tone.

    Args:
        step: As optimised.
        content: The photograph, (H, W, 3).
        settings: `color` and `strength`.
        tone: From `tone_of`.
    """
    finish = {"keep": keep_colors, "luminance": _with_painted_lightness}.get(settings.color)
    if settings.strength == 0 or (finish is None and tone is None):
        return step

    def read() -> Image:
        if finish is None and tone is not None:
            return apply_tone(step.image, tone, painted_share(settings))
        photograph = np.clip(resize(content, step.size, resampling=settings.resampling), 0, 1)
        return step.image if finish is None else finish(step.image, photograph)

    return dataclasses.replace(step, read=read)


def _with_painted_lightness(painted: Image, photograph: Image) -> Image:
    return with_luminance(photograph, painted.mean(axis=-1))


def _grey(light: Image) -> Image:
    grey: Image = np.repeat(light[..., None], 3, axis=-1)
    return grey


def _recolored(
    content: Image, styles: Sequence[Image], guidance: Guidance, settings: Settings
) -> Image:
    """Match the photograph's colours to the paintings', region by region."""
    changed: Image = np.zeros_like(content)
    covered = np.zeros(content.shape[:2], np.float32)
    for place in group_styles(len(styles), guidance):
        mask = (
            np.ones_like(covered) if place.mask is None else fit_mask(place.mask, content.shape[:2])
        )
        for index, share in zip(place.styles, place.shares, strict=True):
            part = mask * np.float32(share / sum(place.shares))
            matched = match_colors(content, styles[index], method="covariance")
            changed += part[..., None] * (matched - content)
        covered = covered + mask
    changed /= np.maximum(covered, 1)[..., None]
    recolored: Image = np.clip(content + np.float32(settings.strength) * changed, 0, 1)
    return recolored
