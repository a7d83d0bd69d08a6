"""Describe a run and its numerical environment, to resume it exactly."""

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
_ROUNDING = ("numpy", "scipy", "pillow", "keras")  # other packages that affect rounding


def name_inputs(
    content: PictureLike, style: StylesLike, init: PictureLike | None, masks: object
) -> dict[str, Path | Picture]:
    """Name the inputs of a run: files as paths, everything else as pictures.

    Args:
        content: The photograph.
        style: The painting, or a list of several; names of shipped styles become paths.
        init: Starting picture, if it is given as a picture.
        masks: Masks given as arrays; None for none.

    Raises:
        SettingsError: Masks are given as arrays; a resumable run needs files.
        PictureError: A picture cannot be read.

    Example:
        >>> list(name_inputs("a.jpg", ["b.jpg", "c.jpg"], None, None))
        ['content', 'style 1', 'style 2']
    """
    if masks is not None:
        raise SettingsError(
            "masks given as arrays cannot be stored in a checkpoint; write them to files and name "
            "these in the settings, or leave checkpoint out"
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
        inputs: Inputs by role, from `name_inputs`.
        settings: Settings; paths in them are made absolute.
        **more: Other entries.

    Returns:
        The description: checksums of inputs and weights, settings, and numerical environment.

    Raises:
        PictureError: An input cannot be read.
        WeightsError: No usable weights of VGG19 were found.
    """
    from ..perceptual.weights import find

    settings = _anchored(settings)
    files: dict[str, Path | Picture] = {**inputs}
    files |= {f"{name}: {path}": path for name, path in _files_in(settings)}
    return {
        "inputs": {role: _input(source) for role, source in files.items()},
        "settings": settings.model_dump(mode="json"),
        "weights": find(settings.weights).md5,
        "conditions": numerical_environment(),
        **more,
    }


def _input(source: Path | Picture) -> dict[str, str | None]:
    if isinstance(source, Picture):
        return {"path": None, "sha256": source.sha256}
    path = locate(source).absolute()
    return {"path": str(path), "sha256": file_digest(path)}


def _anchored(settings: Settings) -> Settings:
    """Make the paths in settings absolute, to resume a run from any folder."""
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
    """Split a mask's name, `FILE#red`, into the absolute path and the colour."""
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


def check_inputs(run: Mapping[str, Any], *, has_checkpoint: bool) -> None:
    """Refuse to resume a run whose files have changed.

    Args:
        run: From `describe_run`.
        has_checkpoint: Whether there is a checkpoint, which makes the starting picture unnecessary.

    Raises:
        PictureError: An input is missing or has changed.
        WeightsError: VGG19's weights are not those of the run.
    """
    from ..perceptual.weights import find

    for role, entry in run["inputs"].items():
        if entry["path"] is None or (has_checkpoint and role.startswith("init")):
            continue
        path = Path(entry["path"])
        if not path.is_file():
            raise PictureError(
                f"{path} ({role.split(':')[0]}), an input of the run, is missing; restore it, or "
                "restart with impasto stylize ... --force"
            )
        if file_digest(path) != entry["sha256"]:
            raise PictureError(
                f"{path} ({role.split(':')[0]}) has changed since the run started; restore the "
                "file, or restart with impasto stylize ... --force"
            )
    source = find(run["settings"]["weights"])
    if source.md5 != run["weights"]:
        raise WeightsError(
            f"the run started with weights of md5 {run['weights']}, but {source.path} has md5 "
            f"{source.md5}; restore the file, or restart with impasto stylize ... --force"
        )


def numerical_environment() -> dict[str, Any]:
    """Return the environment that affects rounding, without the chosen operators."""
    from ..backend import BACKEND, VERSION, devices, processor, threads

    return {
        "impasto": made_with(),
        "backend": f"{BACKEND} {VERSION}",
        "device": devices()[0],
        "threads": threads(),
        "processor": processor(),
        **{name: importlib.metadata.version(name) for name in _ROUNDING},
    }


def restore_environment(run: Mapping[str, Any], operators: Mapping[str, str] | None) -> None:
    """Use the recorded operators of a run, or warn why its picture may differ.

    Args:
        run: From `describe_run`.
        operators: From `backend.operators` in the run's process; None if the checkpoint is of a
            version that did not record them.
    """
    from ..backend import use_operators

    former, present = run["conditions"], numerical_environment()
    other = [name for name in present if former.get(name) != present[name]]
    if not other and operators is not None:
        use_operators(operators)
        return
    changes = [
        name if name == "processor" else f"{name} was {former.get(name)} and is {present[name]}"
        for name in other
    ]
    if operators is None:
        changes.append("the operators, which were not recorded")
    warnings.warn(
        "the picture may differ by rounding from that of an uninterrupted run, since the "
        f"environment has changed: {', '.join(changes)}",
        stacklevel=2,
    )
