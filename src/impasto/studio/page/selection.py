"""The user's selection on the page, as settings, a command line or a job."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image as PIL

from ...errors import PictureError, SettingsError
from ...paint_settings import PaintSettings
from ...settings import Settings
from ...workflows.style_paintings import style_painting
from ..jobs.job_file import JobSpec
from .command_line import command_line
from .controls import settings_from
from .job_inputs import STYLE_SIDE, read_regions, region_settings, style_picture
from .previews import read_reduced, shares_of, style_names, title_of
from .strings import say

KEEPS_COLORS = ("keep", "luminance")  # values of `Settings.color` that keep colours in previews
LARGEST = 4096  # pixels; long side of results


@dataclass(frozen=True)
class Selection:
    """Photograph and styles selected on the page.

    Attributes:
        photo: File of the photograph.
        shares: Learned styles and files of paintings -> shares.
    """

    photo: str
    shares: Mapping[str, float]

    def title(self, lang: str) -> str:
        """Return the display names of the styles."""
        return " + ".join(title_of(style, lang) for style in self.shares)

    @property
    def name(self) -> str:
        """Name of the result."""
        return "_".join([Path(self.photo).stem, *(Path(style).stem for style in self.shares)])


def make_selection(
    photo: str | None, first: str | None, others: Sequence[str] | None, share: float, lang: str
) -> Selection:
    """Create a selection.

    Raises:
        SettingsError: No photograph or style is selected.
        PictureError: A file has been removed.
    """
    if not photo:
        raise SettingsError(say("no_photo", lang))
    if not first:
        raise SettingsError(say("no_style", lang))
    selection = Selection(photo, shares_of(first, others or (), share))
    for file in [photo, *(style for style in selection.shares if style not in style_names())]:
        if not Path(file).is_file():
            raise PictureError(say("gone", lang, name=Path(file).name))
    return selection


def style_options(files: Sequence[str], chosen: str | None, lang: str) -> tuple[Any, Any]:
    """Offer learned styles and uploaded paintings.

    Args:
        files: Files of the paintings.
        chosen: The selected style.
        lang: `en` or `ko`.

    Returns:
        Updates of the style and blend controls.
    """
    named = [(title_of(name, lang), name) for name in [*files, *style_names()]]
    if files and chosen not in files:
        chosen = files[0]
    elif chosen not in [value for _, value in named]:
        chosen = None
    others = [file for file in files if file != chosen]
    return gr.Radio(choices=named, value=chosen), gr.Dropdown(choices=named, value=others)


def settings_at_once(selection: Selection, settings: Settings) -> PaintSettings:
    """Return settings to paint a selection with the network at full size."""
    return PaintSettings(
        size=LARGEST if is_larger(selection.photo) else None,
        strength=settings.strength,
        keep_colors=settings.color in KEEPS_COLORS,
    )


def command_lines(selection: Selection, settings: Settings) -> list[str]:
    """Return equivalent commands: `paint` first, then those of the iterative job."""
    photo, known = Path(selection.photo), style_names()
    names = [style if style in known else Path(style).name for style in selection.shares]
    shares = list(selection.shares.values()) if len(names) > 1 else []
    lines = [command_line(settings_at_once(selection, settings), photo.name, names, shares=shares)]
    paintings = []
    for name in names:
        painted = name  # a painting, or a style with a shipped painting
        if name in known and style_painting(name) is None:  # the photograph in that style
            painted = f"{photo.stem}_{name}_style.png"
            line = command_line(PaintSettings(size=STYLE_SIDE), photo.name, [name])
            lines.append(f"{line} -o {shlex.quote(painted)}")
        paintings.append(painted)
    return [*lines, command_line(settings, photo.name, paintings)]


def is_larger(photo: str) -> bool:
    """Return whether a photograph is larger than `LARGEST`."""
    with PIL.open(photo) as file:  # reads only the header
        return max(file.size) > LARGEST


def weights_of(selection: Selection) -> dict[str, Any]:
    """Return `style_weights` for styles with unequal shares."""
    shares = tuple(selection.shares.values())
    return {"style_weights": shares} if len(set(shares)) > 1 else {}


def make_job_spec(
    selection: Selection,
    values: Mapping[str, Any],
    layers: list[Any],
    folder: Path,
    max_pixels: int | None,
) -> JobSpec:
    """Build the specification of a job.

    Args:
        selection: Photograph and styles.
        values: Values of the controls.
        layers: Layers of the canvas.
        folder: Folder for intermediate files.
        max_pixels: Largest picture that is read, pixels.

    Raises:
        ImpastoError: A picture cannot be read, or values contradict each other.
    """
    regions = region_settings(read_regions(layers), len(selection.shares), folder)
    wanted = {} if "masks" in regions else weights_of(selection)
    settings = settings_from(values, **wanted, **regions)
    photograph = read_reduced(selection.photo, max_pixels)
    return JobSpec(
        content=Path(selection.photo),
        styles=tuple(style_picture(each, photograph, folder) for each in selection.shares),
        settings=settings,
        name=selection.name,
        titles=tuple(title_of(style) for style in selection.shares),
    )
