"""API endpoints that report on jobs and control them.

Gradio evaluates the annotations of this module, so they cannot be postponed.
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
    """Send errors to the client as messages; log unexpected ones."""

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
    """Endpoints for jobs.

    Attributes:
        studio: State shared by the handlers.
    """

    studio: Studio

    @return_errors
    def run(self, request: gr.Request, run: str) -> JobResponse:
        """Get the status of a job.

        Args:
            request: Request of the user.
            run: Id of the job.

        Returns:
            The job.
        """
        return job_response(self._view(request, run))

    def _view(self, request: gr.Request, run: str) -> JobView:
        return self.studio.jobs.view(self.studio.user(request), text_of(run, "run"))

    @return_errors
    def runs(self, request: gr.Request) -> list[JobResponse]:
        """List unfinished and recently finished jobs, newest first.

        Args:
            request: Request of the user.

        Returns:
            The jobs.
        """
        return [job_response(view) for view in self.studio.jobs.jobs_of(self.studio.user(request))]

    @return_errors
    def pause(self, request: gr.Request, run: str) -> JobResponse:
        """Pause a job, so that the next one runs.

        Args:
            request: Request of the user.
            run: Id of the job.

        Returns:
            The job.
        """
        self.studio.jobs.pause(self.studio.user(request), text_of(run, "run"))
        return job_response(self._view(request, run))

    @return_errors
    def go_on(self, request: gr.Request, run: str) -> JobResponse:
        """Resume a paused job, or retry a failed one.

        Args:
            request: Request of the user.
            run: Id of the job.

        Returns:
            The job.
        """
        self.studio.jobs.resume(self.studio.user(request), text_of(run, "run"))
        return job_response(self._view(request, run))

    @return_errors
    def stop(self, request: gr.Request, run: str) -> JobResponse:
        """Stop a job and keep the current picture in the gallery.

        Args:
            request: Request of the user.
            run: Id of the job.

        Returns:
            The job; it names its picture once its status is `stopped`.
        """
        self.studio.jobs.stop(self.studio.user(request), text_of(run, "run"))
        return job_response(self._view(request, run))

    @return_errors
    def drop(self, request: gr.Request, run: str) -> JobResponse:
        """Delete a job; pictures in the gallery stay.

        Args:
            request: Request of the user.
            run: Id of the job.

        Returns:
            The job before deletion.
        """
        view = self._view(request, run)
        self.studio.jobs.delete(self.studio.user(request), run)
        return job_response(view)

    @return_errors
    def change(self, request: gr.Request, run: str, settings: dict[str, Any]) -> JobResponse:
        """Change the settings of a job, which continues from the current picture.

        Args:
            request: Request of the user.
            run: Id of the job.
            settings: Settings to change, none that names a file.

        Returns:
            The job.
        """
        user, named = self.studio.user(request), parse_settings(settings)
        view = self._view(request, run)
        changed = view.settings.changed(**named)
        check_length(changed)
        check_weights(changed, len(view.titles))
        photo = self.studio.jobs.photograph(user, run)
        if photo is not None:  # otherwise the job has ended, and `change` raises
            height, width = read_reduced(str(photo), self.studio.max_pixels).image.shape[:2]
            check_size(changed, (height, width))
        self.studio.jobs.change(user, run, **named)
        return job_response(self._view(request, run))
