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
from ....types import Image
from ....workflows.paint import paint
from ...context import Studio, language, show_errors
from ...gallery import gallery
from ..controls import CONTROLS, settings_from
from ..job_status import UNFINISHED
from ..previews import (
    paint_preview,
    paint_thumbnails,
    painting_thumbnail,
    read_reduced,
    sample_photograph,
    style_names,
)
from ..restore import restored_controls
from ..selection import (
    KEEPS_COLORS,
    command_lines,
    make_job_spec,
    make_selection,
    settings_at_once,
    style_options,
    weights_of,
)
from ..strings import say

PREVIEW, JOB = "preview", "job"  # kinds of the picture shown


def thumbnail_css(small: Sequence[str]) -> str:
    """Return the style sheet that puts thumbnails on the style buttons.

    Args:
        small: `data:` URLs in the order of the styles.
    """
    label = "#styles .wrap label:nth-of-type"
    rules = [
        f"{label}({number})::before{{background-image:url({url}) !important}}"
        for number, url in enumerate(small, start=1)
    ]
    return f"<style>{''.join(rules)}</style>"


def as_bytes(image: Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Convert an image to 8 bits for Gradio components."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class PaintHandlers:
    """Handlers of the painting tab; each takes component values and returns updates."""

    studio: Studio

    @show_errors
    def sample(self) -> tuple[str, str]:
        """Write the sample photograph; return its path, for display and for processing."""
        path = str(write_image(self.studio.new_folder() / "astronaut.jpg", sample_photograph()))
        return path, path

    @show_errors
    def canvas(self, photo: str | None, request: gr.Request) -> dict[str, Any]:
        """Put the reduced photograph on the canvas for regions."""
        if not photo:
            raise SettingsError(say("no_photo", language(request)))
        small = as_bytes(read_reduced(photo, self.studio.max_pixels).image)
        return {"background": small, "layers": [], "composite": None}

    def take_photograph(self, upload: Mapping[str, Any] | None) -> tuple[str | None, Any]:
        """Accept an uploaded photograph as a file.

        Args:
            upload: Unprocessed, since Gradio would decode the image itself.

        Returns:
            The file, and an update that clears the image component if it is unreadable.
        """
        path = upload["path"] if upload else None
        if path is None or self._readable(path):
            return path, gr.skip()
        return None, None

    def _readable(self, path: str) -> bool:
        """Return whether an image can be read; show a warning if not."""
        try:
            read_reduced(path, self.studio.max_pixels)
        except ImpastoError as error:
            gr.Warning(html.escape(self.studio.error_text(error)))
            return False
        return True

    def take_paintings(
        self, own: list[str] | None, chosen: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        """Offer uploaded paintings as styles; warn about unreadable ones.

        Returns:
            Their files, and updates of the style and blend controls.
        """
        files = [file for file in own or [] if self._readable(file)]
        return files, *style_options(files, chosen, language(request))

    @show_errors
    def show_thumbnails(self, photo: str | None, files: list[str]) -> str:
        """Show thumbnails of the paintings and of the photograph in each learned style."""
        most = self.studio.max_pixels
        image = read_reduced(photo, most).image if photo else None
        paintings = [painting_thumbnail(read_reduced(file, most).image) for file in files]
        return thumbnail_css([*paintings, *paint_thumbnails(image)])

    @show_errors
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
        """Paint a preview once photograph and style are chosen.

        Returns:
            Photograph and preview, a note, `PREVIEW`, and None for the kept file.
        """
        if not photo:
            return None, "", PREVIEW, None
        picture = read_reduced(photo, self.studio.max_pixels)
        if not first:
            plain = as_bytes(picture.image)
            return (plain, plain), "", PREVIEW, None
        lang = language(request)
        selection = make_selection(photo, first, others, share, lang)
        began = time.perf_counter()
        keep, most = color in KEEPS_COLORS, self.studio.max_pixels
        result = paint_preview(picture, selection.shares, strength, keep, most)
        word = "painted" if set(selection.shares) <= set(style_names()) else "guess"
        seconds = f"{time.perf_counter() - began:.1f}"
        note = say(word, lang, style=selection.title(lang), seconds=seconds)
        return (as_bytes(picture.image), as_bytes(result.image)), note, PREVIEW, None

    @show_errors
    def change_strength(
        self, job: str | None, shows: str, request: gr.Request, *choice: Any
    ) -> tuple[Any, ...]:
        """Paint a preview with another strength, or change that of the job shown.

        Returns:
            As `paint_now`.
        """
        photo, first, others, share, strength, color = choice
        user = self.studio.user(request)
        view = next((view for view in self.studio.jobs.jobs_of(user) if view.id == job), None)
        if shows != JOB or view is None or view.status not in UNFINISHED:
            return self.paint_now(photo, first, others, share, strength, color, request)
        if view.settings.strength == strength:
            return (gr.skip(),) * 4
        self.studio.jobs.change(user, view.id, strength=strength)
        text = say("strength_live", language(request), strength=f"{strength:g}")
        return gr.skip(), text, gr.skip(), gr.skip()

    @show_errors
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
        """Keep the picture in the gallery, painted at the photograph's size.

        Returns:
            File name, and a note.
        """
        folder, lang = self.studio.folder(request), language(request)
        if kept and (folder / kept).is_file():
            return kept, say("kept", lang, name=kept)
        if shows == JOB:
            raise SettingsError(say("not_finished", lang))
        selection = make_selection(photo, first, others, share, lang)
        settings = settings_at_once(selection, settings_from(_named(values)))
        photograph = read_picture(selection.photo, max_pixels=self.studio.max_pixels)
        result = paint(photograph, dict(selection.shares), settings=settings)
        path = gallery.keep(folder, result, selection.name)
        return path.name, say("kept", lang, name=path.name)

    @show_errors
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
        """Start an iterative job from the selection.

        Returns:
            Id of the job, and `JOB`.
        """
        selection = make_selection(photo, first, others, share, language(request))
        layers = list((canvas or {}).get("layers") or [])
        with tempfile.TemporaryDirectory(dir=self.studio.temporary.scratch) as place:
            most = self.studio.max_pixels
            spec = make_job_spec(selection, _named(values), layers, Path(place), most)
            return self.studio.jobs.add(self.studio.user(request), spec), JOB

    @show_errors
    def command(
        self,
        photo: str | None,
        first: str | None,
        others: list[str] | None,
        share: float,
        request: gr.Request,
        *values: Any,
    ) -> str:
        """Return equivalent command lines; empty while the selection is incomplete."""
        if not photo or not first:
            return ""
        selection = make_selection(photo, first, others, share, language(request))
        settings = settings_from(_named(values), **weights_of(selection))
        return "\n".join(command_lines(selection, settings))

    @show_errors
    def restore(self, record: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Restore the controls from the record of a picture; see `restored_controls`."""
        if not record:
            return (gr.skip(),) * (len(CONTROLS) + 4)
        return restored_controls(Path(record), language(request))


def _named(values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip((name for name, _ in CONTROLS), values, strict=True))
