"""The page: its parts put together, and what happens when they are used."""

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
from ..jobs.service import Runs
from ..security.users import gallery_of, users_of
from .controls import COLOR
from .handlers.gallery import Shelf, ShelfParts, lay_out_shelf
from .handlers.jobs import BUTTONS, Steering
from .handlers.paint import CHOICE, RUN, Painting
from .layout import Parts, lay_out
from .style_thumbnails import show_originals
from .theme import assets, theme, translations, words

_TICK = 1.0  # seconds between two looks at a run
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
        run: The run whose progress is shown.
        shows: What the picture is: `painting.CHOICE` or `painting.RUN`.
        seen: What of the runs was seen.
        kept: Name of the file that the picture is kept in.
        timer: Looks at the runs.
    """

    run: gr.State
    shows: gr.State
    seen: gr.State
    kept: gr.State
    timer: gr.Timer


@contextlib.contextmanager
def open_page(place: Place) -> Iterator[Page]:
    """Make the page, and work on the runs as long as it is open.

    Args:
        place: What it is made for.

    Yields:
        The page.

    Raises:
        ModelError: Another studio is at work on the same gallery.
        PictureError: The gallery cannot be read or written.
    """
    users, pixels = users_of(place.people), place.limits.pixels
    folder_of = partial(gallery_of, place.people)
    for user in users:
        gallery.sweep(folder_of(user))
        gallery.forget_deleted(folder_of(user))
    runs = Runs(folder_of, gallery.keep, max_pixels=pixels)
    try:
        runs.start(users)
        studio = Studio(runs, place.people, place.temporary, pixels)
        looks = {"theme": theme(), "i18n": translations(), **assets()}
        yield Page(make_page(studio), looks)
    finally:
        runs.close()


def make_page(studio: Studio) -> gr.Blocks:
    """Make the page.

    Args:
        studio: What it works on.
    """
    with gr.Blocks(title="Impasto", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.Markdown("# Impasto", elem_id="name")
        gr.Markdown(words("tagline"), elem_id="tagline")
        if studio.people.passwords:
            gr.Markdown(words("logout"), elem_id="logout")
        states = States(
            run=gr.State(None),
            shows=gr.State(CHOICE),
            seen=gr.State(""),
            kept=gr.State(None),
            timer=gr.Timer(_TICK, active=False),
        )
        with gr.Tabs():
            with gr.Tab(words("tab_paint"), id="paint"):
                parts = lay_out(words)
            with gr.Tab(words("tab_gallery"), id="gallery") as tab:
                shelf = lay_out_shelf(words)
        add_api(studio)  # first, as names are given to those who come first
        painting, steering = Painting(studio), Steering(studio)
        _wire_choices(painting, parts, states)
        _wire_what_follows(page, painting, parts, states)
        _wire_runs(page, (steering, painting), parts, states)
        _wire_download(steering, painting, parts, states)
        _wire_shelf(tab, (Shelf(studio), steering), shelf, parts)
    return page


def _wire_choices(painting: Painting, parts: Parts, states: States) -> None:
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
    # What users do, not what happens: a run that is found again brings its own picture.
    gr.on(
        [parts.styles.input, parts.others.input, parts.share.release, color.input],
        trigger_mode="always_last",
        **at_once,
    )
    parts.strength.release(
        **{
            **at_once,
            "fn": painting.strengthen,
            "inputs": [states.run, states.shows, *at_once["inputs"]],
        },
        trigger_mode="always_last",
    )
    _wire_uploads(painting, parts, states, at_once)


def _wire_uploads(
    painting: Painting, parts: Parts, states: States, at_once: Mapping[str, Any]
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


def _wire_what_follows(page: gr.Blocks, painting: Painting, parts: Parts, states: States) -> None:
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


def _wire_runs(
    page: gr.Blocks,
    handlers: tuple[Steering, Painting],
    parts: Parts,
    states: States,
) -> None:
    """Let runs be started, watched and steered."""
    steering, painting = handlers
    run, shows, seen, kept, timer = states
    watching: dict[str, Any] = {
        "fn": steering.watch,
        "inputs": [run, shows, seen],
        "outputs": [
            seen,
            parts.progress,
            parts.compare,
            *[getattr(parts, name) for name in BUTTONS],
            parts.runs,
            timer,
            kept,
        ],
        "queue": False,
        **_QUIET,
    }
    found = [run, parts.photo, parts.photograph, timer, shows, *parts.settings]
    page.load(steering.greet, None, found, **_QUIET).then(**watching)
    timer.tick(**watching)
    parts.finer.click(
        painting.start,
        [*parts.choice, parts.canvas, *parts.settings],
        [run, shows],
        api_visibility="private",
        **_LARGE,
    ).success(lambda: gr.Timer(active=True), None, timer, **_QUIET).then(**watching)
    for name in ("pause", "go_on", "stop"):
        button = getattr(parts, name)
        button.click(getattr(steering, name), run, None, **_QUIET).then(
            lambda: gr.Timer(active=True), None, timer, **_QUIET
        ).then(**watching)
    parts.drop.click(steering.drop, run, [run, seen, parts.note], **_QUIET).then(**watching)
    parts.runs.input(
        lambda chosen: (chosen, RUN, ""), parts.runs, [run, shows, seen], **_QUIET
    ).then(**watching)


def _wire_download(steering: Steering, painting: Painting, parts: Parts, states: States) -> None:
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


def _wire_shelf(
    tab: gr.Tab, owners: tuple[Shelf, Steering], shelf: ShelfParts, parts: Parts
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
