"""The file of a job: its specification and the current stage.

```
.studio/runs/<id>/
  order.json     specification and current stage; written last, removed first
  inputs/        copies of all input files
  run-1/         checkpoints of the first stage, see workflows.run_folder; then run-2/, ...
```
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from ...engines.network.model_file import names_a_model
from ...errors import ModelError
from ...images.files import atomic_write
from ...settings import Settings, complete_recorded
from ...workflows.setting_files import ROLES, names_a_file

ORDER, INPUTS = "order.json", "inputs"
_KIND, _VERSION = "impasto-studio-run", 1
State = Literal["go", "pause", "stop", "failed"]


@dataclass(frozen=True)
class JobSpec:
    """Specification of a job.

    Attributes:
        content: The photograph.
        styles: The paintings, at least one.
        settings: All settings. Paths in them are read, so they must be trusted.
        name: File name of the result, without suffix.
        titles: Display names of the styles.
    """

    content: Path
    styles: tuple[Path, ...]
    settings: Settings = field(default_factory=Settings)
    name: str = ""
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A part of a job with constant settings; a change of settings starts the next.

    Attributes:
        asked: Settings of the job at the start of the stage.
        settings: Settings of the stage, with its starting picture and the remaining scales.
        number: From 1.
        scale: Scales done before the stage.
        iteration: Evaluations done before the stage.
        seconds: Time spent before the stage.
    """

    asked: Settings
    settings: Settings
    number: int = 1
    scale: int = 0
    iteration: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class JobEntry:
    """Contents of a job file.

    Attributes:
        spec: Specification; all files are in the job's folder.
        stage: The current stage.
        asked_at: Time of creation, nanoseconds since 1970; jobs run in this order.
        state: Requested state; `stop` ends the job with the current picture.
        error: Why the job failed.
        picture: File in the gallery with the picture of a failed job.
        tries: Starts without a regular end since the job progressed beyond `mark`.
        mark: The evaluation at the last start.
    """

    spec: JobSpec
    stage: Stage
    asked_at: int
    state: State = "go"
    error: str = ""
    picture: str | None = None
    tries: int = 0
    mark: int = 0


_ENTRY = TypeAdapter(JobEntry)
_IN_FILES = {"spec": "order", "stage": "leg"}  # field -> key in the file


def first_stage(spec: JobSpec) -> Stage:
    """Return the first stage of a job.

    Example:
        >>> first_stage(JobSpec(Path("a.png"), (), Settings(size=640))).settings.size
        640
    """
    return Stage(spec.settings, spec.settings)


def map_files(settings: Settings, rename: Callable[[str, str], str]) -> Settings:
    """Rename the files in settings; networks and keywords stay.

    Args:
        settings: All settings.
        rename: Returns the new name; called with the setting's name and value.

    Example:
        >>> map_files(Settings(protect="a.png#red"), lambda name, text: f"b/{text}").protect
        'b/a.png#red'
    """
    changed: dict[str, Any] = {}

    def renamed(name: str, text: str) -> str:
        if not names_a_file(name, text) or (name == "init" and names_a_model(text)):
            return text
        return rename(name, text)

    for name in ROLES:
        value = getattr(settings, name)
        if isinstance(value, str):
            changed[name] = renamed(name, value)
        elif value:
            changed[name] = tuple(renamed(name, text) for text in value)
    return Settings(**{**settings.model_dump(), **changed})


def write_entry(folder: Path, entry: JobEntry) -> None:
    """Write a job file atomically, with paths relative to its folder.

    Args:
        folder: Folder of the job, which exists.
        entry: Contents of the file.

    Raises:
        PictureError: The file cannot be written.

    Example:
        >>> write_entry(folder, entry)  # doctest: +SKIP
    """
    seen = _ENTRY.dump_python(_map_paths(entry, lambda path: _relative(folder, path)), mode="json")
    named = {_IN_FILES.get(field, field): value for field, value in seen.items()}
    text = json.dumps({_KIND: _VERSION, "entry": named}, indent=1)
    with atomic_write(folder / ORDER) as file:
        file.write(text.encode())


def read_entry(folder: Path) -> JobEntry:
    """Read a job file.

    Args:
        folder: Folder of the job.

    Raises:
        ModelError: The file is damaged, of a newer version, or missing.

    Example:
        >>> read_entry(Path("runs/0a1b")).spec.name  # doctest: +SKIP
        'photo_wave'
    """
    path = folder / ORDER
    try:
        found = json.loads(path.read_bytes())
        version = int(found[_KIND])
        entry = _entry(found["entry"]) if version <= _VERSION else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = str(error).split("\n")[0]
        raise ModelError(
            f"{path} is damaged ({why}), so this job cannot resume; delete it and start a new one"
        ) from error
    if entry is None:
        raise ModelError(
            f"{path} is from a newer Impasto (format {version}, supported is {_VERSION}); run "
            "pip install --upgrade impasto"
        )
    return _map_paths(entry, lambda path: str(folder / path))


def _entry(values: dict[str, Any]) -> JobEntry:
    """Parse the contents of a file, perhaps of an older version."""
    for part, name in (("order", "settings"), ("leg", "asked"), ("leg", "settings")):
        values[part][name] = complete_recorded(values[part][name])
    fields = {name: field for field, name in _IN_FILES.items()}
    return _ENTRY.validate_python({fields.get(name, name): one for name, one in values.items()})


def _map_paths(entry: JobEntry, convert: Callable[[str], str]) -> JobEntry:
    """Return an entry with all paths mapped."""

    def settings(value: Settings) -> Settings:
        return map_files(value, lambda name, text: convert(text))

    spec, stage = entry.spec, entry.stage
    spec = replace(
        spec,
        content=Path(convert(str(spec.content))),
        styles=tuple(Path(convert(str(style))) for style in spec.styles),
        settings=settings(spec.settings),
    )
    stage = replace(stage, asked=settings(stage.asked), settings=settings(stage.settings))
    return replace(entry, spec=spec, stage=stage)


def _relative(folder: Path, path: str) -> str:
    return path.removeprefix(f"{folder}{os.sep}")
