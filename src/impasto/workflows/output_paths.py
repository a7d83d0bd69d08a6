"""Find the photographs of a batch and assign output paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from ..errors import SettingsError
from ..images.files import check_output, make_folder
from ..images.listing import ListedPicture, find_pictures
from ..images.opening import locate


@dataclass(frozen=True)
class Task:
    """A photograph to paint and its output path.

    Attributes:
        photograph: Path of the photograph.
        result: Path of the result.
        number: Index of the photograph, from 1.
        count: Number of photographs.
    """

    photograph: Path
    result: Path
    number: int
    count: int


def find_photographs(
    places: Sequence[str | Path], folder: Path, suffix: str = ".png"
) -> list[ListedPicture]:
    """Find the photographs of a batch, and create the folder of its results.

    Args:
        places: Folders, lists and pictures, as in `stylize_all`.
        folder: Folder of the results.
        suffix: Type of the results.

    Raises:
        PictureError: There are no photographs, the folder cannot be written, or the type is
            unknown.
        SettingsError: The folder is a folder of photographs.
    """
    for place in map(locate, places):
        if place.is_dir() and place.resolve() == folder.resolve():
            raise SettingsError(
                f"results cannot be written to {folder} among the photographs; choose another "
                "folder with -o"
            )
    found = find_pictures(places, without=folder)
    make_folder(folder)
    check_output(folder / f"result{suffix}")
    return found


def plan_outputs(found: Sequence[ListedPicture], folder: Path, ending: str = ".png") -> list[Task]:
    """Assign each result a path: `<name>.png`, in the same sub-folders.

    Photographs with the same stem, such as a.jpg and a.png, get their type appended: a_jpg.png and
    a_png.png; remaining conflicts are numbered.

    Args:
        found: The photographs.
        folder: Folder of the results.
        ending: Appended to the photograph's stem.

    Example:
        >>> found = [ListedPicture(Path(name), Path(name)) for name in ("a.jpg", "a.png", "b.jpg")]
        >>> [task.result.name for task in plan_outputs(found, Path("painted"))]
        ['a_jpg.png', 'a_png.png', 'b.png']
    """
    stems = [each.relative.with_name(each.relative.stem) for each in found]
    wanted = Counter(map(_case_folded, stems))
    taken: set[str] = set()
    tasks = []
    for number, (each, stem) in enumerate(zip(found, stems, strict=True), 1):
        kind = each.relative.suffix.replace(".", "_") if wanted[_case_folded(stem)] > 1 else ""
        numbers = chain([""], (f"-{again}" for again in count(2)))
        places = (stem.with_name(f"{stem.name}{kind}{again}{ending}") for again in numbers)
        place = next(place for place in places if _case_folded(place) not in taken)
        taken.add(_case_folded(place))
        tasks.append(Task(each.path, folder / place, number, len(found)))
    return tasks


def _case_folded(path: Path) -> str:
    """Return the path case-folded, since some file systems ignore case."""
    return str(path).casefold()
