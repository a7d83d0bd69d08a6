"""Handlers of the painting tab: paint at once, save, start a job, restore settings."""

from __future__ import annotations

import html
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from ....errors import ImpastoError, SettingsError
from ....images.files import read_picture, write_image
from ....settings import Settings
from ....types import Image
from ....workflows.paint import paint
from ....workflows.record import Input, Record
from ...context import Studio, language, told
from ...gallery import gallery
from ..command_line import settings_of
from ..controls import SHOWN, label_of, not_brought_back, positions, settings_from
from ..job_status import AT_WORK
from ..previews import glance, in_small, look_at, sample, small_painting, style_names
from ..selection import (
    KEEPS_COLORS,
    choose,
    commands,
    make_job_spec,
    offered,
    settings_at_once,
    weights_of,
)
from ..strings import say

CHOICE, RUN = "choice", "run"  # what the page shows


def dress(small: Sequence[str]) -> str:
    """Return the style sheet that shows pictures on the styles, in their order.

    Args:
        small: `data:` addresses.
    """
    rules = [
        f"#styles .wrap label:nth-of-type({place})::before"
        f"{{background-image:url({address}) !important}}"
        for place, address in enumerate(small, start=1)
    ]
    return f"<style>{''.join(rules)}</style>"


def as_bytes(image: Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return an image as the page's components take it."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class PaintHandlers:
    """The handlers of the events of the page; each takes values of controls and returns updates."""

    studio: Studio

    @told
    def sample(self) -> tuple[str, str]:
        """Write a sample photograph for the page.

        Returns:
            Its path, to show it and to work on it.
        """
        path = str(write_image(self.studio.place() / "astronaut.jpg", sample()))
        return path, path

    @told
    def canvas(self, photo: str | None, request: gr.Request) -> dict[str, Any]:
        """Put the photograph, reduced, where regions are painted."""
        if not photo:
            raise SettingsError(say("no_photo", language(request)))
        small = as_bytes(look_at(photo, self.studio.max_pixels).image)
        return {"background": small, "layers": [], "composite": None}

    def take(self, upload: Mapping[str, Any] | None) -> tuple[str | None, Any]:
        """Take the photograph that was uploaded, as the file that it is.

        Args:
            upload: What the page sends of it, unprocessed: Gradio would open it in its own way.

        Returns:
            The file, and an update of the page's photograph, which is emptied if it is none.
        """
        path = upload["path"] if upload else None
        if path is None or self._readable(path):
            return path, gr.skip()
        return None, None

    def _readable(self, path: str) -> bool:
        """Tell whether a picture can be read, and if not, say why."""
        try:
            look_at(path, self.studio.max_pixels)
        except ImpastoError as error:
            gr.Warning(html.escape(self.studio.sentence(error)))
            return False
        return True

    def take_paintings(
        self, own: list[str] | None, chosen: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """Offer the paintings that were dropped, and say which cannot be read.

        Returns:
            Their files, and updates of the styles and of those to blend with.
        """
        files = [file for file in own or [] if self._readable(file)]
        return files, *offered(files, chosen, language(request))

    @told
    def show_styles(self, photo: str | None, files: list[str]) -> str:
        """Show the paintings, and the photograph painted small in all learned styles."""
        most = self.studio.max_pixels
        image = look_at(photo, most).image if photo else None
        paintings = [small_painting(look_at(file, most).image) for file in files]
        return dress([*paintings, *in_small(image)])

    @told
    def paint_now(
        self,
        photo: str | None,
        first: str | None,
        others: list[str] | None,
        share: float,
        strength: float,
        color: str,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """Paint at once, as soon as photograph and style are chosen.

        Returns:
            Photograph and picture, what to say, that the choice is shown, and no kept picture.
        """
        if not photo:
            return None, "", CHOICE, None
        picture = look_at(photo, self.studio.max_pixels)
        if not first:
            plain = as_bytes(picture.image)
            return (plain, plain), "", CHOICE, None
        choice = choose(photo, first, others, share, language(request))
        began = time.perf_counter()
        keep, most = color in KEEPS_COLORS, self.studio.max_pixels
        result = glance(picture, choice.shares, strength, keep, most)
        word = "painted" if set(choice.shares) <= set(style_names()) else "guess"
        seconds = f"{time.perf_counter() - began:.1f}"
        note = say(word, language(request), style=choice.title(language(request)), seconds=seconds)
        return (as_bytes(picture.image), as_bytes(result.image)), note, CHOICE, None

    @told
    def strengthen(
        self,
        job: str | None,
        shows: str,
        request: gr.Request,
        *choice: Any,
    ) -> tuple[Any, ...]:
        """Paint at once with another strength, or let the job that is shown go on with it.

        Returns:
            As `paint_now`.
        """
        photo, first, others, share, strength, color = choice
        user = self.studio.user(request)
        view = next((view for view in self.studio.jobs.of(user) if view.id == job), None)
        if shows != RUN or view is None or view.status not in AT_WORK:
            return self.paint_now(photo, first, others, share, strength, color, request)
        if view.settings.strength == strength:
            return (gr.skip(),) * 4
        self.studio.jobs.change(user, view.id, strength=strength)
        text = say("strength_live", language(request), strength=f"{strength:g}")
        return gr.skip(), text, gr.skip(), gr.skip()

    @told
    def keep(
        self,
        kept: str | None,
        shows: str,
        photo: str | None,
        first: str | None,
        others: list[str] | None,
        share: float,
        request: gr.Request,
        *values: Any,
    ) -> tuple[str, str]:
        """Keep what is shown in the gallery: paint the choice at the photograph's size.

        Returns:
            Name of the file, and what to say.
        """
        folder, wants = self.studio.folder(request), language(request)
        if kept and (folder / kept).is_file():
            return kept, say("kept", wants, name=kept)
        if shows == RUN:
            raise SettingsError(say("not_finished", wants))
        choice = choose(photo, first, others, share, wants)
        settings = settings_at_once(choice, settings_from(_named(values)))
        photograph = read_picture(choice.photo, max_pixels=self.studio.max_pixels)
        result = paint(photograph, dict(choice.shares), settings=settings)
        path = gallery.keep(folder, result, choice.name)
        return path.name, say("kept", wants, name=path.name)

    @told
    def start(
        self,
        photo: str | None,
        first: str | None,
        others: list[str] | None,
        share: float,
        canvas: Mapping[str, Any] | None,
        request: gr.Request,
        *values: Any,
    ) -> tuple[str, str]:
        """Send the picture to the slow route, which begins with what was painted at once.

        Returns:
            The job, and that it is shown.
        """
        choice = choose(photo, first, others, share, language(request))
        layers = list((canvas or {}).get("layers") or [])
        with tempfile.TemporaryDirectory(dir=self.studio.temporary.scratch) as place:
            spec = make_job_spec(
                choice, _named(values), layers, Path(place), self.studio.max_pixels
            )
            return self.studio.jobs.add(self.studio.user(request), spec), RUN

    @told
    def command(
        self,
        photo: str | None,
        first: str | None,
        others: list[str] | None,
        share: float,
        request: gr.Request,
        *values: Any,
    ) -> str:
        """Say the same as a command line; nothing while the choice is not complete."""
        if not photo or not first:
            return ""
        choice = choose(photo, first, others, share, language(request))
        return "\n".join(commands(choice, settings_from(_named(values), **weights_of(choice))))

    @told
    def restore(self, record: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Put the controls where they were when a picture was made; see `restored`."""
        if not record:
            return (gr.skip(),) * (len(SHOWN) + 4)
        return restored(Path(record), language(request))


def restored(path: Path, wants: str) -> tuple[Any, ...]:
    """Return where the controls stood when a picture was made.

    Args:
        path: Of the picture.
        wants: `en` or `ko`.

    Returns:
        Values of the controls in the order of `SHOWN`, of the styles, the others and their share
        where they are learned ones, and what to say.

    Raises:
        PictureError: It has no record, or a damaged one.
    """
    record, found = settings_of(path)
    if not isinstance(found, Settings):
        found = Settings(strength=found.strength, color="keep" if found.keep_colors else "style")
    text = say("settings_back", wants, name=path.name)
    if lost := [label_of(name, wants) for name in not_brought_back(found)]:
        text = f"{text} {say('not_all', wants, names=', '.join(lost))}"
    return *positions(found), *_styles_in(record), text


def _styles_in(record: Record) -> tuple[Any, Any, Any]:
    known = style_names()
    inputs = [each for each in record.inputs if each.role == "style"]
    names = [_learned(each) for each in inputs]
    if not names or not set(names) <= set(known):
        return gr.skip(), gr.skip(), gr.skip()
    shares: list[float] = [1.0 if each.share is None else each.share for each in inputs]
    whole = sum(shares)
    rest = 1 - shares[0] / whole if len(shares) > 1 and whole else 0.5
    return names[0], names[1:], rest


def _learned(style: Input) -> str:
    """Return the name of a learned style; of the slow route, pictures may be named after it."""
    return style.name if style.sha256 is None else style.name.removesuffix(".png")


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip((name for name, _ in SHOWN), values, strict=True))
