"""Procedurally drawn sample paintings.

Each kind is a composition in landscape 4:3, varied by the seed. Strong colours, contrast, and
texture from fine grain to large shapes make them good style pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...errors import SettingsError
from ...types import Image
from .mosaic import mosaic
from .swirls import swirls
from .woodcut import woodcut

MIN_SIZE, MAX_SIZE = 64, 4096  # pixels, long side

SAMPLE_STYLES: dict[str, Callable[[int, np.random.Generator], Image]] = {
    "swirls": swirls,
    "mosaic": mosaic,
    "woodcut": woodcut,
}


def sample_style(kind: str, size: int = 768, seed: int = 0) -> Image:
    """Draw a sample painting.

    The number of strokes, stones or cuts is the same at every size; they scale with the picture.

    Args:
        kind: One of `SAMPLE_STYLES`: "swirls" (thick flowing brush strokes), "mosaic" (stones in
            grout) or "woodcut" (carved lines in four inks).
        size: Width of the picture, its long side, 64..4096 pixels.
        seed: Varies the picture, 0 or more; the same seed gives the same picture.

    Returns:
        Picture of shape (round(0.75 * size), size, 3), float32, sRGB, 0..1.

    Raises:
        SettingsError: If the kind is unknown, or size or seed is out of range.

    Example:
        >>> sample_style("mosaic", size=96).shape
        (72, 96, 3)
    """
    if kind not in SAMPLE_STYLES:
        kinds = ", ".join(SAMPLE_STYLES)
        raise SettingsError(f"Unknown sample style {kind!r}; choose one of: {kinds}.")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise SettingsError(
            f"The size of a sample style is {MIN_SIZE}..{MAX_SIZE} pixels, not {size}."
        )
    if seed < 0:
        raise SettingsError(f"The seed of a sample style is 0 or more, not {seed}.")
    return SAMPLE_STYLES[kind](size, np.random.default_rng(seed))
