"""All settings of `paint`: default, range, unit and help."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import SettingsError
from .settings import format_error


class PaintSettings(BaseModel):
    """Settings of `paint`, validated on construction and immutable.

    A network's strokes are some pixels wide. `stroke_size` makes them a share of the picture: with
    1, they are as large as in a picture whose long side is 800 pixels. A picture with a longer
    side than 800 / `stroke_size` is painted at that size, then redrawn at its own. With 0, every
    picture is painted in one pass at its own size, so large ones get tiny strokes.

    Raises:
        SettingsError: A value is out of range.

    Example:
        >>> PaintSettings(strength=0.5).keep_colors
        False
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    size: Annotated[int, Field(ge=16, le=32768)] | None = None
    """Long side of the result, pixels; by default the photograph's."""
    strength: Annotated[float, Field(ge=0, le=2)] = 1.0
    """Strength of the style: 0 leaves the photograph, 1 is usual, 2 the maximum."""
    stroke_size: Annotated[float, Field(ge=0, le=8)] = 1.0
    """Size of strokes relative to the picture: 1 as at 800 pixels, 2 twice that, 0 the finest."""
    keep_colors: bool = False
    """Keep the photograph's colours; only strokes and lightness come from the style."""
    keep_faces: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the photograph in faces seen from the front, in the painting's colours; 0.6 keeps
    eyes and mouths clear."""

    def __init__(self, /, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(format_error(error, type(self).model_fields)) from None
