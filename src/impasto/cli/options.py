"""Options shared by several commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from ..errors import SettingsError
from ..process import DEVICES, is_device

Flat = arg(name="")  # options without the group's name as a prefix
OptionalPath = Annotated[Path | None, arg(metavar="PATH")]
Cluster = Annotated[str | None, arg(metavar="auto|ADDRESS")]


@dataclass(frozen=True)
class Common:
    """Options of every command: backend, threads, device, debugging."""

    backend: Annotated[Literal["torch", "jax", "tensorflow"] | None, arg(metavar="NAME")] = None
    """Framework: torch, jax or tensorflow; by default KERAS_BACKEND, else the first installed."""
    threads: Annotated[int | None, arg(metavar="N")] = None
    """CPU threads; all cores by default."""
    device: Annotated[str | None, arg(metavar="NAME")] = None
    """Device: cpu, cuda, cuda:1 or mps; by default IMPASTO_DEVICE, else a GPU if there is one."""
    debug: bool = False
    """Show the full traceback of an error."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"--threads must be at least 1, got {self.threads}")
        if self.device is not None and not is_device(self.device):
            raise SettingsError(f"--device must be {DEVICES}, got {self.device!r}")
