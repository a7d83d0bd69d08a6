"""`impasto score`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ..images.files import read_picture
from ..workflows.score import Score as ScoreResult
from ..workflows.score import score
from ..workflows.style_paintings import style_file

if TYPE_CHECKING:
    from .commands import Score


def print_score(command: Score) -> None:
    """Score a picture and print the result, as a table or as JSON.

    Raises:
        ImpastoError: The command failed.
    """
    pictures = [
        read_picture(path, max_pixels=command.max_pixels)
        for path in (command.picture, command.content, style_file(command.style))
    ]
    scored = score(
        pictures[0],
        pictures[1],
        pictures[2],
        settings=command.settings,
        height=command.settings.height,
    )
    if command.json:
        sys.stdout.write(json.dumps(scored.as_dict(), indent=2) + "\n")
    else:
        _print_table(scored)


def _print_table(scored: ScoreResult) -> None:
    table = Table(title=f"scored at {scored.width}x{scored.height}")
    table.add_column("loss")
    table.add_column("weighted loss", justify="right")
    table.add_column("normalised distance", justify="right")
    for kind in ("content", "style"):
        table.add_row(kind, f"{getattr(scored, kind):.6g}", "")
        for layer, loss in scored.layers[kind].items():
            table.add_row(f"  {layer}", f"{loss:.6g}", f"{scored.distances[kind][layer]:.4g}")
    table.add_row("tv", f"{scored.tv:.6g}", "")
    table.add_row("total", f"{scored.total:.6g}", "")
    table.add_row("ssim to content", "", f"{scored.ssim:.4f}")
    Console().print(table)
