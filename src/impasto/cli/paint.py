"""`impasto paint` and `impasto styles`: paint with a trained network."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import SettingsError
from ..images.files import free_path, read_image, write_image
from ..images.listing import ListedPicture, count_left_out, find_pictures, is_folder_or_list
from ..images.opening import locate
from ..images.sheet import contact_sheet, with_inset
from ..paint_settings import PaintSettings
from ..types import Image
from ..workflows.attempt import Form
from ..workflows.batch import run_tasks
from ..workflows.interrupts import hold_interrupts
from ..workflows.output_names import check_saved, claim, save_new
from ..workflows.output_paths import Task, find_photographs, plan_outputs
from ..workflows.paint import make_painter, paint_with, styles
from ..workflows.paint_batch import PaintWork
from ..workflows.style_paintings import style_painting
from .batch import check_folder, check_several, folder_beside, report_outcomes
from .checks import check_outputs, check_quality
from .warn import describe_own_paintings, print_warnings, unused_quality

if TYPE_CHECKING:
    from .commands import Paint, Styles

_THUMBNAIL = 320  # pixels


def paint_all(command: Paint) -> None:
    """Paint one picture or several; a failure does not stop the others.

    Raises:
        ImpastoError: The command failed, or some pictures did.
        KeyboardInterrupt: Interrupted; the message says how many are painted.
    """
    check_quality(command.jpeg_quality)
    console = Console(stderr=True, quiet=command.quiet)
    if not command.photographs:
        raise SettingsError("give at least one photograph or a folder of them")
    styles = parse_styles(command.style)
    tasks = _tasks(command)
    is_single = len(tasks) == 1 and command.cluster is None
    if not is_single:
        check_several(command.metadata)
    advice = describe_own_paintings(styles, command.max_pixels)
    advice += unused_quality(command.jpeg_quality, tasks[0].result.suffix)
    print_warnings(advice, quiet=command.quiet)
    if is_single:
        (task,) = tasks
        with claim(task.result, own=command.output is None, force=command.force) as output:
            _paint_one(replace(task, result=output), command, console)
        return
    painter = make_painter(styles, command.settings, command.model)
    work = PaintWork(painter, command.settings, command.max_pixels)
    form = Form(quality=command.jpeg_quality, force=command.force, metadata=command.metadata)
    outcomes = run_tasks(tasks, work, form, command.cluster)
    left_out = count_left_out(command.photographs, without=command.output)
    report_outcomes(outcomes, console, left_out, debug=command.common.debug)


def _paint_one(task: Task, command: Paint, console: Console) -> None:
    check_outputs([task.result], command.force)
    painter = make_painter(parse_styles(command.style), command.settings, command.model)
    work = PaintWork(painter, command.settings, command.max_pixels)
    start = time.perf_counter()
    result = work.make(task)
    quality = command.jpeg_quality
    with hold_interrupts(drop=True):
        saved = save_new(
            result,
            task.result,
            force=command.force,
            quality=quality,
            metadata=command.metadata,
        )
    height, width = result.image.shape[:2]
    seconds = time.perf_counter() - start
    console.print(
        f"1/1 {width}x{height} in {seconds:.2f} s ({result.seconds:.2f} s in the network)",
        soft_wrap=True,
        highlight=False,
    )
    check_saved(saved, task.result, own=command.output is None)
    sys.stdout.write(f"{saved}\n")


def parse_styles(words: tuple[str, ...]) -> str | dict[str, float]:
    """Parse one style, or several with their shares.

    Raises:
        SettingsError: A share is not a number.

    Example:
        >>> parse_styles(("wave:0.6", "scream:0.4"))
        {'wave': 0.6, 'scream': 0.4}
        >>> parse_styles(("a/painting.jpg",))
        'a/painting.jpg'
    """
    if not words:
        raise SettingsError("--style is missing; impasto styles lists the styles of a network")
    if len(words) == 1 and ":" not in words[0][2:]:  # skips the colon of a drive
        return words[0]
    shares: dict[str, float] = {}
    for word in words:
        name, colon, share = word.rpartition(":")
        if not colon or len(name) < 2:
            name, share = word, "1"
        try:
            shares[name] = shares.get(name, 0.0) + float(share)
        except ValueError as error:
            raise SettingsError(
                f"--style {word}: expected a share after the colon, as in wave:0.6, got {share!r}"
            ) from error
    return shares


def style_stem(word: str) -> str:
    """Return what names a style in a file name: without folder, type and share.

    Example:
        >>> style_stem("a/painting.jpg"), style_stem("pears:0.6")
        ('painting', 'pears')
    """
    return Path(word.split(":")[0]).stem


def _tasks(command: Paint) -> list[Task]:
    """Find the photographs and the output path of each."""
    ending = "_".join(["", *map(style_stem, command.style)]) + ".png"
    place, places = command.output, command.photographs
    if place is None and len(places) == 1 and locate(places[0]).is_dir():
        place = folder_beside(places[0], [style_stem(word) for word in command.style])
    if place is None:
        return _beside(find_pictures(places), ending)
    several = len(places) > 1 or is_folder_or_list(places[0])
    if not several and place.suffix and not place.is_dir():
        return [Task(command.photographs[0], place, 1, 1)]
    check_folder(place)
    return plan_outputs(find_photographs(command.photographs, place), place, ending)


def _beside(found: Sequence[ListedPicture], ending: str) -> list[Task]:
    """Plan a result beside each photograph; results of an earlier run are not painted again."""

    def plan(pictures: Sequence[ListedPicture]) -> list[Task]:
        return plan_outputs([ListedPicture(path, path) for path, _ in pictures], Path(), ending)

    results = {task.result for task in plan(found)}
    photographs = [each for each in found if each.path not in results]
    return [replace(task, result=free_path(task.result)) for task in plan(photographs)]


def list_styles(command: Styles) -> None:
    """Print the styles of a network; with a sheet, paint a sample photograph in each.

    Raises:
        ImpastoError: The command failed.
    """
    known = styles(command.model)
    paintings = {name: None if command.model else style_painting(name) for name in known}
    table = Table("style", "title", "painter", "year", "with painting", box=None)
    for name, about in known.items():
        facts = [str(about.get(key, "")) for key in ("title", "painter", "year")]
        table.add_row(*map(Text, [name, *facts, "no" if paintings[name] is None else "yes"]))
    console = Console(file=sys.stdout, soft_wrap=True)
    console.print(table)
    for folder in {file.parent for file in paintings.values() if file is not None}:
        console.print(Text(f"The paintings are in {folder}, as STYLE.jpg"))
    if command.sheet is not None:
        check_outputs([command.sheet], command.force)
        write_image(command.sheet, _sheet(paintings, command.model))
        sys.stdout.write(f"{command.sheet}\n")


def _sheet(paintings: Mapping[str, Path | None], model: Path | None) -> Image:
    """Paint a sample photograph in each style, with the painting in the corner."""
    import skimage.data

    settings = PaintSettings(size=_THUMBNAIL)
    photograph = read_image(skimage.data.astronaut())
    cells = [photograph]
    for name, file in paintings.items():
        painted = paint_with(make_painter(name, settings, model), photograph, settings).image
        cells.append(painted if file is None else with_inset(painted, read_image(file)))
    return contact_sheet(cells, _THUMBNAIL, ["", *paintings])
