"""Serve the studio under a path, behind a proxy: `/studio/` for `/`.

A proxy either removes the path from requests or passes it on; both work. The layers within see
requests without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import SettingsError, printable
from .hosts import check_hosts
from .http import header
from .routes import is_route

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ROOT = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")
_LONGEST = 200
_PATH_OF_COOKIE = re.compile(rb"(?i)(;\s*path=)/(?=\s*(?:;|$))")


def check_root(root: str) -> None:
    """Check the option `--root-path`.

    Raises:
        SettingsError: It is not a path such as `/studio`, or begins as an address of the page.

    Example:
        >>> check_root("/studio")
    """
    if not _ROOT.fullmatch(root) or len(root) > _LONGEST:
        raise SettingsError(
            f"--root-path must be a path such as /studio, which starts with a slash, does not end "
            f"with one, and has only letters, digits, '.', '_', '~' and '-' otherwise, got "
            f"{printable(root[:_LONGEST])!r}"
        )
    first = root.split("/")[1]
    if is_route(f"/{first}"):
        raise SettingsError(
            f"--root-path cannot start with /{first}, an address of the page itself; choose "
            f"another, such as /studio"
        )


def serve_under(app: ASGIApp, root: str, hosts: frozenset[str] | None) -> ASGIApp:
    """Remove a path from requests, and add it to redirects and cookies.

    Args:
        app: The application to wrap, with all of its checks.
        root: A path that `check_root` accepts.
        hosts: From `hosts_for`.

    Returns:
        The wrapped application; responses are not buffered.

    Example:
        >>> app = serve_under(app, "/studio", hosts_for("127.0.0.1"))  # doctest: +SKIP
    """
    # The page's links are relative to `/studio/`.
    to_page = check_hosts(_redirect(f"{root}/"), hosts)

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        path, inner = scope["path"], app
        if path == root and scope["type"] == "http":
            inner = to_page
        if f"{path}/".startswith(f"{root}/"):
            scope = {**scope, "path": path.removeprefix(root) or "/"}
            scope.pop("raw_path", None)  # that of the whole path
        await inner(scope, receive, _with_root(root, scope, send))

    return middleware


def _redirect(path: str) -> ASGIApp:
    async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope.get("query_string", b"")
        url = path.encode() + (b"?" + query if query else b"")
        headers = [(b"location", url), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return redirect


def _with_root(root: str, scope: Scope, send: Send) -> Send:
    """Wrap `send` to add the path to redirects and cookies."""
    host = header(scope, b"host") or ""

    def changed(key: bytes, value: bytes) -> bytes:
        if key.lower() == b"set-cookie":
            return _PATH_OF_COOKIE.sub(rb"\g<1>" + root.encode(), value)
        if key.lower() == b"location":
            return _location(value.decode("latin-1"), root, host).encode("latin-1")
        return value

    async def send_with_root(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(key, changed(key, value)) for key, value in message.get("headers", ())]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_root


def _location(url: str, root: str, host: str) -> str:
    """Return the URL of a redirect under the path; the page itself ends with a slash.

    Example:
        >>> _location("http://localhost/studio", "/studio", "localhost")
        'http://localhost/studio/'
    """
    parts = urlsplit(url)
    path = parts.path or "/"
    if parts.netloc not in ("", host) or not path.startswith("/"):
        return url
    if f"{path}/".startswith(f"{root}/"):
        path = path.removeprefix(root) or "/"
    return parts._replace(path=f"{root}{path}").geturl()
