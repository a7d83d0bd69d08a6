"""`impasto demo` and `impasto sample-style`: pictures for people who have none at hand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..images.files import make_folder, write_image
from ..images.sample_styles import SAMPLE_STYLES, sample_style
from ..images.sheet import side_by_side
from ..workflows.style_paintings import painting_facts, style_painting
from .checks import check_outputs
from .painting import paint

if TYPE_CHECKING:
    from .commands import Demo, SampleStyle

_PHOTO = "chelsea"  # a cat, of scikit-image's pictures


def demonstrate(command: Demo) -> None:
    """Paint scikit-image's cat by both routes, and put all on one sheet.

    The network's picture comes first, and the slow route goes on from it.

    Raises:
        ImpastoError: It could not be done.
        KeyboardInterrupt: Interrupted; the message says where the picture so far is.
    """
    import skimage.data

    from ..images.files import read_image
    from ..settings import Settings
    from ..workflows.paint import paint as paint_at_once
    from .commands import Stylize

    name = command.style
    painting = None if name in SAMPLE_STYLES else style_painting(name)
    if painting is None and name not in SAMPLE_STYLES:
        names = ", ".join([*SAMPLE_STYLES, *painting_facts()])
        raise SettingsError(f"there is no style {name!r} to show; choose one of {names}")
    photo_path = command.folder / f"{_PHOTO}.png"
    style_path = command.folder / f"{name}{painting.suffix if painting else '.png'}"
    first_path, second_path, sheet_path = (
        command.folder / f"{_PHOTO}_{name}{ending}.png" for ending in ("_at_once", "", "_sheet")
    )
    paths = [photo_path, style_path, first_path, second_path, sheet_path]
    settings = Settings(size=command.size, budget=command.budget, init=str(first_path))
    make_folder(command.folder)
    check_outputs(paths, command.force)
    photo = read_image(getattr(skimage.data, _PHOTO)())
    write_image(photo_path, photo)
    if painting:
        shutil.copyfile(painting, style_path)
    else:
        write_image(style_path, sample_style(name))
    first = paint_at_once(photo_path, name if painting else style_path, size=command.size)
    first.save(first_path)
    sys.stdout.write(f"{first_path}\n")
    sys.stdout.flush()
    paint(
        Stylize(
            photo_path,
            (style_path,),
            output=second_path,
            force=command.force,
            settings=settings,
            common=command.common,
        )
    )
    pictures = [read_image(path) for path in paths[:-1]]
    write_image(sheet_path, side_by_side(pictures))
    sys.stdout.write(f"{sheet_path}\n")


def draw_sample(command: SampleStyle) -> None:
    """Draw a sample painting into a file.

    Raises:
        ImpastoError: It could not be done.
    """
    output = command.output or Path(f"{command.kind}.png")
    check_outputs([output], command.force)
    write_image(output, sample_style(command.kind, command.size, command.seed))
    sys.stdout.write(f"{output}\n")
