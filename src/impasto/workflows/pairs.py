"""Examples for training: photographs painted by the slow route, resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ModelError, PictureError
from ..images.crops import list_pictures
from ..images.files import make_folder, whole_or_not_at_all
from ..images.metadata import made_with
from ..settings import Settings
from .result import as_picture
from .stylize import stylize

MANIFEST = "pairs.json"


class Pair(NamedTuple):
    """A photograph that has been painted.

    Attributes:
        photograph: Its path.
        painted: Path of the painted picture.
        made: Whether it was painted now, or was there already.
        number: Which of the photographs, from 1 on.
        of: Number of photographs.
        problem: Why it could not be painted; empty where it was.
    """

    photograph: Path
    painted: Path
    made: bool
    number: int
    of: int
    problem: str = ""


class Pairs(NamedTuple):
    """What a folder of pairs holds.

    Attributes:
        style: Name of the painting's file without its ending.
        painted: The painted picture of each photograph that is at hand.
    """

    style: str
    painted: dict[Path, Path]


def make_pairs(
    photographs: str | Path, style: str | Path, folder: str | Path, settings: Settings
) -> Iterator[Pair]:
    """Paint each photograph of a folder in one style by the slow route.

    What is there already is not painted again, so a run that was stopped goes on where it was. A
    manifest tells from which files (by their SHA-256) and by which settings each picture came.

    Args:
        photographs: Folder of photographs.
        style: The painting.
        folder: Where painted pictures and manifest go; made if it is missing.
        settings: All knobs of the slow route.

    Yields:
        Each pair.

    Raises:
        PictureError: There are no photographs, or the painting cannot be read.
        ModelError: The folder has pairs of another style or other settings.

    Example:
        >>> for pair in make_pairs("photos", "wave.jpg", "pairs", Settings()):  # doctest: +SKIP
        ...     print(pair.painted)
    """
    paths, style, folder = list_pictures(photographs), Path(style), Path(folder)
    about = {
        "style": style.name,
        "style_sha256": _digest(style),
        "settings": settings.model_dump(mode="json"),
    }
    painting = as_picture(style)
    manifest = _open(folder, about)
    make_folder(folder)
    for number, path in enumerate(paths, 1):
        painted = folder / f"{path.stem}.png"
        entry = {"photograph": path.name, "photograph_sha256": _digest(path)}
        present = manifest["pairs"].get(painted.name)
        if painted.exists() and present is not None and entry.items() <= present.items():
            yield Pair(path, painted, False, number, len(paths))
            continue
        try:
            result = stylize(path, painting, settings=settings)
        except PictureError as error:
            yield Pair(path, painted, False, number, len(paths), str(error))
            continue
        result.save(painted)
        losses = {name: result.record["losses"][name] for name in ("total", "content", "style")}
        manifest["pairs"][painted.name] = {**entry, "losses": losses}
        _write(folder, manifest)
        yield Pair(path, painted, True, number, len(paths))


def read_pairs(folder: str | Path, photographs: str | Path) -> Pairs:
    """Find the pairs of a folder whose photographs are at hand.

    Args:
        folder: From `make_pairs`.
        photographs: Folder of the photographs.

    Raises:
        ModelError: The folder has no manifest, or no pair of these photographs.
    """
    folder = Path(folder)
    manifest = _read(folder)
    if manifest is None:
        raise ModelError(f"{folder} has no {MANIFEST}; expected a folder made by make-pairs")
    paths = {path.name: path for path in list_pictures(photographs)}
    painted = {
        paths[entry["photograph"]]: folder / name
        for name, entry in manifest["pairs"].items()
        if entry["photograph"] in paths and (folder / name).exists()
    }
    if not painted:
        raise ModelError(f"{folder} has no pairs of the photographs in {photographs}")
    return Pairs(Path(manifest["style"]).stem, painted)


def _open(folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Read the manifest of a folder, or begin one."""
    manifest = _read(folder)
    if manifest is None:
        return {"made_with": made_with(), **about, "pairs": {}}
    now = json.loads(json.dumps(about))
    differing = [name for name in now if manifest.get(name) != now[name]]
    if differing:
        raise ModelError(
            f"{folder} has pairs of other {', '.join(differing)}; choose another folder"
        )
    return manifest


def _read(folder: Path) -> dict[str, Any] | None:
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); delete it to begin anew") from error
    return manifest


def _write(folder: Path, manifest: dict[str, Any]) -> None:
    with whole_or_not_at_all(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1).encode())


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PictureError(f"cannot read {path}: {error.strerror}") from error
