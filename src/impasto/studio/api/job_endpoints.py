"""API endpoints that report on jobs and control them.

Gradio reads the annotations of this module when it runs, so that they cannot be postponed.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate

import gradio as gr

from ...errors import ImpastoError, explain
from ..context import H, P, R, Studio
from ..jobs.status import JobView
from ..page.previews import read_reduced
from .requests import check_length, check_size, check_weights, parse_settings, text_of
from .responses import JobResponse, job_response


def return_errors(handler: Callable[Concatenate[H, P], R]) -> Callable[Concatenate[H, P], R]:
    """Let every error reach the client as a sentence; one that is not ours is logged, too."""

    @functools.wraps(handler)
    def run(self: H, /, *values: P.args, **named: P.kwargs) -> R:
        try:
            return handler(self, *values, **named)
        except ImpastoError as error:
            raise gr.Error(self.studio.error_text(error), print_exception=False) from error
        except Exception as error:
            raise gr.Error(explain(error), print_exception=True) from error

    return run


@dataclass(frozen=True, eq=False)
class JobApi:
    """The endpoints; each answers a request of one user.

    Attributes:
        studio: What it works on.
    """

    studio: Studio

    @return_errors
    def run(self, request: gr.Request, run: str) -> JobResponse:
        """Tell how a run stands.

        Args:
            request: Who asks.
            run: Its id.

        Returns:
            The run.
        """
        return job_response(self._view(request, run))

    def _view(self, request: gr.Request, run: str) -> JobView:
        return self.studio.jobs.view(self.studio.user(request), text_of(run, "run"))

    @return_errors
    def runs(self, request: gr.Request) -> list[JobResponse]:
        """List the unfinished runs, and those that ended lately, the newest first.

        Args:
            request: Who asks.

        Returns:
            The runs.
        """
        return [job_response(view) for view in self.studio.jobs.jobs_of(self.studio.user(request))]

    @return_errors
    def pause(self, request: gr.Request, run: str) -> JobResponse:
        """Let a run rest, and the next one work.

        Args:
            request: Who asks.
            run: Its id.

        Returns:
            The run.
        """
        self.studio.jobs.pause(self.studio.user(request), text_of(run, "run"))
        return job_response(self._view(request, run))

    @return_errors
    def go_on(self, request: gr.Request, run: str) -> JobResponse:
        """Let a paused run go on, or try a failed one again.

        Args:
            request: Who asks.
            run: Its id.

        Returns:
            The run.
        """
        self.studio.jobs.resume(self.studio.user(request), text_of(run, "run"))
        return job_response(self._view(request, run))

    @return_errors
    def stop(self, request: gr.Request, run: str) -> JobResponse:
        """End a run and keep the picture so far in the gallery.

        Args:
            request: Who asks.
            run: Its id.

        Returns:
            The run; its picture is named when its status is `stopped`.
        """
        self.studio.jobs.stop(self.studio.user(request), text_of(run, "run"))
        return job_response(self._view(request, run))

    @return_errors
    def drop(self, request: gr.Request, run: str) -> JobResponse:
        """Throw a run away; what is in the gallery stays there.

        Args:
            request: Who asks.
            run: Its id.

        Returns:
            The run as it was.
        """
        view = self._view(request, run)
        self.studio.jobs.delete(self.studio.user(request), run)
        return job_response(view)

    @return_errors
    def change(self, request: gr.Request, run: str, settings: dict[str, Any]) -> JobResponse:
        """Give a run other settings; it goes on from the picture so far.

        Args:
            request: Who asks.
            run: Its id.
            settings: Those that change, none that names a file.

        Returns:
            The run.
        """
        user, named = self.studio.user(request), parse_settings(settings)
        view = self._view(request, run)
        changed = view.settings.changed(**named)
        check_length(changed)
        check_weights(changed, len(view.titles))
        photo = self.studio.jobs.photograph(user, run)
        if photo is not None:  # else the run has ended, which is told below
            height, width = read_reduced(str(photo), self.studio.max_pixels).image.shape[:2]
            check_size(changed, (height, width))
        self.studio.jobs.change(user, run, **named)
        return job_response(self._view(request, run))
