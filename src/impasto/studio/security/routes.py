"""Allow-list of Gradio's routes: public, login-only, or closed.

All other routes are closed: Gradio has routes that fetch URLs, send media streams, or edit
programs, and new releases add more.
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
_MOST_ATTEMPTS, _MINUTE = 10, 60.0  # wrong passwords per so many seconds
_MOST_CLIENTS = 10_000
_LONGEST_PATH, _LONGEST_PART = 4096, 255  # limits of file systems for a path and a name


@dataclass(frozen=True)
class RoutePolicy:
    """Access to routes.

    Attributes:
        user: Returns the user name of a request; None if not logged in.
        login_required: Whether users must log in.
        pages: Additional login-only paths.
        attempts: Times of wrong passwords by client; updated by the middleware.
        lock: Serialises password checks, so that concurrent ones are counted correctly.
    """

    user: Callable[[Scope], str | None]
    login_required: bool
    pages: Collection[str] = ()
    attempts: dict[str, deque[float]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def is_route(path: str) -> bool:
    """Return whether a path is a route, or the start of some.

    Example:
        >>> is_route("/login"), is_route("/assets/"), is_route("/studio")
        (True, True, False)
    """
    return path in _PUBLIC or f"{path}/".startswith((_API, *_PUBLIC_PREFIXES))


def restrict_routes(app: ASGIApp, policy: RoutePolicy) -> ASGIApp:
    """Serve only known routes, some of them only to logged-in users.

    Args:
        app: The application to wrap.
        policy: Access to routes.

    Returns:
        The wrapped application; responses are not buffered.

    Example:
        >>> policy = RoutePolicy(lambda scope: None, login_required=False)
        >>> app = restrict_routes(app, policy)  # doctest: +SKIP
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, send, 403, "the studio does not use WebSockets")
            return
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        refusal = _refusal(scope, policy)
        if refusal is not None:
            await refuse(scope, send, *refusal)
        elif scope["method"] == "POST" and scope["path"].rstrip("/") == "/login":
            await _forward_login(app, (scope, receive, send), policy)
        else:
            await app(scope, receive, send)

    return middleware


def _refusal(scope: Scope, policy: RoutePolicy) -> tuple[int, str] | None:
    """Return why a request is refused, or None."""
    path = scope["path"]
    plain = path[:-1] if path.endswith("/") and path.strip("/") else path
    if len(path) > _LONGEST_PATH or any(
        len(part.encode()) > _LONGEST_PART for part in path.split("/")
    ):
        return 404, "the path is too long"
    if plain in _PUBLIC or path.startswith(_PUBLIC_PREFIXES):
        return None
    if plain not in _LOGIN_ONLY | {*policy.pages} and not path.startswith(_LOGIN_ONLY_PREFIXES):
        return 404, "not found"
    if policy.login_required and policy.user(scope) is None:
        return 401, "log in first"
    return None


async def _forward_login(
    app: ASGIApp, call: tuple[Scope, Receive, Send], policy: RoutePolicy
) -> None:
    """Pass a login on, unless the client has recently sent many wrong passwords."""
    scope, receive, send = call
    body, again = await read_body(
        receive
    )  # before the lock, so that slow clients do not block others
    if body is None:
        await refuse(scope, send, 400, "the request ended early")
        return
    async with policy.lock:
        await _try_login(app, (scope, again, send), policy)


async def _try_login(app: ASGIApp, call: tuple[Scope, Receive, Send], policy: RoutePolicy) -> None:
    scope, receive, send = call
    now = time.monotonic()
    attempts = _recent(policy.attempts, _client(scope), now)
    if len(attempts) >= _MOST_ATTEMPTS:
        wait = max(1, math.ceil(attempts[0] + _MINUTE - now))
        await refuse(
            scope,
            send,
            429,
            f"too many wrong passwords; try again in {wait} seconds",
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
    """Return the times of a client's attempts in the last minute; discard older ones."""
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
    """Return the client's address; for IPv6 its /64 network, which is one household."""
    host = (scope.get("client") or ("", 0))[0]
    if ":" not in host:
        return host
    return str(ip_network(f"{host.partition('%')[0]}/64", strict=False))
