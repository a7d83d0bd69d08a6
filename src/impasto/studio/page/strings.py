"""Texts of the page in English and Korean."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from ...workflows.time_left import roughly

LANGUAGES = ("en", "ko")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours"}


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return all texts: language -> key -> text.

    Example:
        >>> texts()["en"]["photo"], texts()["ko"]["photo"]
        ('Your photograph', '사진')
    """
    folder = resources.files(__package__) / "strings"
    return {
        language: json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
        for language in LANGUAGES
    }


def say(key: str, language: str = "en", **values: Any) -> str:
    """Return a text with its placeholders filled in.

    Args:
        key: Key of the text.
        language: `en` or `ko`.
        **values: Values of the placeholders.

    Example:
        >>> say("place", place=2, waiting=5)
        'Waiting: number 2 of 5'
    """
    return texts()[language][key].format(**values)


def language_of(accepted: str | None) -> str:
    """Return the first supported language that a browser accepts.

    Args:
        accepted: Value of the Accept-Language header.

    Example:
        >>> language_of("ko-KR,ko;q=0.9,en;q=0.8"), language_of("fr"), language_of(None)
        ('ko', 'en', 'en')
    """
    for part in (accepted or "").split(","):
        language = part.split(";")[0].split("-")[0].strip().lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def duration(seconds: float, language: str) -> str:
    """Format a duration in seconds, minutes or hours.

    Args:
        seconds: The duration.
        language: `en` or `ko`.

    Example:
        >>> duration(48, "en"), duration(700, "ko")
        ('50 s', '12분')
    """
    number, unit = roughly(seconds).split()
    return say(_UNITS[unit], language, number=number)
