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
    """What all pages of one server share.

    Attributes:
        jobs: The queue of iterative jobs.
        users: Who may come in, and where their pictures are.
        temporary: Folders of what is uploaded, and for files that reach the page.
        max_pixels: Largest picture that is read, pixels; Pillow's limit if None.
    """

    jobs: JobService
    users: Users
    temporary: Temporary
    max_pixels: int | None = None

    def user(self, request: gr.Request | None) -> str:
        """Return whoever asks; empty where nobody has to log in."""
        return user_named(self.users, request.username if request else None)

    def folder(self, request: gr.Request | None) -> Path:
        """Return the folder of the pictures of whoever asks."""
        return gallery_of(self.users, self.user(request))

    def new_folder(self) -> Path:
        """Make a folder for a file that reaches the page."""
        return Path(tempfile.mkdtemp(dir=self.temporary.scratch))

    def error_text(self, error: ImpastoError) -> str:
        """Return what an error says, with files called by their names, not by our folders."""
        passing = "|".join(re.escape(str(folder)) for folder in self.temporary)
        text = re.sub(rf"(?:{passing})[\\/][^\\/\s]+[\\/]", "", explain(error))
        return re.sub(rf"{re.escape(str(self.users.gallery))}[\\/]", "", text)


class Handlers(Protocol):
    """What holds handlers of events."""

    @property
    def studio(self) -> Studio:
        """What they work on."""
        ...


H = TypeVar("H", bound=Handlers)


def show_errors(handler: Callable[Concatenate[H, P], R]) -> Callable[Concatenate[H, P], R]:
    """Let an error of ours reach the page as a sentence; toasts show HTML, so it is escaped."""

    @functools.wraps(handler)
    def run(self: H, /, *values: P.args, **named: P.kwargs) -> R:
        try:
            return handler(self, *values, **named)
        except ImpastoError as error:
            text = html.escape(self.studio.error_text(error))
            raise gr.Error(text, print_exception=False) from error

    return run


def language(request: gr.Request | None) -> str:
    """Return the language in which whoever asks lang to be return_errors."""
    return language_of(request.headers.get("accept-language") if request else None)
