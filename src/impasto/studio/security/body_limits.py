"""Limit the size of request bodies, declared or streamed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .http import begin_refusal, header, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEGABYTE = 1_000_000
_OVERHEAD = MEGABYTE // 2  # multipart overhead of an upload
_FORM = 64_000
_EVENT = 4 * MEGABYTE  # events; files are uploaded separately
_UPLOADS = ("/gradio_api/upload", "/gradio_api/component_server")
_GRACE_PERIOD = 2.0  # seconds to drain a refused body, so that the client reads the response


class _TooMuchError(Exception):
    """Raised inside the application when a body is too large."""


def limit_bodies(app: ASGIApp, most: int) -> ASGIApp:
    """Refuse large request bodies with status 413.

    Args:
        app: The application to wrap.
        most: Largest upload, bytes.

    Returns:
        The wrapped application; bodies are not buffered.

    Example:
        >>> app = limit_bodies(app, 50 * MEGABYTE)  # doctest: +SKIP
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        limit = _limit(scope["path"], most)
        length = header(scope, b"content-length")
        if length is not None and not length.isdecimal():
            await refuse(scope, send, 400, "Content-Length must be a number")
        elif length is not None and int(length[:20]) > limit:
            await _refuse(receive, send, min(limit, most))
        else:
            await _count_body(app, (scope, receive, send), limit, min(limit, most))

    return middleware


def _limit(path: str, most: int) -> int:
    if path.rstrip("/") in _UPLOADS:
        return most + _OVERHEAD
    return _FORM if path.startswith("/login") else min(_EVENT, most + _OVERHEAD)


async def _count_body(
    app: ASGIApp, call: tuple[Scope, Receive, Send], limit: int, named_limit: int
) -> None:
    """Count the bytes of a body, and refuse it as soon as it exceeds the limit."""
    scope, receive, send = call
    received, begun, too_much = 0, False, False

    async def counted() -> Message:
        nonlocal received, too_much
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            too_much = True
            raise _TooMuchError
        return message

    async def unless_too_much(message: Message) -> None:
        nonlocal begun
        if not too_much:
            begun = True
            await send(message)

    try:
        await app(scope, counted, unless_too_much)
    except Exception:
        if not too_much:  # else it is `_TooMuchError`, perhaps wrapped by the application
            raise
    if too_much and not begun:
        await _refuse(receive, send, named_limit)


async def _refuse(receive: Receive, send: Send, limit: int) -> None:
    """Send status 413, and drain the body briefly so that the client reads the response."""
    await begin_refusal(
        send,
        413,
        f"this is larger than {limit / MEGABYTE:.3g} MB, the limit; send less, or restart the "
        "studio with a larger --max-upload",
    )
    try:
        async with asyncio.timeout(_GRACE_PERIOD):
            while (message := await receive())["type"] == "http.request":
                if not message.get("more_body"):
                    break
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
