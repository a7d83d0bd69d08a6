"""Build the record of a result."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..engines.network.model import PaintingModel
from ..engines.network.model_file import model_digest, shipped_path
from ..images.checksum import file_digest
from ..images.metadata import made_with
from ..images.opening import locate, resolve_parent
from ..paint_settings import PaintSettings
from ..settings import Settings
from ..types import Picture
from .environment import describe_environment
from .record import FORMAT, SHIPPED, Input, Record, Role, WeightsUsed
from .setting_files import setting_inputs, with_paths
from .style_paintings import shipped_style


def make_record(
    command: str,
    settings: Settings | PaintSettings,
    inputs: Sequence[Input],
    *,
    precision: str,
    weights: WeightsUsed | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Build the record of a picture that has just been finished.

    Args:
        command: The command, as in `Record.command`.
        settings: Settings.
        inputs: Inputs, with absolute paths.
        precision: Numbers in VGG19 or the network.
        weights: VGG19's weights, if they were used.
        **more: Other fields of `Record`: `content`, `style`, `iterations`, `losses`, `seconds`.

    Returns:
        The record, ready for JSON, with absolute paths; see `relative_record`.

    Example:
        >>> record = make_record("stylize", Settings(), [], precision="float32")
        >>> record["settings"]["seed"]
        0
    """
    record = Record(
        format=FORMAT,
        made_with=made_with(),
        command=command,
        settings=settings.model_dump(mode="json"),
        inputs=tuple(inputs),
        weights=weights,
        precision=precision,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_environment(),
        **more,
    )
    return record.model_dump(mode="json", exclude_none=True, exclude_unset=True)


def picture_input(role: Role, picture: Picture, share: float | None = None) -> Input:
    """Describe a picture as an input.

    Example:
        >>> picture = Picture(np.zeros((4, 6, 3), np.float32))
        >>> picture_input("content", picture).sha256[:8]
        'f0905efa'
    """
    path = None if picture.path is None else picture.path.as_posix()
    return Input(role=role, name=picture.name, sha256=picture.sha256, path=path, share=share)


def painting_input(painting: Picture) -> Input:
    """Describe a painting of the iterative route as an input; a shipped one by its style's name.

    Example:
        >>> from impasto.images.files import read_picture
        >>> from impasto.workflows.style_paintings import style_painting
        >>> painting_input(read_picture(style_painting("wave"))).name
        'wave'
    """
    name = shipped_style(painting)
    if name is None:
        return picture_input("style", painting)
    return Input(role="style", name=name, sha256=painting.sha256)


def model_input(model: PaintingModel | str | Path | None) -> Input:
    """Describe a network as an input.

    Args:
        model: The network, or its file; the shipped one if None.

    Example:
        >>> model_input(None).name
        'shipped'
    """
    if isinstance(model, PaintingModel):
        return Input(role="model", sha256=model_digest(model))
    if model is None:
        path = shipped_path()
        return Input(role="model", name=SHIPPED, sha256=_digest(path, path.stat().st_mtime_ns))
    path = resolve_parent(locate(model))
    sha256 = _digest(path, path.stat().st_mtime_ns)
    return Input(role="model", name=path.name, sha256=sha256, path=path.as_posix())


@functools.lru_cache(maxsize=4)
def _digest(path: Path, modified: int) -> str:  # `modified` is part of the cache key
    return file_digest(path)


def relative_record(record: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a record with paths relative to the folder of the result.

    A folder can then be moved as a whole, and records do not reveal where it was.

    Args:
        record: From `make_record`.
        path: Path of the result.
    """
    folder = resolve_parent(path).parent
    inputs = [
        entry.model_copy(update={"path": entry.path and _seen_from(folder, entry.path)})
        for entry in map(Input.model_validate, record.get("inputs", ()))
    ]
    settings = _settings_seen_from(folder, record.get("settings", {}), inputs)
    dumped = [entry.model_dump(exclude_none=True, exclude_unset=True) for entry in inputs]
    changed = {"inputs": dumped, "settings": settings}
    return {**record, **{key: changed[key] for key in changed.keys() & record.keys()}}


def relative_settings(settings: Settings, path: Path) -> dict[str, Any]:
    """Return settings with paths relative to the folder of a result; see `relative_record`."""
    folder = resolve_parent(path).parent
    inputs = [
        entry.model_copy(update={"path": entry.path and _seen_from(folder, entry.path)})
        for entry in setting_inputs(settings)
    ]
    return _settings_seen_from(folder, settings.model_dump(mode="json"), inputs)


def _settings_seen_from(
    folder: Path, settings: Mapping[str, Any], inputs: list[Input]
) -> dict[str, Any]:
    seen = with_paths(settings, inputs, lambda entry, name: entry.path or entry.name)
    if seen.get("weights"):
        seen["weights"] = _seen_from(folder, resolve_parent(locate(seen["weights"])))
    return seen


def _seen_from(folder: Path, path: str | Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return Path(path).as_posix()
