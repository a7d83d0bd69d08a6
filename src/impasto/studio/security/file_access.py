"""Access control for temporary files, by user.

Gradio keeps uploads and shown files in one folder, under names that cannot be guessed, and serves
a file to anyone who knows its path. This middleware records which files each user's responses
name, and serves a file to these users only. Files that a request names must lie in the folder:
Gradio checks this for pages that it serves itself, but not for mounted ones, and it fetches URLs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from .http import header, read_body, refuse, without_headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FILE = "/gradio_api/file="
_EVENTS = tuple(
    f"/gradio_api/{name}" for name in ("queue/join", "component_server", "cancel", "reset")
)
_EVENTS_BELOW = ("/gradio_api/call/", "/gradio_api/run/")
_SCANNED_TYPES = (b"application/json", b"text/event-stream")
_HEARTBEAT = "/gradio_api/heartbeat/"
_NOT_YOURS = "the file does not exist or belongs to another user; upload it"
_ANOTHERS = "the page belongs to another user; reload it"
_MOST_SESSIONS = 10_000
_SPLIT = 200  # bytes kept of a chunk, to find names that two chunks share
_ADDRESS = re.compile(r"\s*[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)


@dataclass(frozen=True)
class FileOwners:
    """Owners of temporary files and sessions.

    Attributes:
        folder: Gradio's temporary folder, resolved.
        user: Returns the user name of a request; None if not logged in.
        several: Whether the studio has several users.
        granted: Names in the folder that each user may read; updated by the middleware.
        common: Names in the folder that all users may read.
        sessions: User of each session; updated by the middleware.
    """

    folder: Path
    user: Callable[[Scope], str | None]
    several: bool
    granted: dict[str, set[str]] = field(default_factory=dict)
    common: set[str] = field(default_factory=set)
    sessions: dict[str, str] = field(default_factory=dict)


def protect_files(app: ASGIApp, owners: FileOwners) -> ASGIApp:
    """Refuse requests that name a file outside the folder, or one of another user.

    Args:
        app: The application to wrap.
        owners: Owners of the files.

    Returns:
        The wrapped application. Bodies of events are buffered, uploads and responses are not.

    Example:
        >>> app = protect_files(app, FileOwners(folder, user_of, several=True))  # doctest: +SKIP
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/gradio_api/"):
            await app(scope, receive, send)
            return
        refusal = _url_refusal(owners, scope)
        if refusal is None and _is_event(scope):
            receive, refusal = await _check_event(owners, scope, receive)
        if refusal is not None:
            await refuse(scope, send, *refusal)
        elif owners.several and not path.startswith(_FILE):
            uncompressed = without_headers(scope, b"accept-encoding")  # to scan the response
            await app(uncompressed, receive, _grant_named_files(owners, scope, send))
        else:
            await app(scope, receive, send)

    return middleware


def _url_refusal(owners: FileOwners, scope: Scope) -> tuple[int, str] | None:
    """Return why the file or session in a URL is refused, or None."""
    path = scope["path"]
    if path.startswith(_FILE) and not _may_read(owners, scope, path[len(_FILE) :]):
        return 403, _NOT_YOURS
    if not all(_is_theirs(owners, scope, session) for session in _sessions(scope)):
        return 403, _ANOTHERS
    return None


def _sessions(scope: Scope) -> list[str]:
    """Return the session ids in a URL."""
    found = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
    path: str = scope["path"]
    return [*found, path[len(_HEARTBEAT) :]] if path.startswith(_HEARTBEAT) else found


def _is_theirs(owners: FileOwners, scope: Scope, session: str) -> bool:
    """Return whether a session belongs to the user; the first user to name it owns it."""
    user = owners.user(scope) or ""
    while session not in owners.sessions and len(owners.sessions) >= _MOST_SESSIONS:
        del owners.sessions[next(iter(owners.sessions))]
    return not owners.several or owners.sessions.setdefault(session, user) == user


def _is_event(scope: Scope) -> bool:
    path, kind = scope["path"], header(scope, b"content-type") or ""
    if scope["method"] != "POST" or kind.startswith("multipart/form-data"):
        return False
    return path.rstrip("/") in _EVENTS or path.startswith(_EVENTS_BELOW)


async def _check_event(
    owners: FileOwners, scope: Scope, receive: Receive
) -> tuple[Receive, tuple[int, str] | None]:
    """Read an event, check the files that it names, and replay it."""
    body, again = await read_body(receive)
    if body is None:
        return receive, (400, "the request ended early")
    try:
        event = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return again, (400, "expected JSON")
    return again, _refusal(owners, scope, event)


def _refusal(owners: FileOwners, scope: Scope, event: object) -> tuple[int, str] | None:
    """Return why the files in an event are refused, or None."""
    for key, text in _texts(event):
        if key == "session_hash" and not _is_theirs(owners, scope, text):
            return 403, _ANOTHERS
        named = key == "path" or owners.folder.name in unquote(text)
        if key == "path" and _ADDRESS.match(text) and not _DRIVE.match(text):
            return 400, "the studio does not fetch URLs; upload the file"
        if named and not _may_name(owners, scope, key, text):
            return 403, _NOT_YOURS
    return None


def _may_name(owners: FileOwners, scope: Scope, key: str, text: str) -> bool:
    if key == "path":
        return _may_read(owners, scope, text)
    # The URL of the file, or any other text that contains a path.
    names = re.findall(re.escape(owners.folder.name) + r"[\\/]+([^\\/\"?#]+)", unquote(text))
    return all(_owns(owners, scope, name) for name in names)


def _texts(event: object) -> Iterator[tuple[str, str]]:
    """Yield the strings in an event with their keys."""
    rest: list[tuple[str, object]] = [("", event)]
    while rest:
        key, value = rest.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            rest += [(str(inner), part) for inner, part in value.items()]
            rest += [("", str(inner)) for inner in value]
        elif isinstance(value, list):
            rest += [(key, part) for part in value]


def _may_read(owners: FileOwners, scope: Scope, text: str) -> bool:
    """Return whether a path leads to a file in the folder that the user may read."""
    try:
        inner = Path(os.path.realpath(text)).relative_to(owners.folder)
    except (OSError, ValueError):  # outside, or not a path
        return False
    return len(inner.parts) > 1 and _owns(owners, scope, inner.parts[0])


def _owns(owners: FileOwners, scope: Scope, name: str) -> bool:
    if not owners.several or name in owners.common:
        return True
    return name in owners.granted.get(owners.user(scope) or "", ())


def _grant_named_files(owners: FileOwners, scope: Scope, send: Send) -> Send:
    """Wrap `send` to grant the user the files that a response names."""
    user = owners.user(scope)
    pattern = re.compile(re.escape(owners.folder.name.encode()) + rb"[\\/]+([0-9a-f]{64})[\\/]")
    scanning, before = False, b""

    async def send_and_grant(message: Message) -> None:
        nonlocal scanning, before
        if message["type"] == "http.response.start":
            kind = dict(message.get("headers", ())).get(b"content-type", b"")
            scanning = message["status"] == 200 and kind.startswith(_SCANNED_TYPES)
        elif scanning and user is not None:
            before += message.get("body", b"")
            found = {name.decode() for name in pattern.findall(before)}
            owners.granted.setdefault(user, set()).update(found)
            before = before[-_SPLIT:]
        await send(message)

    return send_and_grant
