"""Starting pictures painted by a network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..engines.network.model_file import names_a_model
from ..images.scales import SMALLEST_SIDE, resize
from ..paint_settings import PaintSettings
from ..settings import Settings
from ..types import Image, Picture
from .paint import find_model
from .paint import paint as paint_at_once
from .result import PictureLike
from .style_paintings import shipped_style

_START_SIDE = 512  # long side of a painted starting picture, pixels
_BLEND = 0.4  # share of the network's painting in a blend


def paint_initial_picture(
    content: Image, paintings: Sequence[Picture], settings: Settings
) -> Image | None:
    """Paint the starting picture with a network if the settings require one.

    Args:
        content: The photograph, (H, W, 3), 0..1.
        paintings: One for each style, at least one.
        settings: `init`, and for a blend `style_weights` and `strength`.

    Returns:
        A picture, (h, w, 3), 0..1, of any size; None if no network is needed.

    Raises:
        ModelError: The network cannot be used.
    """
    if settings.strength == 0:
        return None
    small = PaintSettings(size=_long_side(content))
    if names_a_model(settings.init):
        return paint_at_once(content, settings.init, settings=small).image
    if settings.init == "paint":
        return paint_at_once(content, _learned(paintings[0]), settings=small).image
    if settings.init == "blend":
        painted = [paint_at_once(content, _learned(each), settings=small) for each in paintings]
        shares = settings.style_weights or None
        mixed = np.average([each.image for each in painted], axis=0, weights=shares)
        share = _BLEND * min(1.0, settings.strength)
        return share * mixed.astype(np.float32) + (1 - share) * resize(content, mixed.shape[:2])
    return None


def _long_side(content: Image) -> int:
    """Return the long side to paint at: 512 pixels or the photograph's, more if it is thin."""
    short, long = sorted(map(int, content.shape[:2]))
    return max(min(_START_SIDE, long), math.ceil(SMALLEST_SIDE * long / short))


def _learned(painting: Picture) -> PictureLike:
    """Return the name of the style learned from a painting, else the painting at a usable size."""
    name = shipped_style(painting)
    if name is not None and name in find_model(None).styles:
        return name
    height, width = painting.image.shape[:2]
    factor = max(1.0, SMALLEST_SIDE / min(height, width))  # the network needs this size
    return resize(painting.image, (math.ceil(height * factor), math.ceil(width * factor)))
