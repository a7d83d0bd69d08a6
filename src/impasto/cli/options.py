"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from ..errors import SettingsError
from ..process import DEVICES, is_device

Flat = arg(name="")  # options without the name of the group before them
OptionalPath = Annotated[Path | None, arg(metavar="PATH")]


@dataclass(frozen=True)
class Common:
    """How the program runs, not what it paints."""

    backend: Annotated[Literal["torch", "jax", "tensorflow"] | None, arg(metavar="NAME")] = None
    """Framework to run on: torch, jax or tensorflow; else KERAS_BACKEND, else the first found."""
    threads: Annotated[int | None, arg(metavar="N")] = None
    """CPU threads; all cores by default."""
    device: Annotated[str | None, arg(metavar="NAME")] = None
    """Where to compute: cpu, cuda, cuda:1 or mps; else IMPASTO_DEVICE, else a GPU where one is."""
    debug: bool = False
    """Show the whole traceback of an error."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"--threads must be at least 1, got {self.threads}")
        if self.device is not None and not is_device(self.device):
            raise SettingsError(f"--device must be {DEVICES}, got {self.device!r}")
