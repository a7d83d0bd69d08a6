"""`impasto demo` and `impasto sample-style`: pictures for people who have none at hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..images.files import make_folder, write_image
from ..images.sample_styles import sample_style
from ..images.sheet import side_by_side
from .checks import check_outputs
from .painting import paint

if TYPE_CHECKING:
    from .commands import Demo, SampleStyle


def demonstrate(command: Demo) -> None:
    """Paint scikit-image's astronaut with a sample painting, and put all three on one sheet.

    Raises:
        ImpastoError: It could not be done.
        KeyboardInterrupt: Interrupted; the message says where the picture so far is.
    """
    import skimage.data

    from ..images.files import read_image
    from ..settings import Settings
    from .commands import Stylize

    settings = Settings(size=command.size)
    style = sample_style(command.kind)
    make_folder(command.folder)
    photo_path = command.folder / "astronaut.png"
    style_path = command.folder / f"{command.kind}.png"
    painted_path = command.folder / f"astronaut_{command.kind}.png"
    sheet_path = command.folder / f"astronaut_{command.kind}_sheet.png"
    check_outputs([photo_path, style_path, painted_path, sheet_path], command.force)
    write_image(photo_path, read_image(skimage.data.astronaut()))
    write_image(style_path, style)
    painted = paint(
        Stylize(
            photo_path,
            (style_path,),
            output=painted_path,
            force=command.force,
            settings=settings,
            common=command.common,
        )
    )
    pictures = [read_image(path) for path in (photo_path, style_path, painted)]
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
