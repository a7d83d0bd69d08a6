"""`impasto demo` and `impasto sample-style`: sample pictures."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import SettingsError
from ..images.files import make_folder, write_image
from ..images.sample_styles import SAMPLE_STYLES, sample_style
from ..images.sheet import side_by_side
from ..workflows.style_paintings import painting_facts, style_painting
from .checks import check_outputs
from .stylize import stylize

if TYPE_CHECKING:
    from .commands import Demo, SampleStyle

_PHOTO = "chelsea"  # a cat; from skimage.data


class _Paths(NamedTuple):
    """Files of the demo, in their order on the contact sheet."""

    photograph: Path
    painting: Path
    at_once: Path
    painted: Path
    sheet: Path


def run_demo(command: Demo) -> None:
    """Paint scikit-image's cat by both routes, and put all pictures on one sheet.

    The iterative route starts from the network's picture.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says where the picture so far is.
    """
    from ..images.files import read_image
    from ..settings import Settings
    from ..workflows.paint import paint as paint_at_once
    from .commands import Stylize

    paths = _paths(command)
    # One scale: coarse scales would lose the fine strokes of the starting picture.
    settings = Settings(size=command.size, budget=command.budget, scales=1, init=str(paths.at_once))
    make_folder(command.folder)
    check_outputs([*paths], command.force)
    style = _write_inputs(command.style, paths)
    paint_at_once(paths.photograph, style, size=command.size).save(paths.at_once)
    sys.stdout.write(f"{paths.at_once}\n")
    sys.stdout.flush()
    stylize(
        Stylize(
            paths.photograph,
            (paths.painting,),
            output=paths.painted,
            force=command.force,
            settings=settings,
            common=command.common,
        )
    )
    write_image(paths.sheet, side_by_side([read_image(path) for path in paths[:-1]]))
    sys.stdout.write(f"{paths.sheet}\n")


def _paths(command: Demo) -> _Paths:
    style, folder = command.style, command.folder
    shipped = style_painting(style)
    if style not in SAMPLE_STYLES and shipped is None:
        names = ", ".join(dict.fromkeys([*SAMPLE_STYLES, *painting_facts()]))
        raise SettingsError(f"there is no style {style!r}; choose one of {names}")
    suffix = ".png" if shipped is None else shipped.suffix
    made = (folder / f"{_PHOTO}_{style}{ending}.png" for ending in ("_at_once", "", "_sheet"))
    return _Paths(folder / f"{_PHOTO}.png", folder / f"{style}{suffix}", *made)


def _write_inputs(style: str, paths: _Paths) -> str | Path:
    """Write photograph and painting, and return the style as an argument of `paint`."""
    import skimage.data

    from ..images.files import read_image

    write_image(paths.photograph, read_image(getattr(skimage.data, _PHOTO)()))
    shipped = style_painting(style)
    if shipped is None:
        write_image(paths.painting, sample_style(style))
        return paths.painting
    shutil.copyfile(shipped, paths.painting)
    return style


def draw_sample(command: SampleStyle) -> None:
    """Draw a sample painting into a file.

    Raises:
        ImpastoError: The command failed.
    """
    output = command.output or Path(f"{command.kind}.png")
    check_outputs([output], command.force)
    write_image(output, sample_style(command.kind, command.size, command.seed))
    sys.stdout.write(f"{output}\n")
