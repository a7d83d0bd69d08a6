"""Impasto repaints a picture in the style of another.

Importing it loads no framework; each public name loads what it needs when it is first used.

Example:
    >>> import impasto
    >>> result = impasto.stylize("photo.jpg", "painting.jpg", size=512)  # doctest: +SKIP
    >>> result.save("painted.png")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import (
        BackendError,
        DivergedError,
        ImpastoError,
        PictureError,
        SettingsError,
        WeightsError,
    )
    from .images.files import read_image, read_picture, read_record, write_image
    from .images.sample_styles import sample_style
    from .process import tune_process
    from .settings import Settings
    from .types import Picture, Step
    from .workflows.score import Score, score
    from .workflows.stylize import Result, make_stylizer, stylize

_HOMES = {
    ".errors": (
        "BackendError",
        "DivergedError",
        "ImpastoError",
        "PictureError",
        "SettingsError",
        "WeightsError",
    ),
    ".images.files": ("read_image", "read_picture", "read_record", "write_image"),
    ".images.sample_styles": ("sample_style",),
    ".process": ("tune_process",),
    ".settings": ("Settings",),
    ".types": ("Picture", "Step"),
    ".workflows.score": ("Score", "score"),
    ".workflows.stylize": ("Result", "make_stylizer", "stylize"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BackendError",
    "DivergedError",
    "ImpastoError",
    "Picture",
    "PictureError",
    "Result",
    "Score",
    "Settings",
    "SettingsError",
    "Step",
    "WeightsError",
    "make_stylizer",
    "read_image",
    "read_picture",
    "read_record",
    "sample_style",
    "score",
    "stylize",
    "tune_process",
    "write_image",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
