"""Helpers of the security layers: read headers, refuse requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

Header = tuple[bytes, bytes]


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return all values of a header, as they came.

    Args:
        scope: An ASGI request.
        name: In lower case.

    Example:
        >>> header_values({"headers": [(b"host", b"localhost:7860")]}, b"host")
        ['localhost:7860']
    """
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header's first value, or None.

    Example:
        >>> header({"headers": []}, b"origin") is None
        True
    """
    return next(iter(header_values(scope, name)), None)


def without_headers(scope: Scope, *names: bytes) -> Scope:
    """Return a request without some headers.

    Example:
        >>> without_headers({"headers": [(b"origin", b"null")]}, b"origin")["headers"]
        []
    """
    kept = [(key, value) for key, value in scope["headers"] if key.lower() not in names]
    return {**scope, "headers": kept}


async def read_body(receive: Receive) -> tuple[bytes | None, Receive]:
    """Read the body of a request, to look at it before the application does.

    Args:
        receive: Of the request.

    Returns:
        The body, None if the client has gone before its end; and a `receive` that gives it again.

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

    async def again() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


async def refuse(
    scope: Scope, send: Send, status: int, text: str, more: Iterable[Header] = ()
) -> None:
    """Answer a request with a sentence, and end the connection.

    Args:
        scope: An ASGI request: HTTP or a web socket.
        send: Where the answer goes.
        status: Of HTTP.
        text: The sentence.
        more: Further headers.

    Example:
        >>> await refuse(scope, send, 404, "there is nothing here")  # doctest: +SKIP
    """
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": text[:120]})
        return
    await begin_refusal(send, status, text, more)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def begin_refusal(send: Send, status: int, text: str, more: Iterable[Header] = ()) -> None:
    """Send a whole refusal but for its end, so that the connection stays for a moment.

    Args:
        send: Where the answer goes.
        status: Of HTTP.
        text: The sentence.
        more: Further headers.

    Example:
        >>> await begin_refusal(send, 413, "this is too large")  # doctest: +SKIP
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
