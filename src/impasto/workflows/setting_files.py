"""Files named by settings: the starting picture and the masks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..engines.network.model_file import names_a_model, split_name
from ..errors import PictureError
from ..images.checksum import file_digest
from ..images.masks import split_color
from ..images.opening import locate, resolve_parent
from ..paint_settings import PaintSettings
from ..settings import EVERYWHERE, INITS, REST, Settings
from .record import Input, Role

ROLES: dict[str, Role] = {
    "init": "init",
    "masks": "mask",
    "style_masks": "style_mask",
    "protect": "protect",
}
_PLACES = (EVERYWHERE, REST)
_PART = {"init": re.compile(r"/[^/\\]+"), "masks": re.compile(r"#\w+")}  # suffixes of a path


def names_a_file(setting: str, text: object) -> bool:
    """Return whether a value of one of these settings is a path, not a keyword.

    Example:
        >>> names_a_file("init", "noise"), names_a_file("masks", "sky.png#red")
        (False, True)
    """
    return isinstance(text, str) and text not in (INITS if setting == "init" else _PLACES)


def setting_inputs(settings: Settings | PaintSettings) -> list[Input]:
    """Describe the files named in settings as inputs, in the order of `ROLES`.

    A file that no longer exists is listed without its SHA-256.
    """
    values = settings.model_dump()
    return [_input(name, text) for name in ROLES for text in named_files(name, values)]


def named_files(name: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths in a setting, in order."""
    value = settings.get(name)
    texts: list[Any] = [*value] if isinstance(value, list | tuple) else [value]
    yield from (text for text in texts if names_a_file(name, text))


def _input(name: str, text: str) -> Input:
    if name == "init":
        file = split_name(text)[0] if names_a_model(text) else text
    else:
        file = str(split_color(text)[0])
    path = resolve_parent(locate(file))
    try:
        sha256 = file_digest(path)
    except PictureError:
        sha256 = None
    part = text[len(file) :] or None
    place = path.as_posix()
    return Input(role=ROLES[name], name=path.name, sha256=sha256, path=place, part=part)


def with_paths(
    settings: Mapping[str, Any], inputs: list[Input], path_of: Callable[[Input, str], str]
) -> dict[str, Any]:
    """Return settings with their paths replaced.

    Args:
        settings: Settings, ready for JSON.
        inputs: Inputs, including those from `setting_inputs`.
        path_of: Returns an input's new path; the second argument is the setting's name.

    Raises:
        ValueError: A setting names a file without an input.
    """
    changed = dict(settings)
    for name, role in ROLES.items():
        entries = iter([entry for entry in inputs if entry.role == role])

        def renamed(text: object, name: str = name, entries: Iterator[Input] = entries) -> object:
            if not names_a_file(name, text):
                return text
            entry = next(entries, None)
            if entry is None:
                raise ValueError(f"{name} names a file without a SHA-256")
            fits = _PART.get(name, _PART["masks"]).fullmatch(entry.part or "")
            return path_of(entry, name) + (fits.group() if fits else "")

        value = settings.get(name)
        if isinstance(value, list | tuple):
            changed[name] = [renamed(text) for text in value]
        elif value is not None:
            changed[name] = renamed(value)
    return changed
