"""Texture synthesis: a painting's style without a photograph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..settings import Settings
from ..types import Picture, Step
from .guidance import Masks
from .result import MaskLike, Result, StylesLike
from .stylize import stylize

_GREY = 0.5
_NEEDS_A_PHOTOGRAPH = ("strength", "color", "masks", "protect")


def texture(
    style: StylesLike,
    *,
    aspect: float = 1.0,
    settings: Settings | None = None,
    style_masks: Sequence[MaskLike] | None = None,
    on_step: Callable[[Step], None] | None = None,
    progress: bool = False,
    **changes: Any,
) -> Result:
    """Synthesise a texture from a painting.

    With `seamless=True`, copies of the result tile a plane.

    Args:
        style: The painting, or a list of several; see `stylize`.
        aspect: Width of the result divided by its height.
        settings: Settings; the defaults if None. The content weight is 0, and the picture starts
            from noise by default.
        style_masks: A mask per painting of the part its style is taken from, in place of those of
            the settings.
        on_step: Called after each step.
        progress: Show a bar, on a terminal or in a notebook.
        **changes: Settings to change, such as `size=640`.

    Returns:
        The picture.

    Raises:
        PictureError: The painting cannot be read, or is too small or too thin.
        SettingsError: A setting is out of range, or needs a photograph.

    Example:
        >>> texture("painting.jpg", seamless=True).save("tile.png")  # doctest: +SKIP
    """
    settings = (settings or Settings()).changed(**changes)
    settings = texture_settings(settings)
    blank = blank_content(aspect, settings)
    result = stylize(
        blank,
        style,
        settings=settings,
        masks=Masks(style_masks=style_masks),
        on_step=on_step,
        progress=progress,
    )
    return as_texture(result, aspect)


def as_texture(result: Result, aspect: float) -> Result:
    """Turn the record of a result into that of a texture: no photograph, but an aspect."""
    record = {**result.record, "command": "texture", "aspect": aspect}
    record["inputs"] = [entry for entry in record["inputs"] if entry["role"] != "content"]
    del record["content"]
    return replace(result, record=record)


def texture_settings(settings: Settings) -> Settings:
    """Return the settings for a picture without content.

    Raises:
        SettingsError: A setting needs a photograph.

    Example:
        >>> texture_settings(Settings(seamless=True)).init
        'noise'
    """
    usual = Settings()
    for name in _NEEDS_A_PHOTOGRAPH:
        if getattr(settings, name) != getattr(usual, name):
            raise SettingsError(f"{name} needs a photograph, and a texture has none; leave it out")
    init = "noise" if settings.init in ("content", "blend") else settings.init
    return settings.changed(content_weight=0.0, init=init)


def blank_content(aspect: float, settings: Settings) -> Picture:
    """Return a grey picture in place of the photograph.

    Args:
        aspect: Width divided by height.
        settings: `size`, or `height`.

    Raises:
        SettingsError: The aspect is not from 1/100 to 100.
    """
    if not 0.01 <= aspect <= 100:
        raise SettingsError(f"aspect is width divided by height, from 0.01 to 100, got {aspect}")
    long_side = settings.size if settings.height is None else settings.height
    height, width = long_side * min(1.0, 1 / aspect), long_side * min(1.0, aspect)
    size = max(1, round(height)), max(1, round(width))
    return Picture(np.full((*size, 3), _GREY, np.float32), name="texture")
