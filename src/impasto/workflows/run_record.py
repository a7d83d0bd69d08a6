"""Describe a run and its numerical environment, so that it can be resumed exactly."""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import PictureError, SettingsError, WeightsError
from ..images.checksum import file_digest
from ..images.metadata import made_with
from ..images.opening import locate
from ..settings import EVERYWHERE, INITS, REST, Settings
from ..types import Picture
from .result import PictureLike, StylesLike, as_picture
from .style_paintings import style_file

_IN_SETTINGS = ("init", "masks", "style_masks", "protect")  # settings that may name pictures
_WORDS = (*INITS, EVERYWHERE, REST)
_ROUNDING = ("numpy", "scipy", "pillow", "keras")  # what else computes


def name_inputs(
    content: PictureLike, style: StylesLike, init: PictureLike | None, masks: object
) -> dict[str, Path | Picture]:
    """Name what a run is made from: files by their paths, all else as pictures.

    Args:
        content: The photograph.
        style: The painting, or a list of several; names of styles that ship become paths.
        init: Starting picture, if it is given as a picture.
        masks: Masks given as arrays; None for none.

    Raises:
        SettingsError: Masks are given as arrays; a resumable run needs them in files.
        PictureError: A picture cannot be read.

    Example:
        >>> list(name_inputs("a.jpg", ["b.jpg", "c.jpg"], None, None))
        ['content', 'style 1', 'style 2']
    """
    if masks is not None:
        raise SettingsError(
            "masks at hand are not kept in a checkpoint; write them to files and name these in "
            "the settings, or leave checkpoint out"
        )
    styles = style if isinstance(style, list | tuple) else [style]
    named = {"content": content}
    for number, one in enumerate(styles, 1):
        named[f"style {number}"] = style_file(one) if isinstance(one, str | Path) else one
    if init is not None:
        named["init"] = init
    return {
        role: Path(given) if isinstance(given, str | Path) else as_picture(given)
        for role, given in named.items()
    }


def describe_run(
    inputs: Mapping[str, Path | Picture], settings: Settings, **more: Any
) -> dict[str, Any]:
    """Describe a run, ready for JSON.

    Args:
        inputs: What it is made from by role, from `name_inputs`.
        settings: All knobs; the paths in them are made absolute.
        **more: Anything else to keep.

    Returns:
        The description: checksums of inputs and weights, settings, and what decides the rounding.

    Raises:
        PictureError: An input cannot be read.
        WeightsError: No usable weights were found.
    """
    from ..perceptual.weights import find

    settings = _anchored(settings)
    files: dict[str, Path | Picture] = {**inputs}
    files |= {f"{name}: {path}": path for name, path in _files_in(settings)}
    return {
        "inputs": {role: _input(source) for role, source in files.items()},
        "settings": settings.model_dump(mode="json"),
        "weights": find(settings.weights).md5,
        "conditions": conditions(),
        **more,
    }


def _input(source: Path | Picture) -> dict[str, str | None]:
    if isinstance(source, Picture):
        return {"path": None, "sha256": source.sha256}
    path = locate(source).absolute()
    return {"path": str(path), "sha256": file_digest(path)}


def _anchored(settings: Settings) -> Settings:
    """Make the paths in settings absolute, so that a run can go on from any folder."""
    changed: dict[str, Any] = {}
    for name in ("weights", *_IN_SETTINGS):
        value = getattr(settings, name)
        if isinstance(value, str):
            changed[name] = _absolute(value)
        elif value:
            changed[name] = tuple(_absolute(text) for text in value)
    return settings.changed(**changed)


def _absolute(text: str) -> str:
    path, color = _file_of(text)
    return text if path is None else f"{path}{color}"


def _file_of(text: str) -> tuple[Path | None, str]:
    """Split `FILE#red`, as masks are named, into the file, absolute, and the colour."""
    file, sign, color = text.rpartition("#")
    for name, rest in ((text, ""), (file, sign + color)):
        if name and text not in _WORDS and locate(name).exists():
            return locate(name).absolute(), rest
    return None, ""


def _files_in(settings: Settings) -> Iterator[tuple[str, Path]]:
    for name in _IN_SETTINGS:
        value = getattr(settings, name) or ()
        for text in (value,) if isinstance(value, str) else value:
            path, _ = _file_of(text)
            if path is not None and path.is_file():
                yield name, path


def check_inputs(run: Mapping[str, Any], *, begun: bool) -> None:
    """Refuse to go on with a run whose files are not what they were.

    Args:
        run: From `describe_run`.
        begun: Whether there is a checkpoint; then the picture that it started from is in there.

    Raises:
        PictureError: An input is missing or has changed.
        WeightsError: Other weights are found than those it began with.
    """
    from ..perceptual.weights import find

    for role, entry in run["inputs"].items():
        if entry["path"] is None or (begun and role.startswith("init")):
            continue
        path = Path(entry["path"])
        if not path.is_file():
            raise PictureError(
                f"the run began with {path} ({role.split(':')[0]}), which is gone; put it back, "
                "or start again with impasto stylize ... --force"
            )
        if file_digest(path) != entry["sha256"]:
            raise PictureError(
                f"{path} ({role.split(':')[0]}) has changed since the run began; put the former "
                "file back, or start again with impasto stylize ... --force"
            )
    source = find(run["settings"]["weights"])
    if source.md5 != run["weights"]:
        raise WeightsError(
            f"the run began with weights of the md5 {run['weights']}, and {source.path} has "
            f"{source.md5}; put the former file back, or start again with "
            "impasto stylize ... --force"
        )


def conditions() -> dict[str, Any]:
    """Say what decides how results are rounded, but for the operators that were chosen."""
    from ..backend import BACKEND, VERSION, devices, processor, threads

    return {
        "impasto": made_with(),
        "backend": f"{BACKEND} {VERSION}",
        "device": devices()[0],
        "threads": threads(),
        "processor": processor(),
        **{name: importlib.metadata.version(name) for name in _ROUNDING},
    }


def restore_conditions(run: Mapping[str, Any], operators: Mapping[str, str] | None) -> None:
    """Use the operators that a run chose, or warn why its picture may come out otherwise.

    Args:
        run: From `describe_run`.
        operators: From `backend.operators`, in the run's own process; None if the checkpoint is of
            an Impasto that did not record them.
    """
    from ..backend import use_operators

    former, present = run["conditions"], conditions()
    other = [name for name in present if former.get(name) != present[name]]
    if not other and operators is not None:
        use_operators(operators)
        return
    told = [
        name if name == "processor" else f"{name} was {former.get(name)} and is {present[name]}"
        for name in other
    ]
    if operators is None:
        told.append("the operators, which were not recorded")
    warnings.warn(
        "the picture may differ by rounding from that of an uninterrupted run, since this is not "
        f"what the run began with: {', '.join(told)}",
        stacklevel=2,
    )
