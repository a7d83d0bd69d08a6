"""List the photographs to paint and their output paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from ..errors import SettingsError
from ..images.files import check_output, make_folder
from ..images.listing import Found, find_pictures
from ..images.opening import locate


@dataclass(frozen=True)
class Task:
    """A photograph that is to be painted.

    Attributes:
        photograph: Its path.
        result: Where the picture goes.
        number: Which of the photographs, from 1 on.
        count: Number of photographs.
    """

    photograph: Path
    result: Path
    number: int
    count: int


def find_into(places: Sequence[str | Path], folder: Path, suffix: str = ".png") -> list[Found]:
    """Find the photographs that are to be painted into a folder, and make the folder.

    Args:
        places: Folders, lists and pictures, as in `stylize_all`.
        folder: Where the results will go.
        suffix: Type of the results.

    Raises:
        PictureError: There are no photographs, the folder cannot be written, or the type is
            unknown.
        SettingsError: The folder is one of those of the photographs.
    """
    for place in map(locate, places):
        if place.is_dir() and place.resolve() == folder.resolve():
            raise SettingsError(
                f"the results cannot go to {folder} among the photographs; choose another with -o"
            )
    found = find_pictures(places, without=folder)
    make_folder(folder)
    check_output(folder / f"result{suffix}")
    return found


def plan_results(found: Sequence[Found], folder: Path, ending: str = ".png") -> list[Task]:
    """Settle where each result goes: `<name>.png`, in the same sub-folders.

    Photographs whose results would have the same name, as those of a.jpg and a.png, get that of
    their type as well: a_jpg.png and a_png.png; where that is not enough they are counted.

    Args:
        found: The photographs.
        folder: Where the results go.
        ending: Follows the photograph's name.

    Example:
        >>> found = [Found(Path(name), Path(name)) for name in ("a.jpg", "a.png", "b.jpg")]
        >>> [task.result.name for task in plan_results(found, Path("painted"))]
        ['a_jpg.png', 'a_png.png', 'b.png']
    """
    stems = [each.place.with_name(each.place.stem) for each in found]
    wanted = Counter(map(_as_disks_compare, stems))
    taken: set[str] = set()
    tasks = []
    for number, (each, stem) in enumerate(zip(found, stems, strict=True), 1):
        kind = each.place.suffix.replace(".", "_") if wanted[_as_disks_compare(stem)] > 1 else ""
        numbers = chain([""], (f"-{again}" for again in count(2)))
        places = (stem.with_name(f"{stem.name}{kind}{again}{ending}") for again in numbers)
        place = next(place for place in places if _as_disks_compare(place) not in taken)
        taken.add(_as_disks_compare(place))
        tasks.append(Task(each.path, folder / place, number, len(found)))
    return tasks


def _as_disks_compare(path: Path) -> str:
    """Return the name without its case, which some disks do not tell apart."""
    return str(path).casefold()
