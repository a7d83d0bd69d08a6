"""Build the page: lay it out and connect its events to the handlers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from ..api.endpoints import add_api
from ..app import Page, Place
from ..context import Studio
from ..gallery import gallery
from ..jobs.service import JobService
from ..security.users import gallery_of, users_of
from .controls import COLOR
from .handlers.gallery import GalleryHandlers, GalleryParts, lay_out_gallery
from .handlers.jobs import BUTTONS, JobHandlers
from .handlers.paint import CHOICE, RUN, PaintHandlers
from .layout import Parts, lay_out
from .style_thumbnails import show_originals
from .theme import assets, theme, translations, words

_TICK = 1.0  # seconds between two looks at a job
_CLICK = (
    "() => {{ const place = document.querySelector('#{0}'); "
    "(place.querySelector('a, button') ?? place).click(); }}"
)
_GLANCE: dict[str, Any] = {"concurrency_id": "glance", "concurrency_limit": 1}
_LARGE: dict[str, Any] = {"concurrency_id": "large", "concurrency_limit": 1}  # no glance waits
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class States(NamedTuple):
    """What a page remembers.

    Attributes:
        job: The job whose progress is shown.
        shows: What the picture is, `CHOICE` or `RUN`.
        seen: The state of the jobs that was shown last.
        kept: Name of the file that the picture is kept in.
        timer: Looks at the jobs.
    """

    job: gr.State
    shows: gr.State
    seen: gr.State
    kept: gr.State
    timer: gr.Timer


@contextlib.contextmanager
def open_page(place: Place) -> Iterator[Page]:
    """Make the page, and work on the jobs as long as it is open.

    Args:
        place: What it is made for.

    Yields:
        The page.

    Raises:
        ModelError: Another studio is at work on the same gallery.
        PictureError: The gallery cannot be read or written.
    """
    users, pixels = users_of(place.users), place.limits.pixels
    folder_of = partial(gallery_of, place.users)
    for user in users:
        gallery.sweep(folder_of(user))
        gallery.forget_deleted(folder_of(user))
    jobs = JobService(folder_of, gallery.keep, max_pixels=pixels)
    try:
        jobs.start(users)
        studio = Studio(jobs, place.users, place.temporary, pixels)
        looks = {"theme": theme(), "i18n": translations(), **assets()}
        yield Page(make_page(studio), looks)
    finally:
        jobs.close()


def make_page(studio: Studio) -> gr.Blocks:
    """Make the page.

    Args:
        studio: What it works on.
    """
    with gr.Blocks(title="Impasto", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.Markdown("# Impasto", elem_id="name")
        gr.Markdown(words("tagline"), elem_id="tagline")
        if studio.users.passwords:
            gr.Markdown(words("logout"), elem_id="logout")
        states = States(
            job=gr.State(None),
            shows=gr.State(CHOICE),
            seen=gr.State(""),
            kept=gr.State(None),
            timer=gr.Timer(_TICK, active=False),
        )
        with gr.Tabs():
            with gr.Tab(words("tab_paint"), id="paint"):
                parts = lay_out(words)
            with gr.Tab(words("tab_gallery"), id="gallery") as tab:
                shelf = lay_out_gallery(words)
        add_api(studio)  # first, as names are given to those who come first
        painting, steering = PaintHandlers(studio), JobHandlers(studio)
        _wire_choices(painting, parts, states)
        _wire_what_follows(page, painting, parts, states)
        _wire_jobs(page, (steering, painting), parts, states)
        _wire_download(steering, painting, parts, states)
        _wire_gallery(tab, (GalleryHandlers(studio), steering), shelf, parts)
    return page


def _wire_choices(painting: PaintHandlers, parts: Parts, states: States) -> None:
    """Let every choice be painted at once."""
    color = parts.settings[COLOR]
    at_once: dict[str, Any] = {
        "fn": painting.paint_now,
        "inputs": [*parts.choice, parts.strength, color],
        "outputs": [parts.compare, parts.note, states.shows, states.kept],
        "show_progress": "minimal",
        "api_visibility": "private",
        **_GLANCE,
    }
    # What users do, not what happens: a job that is found again brings its own picture.
    gr.on(
        [parts.styles.input, parts.others.input, parts.share.release, color.input],
        trigger_mode="always_last",
        **at_once,
    )
    parts.strength.release(
        **{
            **at_once,
            "fn": painting.strengthen,
            "inputs": [states.job, states.shows, *at_once["inputs"]],
        },
        trigger_mode="always_last",
    )
    _wire_uploads(painting, parts, states, at_once)


def _wire_uploads(
    painting: PaintHandlers, parts: Parts, states: States, at_once: Mapping[str, Any]
) -> None:
    """Take what is dropped, and paint at once."""
    gr.on(
        [parts.photo.input, parts.photo.clear],
        painting.take,
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
    told = [parts.compare, gr.State(""), states.shows, states.kept]  # the note tells of settings
    parts.record.upload(
        painting.restore, parts.record, [*parts.restorable, parts.note], api_visibility="private"
    ).success(**{**at_once, "outputs": told})


def _wire_what_follows(
    page: gr.Blocks, painting: PaintHandlers, parts: Parts, states: States
) -> None:
    """Let the styles, the canvas and the command follow the choices; keep what is shown."""
    dressing: dict[str, Any] = {
        "fn": painting.show_styles,
        "inputs": [parts.photograph, parts.paintings],
        "outputs": parts.dress,
        **_QUIET,
        **_GLANCE,
    }
    gr.on(
        [parts.styles.change, parts.others.change, parts.share.release],
        show_originals,
        [parts.styles, parts.others, parts.share],
        parts.originals,
        trigger_mode="always_last",
        **_QUIET,
    )
    page.load(**dressing)
    parts.photograph.change(**dressing)
    parts.paintings.change(**dressing)
    parts.keep.click(
        painting.keep,
        [states.kept, states.shows, *parts.choice, *parts.settings],
        [states.kept, parts.note],
        api_visibility="private",
        **_LARGE,
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
    """Let jobs be started, watched and steered."""
    steering, painting = handlers
    job, shows, seen, kept, timer = states
    watching: dict[str, Any] = {
        "fn": steering.watch,
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
    page.load(steering.greet, None, found, **_QUIET).then(**watching)
    timer.tick(**watching)
    parts.finer.click(
        painting.start,
        [*parts.choice, parts.canvas, *parts.settings],
        [job, shows],
        api_visibility="private",
        **_LARGE,
    ).success(lambda: gr.Timer(active=True), None, timer, **_QUIET).then(**watching)
    for name in ("pause", "go_on", "stop"):
        button = getattr(parts, name)
        button.click(getattr(steering, name), job, None, **_QUIET).then(
            lambda: gr.Timer(active=True), None, timer, **_QUIET
        ).then(**watching)
    parts.drop.click(steering.drop, job, [job, seen, parts.note], **_QUIET).then(**watching)
    parts.jobs.input(
        lambda chosen: (chosen, RUN, ""), parts.jobs, [job, shows, seen], **_QUIET
    ).then(**watching)


def _wire_download(
    steering: JobHandlers, painting: PaintHandlers, parts: Parts, states: States
) -> None:
    """Keep what is shown, and hand it out as a file."""
    parts.download.click(
        painting.keep,
        [states.kept, states.shows, *parts.choice, *parts.settings],
        [states.kept, parts.note],
        api_visibility="private",
        **_LARGE,
    ).success(
        steering.export, [states.kept, parts.kind], parts.file, api_visibility="private"
    ).success(None, None, None, js=_CLICK.format("file"), api_visibility="private")


def _wire_gallery(
    tab: gr.Tab, owners: tuple[GalleryHandlers, JobHandlers], shelf: GalleryParts, parts: Parts
) -> None:
    """Let the gallery be searched, shown, and tidied."""
    handlers, steering = owners
    chosen, names = gr.State(None), gr.State({})
    filling: dict[str, Any] = {
        "fn": handlers.fill,
        "inputs": shelf.search,
        "outputs": [shelf.pictures, names],
        **_QUIET,
    }
    tab.select(**filling).then(handlers.place, None, shelf.note, **_QUIET)
    shelf.search.change(**filling, trigger_mode="always_last")
    shelf.pictures.select(
        handlers.choose, names, [chosen, shelf.shown, shelf.about, shelf.note], **_QUIET
    )
    shelf.use.click(handlers.use, chosen, [*parts.restorable, shelf.note], **_QUIET)
    shelf.delete.click(
        handlers.delete, chosen, [chosen, shelf.shown, shelf.about, shelf.note], **_QUIET
    ).then(**filling)
    shelf.undo.click(handlers.undo, None, shelf.note, **_QUIET).then(**filling)
    shelf.download.click(
        steering.export, [chosen, shelf.kind], shelf.file, api_visibility="private"
    ).success(None, None, None, js=_CLICK.format("shelf-file"), api_visibility="private")
