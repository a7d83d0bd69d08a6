"""Training pairs: photographs painted by the iterative route; resumable."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ModelError
from ..images.checksum import file_digest
from ..images.files import atomic_write, make_folder, read_record
from ..images.listing import ListedPicture, list_pictures
from ..images.metadata import made_with
from ..settings import Settings
from .attempt import Form, Make, Outcome
from .batch import StylizeWork, run_tasks
from .output_paths import Task, plan_outputs
from .result import as_picture
from .style_paintings import style_file

MANIFEST = "pairs.json"


class Pairs(NamedTuple):
    """Training pairs of one style.

    Attributes:
        style: Stem of the painting's file name.
        painted: Photograph to painted picture, for photographs that exist.
    """

    style: str
    painted: dict[Path, Path]


@dataclass(frozen=True)
class PairsWork:
    """Stylizes photographs as training pairs.

    Attributes:
        inner: Stylizes them.
        photographs: Their folder.
        known: `pairs` of the manifest, by the name of the picture.
        folder: Folder of the painted pictures.
    """

    inner: StylizeWork
    photographs: Path
    known: Mapping[str, Mapping[str, Any]]
    folder: Path

    def start(self) -> Make:
        """Return the function that stylizes a photograph; see `Work`."""
        return self.inner.start()

    def differing(self, task: Task, record: Mapping[str, Any]) -> list[str]:
        """Compare a task with the manifest; see `Work`."""
        known = self.known.get(task.result.relative_to(self.folder).as_posix(), {})
        same = self.entry(task).items() <= known.items()
        return [] if same else ["from another photograph"]

    def entry(self, task: Task) -> dict[str, Any]:
        """Return what the manifest says about the photograph of a task."""
        name = task.photograph.relative_to(self.photographs).as_posix()
        return {"photograph": name, "photograph_sha256": file_digest(task.photograph)}


def make_pairs(
    photographs: str | Path,
    style: str | Path,
    folder: str | Path,
    settings: Settings,
    *,
    cluster: str | None = None,
) -> Generator[Outcome]:
    """Stylize each photograph of a folder as a training pair.

    Finished pictures are skipped, so repeating an interrupted call continues it. A manifest holds
    the SHA-256 of the files and the settings of each picture.

    Args:
        photographs: Folder of photographs.
        style: The painting, or the name of a shipped style.
        folder: Folder of the painted pictures and the manifest; created if missing.
        settings: Settings of the iterative route.
        cluster: A Ray cluster to paint on, as for `stylize_all`.

    Yields:
        The outcome of each photograph.

    Raises:
        PictureError: There are no photographs, or the painting cannot be read.
        ModelError: The folder has pairs of another style or other settings.
        BackendError: The cluster cannot be used.

    Example:
        >>> for outcome in make_pairs("photos", "wave.jpg", "pairs", Settings()):  # doctest: +SKIP
        ...     print(outcome.status, outcome.result)
    """
    photographs, style, folder = Path(photographs), style_file(style), Path(folder)
    about = {
        "style": style.name,
        "style_sha256": file_digest(style),
        "settings": settings.model_dump(mode="json"),
    }
    inner = StylizeWork((as_picture(style),), settings)
    manifest = _open(folder, about)
    paths = list_pictures(photographs, without=folder)
    tasks = plan_outputs(
        [ListedPicture(path, path.relative_to(photographs)) for path in paths], folder
    )
    make_folder(folder)
    work = PairsWork(inner, photographs, manifest["pairs"], folder)
    for outcome in run_tasks(tasks, work, Form(force=True), cluster):
        if outcome.status == "done":
            task = tasks[outcome.number - 1]
            losses = (read_record(outcome.result) or {})["losses"]
            kept = {name: losses[name] for name in ("total", "content", "style")}
            name = task.result.relative_to(folder).as_posix()
            manifest["pairs"][name] = {**work.entry(task), "losses": kept}
            _write(folder, manifest)
        yield outcome


def read_pairs(folder: str | Path, photographs: str | Path) -> Pairs:
    """Read the pairs of a folder whose photographs exist.

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
    photographs = Path(photographs)
    paths = {path.relative_to(photographs).as_posix(): path for path in list_pictures(photographs)}
    painted = {
        paths[entry["photograph"]]: folder / name
        for name, entry in manifest["pairs"].items()
        if entry["photograph"] in paths and (folder / name).exists()
    }
    if not painted:
        raise ModelError(f"{folder} has no pairs of the photographs in {photographs}")
    return Pairs(Path(manifest["style"]).stem, painted)


def _open(folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Read the manifest of a folder, or create one."""
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
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        names = [manifest["style"], *(e["photograph"] for e in manifest["pairs"].values())]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("it names no files")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({error}); delete it to start over") from error
    return manifest


def _write(folder: Path, manifest: dict[str, Any]) -> None:
    with atomic_write(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1).encode())
