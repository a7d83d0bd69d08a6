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

from .http import read_body, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_API = "/gradio_api/"
_PUBLIC = frozenset(
    {
        *("/", "/config", "/login", "/logout", "/health", "/theme.css", "/robots.txt"),
        *("/favicon.ico", "/manifest.json", "/pwa_icon"),
        *(_API + name for name in ("theme.css", "login_check", "startup-events")),
    }
)
_PUBLIC_PREFIXES = ("/static/", "/assets/", "/svelte/", "/pwa_icon/")
_LOGIN_ONLY = frozenset(
    _API + name
    for name in (
        *("info", "openapi.json", "user", "app_id", "reset", "cancel", "component_server"),
        *("queue/join", "queue/data", "queue/status", "upload", "upload_progress"),
    )
)
_LOGIN_ONLY_PREFIXES = tuple(_API + name for name in ("file=", "heartbeat/", "call/", "run/"))
_MOST_ATTEMPTS, _MINUTE = 10, 60.0  # wrong passwords in so many seconds
_MOST_CLIENTS = 10_000
_LONGEST_PATH, _LONGEST_PART = 4096, 255  # what systems allow as a path and as a name


@dataclass(frozen=True)
class RoutePolicy:
    """What the layer at the policy knows.

    Attributes:
        user: Tells the name that a request has logged in with; None for nobody.
        login_required: Whether one must log in.
        pages: Further addresses, for those who have logged in.
        attempts: When each client has given wrong passwords; written by the layer.
        lock: Held while a password is looked at, so that many at once are counted rightly.
    """

    user: Callable[[Scope], str | None]
    login_required: bool
    pages: Collection[str] = ()
    attempts: dict[str, deque[float]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def restrict_routes(app: ASGIApp, policy: RoutePolicy) -> ASGIApp:
    """Let only those addresses be asked for that are known, by those who may.

    Args:
        app: The application behind.
        policy: Who may.

    Returns:
        The application with this layer around it; it does not buffer.

    Example:
        >>> policy = RoutePolicy(lambda scope: None, login_required=False)
        >>> app = restrict_routes(app, policy)  # doctest: +SKIP
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, send, 403, "the studio has no web sockets")
            return
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        refusal = _refusal(scope, policy)
        if refusal is not None:
            await refuse(scope, send, *refusal)
        elif scope["method"] == "POST" and scope["path"].rstrip("/") == "/login":
            await _log_in(app, (scope, receive, send), policy)
        else:
            await app(scope, receive, send)

    return middleware


def _refusal(scope: Scope, policy: RoutePolicy) -> tuple[int, str] | None:
    """Say why an address is closed to a request."""
    path = scope["path"]
    plain = path[:-1] if path.endswith("/") and path.strip("/") else path
    if len(path) > _LONGEST_PATH or any(
        len(part.encode()) > _LONGEST_PART for part in path.split("/")
    ):
        return 404, "there is nothing of so long a name"
    if plain in _PUBLIC or path.startswith(_PUBLIC_PREFIXES):
        return None
    if plain not in _LOGIN_ONLY | {*policy.pages} and not path.startswith(_LOGIN_ONLY_PREFIXES):
        return 404, "there is nothing here"
    if policy.login_required and policy.user(scope) is None:
        return 401, "log in first"
    return None


async def _log_in(app: ASGIApp, call: tuple[Scope, Receive, Send], policy: RoutePolicy) -> None:
    """Pass a password on, unless its client has given many wrong ones of late."""
    scope, receive, send = call
    body, again = await read_body(receive)  # first, as a slow client must not hold up others
    if body is None:
        await refuse(scope, send, 400, "the request has ended early")
        return
    async with policy.lock:
        await _count_attempt(app, (scope, again, send), policy)


async def _count_attempt(
    app: ASGIApp, call: tuple[Scope, Receive, Send], policy: RoutePolicy
) -> None:
    scope, receive, send = call
    now = time.monotonic()
    attempts = _recent(policy.attempts, _client(scope), now)
    if len(attempts) >= _MOST_ATTEMPTS:
        wait = max(1, math.ceil(attempts[0] + _MINUTE - now))
        await refuse(
            scope,
            send,
            429,
            f"too many wrong passwords; wait {wait} seconds",
            [(b"retry-after", str(wait).encode())],
        )
        return
    attempts.append(now)

    async def forget_if_accepted(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400 and now in attempts:
            attempts.remove(now)
        await send(message)

    await app(scope, receive, forget_if_accepted)


def _recent(all_attempts: dict[str, deque[float]], client: str, now: float) -> deque[float]:
    """Return when a client has tried in the last minute; forgets what is older, of all."""
    if client not in all_attempts and len(all_attempts) >= _MOST_CLIENTS:
        for other in [key for key, times in all_attempts.items() if _is_old(times, now)]:
            del all_attempts[other]
        if len(all_attempts) >= _MOST_CLIENTS:
            del all_attempts[next(iter(all_attempts))]
    attempts = all_attempts.setdefault(client, deque())
    while attempts and attempts[0] <= now - _MINUTE:
        attempts.popleft()
    return attempts


def _is_old(times: deque[float], now: float) -> bool:
    return not times or times[-1] <= now - _MINUTE


def _client(scope: Scope) -> str:
    """Name the client; of IPv6 its network, which is one household's."""
    host = (scope.get("client") or ("", 0))[0]
    if ":" not in host:
        return host
    return str(ip_network(f"{host.partition('%')[0]}/64", strict=False))
