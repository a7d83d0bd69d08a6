"""Controls for settings; names, defaults, ranges and help come from `Settings`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

import gradio as gr
from annotated_types import Ge, Le

from ...settings import INITS, Settings
from .strings import texts

Translate = Callable[[str], gr.i18n.I18nData]  # text of the page by key


class ControlSpec(NamedTuple):
    """A setting with a control on the page.

    Attributes:
        name: Name of the setting.
        limits: Minimum, maximum and step of a slider; None for other controls.
    """

    name: str
    limits: tuple[float, float, float] | None = None


FIRST = ControlSpec("strength", (0, 2, 0.05))  # always visible
MORE = (
    ControlSpec("size", (128, 4096, 16)),
    ControlSpec("quality"),
    ControlSpec("budget"),
    ControlSpec("color"),
    ControlSpec("style_scale", (0.25, 4, 0.05)),
    ControlSpec("content_weight", (0, 1, 0.01)),
    ControlSpec("style_loss"),
    ControlSpec("seamless"),
    ControlSpec("preset"),
    ControlSpec("init"),
    ControlSpec("seed"),
)
CONTROLS = (FIRST, *MORE)
COLOR = [name for name, _ in CONTROLS].index("color")
_DERIVED = ("style_weights",)  # set from the selected styles


def help_of(name: str) -> str:
    """Return the description of a setting as plain text.

    Example:
        >>> help_of("size")
        'Long side of the result, pixels. Ignored when height is given.'
    """
    text = Settings.model_fields[name].description or ""
    return " ".join(text.replace("`", "").split())


def label_of(name: str, language: str) -> str:
    """Return the label of a setting.

    Example:
        >>> label_of("style_scale", "en"), label_of("style_scale", "ko")
        ('Style scale', '화풍 크기')
    """
    plain = name.replace("_", " ").capitalize()
    return texts()[language].get(f"label.{name}", plain)


def choice_label(value: str, language: str) -> str:
    """Return the label of a value of a setting.

    Example:
        >>> choice_label("draft", "ko"), choice_label("512", "ko")
        ('초안', '512')
    """
    return texts()[language].get(f"choice.{value}", value)


def setting_texts(language: str) -> dict[str, str]:
    """Return labels and help of the settings on the page: `label.size`, `help.size`.

    Args:
        language: `en`, which takes help from `Settings`, or `ko`.

    Example:
        >>> setting_texts("en")["label.style_scale"]
        'Style scale'
    """
    lines = {}
    for name, _ in CONTROLS:
        lines[f"label.{name}"] = label_of(name, language)
        lines[f"help.{name}"] = texts()[language].get(f"help.{name}", help_of(name))
        for one in choices_of(name):
            lines[f"choice.{one}"] = choice_label(one, language)
    return lines


def choices_of(name: str) -> tuple[str, ...]:
    """Return the possible values of a setting with a fixed choice; else empty.

    Example:
        >>> choices_of("quality"), choices_of("size")
        (('draft', 'good', 'best'), ())
    """
    kind = Settings.model_fields[name].annotation
    if name == "init":
        return INITS  # without file paths
    return get_args(kind) if get_origin(kind) is Literal else ()


def make_control(
    spec: ControlSpec, translate: Translate, settings: Settings
) -> gr.components.Component:
    """Create the control of a setting.

    Args:
        spec: The setting and its control.
        translate: Returns texts of the page.
        settings: Initial values.
    """
    name, limits = spec
    value = getattr(settings, name)
    about: dict[str, Any] = {
        "label": translate(f"label.{name}"),
        "info": translate(f"help.{name}"),
        "elem_id": f"setting-{name.replace('_', '-')}",
        "interactive": True,
    }
    kind = Settings.model_fields[name].annotation
    if choices := choices_of(name):
        return gr.Radio(
            [(translate(f"choice.{one}"), one) for one in choices], value=value, **about
        )
    if kind is bool:
        return gr.Checkbox(value=value, **about)
    if name == "budget":
        return gr.Textbox(value="", placeholder="90s, 2m", max_lines=1, **about)
    if limits is None:
        return gr.Number(value=value, precision=0 if kind is int else None, minimum=0, **about)
    least, most, step = _within(name, limits)
    return gr.Slider(least, most, value, step=step, **about)


def _within(name: str, limits: tuple[float, float, float]) -> tuple[float, float, float]:
    """Clip a slider's limits to the range of its setting."""
    least, most, step = limits
    for bound in Settings.model_fields[name].metadata:
        if isinstance(bound, Ge):
            least = max(least, float(bound.ge))  # type: ignore[arg-type]
        if isinstance(bound, Le):
            most = min(most, float(bound.le))  # type: ignore[arg-type]
    return least, most, step


def settings_from(values: Mapping[str, Any], **others: Any) -> Settings:
    """Return the settings of the controls.

    Controls at their default are ignored, so that preset and quality apply.

    Args:
        values: Name of a setting -> value of its control; all or some controls.
        **others: Settings without a control.

    Raises:
        SettingsError: A value is out of range, unknown, or contradicts another.

    Example:
        >>> settings_from({"size": 640, "quality": "draft", "budget": ""}).iterations
        60
    """
    usual = Settings()
    whole = {name: _number(name, value) for name, value in values.items()}
    changed = {
        name: value
        for name, value in whole.items()
        if value not in (None, "") and value != getattr(usual, name)
    }
    return Settings(**changed, **others)


def _number(name: str, value: Any) -> Any:
    """Convert the value of a control; sliders sometimes return whole numbers as floats."""
    if isinstance(value, str):
        return value.strip()
    if Settings.model_fields[name].annotation is int and isinstance(value, float):
        return round(value)
    return value


def control_values(settings: Settings) -> list[Any]:
    """Return the control values of settings, in the order of `CONTROLS`.

    Values beyond a slider are clipped, see `not_restorable`.

    Example:
        >>> control_values(Settings(size=640))[1]
        640
    """
    found: list[Any] = []
    for name, limits in CONTROLS:
        value = getattr(settings, name)
        if limits is not None:
            least, most, _ = _within(name, limits)
            value = type(value)(min(max(value, least), most))
        if name == "budget":
            value = "" if value is None else f"{value:g}s"
        if name == "init" and value not in INITS:
            value = "content"
        found.append(value)
    return found


def not_restorable(settings: Settings) -> list[str]:
    """Return the names of settings that the controls cannot represent.

    Example:
        >>> not_restorable(Settings(size=640)), not_restorable(Settings(history=3))
        ([], ['history'])
    """
    names = [name for name, _ in CONTROLS]
    given = settings_from(dict(zip(names, control_values(settings), strict=True)))
    return [
        name
        for name in Settings.model_fields
        if getattr(given, name) != getattr(settings, name) and name not in _DERIVED
    ]
