"""The page: its parts put together, and what happens when they are used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from . import gallery
from .api import add_api
from .context import Studio
from .controls import COLOR
from .looks import assets, theme, translations, words
from .painting import Painting
from .parts import Parts, lay_out
from .people import gallery_of, users_of
from .runs import Runs
from .server import Page, Place
from .shelf import Shelf, ShelfParts, lay_out_shelf
from .steering import BUTTONS, Steering

_TICK = 1.0  # seconds between two looks at a run
_CLICK = (
    "() => {{ const place = document.querySelector('#{0}'); "
    "(place.querySelector('a, button') ?? place).click(); }}"
)
_GLANCE: dict[str, Any] = {"concurrency_id": "glance", "concurrency_limit": 1}


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
        run, seen = gr.State(None), gr.State("")
        kept, names = gr.State(None), gr.State([])
        timer = gr.Timer(_TICK, active=False)
        with gr.Tabs():
            with gr.Tab(words("tab_paint"), id="paint"):
                parts = lay_out(words)
            with gr.Tab(words("tab_gallery"), id="gallery") as tab:
                shelf = lay_out_shelf(words)
        add_api(studio)  # first, as names are given to those who come first
        _wire_choices(Painting(studio), parts, run, kept)
        _wire_what_follows(page, Painting(studio), parts, kept)
        _wire_runs(page, Steering(studio), Painting(studio), parts, (run, seen, kept, timer))
        _wire_shelf(tab, Shelf(studio), shelf, parts, names)
    return page


def _wire_choices(painting: Painting, parts: Parts, run: gr.State, kept: gr.State) -> None:
    """Let every choice be painted at once."""
    strength, color = parts.strength, parts.settings[COLOR]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    at_once: dict[str, Any] = {
        "fn": painting.paint_now,
        "inputs": [*parts.choice, strength, color],
        "outputs": [parts.compare, parts.note],
        "show_progress": "minimal",
        "api_visibility": "private",
        **_GLANCE,
    }
    forgotten: dict[str, Any] = {"fn": lambda: None, "outputs": kept, **quiet}
    gr.on(
        [
            parts.styles.change,
            parts.others.change,
            parts.share.release,
            strength.release,
            color.input,
        ],
        trigger_mode="always_last",
        **at_once,
    ).then(**forgotten)
    # Not `change`: a run that is found again brings its photograph, and its own picture.
    gr.on(
        [parts.photo.input, parts.photo.clear],
        painting.take,
        parts.photo,
        [parts.photograph, parts.photo],
        preprocess=False,
        **quiet,
    ).success(**at_once).then(**forgotten)
    parts.sample.click(painting.sample, None, [parts.photo, parts.photograph], **quiet).success(
        **at_once
    ).then(**forgotten)
    parts.record.upload(
        painting.restore, parts.record, [*parts.restorable, parts.note], api_visibility="private"
    ).success(
        **{**at_once, "outputs": [parts.compare, gr.State("")]}  # the note tells of the settings
    ).then(**forgotten)
    strength.release(painting.change_strength, [run, strength], parts.note, **quiet)


def _wire_what_follows(page: gr.Blocks, painting: Painting, parts: Parts, kept: gr.State) -> None:
    """Let the styles, the canvas and the command follow the choices; keep what was painted."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    dressing: dict[str, Any] = {
        "fn": painting.show_styles,
        "inputs": [parts.photograph, parts.paintings],
        "outputs": parts.dress,
        **quiet,
        **_GLANCE,
    }
    page.load(**dressing)
    parts.photograph.change(**dressing)
    parts.own.change(
        painting.take_paintings,
        [parts.own, parts.styles],
        [parts.paintings, parts.styles, parts.others],
        api_visibility="private",
    ).then(**dressing)
    parts.keep.click(
        painting.keep,
        [*parts.choice, *parts.settings],
        [kept, parts.note],
        api_visibility="private",
        **_GLANCE,
    )
    parts.command_place.expand(
        painting.command, [*parts.choice, *parts.settings], parts.command, api_visibility="private"
    )
    parts.take.click(painting.canvas, parts.photograph, parts.canvas, api_visibility="private")
    parts.photograph.change(lambda: None, None, parts.canvas, **quiet)


def _wire_runs(
    page: gr.Blocks,
    steering: Steering,
    painting: Painting,
    parts: Parts,
    states: tuple[gr.State, gr.State, gr.State, gr.Timer],
) -> None:
    """Let runs be started, watched and steered."""
    run, seen, kept, timer = states
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    buttons = [getattr(parts, name) for name in BUTTONS]
    shown = [seen, parts.progress, parts.compare, *buttons, parts.runs, timer, kept]
    watching: dict[str, Any] = {
        "fn": steering.watch,
        "inputs": [run, parts.photograph, seen],
        "outputs": shown,
        "queue": False,
        **quiet,
    }
    page.load(steering.greet, None, [run, parts.photo, parts.photograph, timer], **quiet).then(
        **watching
    )
    timer.tick(**watching)
    parts.finer.click(
        painting.start,
        [*parts.choice, parts.canvas, *parts.settings],
        run,
        api_visibility="private",
        **_GLANCE,
    ).success(lambda: gr.Timer(active=True), None, timer, **quiet).then(**watching)
    for name in ("pause", "go_on", "stop"):
        button = getattr(parts, name)
        button.click(getattr(steering, name), run, None, **quiet).then(**watching)
    parts.drop.click(steering.drop, run, [run, seen, parts.note], **quiet).then(**watching)
    parts.runs.input(lambda chosen: (chosen, ""), parts.runs, [run, seen], **quiet).then(**watching)
    saved = parts.download.click(
        painting.keep_first,
        [kept, *parts.choice, *parts.settings],
        [kept, parts.note],
        api_visibility="private",
        **_GLANCE,
    )
    saved.success(
        steering.export, [kept, parts.kind], parts.file, api_visibility="private"
    ).success(None, None, None, js=_CLICK.format("file"), api_visibility="private")


def _wire_shelf(
    tab: gr.Tab, handlers: Shelf, shelf: ShelfParts, parts: Parts, names: gr.State
) -> None:
    """Let the gallery be searched, shown, and tidied."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    chosen = gr.State(None)
    filling: dict[str, Any] = {
        "fn": handlers.fill,
        "inputs": shelf.search,
        "outputs": [shelf.pictures, names],
        **quiet,
    }
    tab.select(**filling).then(handlers.place, None, shelf.note, **quiet)
    shelf.search.change(**filling, trigger_mode="always_last")
    shelf.pictures.select(
        handlers.choose, names, [chosen, shelf.shown, shelf.about, shelf.note], **quiet
    )
    shelf.use.click(handlers.use, chosen, [*parts.restorable, shelf.note], **quiet)
    shelf.delete.click(
        handlers.delete, chosen, [chosen, shelf.shown, shelf.about, shelf.note], **quiet
    ).then(**filling)
    shelf.undo.click(handlers.undo, None, shelf.note, **quiet).then(**filling)
    steering = Steering(handlers.studio)
    shelf.download.click(
        steering.export, [chosen, shelf.kind], shelf.file, api_visibility="private"
    ).success(None, None, None, js=_CLICK.format("shelf-file"), api_visibility="private")
