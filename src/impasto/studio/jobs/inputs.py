"""Copy the input files of a job, so that it does not depend on the originals."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

from ...errors import SettingsError
from ...images.files import atomic_write, make_folder
from ...images.masks import split_color
from ...images.opening import first_bytes, locate
from .job_file import INPUTS, JobSpec, map_files

_PLAIN = re.compile(r"\.[A-Za-z0-9]{1,5}")


def copy_inputs(spec: JobSpec, folder: Path) -> JobSpec:
    """Copy all input files of a job.

    Args:
        spec: Specification of the job.
        folder: Folder of the job.

    Returns:
        The specification with the copies; photograph and paintings keep their names for records.

    Raises:
        SettingsError: There is no style.
        PictureError: A file cannot be read, or a copy cannot be written.

    Example:
        >>> copy_inputs(JobSpec(Path("a.png"), (Path("b.png"),)), Path("run"))  # doctest: +SKIP
    """
    if not spec.styles:
        raise SettingsError("a job needs at least one painting to take the style from, got none")
    numbers, made = itertools.count(1), dict[str, Path]()

    def copied(path: Path, name: str) -> Path:
        target = folder / INPUTS / str(next(numbers)) / name
        make_folder(target.parent)
        _copy(locate(path), target)
        return target

    def with_copy(name: str, text: str) -> str:
        file = text if name == "init" else str(split_color(text)[0])
        made[file] = made.get(file) or copied(Path(file), _plain_name(file))
        return f"{made[file]}{text[len(file) :]}"

    return replace(
        spec,
        content=copied(spec.content, spec.content.name),
        styles=tuple(copied(style, style.name) for style in spec.styles),
        settings=map_files(spec.settings, with_copy),
    )


def _plain_name(path: str | Path) -> str:
    """Return a name that settings cannot parse as a colour or a network."""
    suffix = Path(path).suffix
    return f"picture{suffix if _PLAIN.fullmatch(suffix) else ''}"


def _copy(path: Path, target: Path) -> None:
    first_bytes(path)  # raises an error that says why a file cannot be read
    with path.open("rb") as source, atomic_write(target) as file:
        shutil.copyfileobj(source, file)
