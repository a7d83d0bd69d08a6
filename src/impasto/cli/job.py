"""A `stylize` command with its pictures loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..types import Picture
from ..workflows.checkpointing import Unfinished

if TYPE_CHECKING:
    from .commands import Stylize


@dataclass(frozen=True, eq=False)
class Job:
    """A `stylize` command with its pictures loaded and its output path known.

    `folder` holds its checkpoints; `unfinished` is the run to resume, if any.
    """

    command: Stylize
    content: Picture
    styles: list[Picture]
    output: Path
    console: Console
    folder: Path
    unfinished: Unfinished | None = None
    aspect: float | None = None  # of a texture, which has a blank content
