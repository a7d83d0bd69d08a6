"""Helpers for ASGI middleware: read headers and bodies, refuse requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

Header = tuple[bytes, bytes]


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return all values of a header.

    Args:
        scope: ASGI scope of a request.
        name: Name of the header, lower case.

    Example:
        >>> header_values({"headers": [(b"host", b"localhost:7860")]}, b"host")
        ['localhost:7860']
    """
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first value of a header, or None.

    Example:
        >>> header({"headers": []}, b"origin") is None
        True
    """
    return next(iter(header_values(scope, name)), None)


def without_headers(scope: Scope, *names: bytes) -> Scope:
    """Return a scope without the named headers.

    Example:
        >>> without_headers({"headers": [(b"origin", b"null")]}, b"origin")["headers"]
        []
    """
    kept = [(key, value) for key, value in scope["headers"] if key.lower() not in names]
    return {**scope, "headers": kept}


async def read_body(receive: Receive) -> tuple[bytes | None, Receive]:
    """Read the body of a request before the application does.

    Args:
        receive: ASGI `receive` of the request.

    Returns:
        The body, None if the client disconnected; and a `receive` that replays it.

    Example:
        >>> body, receive = await read_body(receive)  # doctest: +SKIP
    """
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None, receive
        body += message.get("body", b"")
        more = message.get("more_body", False)
    read = False

    async def replay() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, replay


async def refuse(
    scope: Scope, send: Send, status: int, text: str, more: Iterable[Header] = ()
) -> None:
    """Send an error response, and close the connection.

    Args:
        scope: ASGI scope: HTTP or WebSocket.
        send: ASGI `send` of the request.
        status: HTTP status code.
        text: Message for the client.
        more: Additional headers.

    Example:
        >>> await refuse(scope, send, 404, "not found")  # doctest: +SKIP
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": text[:120]})
        return
    await begin_refusal(send, status, text, more)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def begin_refusal(send: Send, status: int, text: str, more: Iterable[Header] = ()) -> None:
    """Send an error response but leave it open, so that the client can finish sending.

    Args:
        send: ASGI `send` of the request.
        status: HTTP status code.
        text: Message for the client.
        more: Additional headers.

    Example:
        >>> await begin_refusal(send, 413, "the body is too large")  # doctest: +SKIP
    """
    body = (text + "\n").encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
