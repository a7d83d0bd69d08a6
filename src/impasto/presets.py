"""Sets of defaults: what a preset, a quality and a style loss bring along, unless it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The reference procedure (docs/decisions/0002): what the classic preset changes.
CLASSIC: dict[str, Any] = {
    "init": "content",
    "height": 400,
    "style_fit": "stretch",
    "resampling": "nearest",
    "padding": "zeros",
    "normalization": "none",
    "content_layers": ("block5_conv2",),
    "content_weight": 0.025,
    "style_weight": 1.0,
    "tv_weight": 1e-4,
    "scales": 1,
    "iterations": 400,
    "rounds": 20,
    "optimizer": "scipy",
    "precision": "float32",
    "tolerance": 0.0,
}
PRESETS: dict[str, dict[str, Any]] = {"default": {}, "classic": CLASSIC}
# What each quality sets, unless it is given; docs/decisions/0008 has the figures.
QUALITIES: dict[str, dict[str, Any]] = {
    "draft": {"init": "blend", "iterations": 60},
    "good": {"init": "blend", "iterations": 107},
    "best": {"init": "content", "iterations": 400},
}
# The same where the iterations are given or the network's painting would not help.
WITHOUT_BLEND: dict[str, dict[str, Any]] = {
    "draft": {"init": "content", "iterations": 60},
    "good": {"init": "content", "iterations": 135},
    "best": {"init": "content", "iterations": 400},
}
# With any but these values of these settings it would not; empty ones do no harm.
BLENDABLE: dict[str, tuple[str, ...]] = {
    "style_loss": ("gram",),
    "color": ("style", "keep"),
    "masks": (),
    "style_masks": (),
    "protect": (),
    "seamless": (),
}
PATCHES: dict[str, Any] = {"rounds": 2, "content_weight": 0.25, "tv_weight": 2.0}
# What each style loss sets, unless it is given; docs/decisions/0014 has pictures.
STYLE_LOSSES: dict[str, dict[str, Any]] = {"gram": {}, "moments": {}, "patches": PATCHES}


def begins_blended(values: Mapping[str, Any]) -> bool:
    """Tell whether a run begins with a blend, of a quality that does so.

    Args:
        values: The settings that are given, and no others.

    Example:
        >>> begins_blended({"size": 640}), begins_blended({"iterations": 50})
        (True, False)
    """
    if "init" in values or "iterations" in values:
        return values.get("init") == "blend"
    return all(not values.get(name) or values[name] in usual for name, usual in BLENDABLE.items())
