"""Restore the page's controls from the record of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ...settings import Settings
from ...workflows.record import Input, Record
from .command_line import settings_of
from .controls import control_values, label_of, not_restorable
from .previews import style_names
from .strings import say


def restored_controls(path: Path, lang: str) -> tuple[Any, ...]:
    """Return control values from the record of a picture.

    Args:
        path: Path of the picture.
        lang: `en` or `ko`.

    Returns:
        Values in the order of `CONTROLS`; style, blended styles and share if all styles are
        learned ones; and a note.

    Raises:
        PictureError: The record is missing or damaged.
    """
    record, found = settings_of(path)
    if not isinstance(found, Settings):
        found = Settings(strength=found.strength, color="keep" if found.keep_colors else "style")
    text = say("settings_back", lang, name=path.name)
    if lost := [label_of(name, lang) for name in not_restorable(found)]:
        text = f"{text} {say('not_all', lang, names=', '.join(lost))}"
    return *control_values(found), *_styles_in(record), text


def _styles_in(record: Record) -> tuple[Any, Any, Any]:
    known = style_names()
    inputs = [each for each in record.inputs if each.role == "style"]
    names = [_learned(each) for each in inputs]
    if not names or not set(names) <= set(known):
        return gr.skip(), gr.skip(), gr.skip()
    shares: list[float] = [1.0 if each.share is None else each.share for each in inputs]
    whole = sum(shares)
    rest = 1 - shares[0] / whole if len(shares) > 1 and whole else 0.5
    return names[0], names[1:], rest


def _learned(style: Input) -> str:
    """Return the name of a learned style; in iterative jobs, files may be named after it."""
    return style.name if style.sha256 is None else style.name.removesuffix(".png")
