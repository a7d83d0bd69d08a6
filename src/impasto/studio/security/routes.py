"""Allow-list of Gradio's routes: public, login-only, or closed.

What is not named here does not exist: Gradio has addresses that fetch other hosts' pages, send
media streams, or edit programs, and new releases bring new ones.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

from .http import read_whole, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/gradio_api/"
_OPEN = frozenset(
    {
        *("/", "/config", "/login", "/logout", "/health", "/theme.css", "/robots.txt"),
        *("/favicon.ico", "/manifest.json", "/pwa_icon"),
        *(_API + name for name in ("theme.css", "login_check", "startup-events")),
    }
)
_OPEN_BELOW = ("/static/", "/assets/", "/svelte/", "/pwa_icon/")
_INSIDE = frozenset(
    _API + name
    for name in (
        *("info", "openapi.json", "user", "app_id", "reset", "cancel", "component_server"),
        *("queue/join", "queue/data", "queue/status", "upload", "upload_progress"),
    )
)
_INSIDE_BELOW = tuple(_API + name for name in ("file=", "heartbeat/", "call/", "run/"))
_TRIES, _MINUTE = 10, 60.0  # wrong passwords in so many seconds
_MOST_CLIENTS = 10_000
_LONGEST, _LONGEST_PART = 4096, 255  # what systems allow as a path and as a name


@dataclass(frozen=True)
class RoutePolicy:
    """What the layer at the doors knows.

    Attributes:
        user: Tells the name that a request has logged in with; None for nobody.
        needed: Whether one must log in.
        pages: Further addresses, for those who have logged in.
        tries: When each client has given wrong passwords; written by the layer.
        one: Held while a password is looked at, so that many at once are counted rightly.
    """

    user: Callable[[Scope], str | None]
    needed: bool
    pages: Collection[str] = ()
    tries: dict[str, deque[float]] = field(default_factory=dict)
    one: asyncio.Lock = field(default_factory=asyncio.Lock)


def restrict_routes(app: ASGIApp, doors: RoutePolicy) -> ASGIApp:
    """Let only those addresses be asked for that are known, by those who may.

    Args:
        app: The application behind.
        doors: Who may.

    Returns:
        The application with this layer around it; it does not buffer.

    Example:
        >>> policy = RoutePolicy(lambda scope: None, needed=False)
        >>> app = restrict_routes(app, policy)  # doctest: +SKIP
    """

    async def at_the_doors(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, send, 403, "the studio has no web sockets")
            return
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        fault = _fault(scope, doors)
        if fault is not None:
            await refuse(scope, send, *fault)
        elif scope["method"] == "POST" and scope["path"].rstrip("/") == "/login":
            await _try(app, (scope, receive, send), doors)
        else:
            await app(scope, receive, send)

    return at_the_doors


def _fault(scope: Scope, doors: RoutePolicy) -> tuple[int, str] | None:
    """Say why an address is closed to a request."""
    path = scope["path"]
    plain = path[:-1] if path.endswith("/") and path.strip("/") else path
    if len(path) > _LONGEST or any(len(part.encode()) > _LONGEST_PART for part in path.split("/")):
        return 404, "there is nothing of so long a name"
    if plain in _OPEN or path.startswith(_OPEN_BELOW):
        return None
    if plain not in _INSIDE | {*doors.pages} and not path.startswith(_INSIDE_BELOW):
        return 404, "there is nothing here"
    if doors.needed and doors.user(scope) is None:
        return 401, "log in first"
    return None


async def _try(app: ASGIApp, call: tuple[Scope, Receive, Send], doors: RoutePolicy) -> None:
    """Pass a password on, unless its client has given many wrong ones of late."""
    scope, receive, send = call
    body, again = await read_whole(receive)  # first, as a slow client must not hold up others
    if body is None:
        await refuse(scope, send, 400, "the request has ended early")
        return
    async with doors.one:
        await _try_one(app, (scope, again, send), doors)


async def _try_one(app: ASGIApp, call: tuple[Scope, Receive, Send], doors: RoutePolicy) -> None:
    scope, receive, send = call
    now = time.monotonic()
    tries = _recent(doors.tries, _client(scope), now)
    if len(tries) >= _TRIES:
        wait = max(1, math.ceil(tries[0] + _MINUTE - now))
        await refuse(
            scope,
            send,
            429,
            f"too many wrong passwords; wait {wait} seconds",
            [(b"retry-after", str(wait).encode())],
        )
        return
    tries.append(now)

    async def forget_if_right(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400 and now in tries:
            tries.remove(now)
        await send(message)

    await app(scope, receive, forget_if_right)


def _recent(all_tries: dict[str, deque[float]], client: str, now: float) -> deque[float]:
    """Return when a client has tried in the last minute; forgets what is older, of all."""
    if client not in all_tries and len(all_tries) >= _MOST_CLIENTS:
        for other in [key for key, times in all_tries.items() if _past(times, now)]:
            del all_tries[other]
        if len(all_tries) >= _MOST_CLIENTS:
            del all_tries[next(iter(all_tries))]
    tries = all_tries.setdefault(client, deque())
    while tries and tries[0] <= now - _MINUTE:
        tries.popleft()
    return tries


def _past(times: deque[float], now: float) -> bool:
    return not times or times[-1] <= now - _MINUTE


def _client(scope: Scope) -> str:
    """Name the client; of IPv6 its network, which is one household's."""
    host = (scope.get("client") or ("", 0))[0]
    if ":" not in host:
        return host
    return str(ip_network(f"{host.partition('%')[0]}/64", strict=False))
