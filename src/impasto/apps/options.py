"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from ..errors import SettingsError
from ..presets import BLENDABLE, PRESETS, QUALITIES, STYLE_LOSSES, starts_from_blend
from ..process import DEVICES, is_device
from ..settings import Settings

Flat = arg(name="")  # options without the name of the group before them
_DECIDING = ("init", "iterations", *BLENDABLE)  # what decides how a run starts
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


def default_settings(words: list[str]) -> Settings:
    """Return the settings that the options of a command line start from.

    The parser fills in every setting, so what a preset, a quality or a budget leaves open must be
    known before it runs.
    """
    choices = {"preset": PRESETS, "quality": QUALITIES, "style_loss": STYLE_LOSSES}
    given = {name: value for name in choices if (value := _value(words, name))}
    if any(value not in choices[name] for name, value in given.items()):
        return Settings()  # the parser will name those that there are
    if _value(words, "budget") and "quality" not in given:
        given["quality"] = "best"
    named = {
        name: value or name for name in _DECIDING if (value := _value(words, name)) is not None
    }
    if not starts_from_blend(named):
        given["init"] = named.get("init", "content")
    if print_mm := _value(words, "print-mm"):
        dpi = {"dpi": dpi} if (dpi := _value(words, "dpi")) else {}
        return Settings(**given, print_mm=print_mm, **dpi)
    if _value(words, "size"):
        return Settings(**given, height=None)
    return Settings(**given)


def _value(words: list[str], name: str) -> str | None:
    """Return the last value that a command line gives an option."""
    value, option = None, "--" + name.replace("_", "-")
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.replace("_", "-") == option:
            value = following
        elif (start := word.partition("="))[1] and start[0].replace("_", "-") == option:
            value = start[2]
    return None if value == "None" else value
