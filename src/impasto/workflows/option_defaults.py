"""Default settings that the options of a command line imply."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from ..presets import BLENDABLE, PRESETS, QUALITIES, STYLE_LOSSES, starts_from_blend
from ..settings import Normalization, Settings

_DECIDING = ("init", "iterations", *BLENDABLE)  # settings that decide how a run starts


def default_settings(words: list[str]) -> Settings:
    """Return the default settings for a command line.

    The parser fills in every setting, so the defaults that a preset, a quality or a budget implies
    must be known before it runs.
    """
    choices: dict[str, Collection[str]] = {
        "preset": PRESETS,
        "quality": QUALITIES,
        "style_loss": STYLE_LOSSES,
        "normalization": get_args(Normalization),
    }
    given = {name: value for name in choices if (value := _value(words, name))}
    if any(value not in choices[name] for name, value in given.items()):
        return Settings()  # the parser reports the error
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
    """Return the last value of an option on a command line."""
    value, option = None, "--" + name.replace("_", "-")
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.replace("_", "-") == option:
            value = following
        elif (start := word.partition("="))[1] and start[0].replace("_", "-") == option:
            value = start[2]
    return None if value == "None" else value
