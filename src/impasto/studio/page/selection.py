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
from .previews import look_at, shares_of, style_names, title_of
from .strings import say

KEEPS_COLORS = ("keep", "luminance")  # of `Settings.color`, in what is painted at once
LARGEST = 4096  # pixels of the long side of what is painted at once and kept


@dataclass(frozen=True)
class Choice:
    """What is chosen on the page.

    Attributes:
        photo: The file of the photograph.
        shares: Learned styles and files of paintings, with their shares.
    """

    photo: str
    shares: Mapping[str, float]

    def title(self, wants: str) -> str:
        """Return the styles' names in a language."""
        return " + ".join(title_of(style, wants) for style in self.shares)

    @property
    def name(self) -> str:
        """What to call the result."""
        return "_".join([Path(self.photo).stem, *(Path(style).stem for style in self.shares)])


def choose(
    photo: str | None, first: str | None, others: Sequence[str] | None, share: float, wants: str
) -> Choice:
    """Put a choice together.

    Raises:
        SettingsError: No photograph or style is chosen.
        PictureError: A file has been removed.
    """
    if not photo:
        raise SettingsError(say("no_photo", wants))
    if not first:
        raise SettingsError(say("no_style", wants))
    choice = Choice(photo, shares_of(first, others or (), share))
    for file in [photo, *(style for style in choice.shares if style not in style_names())]:
        if not Path(file).is_file():
            raise PictureError(say("gone", wants, name=Path(file).name))
    return choice


def offered(files: Sequence[str], chosen: str | None, wants: str) -> tuple[Any, Any]:
    """Offer the learned styles and the paintings that were dropped.

    Args:
        files: Of the paintings.
        chosen: The style that is chosen.
        wants: `en` or `ko`.

    Returns:
        Updates of the styles and of those to blend with.
    """
    named = [(title_of(name, wants), name) for name in [*files, *style_names()]]
    if files and chosen not in files:
        chosen = files[0]
    elif chosen not in [value for _, value in named]:
        chosen = None
    others = [file for file in files if file != chosen]
    return gr.Radio(choices=named, value=chosen), gr.Dropdown(choices=named, value=others)


def settings_at_once(choice: Choice, settings: Settings) -> PaintSettings:
    """Return the settings with which a photograph is painted at once and kept."""
    return PaintSettings(
        size=LARGEST if is_larger(choice.photo) else None,
        strength=settings.strength,
        keep_colors=settings.color in KEEPS_COLORS,
    )


def commands(choice: Choice, settings: Settings) -> list[str]:
    """Return what does the same in a terminal: at once, then by the slow route."""
    photo, known = Path(choice.photo), style_names()
    names = [style if style in known else Path(style).name for style in choice.shares]
    shares = list(choice.shares.values()) if len(names) > 1 else []
    lines = [command_line(settings_at_once(choice, settings), photo.name, names, shares=shares)]
    paintings = []
    for name in names:
        painted = name  # a painting, or a style whose painting ships
        if name in known and style_painting(name) is None:  # the photograph, painted in it
            painted = f"{photo.stem}_{name}_style.png"
            line = command_line(PaintSettings(size=STYLE_SIDE), photo.name, [name])
            lines.append(f"{line} -o {shlex.quote(painted)}")
        paintings.append(painted)
    return [*lines, command_line(settings, photo.name, paintings)]


def is_larger(photo: str) -> bool:
    """Tell whether a photograph is larger than what is painted at once."""
    with PIL.open(photo) as file:  # only the head is read
        return max(file.size) > LARGEST


def weights_of(choice: Choice) -> dict[str, Any]:
    """Return the setting that several styles with unequal shares need."""
    shares = tuple(choice.shares.values())
    return {"style_weights": shares} if len(set(shares)) > 1 else {}


def make_job_spec(
    choice: Choice,
    values: Mapping[str, Any],
    layers: list[Any],
    folder: Path,
    max_pixels: int | None,
) -> JobSpec:
    """Build the specification of a job.

    Args:
        choice: Photograph and styles.
        values: Of the controls.
        layers: Of the canvas.
        folder: For what is made on the way.
        max_pixels: Largest picture that is read, pixels.

    Raises:
        ImpastoError: A picture cannot be read, or values contradict each other.
    """
    regions = region_settings(read_regions(layers), len(choice.shares), folder)
    wanted = {} if "masks" in regions else weights_of(choice)
    settings = settings_from(values, **wanted, **regions)
    photograph = look_at(choice.photo, max_pixels)
    return JobSpec(
        content=Path(choice.photo),
        styles=tuple(style_picture(each, photograph, folder) for each in choice.shares),
        settings=settings,
        name=choice.name,
        titles=tuple(title_of(style) for style in choice.shares),
    )
