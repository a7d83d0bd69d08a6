"""`impasto paint` and `impasto styles`: the route of one pass."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ..errors import ImpastoError, PictureError, SettingsError
from ..images.crops import list_pictures
from ..images.files import free_path, make_folder, read_image, read_picture, write_image
from ..images.sheet import contact_sheet
from ..paint_settings import PaintSettings
from ..types import Image
from ..workflows.paint import Painter, make_painter, paint_with, styles
from .painting import check_outputs, check_quality

if TYPE_CHECKING:
    from .commands import Paint, Styles

_THUMBNAIL = 320  # pixels


def paint_all(command: Paint) -> None:
    """Paint one picture or many; one that cannot be painted does not keep the others back.

    Raises:
        ImpastoError: It could not be done; of several pictures, some could not.
        KeyboardInterrupt: Interrupted; the message says how many are painted.
    """
    check_quality(command.jpeg_quality)
    console = Console(stderr=True, quiet=command.quiet)
    photographs = _photographs(command.photographs)
    outputs = _outputs(photographs, command)
    check_outputs(outputs, command.force)
    painter = make_painter(parse_styles(command.style), command.settings, command.model)
    failed = 0
    for number, (photograph, output) in enumerate(zip(photographs, outputs, strict=True), 1):
        try:
            _paint_one(photograph, output, painter, command, console, f"{number}/{len(outputs)}")
        except KeyboardInterrupt as stop:
            done = number - 1 - failed
            raise KeyboardInterrupt(f"interrupted; {done} of {len(outputs)} are painted") from stop
        except ImpastoError as error:
            if len(photographs) == 1:
                raise
            failed += 1
            sys.stderr.write(f"impasto: {photograph}: {error}\n")
    if failed:
        raise PictureError(f"{failed} of {len(photographs)} pictures could not be painted")


def _paint_one(
    photograph: Path, output: Path, painter: Painter, command: Paint, console: Console, place: str
) -> None:
    start = time.perf_counter()
    picture = read_picture(photograph, max_pixels=command.max_pixels)
    result = paint_with(painter, picture, command.settings)
    result.save(output, quality=command.jpeg_quality)
    height, width = result.image.shape[:2]
    seconds = time.perf_counter() - start
    console.print(
        f"{place} {width}x{height} in {seconds:.2f} s, of which the network {result.seconds:.2f} s",
        soft_wrap=True,
        highlight=False,
    )
    sys.stdout.write(f"{output}\n")


def parse_styles(words: tuple[str, ...]) -> str | dict[str, float]:
    """Read one style, or several with their shares.

    Raises:
        SettingsError: A share is not a number.

    Example:
        >>> parse_styles(("wave:0.6", "scream:0.4"))
        {'wave': 0.6, 'scream': 0.4}
        >>> parse_styles(("a/painting.jpg",))
        'a/painting.jpg'
    """
    if not words:
        raise SettingsError("name a style with --style; impasto styles lists those of a network")
    if len(words) == 1 and ":" not in words[0][2:]:  # a drive's colon comes before that
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


def _photographs(places: tuple[Path, ...]) -> list[Path]:
    if not places:
        raise SettingsError("give at least one photograph or a folder of them")
    found: list[Path] = []
    for place in places:
        found += list_pictures(place) if place.is_dir() else [place]
    return found


def _outputs(photographs: list[Path], command: Paint) -> list[Path]:
    """Settle where each picture goes."""
    style = "_".join(Path(word.split(":")[0]).stem for word in command.style)
    names = [f"{photograph.stem}_{style}.png" for photograph in photographs]
    place = command.output
    if place is None:
        return [free_path(p.with_name(name)) for p, name in zip(photographs, names, strict=True)]
    if len(photographs) == 1 and place.suffix and not place.is_dir():
        return [place]
    if place.suffix and not place.is_dir():
        raise SettingsError(f"{len(photographs)} pictures need a folder after -o, got {place}")
    make_folder(place)
    if len({*names}) < len(names):
        raise SettingsError(
            "two photographs have the same name, so one result would replace the other; "
            "paint them into different folders"
        )
    return [place / name for name in names]


def list_styles(command: Styles) -> None:
    """Print the styles of a network; with a sheet, paint a sample photograph in each.

    Raises:
        ImpastoError: It could not be done.
    """
    known = styles(command.model)
    table = Table("style", "painting", "painter", "year", box=None)
    for name, about in known.items():
        table.add_row(name, *(str(about.get(key, "")) for key in ("title", "painter", "year")))
    Console(file=sys.stdout, soft_wrap=True).print(table)
    if command.sheet is not None:
        check_outputs([command.sheet], command.force)
        write_image(command.sheet, _sheet(list(known), command.model))
        sys.stdout.write(f"{command.sheet}\n")


def _sheet(names: list[str], model: Path | None) -> Image:
    import skimage.data

    settings = PaintSettings(size=_THUMBNAIL)
    photograph = read_image(skimage.data.astronaut())
    painters = [make_painter(name, settings, model) for name in names]
    cells = [photograph, *(paint_with(p, photograph, settings).image for p in painters)]
    return contact_sheet(cells, _THUMBNAIL, ["", *names])
