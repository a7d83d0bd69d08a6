"""Convert settings to a command line, and a picture's record to settings."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import PictureError
from ...images.files import read_record
from ...images.opening import locate
from ...paint_settings import PaintSettings
from ...settings import Settings
from ...workflows.inputs import RecordedResult
from ...workflows.option_defaults import default_settings
from ...workflows.record import SHIPPED, Input, Record, parse_record, quote
from ...workflows.record_settings import recorded_settings
from ...workflows.setting_files import ROLES, named_files

_COMMANDS = ("stylize", "texture", "paint")
# Options that set defaults of others come first.
_FIRST = ("preset", "style_loss", "budget", "quality", "dpi", "print_mm", "size")
_FILES = (*ROLES, "weights")
_LARGEST_WHOLE = 1e15  # above it, whole numbers keep the decimal point
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def command_line(
    settings: Settings | PaintSettings,
    content: str,
    styles: Sequence[str],
    *,
    shares: Sequence[float] = (),
    aspect: float | None = None,
    model: str | None = None,
) -> str:
    """Return the command that makes the same picture; defaults are omitted.

    Args:
        settings: Settings of `impasto stylize` and `impasto texture`, or of `impasto paint`.
        content: Path of the photograph; ignored for a texture.
        styles: Paths of the paintings; for `paint` also names of styles.
        shares: Shares of several styles, for `paint`; `stylize` has them in its settings.
        aspect: Width / height of a texture; None if there is a photograph.
        model: File of the network, for `paint`; None for the shipped one.

    Returns:
        One line for a POSIX shell.

    Example:
        >>> command_line(Settings(size=800, strength=0.6), "photo.jpg", ["wave.jpg"])
        'impasto stylize photo.jpg wave.jpg --size 800 --strength 0.6'
        >>> command_line(PaintSettings(), "my photo.jpg", ["wave", "scream"], shares=[3, 1])
        "impasto paint 'my photo.jpg' --style wave:3 --style scream:1"
    """
    paintings = [_path(style) for style in styles]
    if isinstance(settings, PaintSettings):
        words = ["paint", _path(content), *_style_words(paintings, shares)]
        words += ["--model", _path(model)] if model is not None else []
        default = PaintSettings()
        for name in PaintSettings.model_fields:
            words += _option(name, getattr(settings, name), getattr(default, name))
    elif aspect is not None:
        words = ["texture", *paintings, "--aspect", _number(aspect), *_setting_words(settings)]
    else:
        words = ["stylize", _path(content), *paintings, *_setting_words(settings)]
    return " ".join(["impasto", *map(_quoted, words)])


def _style_words(styles: Sequence[str], shares: Sequence[float]) -> list[str]:
    if len(styles) == 1 and not shares and ":" in styles[0][2:]:
        shares = [1.0]  # otherwise the text after the colon would be a share
    named = (
        [f"{style}:{_number(share)}" for style, share in zip(styles, shares, strict=True)]
        if shares
        else styles
    )
    return [word for style in named for word in ("--style", style)]


def _setting_words(settings: Settings) -> list[str]:
    """Return the options that give the settings, with the defaults that options imply."""
    words: list[str] = []
    for name in dict.fromkeys([*_FIRST, *Settings.model_fields]):
        default, value = default_settings(["stylize", *words]), getattr(settings, name)
        if name == "size" and settings.height is None and default.height is not None:
            words += ["--size", str(value)]  # overrides the preset's height
        else:
            words += _option(name, value, getattr(default, name))
    return words


def _option(name: str, value: object, default: object) -> list[str]:
    if value == default:
        return []
    option = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        return [option]  # flags are off by default
    values = value if isinstance(value, tuple) else (value,)
    return [option, *(_value(name, each) for each in values)]


def _value(name: str, value: object) -> str:
    if name == "budget" and isinstance(value, float) and value == int(value) < _LARGEST_WHOLE:
        return f"{value:.0f}s"
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    return _path(text) if name in _FILES and value is not None else text


def _number(value: float) -> str:
    whole = abs(value) < _LARGEST_WHOLE and value == int(value)
    return str(int(value)) if whole else repr(float(value))


def _path(text: str) -> str:
    """Return a path that is not parsed as an option or as None."""
    return f"./{text}" if text.startswith("-") or text == "None" else text


def _quoted(word: str) -> str:
    """Quote a word for a shell; control and invisible characters as octal escapes."""
    if not _INVISIBLE.search(word):
        return shlex.quote(word)
    text = word.replace("\\", r"\\").replace("'", r"\'")
    return f"$'{_INVISIBLE.sub(_numbers, text)}'"


def _numbers(found: re.Match[str]) -> str:
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(found.group()))


def settings_of(path: str | Path) -> tuple[Record, Settings | PaintSettings]:
    """Read the settings in the record of a picture. The record is untrusted.

    Args:
        path: The picture.

    Returns:
        The record, and its settings. Those that name files (masks, a starting picture, weights)
        have their defaults: the picture does not contain the files, and an untrusted record could
        name any file of this machine. See `file_settings`.

    Raises:
        PictureError: The record is missing, too old, too new or damaged.
        SettingsError: A setting is unknown to this version, or out of range.

    Example:
        >>> record, settings = settings_of("cat_wave.png")  # doctest: +SKIP
    """
    path = locate(path)
    record = parse_record(read_record(path), path)
    if record.command not in _COMMANDS:
        raise PictureError(
            f"{path} was made by '{quote(record.command)}', which is none of "
            f"{', '.join(_COMMANDS)}; if it is a new command, run pip install --upgrade impasto"
        )
    files = file_settings(record)
    values = {name: value for name, value in record.settings.items() if name not in files}
    return record, _checked(record, values, path)


def _checked(record: Record, values: Mapping[str, Any], path: Path) -> Settings | PaintSettings:
    origin = RecordedResult(path, record)
    if record.command == "paint":
        return recorded_settings(PaintSettings, values, origin)
    return recorded_settings(Settings, values, origin)


def file_settings(record: Record) -> tuple[str, ...]:
    """Return the names of settings that name files, which `settings_of` omits.

    Example:
        >>> settings = {"masks": ["sky.png"], "init": "noise"}
        >>> file_settings(Record(format=1, made_with="", command="", settings=settings, inputs=()))
        ('masks',)
    """
    files = [name for name in ROLES if any(named_files(name, record.settings))]
    return (*files, "weights") if record.settings.get("weights") is not None else tuple(files)


def recorded_command(path: str | Path) -> str:
    """Return the command that made a picture, with file names instead of paths.

    Args:
        path: The picture.

    Raises:
        PictureError: The record is missing, too old, too new or damaged.
        SettingsError: A setting is unknown to this version, or out of range.

    Example:
        >>> recorded_command("cat_wave.png")  # doctest: +SKIP
        'impasto paint cat.jpg --style wave'
    """
    record, settings = settings_of(path)
    if file_settings(record):
        settings = _checked(record, record.settings, locate(path))
    styles = _inputs(record, "style")
    shares = [style.share for style in styles if style.share is not None]
    models = [model.name for model in _inputs(record, "model") if model.name not in ("", SHIPPED)]
    aspect = (record.aspect or 1.0) if record.command == "texture" else None
    return command_line(
        settings,
        record.content or "PHOTO",
        [style.name or "STYLE" for style in styles],
        shares=shares if isinstance(settings, PaintSettings) and len(shares) == len(styles) else (),
        aspect=aspect,
        model=models[0] if models else None,
    )


def _inputs(record: Record, role: str) -> list[Input]:
    return [entry for entry in record.inputs if entry.role == role]
