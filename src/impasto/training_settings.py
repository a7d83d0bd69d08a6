"""All settings of training: default, range, unit and help."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from .errors import SettingsError
from .settings import STYLE_LAYERS, Budget, LayerName, Precision, Settings, format_error

Width = Annotated[int, Field(ge=4, le=512)]


class TrainingSettings(BaseModel):
    """Settings of a training, validated on construction and immutable.

    Raises:
        SettingsError: A value is out of range.

    Example:
        >>> TrainingSettings(steps=100).batch
        4
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    steps: Annotated[int, Field(ge=1)] = 10_000
    """Training steps, unless there is a budget."""
    budget: Budget = None
    """Training time in place of steps, as in 90, `90s`, `8m` or `1h`; the learning rate schedule
    follows it."""
    batch: Annotated[int, Field(ge=1, le=256)] = 4
    """Batch size."""
    crop: Annotated[int, Field(ge=32, le=2048)] = 256
    """Side of the square crops of the photographs, pixels."""
    zoom: Annotated[float, Field(ge=1, le=8)] = 1.0
    """Largest magnification of the crops, for photographs hardly larger than a crop."""
    style_size: Annotated[int, Field(ge=32, le=4096)] = 512
    """Long side of the paintings in VGG19, pixels; larger gives larger strokes."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Peak learning rate of Adam, after a short warm-up and before a cosine decay."""
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of a gradient; larger ones are clipped."""
    content_weight: Annotated[float, Field(ge=0)] = 0.15
    """Weight of the content loss; larger keeps more of the photograph."""
    style_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the style loss."""
    tv_weight: Annotated[float, Field(ge=0)] = 0.1
    """Weight of the total variation loss; larger is smoother."""
    style_layers: tuple[LayerName, ...] = STYLE_LAYERS
    """VGG19 layers whose Gram matrices carry the style."""
    style_layer_weights: tuple[Annotated[float, Field(ge=0)], ...] = (0.08, 0.12, 0.38, 0.31, 0.11)
    """Relative weight of each style layer, in their order; empty for equal weights."""
    widths: tuple[Width, ...] = (16, 32, 96, 160)
    """Channels at full size, a half, a quarter, an eighth and, with five values, a sixteenth."""
    blocks: Annotated[int, Field(ge=1, le=32)] = 3
    """Residual blocks at the smallest size."""
    up_blocks: tuple[Annotated[int, Field(ge=0, le=32)], ...] = (2,)
    """Residual blocks on the way up, at each size from the second smallest on."""
    noise: bool = True
    """Feed noise to the network, from which it makes strokes where a picture is smooth."""
    separable: bool = False
    """Depth-wise kernels in the residual blocks: fewer weights, not faster on most CPUs."""
    predictor_width: Annotated[int, Field(ge=8, le=4096)] = 128
    """Units of the predictor's hidden layer."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of the moving average of the weights, which becomes the network; 0 for none."""
    plain_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Share of examples without grain: flat, graded, blurred and drawn pictures."""
    others_share: Annotated[float, Field(ge=0, lt=0.9)] = 0.12
    """Share of examples that train the predictor on paintings that are no styles."""
    pairs_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of examples that are pairs, if there are pairs."""
    pixel_weight: Annotated[float, Field(ge=0)] = 10.0
    """Weight of the squared distance from a pair's painted picture."""
    precision: Precision = "auto"
    """Numbers in VGG19, as in `Settings`."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads that read photographs."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of weights, order, crops and styles."""

    @model_validator(mode="after")
    def _check(self) -> TrainingSettings:
        if not 4 <= len(self.widths) <= 5:
            raise ValueError(f"widths has {len(self.widths)} values, but needs four or five")
        if len(self.up_blocks) >= len(self.widths):
            raise ValueError(
                f"up_blocks has {len(self.up_blocks)} values, but {len(self.widths)} widths leave "
                f"room for {len(self.widths) - 1}"
            )
        return self

    @property
    def seconds(self) -> float | None:
        """The budget in seconds."""
        return None if self.budget is None else float(self.budget)

    def architecture(self) -> dict[str, Any]:
        """Return the network's architecture, as arguments of `Architecture`."""
        names = ("widths", "blocks", "separable", "up_blocks", "noise")
        return {name: getattr(self, name) for name in names}

    def __init__(self, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(format_error(error, TrainingSettings.model_fields)) from None

    def loss_settings(self, precision: str) -> Settings:
        """Return the settings of the perceptual loss.

        Args:
            precision: `precision` resolved for this machine.
        """
        return Settings(
            content_weight=self.content_weight,
            style_weight=self.style_weight,
            tv_weight=self.tv_weight,
            style_layers=self.style_layers,
            style_layer_weights=self.style_layer_weights,
            precision=precision,
        )
