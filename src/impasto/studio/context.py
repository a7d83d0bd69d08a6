"""State shared by all event handlers: job service, users, temporary folders, errors."""

from __future__ import annotations

import functools
import html
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import gradio as gr

from ..errors import ImpastoError, explain
from .gallery.temporary import Temporary
from .jobs.service import JobService
from .page.strings import language_of
from .security.users import Users, gallery_of, user_named

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Studio:
    """State shared by all pages of a server.

    Attributes:
        jobs: Iterative jobs.
        users: Users and the folder of their pictures.
        temporary: Folders for uploads, and for files that the page shows.
        max_pixels: Largest picture that is read, pixels; Pillow's limit if None.
    """

    jobs: JobService
    users: Users
    temporary: Temporary
    max_pixels: int | None = None

    def user(self, request: gr.Request | None) -> str:
        """Return the user of a request; empty without login."""
        return user_named(self.users, request.username if request else None)

    def folder(self, request: gr.Request | None) -> Path:
        """Return the gallery folder of the user of a request."""
        return gallery_of(self.users, self.user(request))

    def new_folder(self) -> Path:
        """Create a folder for a file that the page shows."""
        return Path(tempfile.mkdtemp(dir=self.temporary.scratch))

    def error_text(self, error: ImpastoError) -> str:
        """Return the message of an error, without the paths of internal folders."""
        folders = "|".join(re.escape(str(folder)) for folder in self.temporary)
        text = re.sub(rf"(?:{folders})[\\/][^\\/\s]+[\\/]", "", explain(error))
        return re.sub(rf"{re.escape(str(self.users.gallery))}[\\/]", "", text)


class Handlers(Protocol):
    """A class with event handlers."""

    @property
    def studio(self) -> Studio:
        """State shared by the handlers."""
        ...


H = TypeVar("H", bound=Handlers)


def show_errors(handler: Callable[Concatenate[H, P], R]) -> Callable[Concatenate[H, P], R]:
    """Show errors of Impasto on the page; the text is escaped, since toasts render HTML."""

    @functools.wraps(handler)
    def run(self: H, /, *values: P.args, **named: P.kwargs) -> R:
        try:
            return handler(self, *values, **named)
        except ImpastoError as error:
            text = html.escape(self.studio.error_text(error))
            raise gr.Error(text, print_exception=False) from error

    return run


def language(request: gr.Request | None) -> str:
    """Return the preferred language of a request."""
    return language_of(request.headers.get("accept-language") if request else None)
