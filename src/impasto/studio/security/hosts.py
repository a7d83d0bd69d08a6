"""Outermost middleware: check Host and Origin, and set security headers.

A page of another site in the same browser can send requests to this machine, with DNS rebinding
even under its own host name. Such a request has a foreign `Host`, an `Origin` other than the
`Host`, or a `Sec-Fetch-Site` that marks it as cross-site.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .http import header, header_values, refuse, without_headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::", "[::]"})
_HOST = re.compile(
    r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/?#@\s]+)(?::(?P<port>\d{1,5}))?", re.IGNORECASE
)
_PORTS = {"http": "80", "https": "443"}
# Gradio builds URLs from these headers, so clients must not set them.
_FORGED = (b"x-forwarded-host", b"x-forwarded-prefix", b"x-gradio-server")
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Gradio needs all three
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
    )
)
_POLICY_OF_FILES = "default-src 'none'; sandbox; frame-ancestors 'none'"
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"geolocation=(), microphone=(), payment=(), usb=()",
}


def hosts_for(host: str) -> frozenset[str] | None:
    """Return the host names that a server accepts.

    Args:
        host: Name or address that the server binds to.

    Returns:
        Lower-case values of `Host`; None accepts any, for servers bound to all addresses.

    Example:
        >>> sorted(hosts_for("192.168.1.5") - LOOPBACK)
        ['192.168.1.5']
    """
    if host in ANY_ADDRESS:
        return None
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return LOOPBACK | {name.lower()}


def check_hosts(app: ASGIApp, hosts: frozenset[str] | None) -> ASGIApp:
    """Refuse foreign hosts and cross-site requests, and add security headers.

    Args:
        app: The application to wrap.
        hosts: From `hosts_for`.

    Returns:
        The wrapped application; responses are not buffered.

    Example:
        >>> app = check_hosts(app, hosts_for("127.0.0.1"))  # doctest: +SKIP
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        send_with_headers = _with_headers(send, scope["path"])
        refusal = _refusal(scope, hosts)
        if refusal is not None:
            await refuse(scope, send_with_headers, 403, refusal)
            return
        await app(without_headers(scope, *_FORGED), receive, send_with_headers)

    return middleware


def _refusal(scope: Scope, hosts: frozenset[str] | None) -> str | None:
    """Return why a request is refused, or None."""
    named = header_values(scope, b"host")
    host = _HOST.fullmatch(named[0]) if len(named) == 1 else None
    if host is None:
        return "a request must have exactly one Host header"
    if hosts is not None and host["name"].lower() not in hosts:
        return (
            "the studio does not serve this host name; open it as http://localhost, or start it "
            "with --host"
        )
    origins = header_values(scope, b"origin")
    if len(origins) > 1 or (origins and not _is_same_origin(origins[0], host)):
        return "the studio refuses requests from other sites"
    if _is_cross_site(scope):
        return "the studio refuses requests from other sites; enter its address in the browser"
    return None


def _is_same_origin(origin: str, host: re.Match[str]) -> bool:
    """Return whether an origin matches the host and port of `Host`."""
    scheme, _, rest = origin.partition("://")
    theirs = _HOST.fullmatch(rest)
    if scheme not in _PORTS or theirs is None or theirs["name"].lower() != host["name"].lower():
        return False
    usual = _PORTS[scheme]
    return (theirs["port"] or usual) == (host["port"] or usual)


def _is_cross_site(scope: Scope) -> bool:
    """Return whether a browser marks a request as cross-site; links to the page are allowed."""
    if header(scope, b"sec-fetch-site") in (None, "same-origin", "none"):
        return False
    link = (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and scope["path"] == "/"
        and header(scope, b"sec-fetch-mode") == "navigate"
        and header(scope, b"sec-fetch-dest") == "document"
    )
    return not link


def _with_headers(send: Send, path: str) -> Send:
    """Wrap `send` to add the security headers."""
    policy = _POLICY_OF_FILES if path.startswith("/gradio_api/file") else _POLICY
    ours = {**_HEADERS, b"content-security-policy": policy.encode()}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            theirs = [
                (key, _cookie(value) if key.lower() == b"set-cookie" else value)
                for key, value in message.get("headers", ())
                if key.lower() not in ours
            ]
            message = {**message, "headers": [*theirs, *ours.items()]}
        await send(message)

    return send_with_headers


def _cookie(value: bytes) -> bytes:
    """Exclude a cookie from cross-site requests."""
    return re.sub(rb"(?i)samesite=none", b"SameSite=lax", value)
