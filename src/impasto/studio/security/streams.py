"""End the event streams of open pages when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Streams:
    """Open event streams.

    Attributes:
        tasks: The tasks that feed them; updated by `end_streams`.
    """

    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def end(self) -> None:
        """End all streams."""
        for task in self.tasks:
            task.cancel("the server stops")


def end_streams(app: ASGIApp, streams: Streams) -> ASGIApp:
    """Let `Streams.end` end responses cleanly, without a connection error for clients.

    Args:
        app: The application to wrap.
        streams: Collects the open streams.

    Returns:
        The wrapped application; responses are not buffered.

    Example:
        >>> app = end_streams(app, Streams())  # doctest: +SKIP
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        open_ = done = False

        async def noted(message: Message) -> None:
            nonlocal open_, done
            kind = dict(message.get("headers", ())).get(b"content-type", b"")
            if kind.startswith(b"text/event-stream"):
                open_ = True
                streams.tasks.add(task)
            done = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        task = asyncio.create_task(_run(app, scope, receive, noted))
        try:
            await asyncio.wait({task})
        finally:
            streams.tasks.discard(task)
            task.cancel()
        if not task.cancelled() and not (open_ and _is_reported(task.exception())):
            task.result()
        elif not done:
            with contextlib.suppress(OSError):  # the client has disconnected
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    return middleware


def _is_reported(error: BaseException | None) -> bool:
    """Return whether Gradio reports the error in the stream: an unknown event or session."""
    return isinstance(error, HTTPException) or isinstance(error and error.__cause__, HTTPException)


async def _run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
