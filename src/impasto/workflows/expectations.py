"""Say before the work what to expect of the inputs, and which settings cannot act."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..images.painting_checks import describe_painting
from ..images.scales import plan
from ..settings import Settings
from ..types import Picture

_ENLARGED = 2.0  # times the photograph's own size, from where it is said
# Settings that a recolouring without optimisation does not use.
_OPTIMISATION = (
    "content_weight", "style_weight", "tv_weight", "tv_power", "content_layers", "style_layers",
    "style_layer_weights", "style_loss", "normalization", "pooling", "padding", "scales", "rounds",
    "optimizer", "history", "learning_rate", "seed", "style_scale", "style_fit",
)  # fmt: skip


def describe_inputs(
    photograph: Picture | None, paintings: Sequence[Picture], settings: Settings
) -> list[str]:
    """Say what may disappoint in a result of `stylize`, and what to do.

    Args:
        photograph: The photograph; None if there are several, or none.
        paintings: At least one.
        settings: All settings.

    Returns:
        Sentences; none for most inputs.

    Raises:
        PictureError: A picture is too small or too thin, or a painting has no style.

    Example:
        >>> photograph, painting = map(read_picture, ("photo.jpg", "tiny.jpg"))  # doctest: +SKIP
        >>> describe_inputs(photograph, [painting], Settings())  # doctest: +SKIP
        ['tiny.jpg is small, 40x30 pixels, so strokes will be a blur; give one of 512 or more']
    """
    found = unused_settings(settings, len(paintings))
    for painting in paintings:
        found += describe_painting(painting, round(settings.size * settings.style_scale))
    if photograph is not None:
        sizes = [each.image.shape[:2] for each in paintings]
        size = plan(photograph.image.shape[:2], max(sizes, key=math.prod), settings)[-1].size
        found += describe_enlargement(photograph, max(size))
    return found


def describe_enlargement(photograph: Picture, long_side: int) -> list[str]:
    """Say if a result is much larger than its photograph.

    Args:
        photograph: The photograph.
        long_side: That of the result, pixels.
    """
    height, width = photograph.image.shape[:2]
    factor = long_side / max(height, width)
    if factor <= _ENLARGED:
        return []
    name = photograph.name or "the photograph"
    return [
        f"{name} has {width}x{height} pixels and is enlarged {factor:.1f} times, so its details "
        "will be soft"
    ]


def unused_settings(settings: Settings, styles: int) -> list[str]:
    """List the settings that differ from their defaults and cannot act.

    Args:
        settings: All settings.
        styles: Number of styles.

    Returns:
        A sentence for each.

    Example:
        >>> unused_settings(Settings(feather=0.1), 1)
        ['feather has no effect without masks']
    """
    usual = Settings(preset=settings.preset)

    def differs(name: str) -> bool:
        return bool(getattr(settings, name) != getattr(usual, name))

    found = []
    if differs("feather") and not (settings.masks or settings.style_masks or settings.protect):
        found.append("feather has no effect without masks")
    if differs("learning_rate") and settings.optimizer != "adam":
        found.append("learning_rate has no effect without optimizer adam")
    if differs("history") and settings.optimizer == "adam":
        found.append("history has no effect with optimizer adam")
    if settings.style_weights and styles == 1:
        found.append("style_weights has no effect with one style")
    if settings.color == "palette":
        names = [name for name in _OPTIMISATION if differs(name)]
        found += [f"{name} has no effect with color palette" for name in names]
    return found
