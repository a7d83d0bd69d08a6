"""What the parts of the page do: paint at once, start runs, steer and watch them."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import numpy as np
from PIL import Image as PIL

from ...errors import ImpastoError, SettingsError, explain
from ...images.files import write_image
from ...paint_settings import PaintSettings
from ...settings import Settings
from ...types import Image
from ...workflows.paint import paint
from . import gallery
from .controls import SHOWN, positions, settings_from
from .instant import glance, in_small, look_at, sample, shares_of, style_names, title_of
from .order import Order
from .parts import NONE
from .people import People, gallery_of, user_named
from .runs import Runs
from .texts import language_of, say
from .view import View
from .watching import AT_WORK
from .wishes import read_regions, region_settings, style_picture
from .wording import command_line, settings_of

P = ParamSpec("P")
R = TypeVar("R")
KEEPS_COLORS = ("keep", "luminance")  # of `Settings.color`, in what is painted at once
LARGEST = 4096  # pixels of the long side of what is painted at once and kept


@dataclass(frozen=True, eq=False)
class Studio:
    """What all pages of one server share.

    Attributes:
        runs: The queue of the slow route.
        people: Who may come in, and where their pictures are.
        scratch: Folder for files that reach the page.
        max_pixels: Largest picture that is read, pixels; Pillow's limit if None.
    """

    runs: Runs
    people: People
    scratch: Path
    max_pixels: int | None = None

    def user(self, request: gr.Request | None) -> str:
        """Return whoever asks; empty where nobody has to log in."""
        return user_named(self.people, request.username if request else None)

    def folder(self, request: gr.Request | None) -> Path:
        """Return the folder of the pictures of whoever asks."""
        return gallery_of(self.people, self.user(request))

    def place(self) -> Path:
        """Make a folder for a file that reaches the page."""
        return Path(tempfile.mkdtemp(dir=self.scratch))


def told(function: Callable[P, R]) -> Callable[P, R]:
    """Let an error of ours reach the page as a sentence."""

    @functools.wraps(function)
    def run(*values: P.args, **named: P.kwargs) -> R:
        try:
            return function(*values, **named)
        except ImpastoError as error:
            raise gr.Error(explain(error), print_exception=False) from error

    return run


def language(request: gr.Request | None) -> str:
    """Return the language in which whoever asks wants to be answered."""
    return language_of(request.headers.get("accept-language") if request else None)


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
    photo: str | None, first: str | None, second: str | None, share: float, wants: str
) -> Choice:
    """Put a choice together.

    Raises:
        SettingsError: The photograph or the style is missing.
    """
    if not photo:
        raise SettingsError(say("no_photo", wants))
    if not first:
        raise SettingsError(say("no_style", wants))
    return Choice(photo, shares_of(first, second or None, share))


def offered(own: Sequence[str] | None, chosen: str | None, request: gr.Request) -> tuple[Any, Any]:
    """Offer the learned styles and the paintings that were dropped.

    Args:
        own: Files of the paintings.
        chosen: The style that is chosen.
        request: Of the page.

    Returns:
        Updates of the styles and of the second style.
    """
    files = list(own or [])
    wants = language(request)
    named = [(title_of(name, wants), name) for name in [*files, *style_names()]]
    values = [value for _, value in named]
    if files and chosen not in files:
        chosen = files[0]
    elif chosen not in values:
        chosen = None
    several = [(say("none", wants), NONE), *named]
    second = files[1] if len(files) > 1 else NONE
    return gr.Radio(choices=named, value=chosen), gr.Dropdown(choices=several, value=second)


def dress(small: Mapping[str, str], own: Sequence[str] | None) -> str:
    """Return the style sheet that shows the photograph, painted in each style, on the styles."""
    rules = []
    for place, name in enumerate([*(own or []), *small], start=1):
        if name in small:
            rules.append(
                f"#styles .wrap label:nth-of-type({place})::before"
                f"{{background-image:url({small[name]}) !important}}"
            )
    return f"<style>{''.join(rules)}</style>"


def as_bytes(image: Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return an image as the page's components take it."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Painting:
    """The handlers of the events of the page; each takes values of controls and returns updates."""

    studio: Studio

    @told
    def sample(self) -> str:
        """Write a sample photograph for the page.

        Returns:
            Its path.
        """
        return str(write_image(self.studio.place() / "astronaut.jpg", sample()))

    @told
    def canvas(self, photo: str | None, request: gr.Request) -> dict[str, Any]:
        """Put the photograph, reduced, where regions are painted."""
        if not photo:
            raise SettingsError(say("no_photo", language(request)))
        small = as_bytes(look_at(photo, self.studio.max_pixels).image)
        return {"background": small, "layers": [], "composite": None}

    @told
    def show_styles(self, photo: str | None, own: list[str] | None) -> str:
        """Paint the photograph small in all styles."""
        image = look_at(photo, self.studio.max_pixels).image if photo else None
        return dress(in_small(image, style_names()), own)

    @told
    def paint_now(
        self,
        photo: str | None,
        first: str | None,
        second: str | None,
        share: float,
        strength: float,
        color: str,
        request: gr.Request,
    ) -> tuple[Any, Any]:
        """Paint at once, as soon as photograph and style are chosen."""
        if not photo:
            return None, ""
        picture = look_at(photo, self.studio.max_pixels)
        if not first:
            plain = as_bytes(picture.image)
            return (plain, plain), ""
        choice = choose(photo, first, second, share, language(request))
        began = time.perf_counter()
        result = glance(picture, choice.shares, strength, color in KEEPS_COLORS)
        word = "painted" if set(choice.shares) <= set(style_names()) else "guess"
        seconds = f"{time.perf_counter() - began:.1f}"
        note = say(word, language(request), style=choice.title(language(request)), seconds=seconds)
        return (as_bytes(picture.image), as_bytes(result.image)), note

    @told
    def keep(
        self,
        photo: str | None,
        first: str | None,
        second: str | None,
        share: float,
        request: gr.Request,
        *values: Any,
    ) -> tuple[str, str]:
        """Paint at once at the photograph's size, and keep it in the gallery."""
        choice = choose(photo, first, second, share, language(request))
        settings = self._settings_at_once(choice, values)
        result = paint(choice.photo, dict(choice.shares), settings=settings)
        path = gallery.keep(self.studio.folder(request), result, choice.name)
        return path.name, say("kept", language(request), name=path.name)

    @told
    def keep_first(
        self, kept: str | None, request: gr.Request, *values: Any
    ) -> tuple[str | None, Any]:
        """Keep what is to be downloaded, unless it is kept already."""
        if kept:
            return kept, gr.skip()
        return self.keep(*values[:4], request, *values[4:])

    def _settings_at_once(self, choice: Choice, values: Sequence[Any]) -> PaintSettings:
        wanted = settings_from(_named(values))
        return PaintSettings(
            size=LARGEST if _is_larger(choice.photo, self.studio.max_pixels) else None,
            strength=wanted.strength,
            keep_colors=wanted.color in KEEPS_COLORS,
        )

    @told
    def start(
        self,
        photo: str | None,
        first: str | None,
        second: str | None,
        share: float,
        canvas: Mapping[str, Any] | None,
        request: gr.Request,
        *values: Any,
    ) -> str:
        """Send the picture to the slow route, which begins with what was painted at once."""
        choice = choose(photo, first, second, share, language(request))
        layers = list((canvas or {}).get("layers") or [])
        with tempfile.TemporaryDirectory(dir=self.studio.scratch) as place:
            order = make_order(choice, _named(values), layers, Path(place), self.studio.max_pixels)
            return self.studio.runs.add(self.studio.user(request), order)

    @told
    def change_strength(self, run: str | None, strength: float, request: gr.Request) -> str:
        """Let a run that is at work go on with another strength."""
        user = self.studio.user(request)
        view = self._view(user, run)
        if view is None or view.status not in AT_WORK or view.settings.strength == strength:
            return ""
        self.studio.runs.change(user, view.id, strength=strength)
        return say("strength_live", language(request), strength=f"{strength:g}")

    def _view(self, user: str, run: str | None) -> View | None:
        return next((view for view in self.studio.runs.of(user) if view.id == run), None)

    @told
    def command(
        self,
        photo: str | None,
        first: str | None,
        second: str | None,
        share: float,
        request: gr.Request,
        *values: Any,
    ) -> str:
        """Say the same as a command line."""
        choice = choose(photo, first, second, share, language(request))
        return "\n".join(_commands(choice, settings_from(_named(values), **_weights(choice))))

    @told
    def restore(self, record: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Put the controls where they were when a picture was made."""
        if not record:
            return (gr.skip(),) * (len(SHOWN) + 1)
        name = Path(record).name
        return *positions(settings_in(record)), say("settings_back", language(request), name=name)


def settings_in(path: str | Path) -> Settings:
    """Return the settings that the record of a picture tells.

    Args:
        path: Of the picture, or of the file beside it.

    Raises:
        PictureError: It has no record, or a damaged one.
    """
    found = settings_of(Path(path))[1]
    if isinstance(found, Settings):
        return found
    return Settings(strength=found.strength, color="keep" if found.keep_colors else "style")


def _commands(choice: Choice, settings: Settings) -> list[str]:
    """Return what does the same in a terminal: at once, then by the slow route."""
    photo = Path(choice.photo).name
    quick = PaintSettings(strength=settings.strength, keep_colors=settings.color in KEEPS_COLORS)
    known = style_names()
    names = [style if style in known else Path(style).name for style in choice.shares]
    shares = list(choice.shares.values()) if len(names) > 1 else []
    lines = [command_line(quick, photo, names, shares=shares)]
    files = [name if name not in known else f"{Path(photo).stem}_{name}.png" for name in names]
    return [*lines, command_line(settings, photo, files)]


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip((name for name, _ in SHOWN), values, strict=True))


def _is_larger(photo: str, max_pixels: int | None) -> bool:
    with PIL.open(photo) as file:  # only the head is read
        return max(file.size) > LARGEST


def _weights(choice: Choice) -> dict[str, Any]:
    shares = tuple(choice.shares.values())
    return {"style_weights": shares} if len(set(shares)) > 1 else {}


def make_order(
    choice: Choice,
    values: Mapping[str, Any],
    layers: list[Any],
    folder: Path,
    max_pixels: int | None,
) -> Order:
    """Put together what a run shall make.

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
    wanted = {} if "masks" in regions else _weights(choice)
    settings = settings_from(values, **wanted, **regions)
    photograph = look_at(choice.photo, max_pixels)
    init = None
    if settings.init == "content":  # else something else was asked for
        painted = glance(photograph, choice.shares, 1.0, settings.color in KEEPS_COLORS)
        init = painted.save(folder / "painted.png")
    return Order(
        content=Path(choice.photo),
        styles=tuple(style_picture(each, photograph, folder) for each in choice.shares),
        settings=settings,
        init=init,
        name=choice.name,
        titles=tuple(title_of(style) for style in choice.shares),
    )
