"""All settings of `stylize_video`: default, range, unit and help."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from .paint_settings import PaintSettings
from .settings import parse_duration

Codec: TypeAlias = Literal["h264", "h265", "prores", "ffv1"]


def _to_seconds(value: float | str) -> float:
    seconds = parse_duration(value) if isinstance(value, str) else float(value)
    if not 0 <= seconds < float("inf"):
        raise ValueError("must be 0 s or more")
    return seconds


Seconds: TypeAlias = Annotated[float | str, AfterValidator(_to_seconds)]


class VideoSettings(PaintSettings):
    """Settings of `stylize_video`, validated on construction and immutable.

    Raises:
        SettingsError: A value is out of range.

    Example:
        >>> VideoSettings(end="1m10s").end
        70.0
    """

    start: Seconds = 0.0
    """First second of the clip to paint, such as 3.5 or 1m10s."""
    end: Seconds | None = None
    """Second at which to stop; by default the end of the clip."""
    fade: Seconds = 1.0
    """Duration of the change from one style to the next."""
    firmness: Annotated[float, Field(ge=0, le=1)] = 1.0
    """How firmly strokes stay on what they were painted on: 0 paints each frame by itself."""
    every: Annotated[int, Field(ge=1, le=12)] = 3
    """Where little moves, the network paints every Nth frame, and those between follow the
    motion; 1 paints each."""
    iterations: Annotated[int, Field(ge=0, le=5000)] = 0
    """Evaluations of the iterative route for each frame, after the network: better pictures,
    seconds to minutes a frame. Three times as many for the first frame of a shot."""
    temporal_weight: Annotated[float, Field(ge=0)] = 300.0
    """With iterations, how strictly a frame stays like the one before where the motion is known."""
    codec: Codec = "h264"
    """Compression of the video file: prores needs .mov or .mkv; ffv1, lossless, needs .mkv."""
    flow: str | None = None
    """ONNX file of an optical flow network such as RAFT, in place of OpenCV's DIS."""

    @model_validator(mode="after")
    def _check_range(self) -> VideoSettings:
        if self.end is not None and float(self.end) <= float(self.start):
            raise ValueError(f"end is {self.end} s, expected more than start, {self.start} s")
        return self
