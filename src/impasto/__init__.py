"""Impasto repaints a picture in the style of another.

Importing it loads no framework; each public name is imported on first use.

Example:
    >>> import impasto
    >>> result = impasto.stylize("photo.jpg", "painting.jpg", size=512)  # doctest: +SKIP
    >>> result.save("painted.png")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engines.network.export import Exported, export_litert, export_onnx
    from .engines.network.model import PaintingModel
    from .engines.network.model_file import load_model, save_model
    from .errors import (
        BackendError,
        DivergedError,
        ImpastoError,
        ModelError,
        PictureError,
        SettingsError,
        WeightsError,
    )
    from .images.files import read_image, read_picture, read_record, write_image
    from .images.sample_styles import sample_style
    from .paint_settings import PaintSettings
    from .process import tune_process
    from .settings import Settings
    from .training_settings import TrainingSettings
    from .types import Picture, Step
    from .video_settings import VideoSettings
    from .workflows.attempt import Form, Outcome
    from .workflows.batch import stylize_all
    from .workflows.guidance import Masks
    from .workflows.learn import learn_style
    from .workflows.paint import paint, shipped_model, styles
    from .workflows.pairs import make_pairs
    from .workflows.reproduce import again
    from .workflows.result import Result
    from .workflows.resume import resume
    from .workflows.score import Score, score
    from .workflows.style_paintings import style_painting
    from .workflows.stylize import make_stylizer, stylize
    from .workflows.texture import texture
    from .workflows.train import train_model
    from .workflows.training_plan import make_training
    from .workflows.video import VideoProgress, VideoResult, stylize_video

_HOMES = {
    ".engines.network.export": ("Exported", "export_litert", "export_onnx"),
    ".engines.network.model_file": ("load_model", "save_model"),
    ".engines.network.model": ("PaintingModel",),
    ".errors": (
        "BackendError",
        "DivergedError",
        "ImpastoError",
        "ModelError",
        "PictureError",
        "SettingsError",
        "WeightsError",
    ),
    ".images.files": ("read_image", "read_picture", "read_record", "write_image"),
    ".images.sample_styles": ("sample_style",),
    ".paint_settings": ("PaintSettings",),
    ".process": ("tune_process",),
    ".settings": ("Settings",),
    ".training_settings": ("TrainingSettings",),
    ".types": ("Picture", "Step"),
    ".video_settings": ("VideoSettings",),
    ".workflows.reproduce": ("again",),
    ".workflows.attempt": ("Form", "Outcome"),
    ".workflows.batch": ("stylize_all",),
    ".workflows.guidance": ("Masks",),
    ".workflows.learn": ("learn_style",),
    ".workflows.pairs": ("make_pairs",),
    ".workflows.paint": ("paint", "shipped_model", "styles"),
    ".workflows.score": ("Score", "score"),
    ".workflows.result": ("Result",),
    ".workflows.resume": ("resume",),
    ".workflows.style_paintings": ("style_painting",),
    ".workflows.stylize": ("make_stylizer", "stylize"),
    ".workflows.texture": ("texture",),
    ".workflows.train": ("train_model",),
    ".workflows.training_plan": ("make_training",),
    ".workflows.video": ("VideoProgress", "VideoResult", "stylize_video"),
}
importlib.import_module(".forks", __name__)  # records the forks of this process from now on
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BackendError",
    "DivergedError",
    "Exported",
    "Form",
    "ImpastoError",
    "Masks",
    "ModelError",
    "Outcome",
    "PaintSettings",
    "PaintingModel",
    "Picture",
    "PictureError",
    "Result",
    "Score",
    "Settings",
    "SettingsError",
    "Step",
    "TrainingSettings",
    "VideoProgress",
    "VideoResult",
    "VideoSettings",
    "WeightsError",
    "again",
    "export_litert",
    "export_onnx",
    "learn_style",
    "load_model",
    "make_pairs",
    "make_stylizer",
    "make_training",
    "paint",
    "read_image",
    "read_picture",
    "read_record",
    "resume",
    "sample_style",
    "save_model",
    "score",
    "shipped_model",
    "style_painting",
    "styles",
    "stylize",
    "stylize_all",
    "stylize_video",
    "texture",
    "train_model",
    "tune_process",
    "write_image",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
