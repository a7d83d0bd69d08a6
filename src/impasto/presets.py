"""Presets: default values of settings set by a preset, a quality or a style loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Defaults of the classic preset, the reference procedure (docs/decisions/0002).
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
    "tv_power": 1.25,
    "scales": 1,
    "iterations": 400,
    "rounds": 20,
    "optimizer": "scipy",
    "precision": "float32",
    "tolerance": 0.0,
}
PRESETS: dict[str, dict[str, Any]] = {"default": {}, "classic": CLASSIC}
# Defaults of each quality; docs/decisions/0008 has the figures.
QUALITIES: dict[str, dict[str, Any]] = {
    "draft": {"init": "blend", "iterations": 60},
    "good": {"init": "blend", "iterations": 107},
    "best": {"init": "content", "iterations": 400},
}
# The same for runs that start from the photograph; see `starts_from_blend`.
WITHOUT_BLEND: dict[str, dict[str, Any]] = {
    "draft": {"init": "content", "iterations": 60},
    "good": {"init": "content", "iterations": 135},
    "best": {"init": "content", "iterations": 400},
}
# A run starts from a blend only with these values of these settings, or with none.
BLENDABLE: dict[str, tuple[str, ...]] = {
    "style_loss": ("gram",),
    "color": ("style", "keep"),
    "masks": (),
    "style_masks": (),
    "protect": (),
    "seamless": (),
}
PATCHES: dict[str, Any] = {"rounds": 2, "content_weight": 0.25, "tv_weight": 0.2}
# Defaults of each style loss; docs/decisions/0014 has pictures.
STYLE_LOSSES: dict[str, dict[str, Any]] = {"gram": {}, "moments": {}, "patches": PATCHES}


def starts_from_blend(values: Mapping[str, Any]) -> bool:
    """Return whether the settings allow a run to start from a blend.

    Args:
        values: Only the settings that were given explicitly.

    Example:
        >>> starts_from_blend({"size": 640}), starts_from_blend({"iterations": 50})
        (True, False)
    """
    if "init" in values or "iterations" in values:
        return values.get("init") == "blend"
    return all(not values.get(name) or values[name] in usual for name, usual in BLENDABLE.items())
