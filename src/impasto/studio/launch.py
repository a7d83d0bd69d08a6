"""`impasto studio`: check the options, open a port, and serve the page."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import platformdirs

from ..errors import SettingsError, StudioError
from ..images.files import make_folder
from ..images.opening import DEFAULT_LIMIT, locate, reason
from ..process import share_freed_memory
from .gallery.temporary import temporary_folders
from .security.body_limits import MEGABYTE
from .security.hosts import ANY_ADDRESS, hosts_for
from .security.root_path import check_root
from .security.users import read_users

if TYPE_CHECKING:
    from ..cli.commands import Studio
    from .app import Page, PageConfig

PORT = 7860
_LAST_PORT = 65535
_PORTS = 100  # number of ports to try
_TAKEN = (errno.EADDRINUSE, errno.EACCES)
_BASE = 128  # of the exit code after a signal


def open_studio(
    command: Studio, page: Callable[[PageConfig], AbstractContextManager[Page]] | None = None
) -> None:
    """Serve the studio until the process is interrupted or terminated.

    Args:
        command: The options.
        page: Builds the page, and closes its resources; by default the studio's own page.

    Raises:
        SettingsError: An option is out of range, or the host needs a password.
        StudioError: Gradio is missing, or the port is in use.
        KeyboardInterrupt: Interrupted; the message says that unfinished jobs resume later.
        SystemExit: The process was terminated.

    Example:
        >>> from impasto.cli.commands import Studio
        >>> open_studio(Studio(port=8000))  # doctest: +SKIP
    """
    _check(command)
    gallery = locate(command.gallery or _default_gallery()).absolute()
    users = read_users(gallery, command.auth)
    if not users.passwords and not is_loopback(command.host):
        raise SettingsError(
            f"--host {command.host} is open to other machines and needs a password: add --auth "
            "NAME:PASSWORD, or a file with such lines"
        )
    if find_spec("gradio") is None:
        raise StudioError('the studio needs Gradio; run pip install "impasto[studio]"')
    pixels, root = command.max_pixels or DEFAULT_LIMIT, command.root_path or ""
    with open_socket(command.host, command.port) as listener, temporary_folders() as temporary:
        from .app import Limits, PageConfig, make_app, prepare, serve

        make_folder(gallery)
        _terminate_on_signals()
        share_freed_memory()
        prepare(temporary.shown, pixels)
        limits = Limits(int(command.max_upload * MEGABYTE), pixels)
        make_page = page or _own_page()
        config = PageConfig(users, limits, temporary)
        try:
            with make_page(config) as made:
                app = make_app(made, config, hosts_for(command.host), root)
                url = address(command.host, listener.getsockname()[1])
                _announce(f"{url}{root}/" if root else url, not command.no_browser)
                serve(app, [listener])
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "the studio is closed; unfinished jobs resume when it starts again"
            ) from None


def _default_gallery() -> Path:
    """Return the folder `Impasto` among the user's pictures."""
    try:
        return platformdirs.user_pictures_path() / "Impasto"
    except RuntimeError as error:
        raise SettingsError(
            "there is no home folder for the gallery; choose a folder with --gallery"
        ) from error


def _own_page() -> Callable[[PageConfig], AbstractContextManager[Page]]:
    """Import the page, and with it Gradio, which reads the settings of `prepare`."""
    from .page.page import open_page

    return open_page


def _terminate_on_signals() -> None:
    """Exit on SIGTERM and SIGHUP like on an interrupt: write checkpoints, remove temporary files.

    The server handles SIGTERM, so SIGHUP, which Windows lacks, is passed on as that.
    """
    hangup = getattr(signal, "SIGHUP", None)
    former = None if hangup is None else signal.getsignal(hangup)
    received: list[int] = []

    def terminate(number: int, _: FrameType | None) -> None:
        raise SystemExit(_BASE + (received or [number])[0])

    def hang_up(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if callable(former):
            with contextlib.suppress(KeyboardInterrupt):
                former(number, frame)
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, terminate)
    if hangup is not None and former != signal.SIG_IGN:
        signal.signal(hangup, hang_up)


def _check(command: Studio) -> None:
    """Check the options.

    Raises:
        SettingsError: An option is out of range.
    """
    if not command.host.strip("[]"):
        raise SettingsError("--host is empty; omit it to serve only this machine")
    if command.port is not None and not 1 <= command.port <= _LAST_PORT:
        raise SettingsError(f"--port must be between 1 and {_LAST_PORT}, got {command.port}")
    if not 0 < command.max_upload <= MEGABYTE:
        raise SettingsError(
            f"--max-upload must be above 0 and at most {MEGABYTE} MB, got {command.max_upload:g}"
        )
    if command.max_pixels is not None and command.max_pixels < 1:
        raise SettingsError(f"--max-pixels must be at least 1, got {command.max_pixels}")
    if command.root_path is not None:
        check_root(command.root_path)


def is_loopback(host: str) -> bool:
    """Return whether an address is reachable only from this machine.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
        (True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address(host: str, port: int) -> str:
    """Return the URL of the page for a browser on this machine.

    Example:
        >>> address("0.0.0.0", 7860)
        'http://127.0.0.1:7860'
    """
    host = "127.0.0.1" if host in ANY_ADDRESS else host
    return f"http://[{host}]:{port}" if ":" in host and host[0] != "[" else f"http://{host}:{port}"


def open_socket(host: str, port: int | None) -> socket.socket:
    """Open a listening socket.

    Args:
        host: Name or address of this machine.
        port: The port; None for 7860 or the next free one.

    Returns:
        A listening socket.

    Raises:
        StudioError: The port is in use (the message names a free one), or the address is invalid.

    Example:
        >>> open_socket("127.0.0.1", None).close()
    """
    if port is not None:
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise _no_address(host, error) from error
        free = _next_free(host, port + 1)
        number = free.getsockname()[1]
        free.close()
        raise StudioError(
            f"port {port} is in use or reserved; omit --port, or pass --port {number}"
        )
    return _next_free(host, PORT)


def _next_free(host: str, first: int) -> socket.socket:
    for port in range(first, min(first + _PORTS, _LAST_PORT + 1)):
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise _no_address(host, error) from error
    return _listen(host, 0)  # any free port


def _no_address(host: str, error: OSError | ValueError) -> StudioError:
    return StudioError(
        f"cannot listen on {host}: {reason(error)}; pass an address of this machine with --host"
    )


def _listen(host: str, port: int) -> socket.socket:
    """Bind a socket and listen; fails if another process uses the port."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except ValueError as error:  # not a host name
        raise _no_address(host, error) from error
    family, kind, protocol, _, where = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform == "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # otherwise the port stays in use for minutes after a server stops
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def _announce(url: str, browse: bool) -> None:
    """Print the URL of the page, and open it in a graphical browser."""
    sys.stdout.write(f"the studio is open at {url} (press Ctrl-C to stop)\n")
    sys.stdout.flush()
    screen = sys.platform in ("win32", "darwin") or {"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ}
    if browse and screen:  # a text browser would take over the terminal
        threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
