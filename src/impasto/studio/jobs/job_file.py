"""A job on disk: what to make, and which stage it has reached.

```
.studio/runs/<id>/
  order.json     what was asked for, and which stage the job is on; written last, removed first
  inputs/        copies of all files that went in
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
from ...images.files import whole_or_not_at_all
from ...settings import Settings, as_recorded
from ...workflows.setting_files import ROLES, names_a_file

ORDER, INPUTS = "order.json", "inputs"
_KIND, _VERSION = "impasto-studio-run", 1
State = Literal["go", "pause", "stop", "failed"]


@dataclass(frozen=True)
class JobSpec:
    """What a job makes.

    Attributes:
        content: The photograph.
        styles: The paintings, at least one.
        settings: All knobs. Paths in them are followed, so they must not come from strangers.
        name: Of the result, without a suffix.
        titles: What the styles are called, for display.
    """

    content: Path
    styles: tuple[Path, ...]
    settings: Settings = field(default_factory=Settings)
    name: str = ""
    titles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A part of a job with the same settings from its start to its end; a change begins another.

    Attributes:
        asked: Settings of the order that it follows.
        settings: Those it is painted with: the starting picture and what is left of the scales.
        number: From 1.
        scale: Scales done before it.
        iteration: Evaluations done before it.
        seconds: Time taken before it.
    """

    asked: Settings
    settings: Settings
    number: int = 1
    scale: int = 0
    iteration: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class JobEntry:
    """A job as its folder has it.

    Attributes:
        spec: What to make, all files in the job's folder.
        stage: How far it is.
        asked_at: When it was asked for, nanoseconds since 1970; jobs are worked on in this order.
        state: What is to become of it; `stop` ends with the picture so far.
        error: Why it failed.
        picture: File in the gallery with what a failed job had made.
        tries: How often it was begun, and not left in order, since it got further than `mark`.
        mark: The evaluation at which it was begun last.
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
_IN_FILES = {"spec": "order", "stage": "leg"}  # names of fields in files


def first_stage(spec: JobSpec) -> Stage:
    """Return the stage with which an order begins.

    Example:
        >>> first_stage(JobSpec(Path("a.png"), (), Settings(size=640))).settings.size
        640
    """
    return Stage(spec.settings, spec.settings)


def map_files(settings: Settings, rename: Callable[[str, str], str]) -> Settings:
    """Give the files that settings name other names; networks and words stay.

    Args:
        settings: All knobs.
        rename: Gives the new name; called with the name of the setting and what it says.

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
    """Write a job's entry whole or not at all, with paths as seen from its folder.

    Args:
        folder: Of the job, which exists.
        entry: What to write.

    Raises:
        PictureError: It cannot be written.

    Example:
        >>> write_entry(folder, entry)  # doctest: +SKIP
    """
    seen = _ENTRY.dump_python(_map_paths(entry, lambda path: _relative(folder, path)), mode="json")
    named = {_IN_FILES.get(field, field): value for field, value in seen.items()}
    text = json.dumps({_KIND: _VERSION, "entry": named}, indent=1)
    with whole_or_not_at_all(folder / ORDER) as file:
        file.write(text.encode())


def read_entry(folder: Path) -> JobEntry:
    """Read a job's entry.

    Args:
        folder: Of the job.

    Raises:
        ModelError: It is damaged, of a newer version, or missing.

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
            f"{path} is damaged ({why}), so this job cannot go on; drop it, and start it again"
        ) from error
    if entry is None:
        raise ModelError(
            f"{path} was made by a newer Impasto (its format is {version}, this one reads "
            f"{_VERSION}); run pip install --upgrade impasto"
        )
    return _map_paths(entry, lambda path: str(folder / path))


def _entry(values: dict[str, Any]) -> JobEntry:
    """Make an entry of what a file says, which an older version may have written."""
    for part, name in (("order", "settings"), ("leg", "asked"), ("leg", "settings")):
        values[part][name] = as_recorded(values[part][name])
    fields = {name: field for field, name in _IN_FILES.items()}
    return _ENTRY.validate_python({fields.get(name, name): one for name, one in values.items()})


def _map_paths(entry: JobEntry, place: Callable[[str], str]) -> JobEntry:
    """Return an entry with all its paths changed."""

    def settings(value: Settings) -> Settings:
        return map_files(value, lambda name, text: place(text))

    spec, stage = entry.spec, entry.stage
    spec = replace(
        spec,
        content=Path(place(str(spec.content))),
        styles=tuple(Path(place(str(style))) for style in spec.styles),
        settings=settings(spec.settings),
    )
    stage = replace(stage, asked=settings(stage.asked), settings=settings(stage.settings))
    return replace(entry, spec=spec, stage=stage)


def _relative(folder: Path, path: str) -> str:
    return path.removeprefix(f"{folder}{os.sep}")
