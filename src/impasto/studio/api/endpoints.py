"""API endpoints for Gradio clients, with the same rules as the page.

Gradio evaluates the annotations of this module, so they cannot be postponed.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import RunError, SettingsError
from ...images.files import read_picture
from ...settings import Settings
from ...workflows.paint import paint
from ..context import Studio
from ..gallery import gallery
from ..jobs.job_file import JobSpec
from ..page.job_inputs import style_picture
from ..page.previews import read_reduced, style_names, title_of
from .job_endpoints import JobApi, return_errors
from .requests import (
    File,
    check_length,
    check_size,
    check_weights,
    file_for,
    parse_selection,
    parse_settings,
    path_of,
    settings_of_paint,
    text_of,
)
from .responses import PictureResponse, StyleResponse, picture_response

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_MOST_PICTURES = 1000
_PAINTING: dict[str, Any] = {
    "concurrency_id": "preview",
    "concurrency_limit": 1,
}  # shared with the page
_READING: dict[str, Any] = {"concurrency_id": "look", "concurrency_limit": 8}
_EXPORTING: dict[str, Any] = {"concurrency_id": "export", "concurrency_limit": 1}


@dataclass(frozen=True, eq=False)
class Api:
    """Endpoints for styles, new pictures and the gallery.

    Attributes:
        studio: State shared by the handlers.
    """

    studio: Studio

    @return_errors
    def styles(self) -> list[StyleResponse]:
        """List the learned styles.

        Returns:
            Name and title of each style.
        """
        return [{"name": name, "title": title_of(name)} for name in style_names()]

    @return_errors
    def paint_now(  # noqa: PLR0913 - each is a parameter of the API
        self,
        request: gr.Request,
        photograph: File,
        styles: list[str] | None = None,
        paintings: list[File] | None = None,
        shares: list[float] | None = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        size: int | None = None,
        stroke_size: float = 1.0,
    ) -> File:
        """Paint a photograph with the network.

        Args:
            request: Request of the user.
            photograph: The file.
            styles: Names of learned styles.
            paintings: Files of paintings to take the style from.
            shares: Shares of the styles, then of the paintings; equal by default.
            strength: Strength of the style, 0 to 2.
            keep_colors: Keep the photograph's colours.
            size: Long side of the result, 16 to 4096 pixels; that of the photograph by default.
            stroke_size: 1 for strokes as in a picture 800 pixels long, up to 8; 0 for the finest.

        Returns:
            The picture, a PNG that contains its record.
        """
        most = self.studio.max_pixels
        selection = parse_selection(photograph, styles, paintings, shares, most)
        picture = read_picture(selection.photo, max_pixels=most)
        height, width = picture.image.shape[:2]
        settings = settings_of_paint(
            (height, width),
            size=size,
            strength=strength,
            stroke_size=stroke_size,
            keep_colors=keep_colors,
        )
        result = paint(picture, dict(selection.shares), settings=settings)
        path = self.studio.new_folder() / f"{gallery.safe_name(selection.name)}.png"
        result.save(path)
        return file_for(path)

    @return_errors
    def stylize(
        self,
        request: gr.Request,
        photograph: File,
        paintings: list[File] | None = None,
        settings: dict[str, Any] | None = None,
        styles: list[str] | None = None,
    ) -> str:
        """Start an iterative job, which does what `impasto stylize` does.

        Args:
            request: Request of the user.
            photograph: The file.
            paintings: Files of the paintings.
            settings: Settings that differ from the defaults, none that names a file.
            styles: Names of learned styles, which precede the paintings.

        Returns:
            The id of the job.
        """
        most = self.studio.max_pixels
        named = parse_settings(settings)
        selection = parse_selection(photograph, styles, paintings, None, most)
        chosen = [*(styles or []), *(path_of(file, "painting") for file in paintings or [])]
        checked, photo = Settings(**named), read_reduced(selection.photo, most)
        height, width = photo.image.shape[:2]
        check_length(checked)
        check_size(checked, (height, width))
        check_weights(checked, len(chosen))
        with tempfile.TemporaryDirectory(dir=self.studio.temporary.scratch) as place:
            spec = JobSpec(
                content=Path(selection.photo),
                styles=tuple(style_picture(each, photo, Path(place)) for each in chosen),
                settings=checked,
                name=selection.name,
                titles=tuple(title_of(each) for each in chosen),
            )
            return self.studio.jobs.add(self.studio.user(request), spec)

    @return_errors
    def picture(self, request: gr.Request, picture: str, kind: gallery.Kind = "png") -> File:
        """Download a picture of the gallery.

        Args:
            request: Request of the user.
            picture: File name, or id of the job that made the picture.
            kind: Format of the file.

        Returns:
            The file, which contains its record.
        """
        name = text_of(picture, "picture")
        if _JOB_ID.fullmatch(name):
            view = self.studio.jobs.view(self.studio.user(request), name)
            if view.picture is None:
                raise RunError(f"the job is {view.status} and has no picture in the gallery yet")
            name = view.picture
        folder = self.studio.folder(request)
        return file_for(gallery.export(folder, name, kind, self.studio.new_folder()))

    @return_errors
    def pictures(
        self, request: gr.Request, search: str = "", most: int = 100
    ) -> list[PictureResponse]:
        """List the pictures of the gallery, newest first.

        Args:
            request: Request of the user.
            search: Words that must all occur in photograph, style, file name or settings.
            most: Number of pictures, 1 to 1000.

        Returns:
            The pictures.
        """
        if not isinstance(most, int) or not 1 <= most <= _MOST_PICTURES:
            raise SettingsError(f"most must be 1 to {_MOST_PICTURES}, got {most}")
        found = gallery.entries(self.studio.folder(request), text_of(search, "search"))
        return [picture_response(entry) for entry in found[:most]]


def add_api(studio: Studio) -> None:
    """Add the endpoints to the page under construction.

    Args:
        studio: State shared by the handlers.

    Example:
        >>> with gr.Blocks():  # doctest: +SKIP
        ...     add_api(studio)
    """
    api, jobs = Api(studio), JobApi(studio)
    gr.api(api.styles, **_READING)
    gr.api(api.paint_now, api_name="paint", **_PAINTING)
    gr.api(api.stylize, **_PAINTING)
    control: list[Callable[..., Any]] = [jobs.pause, jobs.go_on, jobs.stop, jobs.drop]
    for function in [jobs.run, jobs.runs, *control, jobs.change]:
        gr.api(function, **_READING)
    gr.api(api.picture, **_EXPORTING)
    gr.api(api.pictures, api_name="gallery", **_READING)
