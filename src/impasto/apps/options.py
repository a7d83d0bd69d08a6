"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from ..errors import SettingsError
from ..settings import PRESETS, Settings


@dataclass(frozen=True)
class Common:
    """How the program runs, not what it paints."""

    backend: Annotated[Literal["torch", "jax", "tensorflow"] | None, arg(metavar="NAME")] = None
    """Framework to run on: torch, jax or tensorflow; else KERAS_BACKEND, else the first found."""
    threads: Annotated[int | None, arg(metavar="N")] = None
    """CPU threads; all cores by default."""
    debug: bool = False
    """Show the whole traceback of an error."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"--threads must be at least 1, got {self.threads}")


def default_settings(words: list[str]) -> Settings:
    """Return the settings that the options of a command line start from: those of its preset.

    The parser fills in every setting, so what a preset leaves open must be known before it runs.
    """
    preset = "default"
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--preset":
            preset = following
        elif word.startswith("--preset="):
            preset = word.removeprefix("--preset=")
    if preset not in PRESETS:
        return Settings()  # the parser will name the presets that there are
    if any(word.split("=")[0] == "--size" for word in words):
        return Settings(preset=preset, height=None)
    return Settings(preset=preset)
