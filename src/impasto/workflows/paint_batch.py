"""Paint many photographs with a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..images.checksum import file_digest
from ..images.files import read_picture
from ..paint_settings import PaintSettings
from .attempt import Make, differences, identities, inputs_of
from .output_paths import Task
from .paint import Painter, paint_with
from .result import Result


@dataclass(frozen=True)
class PaintWork:
    """Paints photographs with a trained network.

    Attributes:
        painter: The network and the style.
        settings: Settings.
        max_pixels: Largest photograph, pixels; Pillow's limit if None.
    """

    painter: Painter
    settings: PaintSettings
    max_pixels: int | None = None

    def start(self) -> Make:
        """Return the function that paints a photograph; see `Work`."""
        return self.make

    def make(self, task: Task) -> Result:
        """Paint the photograph of a task."""
        photograph = read_picture(task.photograph, max_pixels=self.max_pixels)
        return paint_with(self.painter, photograph, self.settings)

    def differing(self, task: Task, record: Mapping[str, Any]) -> list[str]:
        """Compare a task with a record; see `differences`."""
        network, *styles = self.painter.inputs
        names = [style.sha256 or style.name for style in styles]
        ways = differences(record, file_digest(task.photograph), names, self.settings)
        shares = [each.get("share") for each in inputs_of(record, "style")]
        if shares != [style.share for style in styles]:
            ways.append("with other shares of the styles")
        if identities(record, "model") != [network.sha256 or network.name]:
            ways.append("with another network")
        return ways
