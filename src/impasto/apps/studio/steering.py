"""Show runs while they go on, steer them, and hand out what was made."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gradio as gr
from PIL import Image as PIL

from ...errors import PictureError
from . import gallery
from .context import Studio, language, told
from .instant import look_at
from .painting import as_bytes
from .people import gallery_of
from .texts import say
from .view import View
from .watching import AT_WORK, news, progress_panel, status_line

Kind = Literal["png", "jpg", "tif"]
_BUTTONS = {  # which buttons are there, by a run's status
    "waiting": ("drop",),
    "running": ("pause", "stop", "drop"),
    "paused": ("go_on", "stop", "drop"),
}
BUTTONS = ("pause", "go_on", "stop", "drop")


@dataclass(frozen=True, eq=False)
class Steering:
    """The handlers of the events of a run; each takes values of controls and returns updates."""

    studio: Studio

    @told
    def greet(self, request: gr.Request) -> tuple[Any, ...]:
        """Show a run that goes on to whoever comes back to it.

        Returns:
            The run, the photograph it is of, to show it and to work on it, and an update of the
            timer.
        """
        user = self.studio.user(request)
        at_work = [view for view in self.studio.runs.of(user) if view.status in AT_WORK]
        if not at_work:
            return None, gr.skip(), gr.skip(), gr.Timer(active=False)
        photo = self._photograph(user, at_work[0].id)
        return at_work[0].id, photo, photo, gr.Timer(active=True)

    def _photograph(self, user: str, run: str) -> str | None:
        """Copy a run's photograph to where the page may take it from; None when it is gone."""
        path = self.studio.runs.photograph(user, run)
        if path is None:
            return None
        copy = self.studio.place() / path.name
        copy.write_bytes(path.read_bytes())
        return str(copy)

    @told
    def watch(
        self, run: str | None, photo: str | None, seen: str, request: gr.Request
    ) -> tuple[Any, ...]:
        """Show how the runs stand.

        Returns:
            What was seen; updates of the progress, the picture, the buttons, the runs, the timer;
            and the name of the picture that was kept.
        """
        user = self.studio.user(request)
        views = self.studio.runs.of(user)
        view = next((view for view in views if view.id == run), None)
        now = " ".join([str(view and (view.id, view.version, view.status)), *_listed(views)])
        active = any(view.status in AT_WORK for view in views)
        progress = progress_panel(view, language(request))
        timer = gr.Timer(active=active)
        if now == seen:
            skipped = [gr.skip()] * (2 + len(BUTTONS))
            return seen, progress, *skipped, timer, gr.skip()
        kept = view.picture if view is not None and view.picture else gr.skip()
        return (
            now,
            progress,
            self._picture(user, view, photo),
            *_buttons(view),
            _choice_of_runs(views, run, language(request)),
            timer,
            kept,
        )

    def _picture(self, user: str, view: View | None, photo: str | None) -> Any:
        if view is None:
            return gr.skip()
        after: Any = None
        if view.picture is not None and view.status not in AT_WORK:
            after = self._kept(user, view.picture)
        elif (made := self.studio.runs.preview(user, view.id)) is not None:
            after = PIL.open(io.BytesIO(made))
        if after is None:
            return gr.skip()
        if photo is None:
            return (after, after)
        return (as_bytes(look_at(photo, self.studio.max_pixels).image), after)

    def _kept(self, user: str, name: str) -> Any:
        try:
            path = gallery.find(gallery_of(self.studio.people, user), name).path
        except PictureError:  # deleted since
            return None
        return as_bytes(look_at(str(path), self.studio.max_pixels).image)

    @told
    def pause(self, run: str | None, request: gr.Request) -> None:
        """Let a run wait until it is told to go on."""
        if run:
            self.studio.runs.pause(self.studio.user(request), run)

    @told
    def go_on(self, run: str | None, request: gr.Request) -> None:
        """Let a paused run go on."""
        if run:
            self.studio.runs.go_on(self.studio.user(request), run)

    @told
    def stop(self, run: str | None, request: gr.Request) -> None:
        """End a run and keep the picture so far."""
        if run:
            self.studio.runs.stop(self.studio.user(request), run)

    @told
    def drop(self, run: str | None, request: gr.Request) -> tuple[None, str, str]:
        """Throw a run away.

        Returns:
            No run, nothing seen, and what to say.
        """
        if run:
            self.studio.runs.drop(self.studio.user(request), run)
        return None, "", say("dropped", language(request))

    @told
    def export(self, name: str | None, kind: Kind, request: gr.Request) -> str:
        """Write a picture of the gallery as a file to download.

        Returns:
            Its path.
        """
        if not name:
            raise PictureError(say("no_picture", language(request)))
        folder = self.studio.place()
        return str(gallery.export(self.studio.folder(request), name, kind, folder))


def _listed(views: Sequence[View]) -> list[str]:
    return [news(view) for view in views]


def _buttons(view: View | None) -> list[Any]:
    shown = _BUTTONS.get(view.status, ()) if view is not None else ()
    return [gr.Button(visible=name in shown) for name in BUTTONS]


def _choice_of_runs(views: Sequence[View], run: str | None, wants: str) -> Any:
    named = [(f"{view.name}: {status_line(view, wants)}", view.id) for view in views]
    return gr.Radio(choices=named, value=run, visible=len(views) > 1)
