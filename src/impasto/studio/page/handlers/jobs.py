"""Handlers for jobs: show progress, pause, stop, delete, download."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from PIL import Image as PIL

from ....errors import PictureError
from ...context import Studio, language, show_errors
from ...gallery import gallery
from ...jobs.status import PREVIEW_SIDE, JobView
from ...security.users import gallery_of
from ..controls import CONTROLS, control_values
from ..job_status import UNFINISHED, announcement_key, progress_panel, status_line
from ..previews import read_reduced
from ..strings import say
from .paint import JOB, as_bytes

_BUTTONS = {  # visible buttons by status of the job
    "waiting": ("pause", "delete_job"),
    "running": ("pause", "stop", "delete_job"),
    "paused": ("resume", "stop", "delete_job"),
    "failed": ("resume", "delete_job"),
}
_MOST_PHOTOGRAPHS = 32
BUTTONS = ("pause", "resume", "stop", "delete_job")


@dataclass(frozen=True, eq=False)
class JobHandlers:
    """Handlers for jobs; each takes component values and returns updates."""

    studio: Studio
    photographs: OrderedDict[str, Any] = field(default_factory=OrderedDict)  # by job

    @show_errors
    def restore_job(self, request: gr.Request) -> tuple[Any, ...]:
        """Show the user's unfinished or most recent job when the page loads.

        Returns:
            The job, its photograph for display and for processing, an update of the timer, the kind
            of picture shown, and the values of the settings' controls.
        """
        user = self.studio.user(request)
        views = self.studio.jobs.jobs_of(user)
        if not views:
            return (
                None,
                *[gr.skip()] * 2,
                gr.Timer(active=False),
                *[gr.skip()] * (1 + len(CONTROLS)),
            )
        view = next((view for view in views if view.status in UNFINISHED), views[0])
        photo = self._photograph(user, view.id)
        return view.id, photo, photo, gr.Timer(active=True), JOB, *control_values(view.settings)

    def _photograph(self, user: str, job: str) -> str | None:
        """Copy a job's photograph for the page; None if it no longer exists."""
        path = self.studio.jobs.photograph(user, job)
        if path is None:
            return None
        copy = self.studio.new_folder() / path.name
        copy.write_bytes(path.read_bytes())
        return str(copy)

    @show_errors
    def refresh(
        self, job: str | None, shows: str, seen: str, request: gr.Request
    ) -> tuple[Any, ...]:
        """Update the status of the jobs.

        Args:
            job: The job whose progress is shown.
            shows: Kind of the picture shown, `PREVIEW` or `JOB`.
            seen: Status at the last update.
            request: Request of the user.

        Returns:
            The new status; updates of progress, picture, buttons, jobs and timer; and the file name
            of the picture in the gallery.
        """
        user = self.studio.user(request)
        views = self.studio.jobs.jobs_of(user)
        view = next((view for view in views if view.id == job), None)
        picture = f"{shows} {view and (view.id, view.version, view.status)}"
        listed = f"{job} {shows} {_listed(views)}"
        before_picture, _, before_list = seen.partition("\n")
        skipped = [gr.skip()] * (1 + len(BUTTONS))
        around = (
            skipped
            if listed == before_list
            else [*_buttons(view), _job_list(views, job, language(request))]
        )
        shown = kept = gr.skip()
        if shows == JOB and view is not None and picture != before_picture:
            shown, kept = self._picture(user, view), view.picture
        timer = gr.Timer(active=any(view.status in UNFINISHED for view in views))
        panel = progress_panel(view, language(request))
        return f"{picture}\n{listed}", panel, shown, *around, timer, kept

    def _picture(self, user: str, view: JobView) -> Any:
        before, after = self._before(user, view.id), None
        if view.picture is not None and view.status not in UNFINISHED:
            after = self._kept(user, view.picture)
        elif (made := self.studio.jobs.preview(user, view.id)) is not None:
            after = PIL.open(io.BytesIO(made))
        if after is None:
            return gr.skip()
        return (after if before is None else before, after)

    def _before(self, user: str, job: str) -> Any:
        """Return the photograph of a job; cached, since the job's end removes its file."""
        path = self.studio.jobs.photograph(user, job)
        if job not in self.photographs and path is not None:
            self.photographs[job] = as_bytes(read_reduced(str(path), self.studio.max_pixels).image)
            while len(self.photographs) > _MOST_PHOTOGRAPHS:
                self.photographs.popitem(last=False)
        return self.photographs.get(job)

    def _kept(self, user: str, name: str) -> Any:
        try:
            small = gallery.thumbnail(gallery_of(self.studio.users, user), name, PREVIEW_SIDE)
        except PictureError:  # deleted meanwhile
            return None
        return PIL.open(io.BytesIO(small.read_bytes()))

    @show_errors
    def pause(self, job: str | None, request: gr.Request) -> None:
        """Pause a job."""
        if job:
            self.studio.jobs.pause(self.studio.user(request), job)

    @show_errors
    def resume(self, job: str | None, request: gr.Request) -> None:
        """Resume a paused job."""
        if job:
            self.studio.jobs.resume(self.studio.user(request), job)

    @show_errors
    def stop(self, job: str | None, request: gr.Request) -> None:
        """Stop a job and keep its current picture."""
        if job:
            self.studio.jobs.stop(self.studio.user(request), job)

    @show_errors
    def delete_job(self, job: str | None, request: gr.Request) -> tuple[str | None, str, str]:
        """Delete a job.

        Returns:
            Another job to show, an empty status, and a note.
        """
        user = self.studio.user(request)
        if job:
            self.studio.jobs.delete(user, job)
        others = [view.id for view in self.studio.jobs.jobs_of(user) if view.status in UNFINISHED]
        return others[0] if others else None, "", say("job_deleted", language(request))

    @show_errors
    def export(self, name: str | None, kind: gallery.Kind, request: gr.Request) -> str:
        """Export a picture of the gallery for download; return its path."""
        if not name:
            raise PictureError(say("no_picture", language(request)))
        folder = self.studio.new_folder()
        return str(gallery.export(self.studio.folder(request), name, kind, folder))


def _listed(views: Sequence[JobView]) -> list[str]:
    return [announcement_key(view) for view in views]


def _buttons(view: JobView | None) -> list[Any]:
    shown = _BUTTONS.get(view.status, ()) if view is not None else ()
    if view is not None and view.status == "waiting" and view.begun:
        shown = (*shown, "stop")
    return [gr.Button(visible=name in shown) for name in BUTTONS]


def _job_list(views: Sequence[JobView], job: str | None, lang: str) -> Any:
    named = [(f"{view.name}: {status_line(view, lang)}", view.id) for view in views]
    only = len(views) == 1 and views[0].id == job
    return gr.Radio(choices=named, value=job, visible=bool(views) and not only)
