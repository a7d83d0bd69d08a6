"""Build the ASGI app of the studio, with its security layers, and serve it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastapi
import uvicorn
from jinja2 import ChoiceLoader, DictLoader
from PIL import Image as PIL

from .gallery import gallery
from .gallery.temporary import Temporary, sweep
from .security.body_limits import limit_bodies
from .security.file_access import FileOwners, protect_files
from .security.hosts import check_hosts
from .security.http import header
from .security.root_path import serve_under
from .security.routes import RoutePolicy, restrict_routes
from .security.streams import Streams, end_streams
from .security.users import Users, check_password, users_of

if TYPE_CHECKING:
    import gradio as gr
    from gradio.routes import App
    from starlette.types import ASGIApp, Scope

_SWEEPS, _DAY = 300.0, 24 * 3600.0  # seconds between sweeps of files, and of galleries
_MOST_EVENTS, _MOST_CONNECTIONS = 200, 512
_FORMATS = ("BMP", "GIF", "JPEG", "MPO", "PNG", "TIFF", "WEBP")
_TEMPLATE = "frontend/index.html"
_META = re.compile(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>")
_MANIFEST = re.compile(r"<link\s+rel=\"manifest\"[^>]*>")  # of `/`, wherever the page is
_ICON = '<link rel="icon" href="./favicon.ico" />'
_SETTINGS = {  # keep Gradio and its dependencies offline
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class Limits:
    """Limits of uploads.

    Attributes:
        upload: Bytes of an upload.
        pixels: Pixels of a picture.
    """

    upload: int
    pixels: int


@dataclass(frozen=True)
class PageConfig:
    """Users, limits and folders of a page.

    Attributes:
        users: Users and the folder of their pictures.
        limits: Limits of uploads.
        temporary: Temporary folders; the page writes files to `scratch`. Old files are removed,
            and all when the server stops.
    """

    users: Users
    limits: Limits
    temporary: Temporary


@dataclass(frozen=True)
class Page:
    """A page and the options to mount it.

    Attributes:
        blocks: The page.
        options: Arguments of `gradio.mount_gradio_app`: `theme`, `css`, `js`, `head`, `i18n`,
            `favicon_path`.
    """

    blocks: gr.Blocks
    options: Mapping[str, Any] = field(default_factory=dict)


def prepare(temporary: Path, pixels: int) -> None:
    """Configure Gradio and Pillow for this process; call it before Gradio is imported.

    Pillow then opens only formats and sizes that the command line accepts, also in Gradio.

    Args:
        temporary: Folder for uploads and for copies of shown files.
        pixels: Largest picture, pixels.

    Example:
        >>> prepare(Path("files"), 10_000_000)  # doctest: +SKIP
    """
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ.update(_SETTINGS, GRADIO_TEMP_DIR=str(temporary))
    import gradio.processing_utils

    # Makes file names unguessable; Gradio's default seed is a constant.
    gradio.processing_utils.hash_seed = secrets.token_bytes(32)
    PIL.init()
    PIL.ID[:] = [name for name in PIL.ID if name in _FORMATS]
    PIL.MAX_IMAGE_PIXELS = max(1, pixels // 2)  # Pillow refuses twice as many


def make_app(
    page: Page, config: PageConfig, hosts: frozenset[str] | None, root: str = ""
) -> ASGIApp:
    """Wrap the page in the security middleware.

    Args:
        page: The page, built after `prepare`.
        config: Users, limits and folders of the page.
        hosts: From `hosts_for`.
        root: Path of the page behind a proxy, such as `/studio`.

    Returns:
        An ASGI application.

    Example:
        >>> app = make_app(page, config, hosts_for("127.0.0.1"))  # doctest: +SKIP
    """
    import gradio as gr

    several = bool(config.users.passwords)
    parent = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    parent.add_api_route("/health", lambda: {"open": True}, methods=["GET", "HEAD"])
    _limit_queue(page.blocks)
    gr.mount_gradio_app(
        parent,
        page.blocks,
        path="/",
        footer_links=[],
        run_history=False,
        auth=partial(check_password, config.users) if several else None,
        allowed_paths=[],
        show_error=True,
        max_file_size=config.limits.upload,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
        root_path=root or None,
        **page.options,
    )
    inner = parent.routes[-1].app  # type: ignore[attr-defined]  # mounted last
    # Gradio checks files in requests only for pages that it launched itself.
    page.blocks.has_launched = True
    _remove_external_urls(page.blocks)
    user = partial(_user, inner)
    owners = FileOwners(config.temporary.shown, user, several)
    owners.common.update(path.name for path in config.temporary.shown.iterdir())
    _sweep_while_open(parent, page.blocks, config, owners)
    pages = {f"/{each[0]}" for each in page.blocks.pages if each[0]}
    app = restrict_routes(protect_files(parent, owners), RoutePolicy(user, several, pages))
    app = check_hosts(limit_bodies(app, config.limits.upload), hosts)
    return serve_under(app, root, hosts) if root else app


def _limit_queue(blocks: gr.Blocks) -> None:
    """Limit the event queue, and do not let API calls bypass it."""
    blocks.api_open = False
    if blocks._queue.max_size is None:
        blocks._queue.max_size = _MOST_EVENTS
    blocks.analytics_enabled = False


def _remove_external_urls(blocks: gr.Blocks) -> None:
    """Remove URLs outside the studio from the page: fonts, images of Gradio, `/manifest.json`."""
    from gradio.routes import templates

    blocks.stylesheets = [sheet for sheet in blocks.stylesheets if "//" not in sheet]
    blocks.config = blocks.get_config_file()
    source, _, _ = templates.env.loader.get_source(templates.env, _TEMPLATE)
    ours = DictLoader({_TEMPLATE: _MANIFEST.sub(_ICON, _META.sub("", source))})
    templates.env.loader = ChoiceLoader([ours, templates.env.loader])


def _user(inner: App, scope: Scope) -> str | None:
    """Return the user name of a request, as Gradio does."""
    try:
        cookies = SimpleCookie(header(scope, b"cookie") or "")
    except CookieError:
        return None
    for name in ("access-token", "access-token-unsecure"):
        if found := cookies.get(f"{name}-{inner.cookie_id}"):
            user: str | None = inner.tokens.get(found.value)
            return user
    return None


def _sweep_while_open(
    parent: fastapi.FastAPI, blocks: gr.Blocks, config: PageConfig, owners: FileOwners
) -> None:
    """Remove old temporary files regularly, and tidy galleries once a day."""
    within = parent.router.lifespan_context

    async def sweeping() -> None:
        due = time.monotonic() + _DAY  # the page tidies at the start
        while True:
            await asyncio.sleep(_SWEEPS)
            if time.monotonic() >= due:
                due += _DAY
                for user in users_of(config.users):
                    await asyncio.to_thread(gallery.tidy, config.users.gallery / user)
            kept = {str(path) for each in blocks.blocks.values() for path in each.keep_in_cache}
            for folder in config.temporary:
                await asyncio.to_thread(sweep, folder, kept)
            left = {path.name for path in config.temporary.shown.iterdir()}
            for names in owners.granted.values():
                names.intersection_update(left)

    @contextlib.asynccontextmanager
    async def open_and_swept(app: fastapi.FastAPI) -> AsyncIterator[Any]:
        async with within(app) as state:
            task = asyncio.create_task(sweeping())
            try:
                yield state
            finally:
                task.cancel()

    parent.router.lifespan_context = open_and_swept


class _Server(uvicorn.Server):
    """Server that ends event streams before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, streams: Streams):
        super().__init__(config)
        self.streams = streams

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        self.streams.end()
        await super().shutdown(sockets)


def serve(app: ASGIApp, sockets: list[Any]) -> None:
    """Serve requests until the process is interrupted or terminated.

    Args:
        app: From `make_app`.
        sockets: Listening sockets.

    Raises:
        KeyboardInterrupt: Interrupted; open requests have ended.

    Example:
        >>> serve(app, [open_socket("127.0.0.1", None)])  # doctest: +SKIP
    """
    streams = Streams()
    config = uvicorn.Config(
        end_streams(app, streams),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # the client's address is that of the socket
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=3,
    )
    _Server(config, streams).run(sockets=sockets)
