"""Build the page: lay it out and connect its events to the handlers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from ..api.endpoints import add_api
from ..app import Page, PageConfig
from ..context import Studio
from ..gallery import gallery
from ..jobs.service import JobService
from ..security.users import gallery_of, users_of
from .controls import COLOR
from .handlers.gallery import GalleryHandlers, GalleryParts, lay_out_gallery
from .handlers.jobs import BUTTONS, JobHandlers
from .handlers.paint import JOB, PREVIEW, PaintHandlers
from .layout import Parts, lay_out
from .style_thumbnails import show_originals
from .theme import assets, theme, translate, translations

_TICK = 1.0  # seconds between updates of the job status
_CLICK = (
    "() => {{ const element = document.querySelector('#{0}'); "
    "(element.querySelector('a, button') ?? element).click(); }}"
)
_ONE_PREVIEW: dict[str, Any] = {"concurrency_id": "preview", "concurrency_limit": 1}
# A queue of its own, so that no preview waits for it.
_ONE_LARGE: dict[str, Any] = {"concurrency_id": "large", "concurrency_limit": 1}
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class States(NamedTuple):
    """State of an open page.

    Attributes:
        job: Id of the job whose progress is shown.
        shows: Kind of the picture shown, `PREVIEW` or `JOB`.
        seen: Status of the jobs at the last update.
        kept: File name of the picture in the gallery.
        timer: Triggers updates of the job status.
    """

    job: gr.State
    shows: gr.State
    seen: gr.State
    kept: gr.State
    timer: gr.Timer


@contextlib.contextmanager
def open_page(config: PageConfig) -> Iterator[Page]:
    """Build the page and run jobs until it closes.

    Args:
        config: Users, limits and folders.

    Yields:
        The page.

    Raises:
        ModelError: Another studio uses the same gallery.
        PictureError: The gallery cannot be read or written.
    """
    users, pixels = users_of(config.users), config.limits.pixels
    folder_of = partial(gallery_of, config.users)
    for user in users:
        gallery.sweep(folder_of(user))
        gallery.forget_deleted(folder_of(user))
    jobs = JobService(folder_of, gallery.keep, max_pixels=pixels)
    try:
        jobs.start(users)
        studio = Studio(jobs, config.users, config.temporary, pixels)
        options = {"theme": theme(), "i18n": translations(), **assets()}
        yield Page(make_page(studio), options)
    finally:
        jobs.close()


def make_page(studio: Studio) -> gr.Blocks:
    """Build the page.

    Args:
        studio: State shared by the handlers.
    """
    with gr.Blocks(title="Impasto", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.Markdown("# Impasto", elem_id="name")
        gr.Markdown(translate("tagline"), elem_id="tagline")
        if studio.users.passwords:
            gr.Markdown(translate("logout"), elem_id="logout")
        states = States(
            job=gr.State(None),
            shows=gr.State(PREVIEW),
            seen=gr.State(""),
            kept=gr.State(None),
            timer=gr.Timer(_TICK, active=False),
        )
        with gr.Tabs():
            with gr.Tab(translate("tab_paint"), id="paint"):
                parts = lay_out(translate)
            with gr.Tab(translate("tab_gallery"), id="gallery") as tab:
                gallery_parts = lay_out_gallery(translate)
        add_api(studio)  # first, so that its endpoints get their names
        painting, job_handlers = PaintHandlers(studio), JobHandlers(studio)
        _wire_choices(painting, parts, states)
        _wire_updates(page, painting, parts, states)
        _wire_jobs(page, (job_handlers, painting), parts, states)
        _wire_download(job_handlers, painting, parts, states)
        _wire_gallery(tab, (GalleryHandlers(studio), job_handlers), gallery_parts, parts)
    return page


def _wire_choices(painting: PaintHandlers, parts: Parts, states: States) -> None:
    """Paint a preview whenever the selection changes."""
    color = parts.settings[COLOR]
    at_once: dict[str, Any] = {
        "fn": painting.paint_now,
        "inputs": [*parts.choice, parts.strength, color],
        "outputs": [parts.compare, parts.note, states.shows, states.kept],
        "show_progress": "minimal",
        "api_visibility": "private",
        **_ONE_PREVIEW,
    }
    # Only user input: a restored job brings its own picture.
    gr.on(
        [parts.styles.input, parts.others.input, parts.share.release, color.input],
        trigger_mode="always_last",
        **at_once,
    )
    parts.strength.release(
        **{
            **at_once,
            "fn": painting.change_strength,
            "inputs": [states.job, states.shows, *at_once["inputs"]],
        },
        trigger_mode="always_last",
    )
    _wire_uploads(painting, parts, states, at_once)


def _wire_uploads(
    painting: PaintHandlers, parts: Parts, states: States, at_once: Mapping[str, Any]
) -> None:
    """Accept uploads, and paint a preview."""
    gr.on(
        [parts.photo.input, parts.photo.clear],
        painting.take_photograph,
        parts.photo,
        [parts.photograph, parts.photo],
        preprocess=False,
        **_QUIET,
    ).success(**at_once)
    parts.sample.click(painting.sample, None, [parts.photo, parts.photograph], **_QUIET).success(
        **at_once
    )
    parts.own.change(
        painting.take_paintings,
        [parts.own, parts.styles],
        [parts.paintings, parts.styles, parts.others],
        api_visibility="private",
    ).success(**at_once)
    outputs = [parts.compare, gr.State(""), states.shows, states.kept]  # keeps the note
    parts.record.upload(
        painting.restore, parts.record, [*parts.restorable, parts.note], api_visibility="private"
    ).success(**{**at_once, "outputs": outputs})


def _wire_updates(page: gr.Blocks, painting: PaintHandlers, parts: Parts, states: States) -> None:
    """Update styles, canvas and command when the selection changes; keep pictures."""
    thumbnails: dict[str, Any] = {
        "fn": painting.show_thumbnails,
        "inputs": [parts.photograph, parts.paintings],
        "outputs": parts.thumbnail_css,
        **_QUIET,
        **_ONE_PREVIEW,
    }
    gr.on(
        [parts.styles.change, parts.others.change, parts.share.release],
        show_originals,
        [parts.styles, parts.others, parts.share],
        parts.originals,
        trigger_mode="always_last",
        **_QUIET,
    )
    page.load(**thumbnails)
    parts.photograph.change(**thumbnails)
    parts.paintings.change(**thumbnails)
    parts.keep.click(
        painting.keep,
        [states.kept, states.shows, *parts.choice, *parts.settings],
        [states.kept, parts.note],
        api_visibility="private",
        **_ONE_LARGE,
    )
    moved = [
        each.release if isinstance(each, gr.Slider) else each.change
        for each in [*parts.settings, *parts.choice]
    ]
    gr.on(
        [parts.command_place.expand, *moved],
        painting.command,
        [*parts.choice, *parts.settings],
        parts.command,
        trigger_mode="always_last",
        **_QUIET,
    )
    parts.take.click(painting.canvas, parts.photograph, parts.canvas, api_visibility="private")
    parts.photograph.change(lambda: None, None, parts.canvas, **_QUIET)


def _wire_jobs(
    page: gr.Blocks,
    handlers: tuple[JobHandlers, PaintHandlers],
    parts: Parts,
    states: States,
) -> None:
    """Start, show and control jobs."""
    job_handlers, painting = handlers
    job, shows, seen, kept, timer = states
    refresh: dict[str, Any] = {
        "fn": job_handlers.refresh,
        "inputs": [job, shows, seen],
        "outputs": [
            seen,
            parts.progress,
            parts.compare,
            *[getattr(parts, name) for name in BUTTONS],
            parts.jobs,
            timer,
            kept,
        ],
        "queue": False,
        **_QUIET,
    }
    found = [job, parts.photo, parts.photograph, timer, shows, *parts.settings]
    page.load(job_handlers.restore_job, None, found, **_QUIET).then(**refresh)
    timer.tick(**refresh)
    parts.finer.click(
        painting.start,
        [*parts.choice, parts.canvas, *parts.settings],
        [job, shows],
        api_visibility="private",
        **_ONE_LARGE,
    ).success(lambda: gr.Timer(active=True), None, timer, **_QUIET).then(**refresh)
    for name in ("pause", "resume", "stop"):
        button = getattr(parts, name)
        button.click(getattr(job_handlers, name), job, None, **_QUIET).then(
            lambda: gr.Timer(active=True), None, timer, **_QUIET
        ).then(**refresh)
    parts.delete_job.click(job_handlers.delete_job, job, [job, seen, parts.note], **_QUIET).then(
        **refresh
    )
    parts.jobs.input(
        lambda chosen: (chosen, JOB, ""), parts.jobs, [job, shows, seen], **_QUIET
    ).then(**refresh)


def _wire_download(
    job_handlers: JobHandlers, painting: PaintHandlers, parts: Parts, states: States
) -> None:
    """Keep the picture that is shown, and download it."""
    parts.download.click(
        painting.keep,
        [states.kept, states.shows, *parts.choice, *parts.settings],
        [states.kept, parts.note],
        api_visibility="private",
        **_ONE_LARGE,
    ).success(
        job_handlers.export, [states.kept, parts.kind], parts.file, api_visibility="private"
    ).success(None, None, None, js=_CLICK.format("file"), api_visibility="private")


def _wire_gallery(
    tab: gr.Tab, both: tuple[GalleryHandlers, JobHandlers], own: GalleryParts, parts: Parts
) -> None:
    """Search, show and delete pictures of the gallery."""
    handlers, job_handlers = both
    chosen, names = gr.State(None), gr.State({})
    details = [chosen, own.shown, own.about, own.note]
    fill: dict[str, Any] = {
        "fn": handlers.fill,
        "inputs": own.search,
        "outputs": [own.pictures, names],
        **_QUIET,
    }
    tab.select(**fill).then(handlers.show_folder, None, own.note, **_QUIET)
    own.search.change(**fill, trigger_mode="always_last")
    own.pictures.select(handlers.choose, names, details, **_QUIET)
    own.use.click(handlers.use, chosen, [*parts.restorable, own.note], **_QUIET)
    own.delete.click(handlers.delete, chosen, details, **_QUIET).then(**fill)
    own.undo.click(handlers.undo, None, own.note, **_QUIET).then(**fill)
    own.download.click(
        job_handlers.export, [chosen, own.kind], own.file, api_visibility="private"
    ).success(None, None, None, js=_CLICK.format("shelf-file"), api_visibility="private")
