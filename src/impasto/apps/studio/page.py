"""The page: its parts put together, and what happens when they are used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from importlib import resources
from typing import Any

import gradio as gr

from . import gallery
from .api import add_api
from .choice import offered
from .context import Studio
from .controls import COLOR, setting_texts
from .instant import style_names, title_of
from .painting import Painting
from .parts import Parts, lay_out
from .people import gallery_of, users_of
from .runs import Runs
from .server import Page, Place
from .shelf import Shelf, ShelfParts, lay_out_shelf
from .steering import BUTTONS, Steering
from .texts import LANGUAGES, texts

_OURS = "impasto."  # else Gradio would translate any choice that is called like a key
_TICK = 1.0  # seconds between two looks at a run
_CLICK = (
    "() => {{ const place = document.querySelector('#{0}'); "
    "(place.querySelector('a, button') ?? place).click(); }}"
)
_GLANCE: dict[str, Any] = {"concurrency_id": "glance", "concurrency_limit": 1}
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans KR", "sans-serif"]
_MONO = ["ui-monospace", "Consolas", "monospace"]


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


def translations() -> gr.I18n:
    """Return the page's texts as Gradio takes them; the browser's language chooses.

    Example:
        >>> sorted(translations().translations)
        ['en', 'ko']
    """
    found = {
        each: {
            **texts()[each],
            **setting_texts(each),
            **{f"style.{name}": title_of(name, each) for name in style_names()},
        }
        for each in LANGUAGES
    }
    return gr.I18n(
        **{
            language: {f"{_OURS}{key}": text for key, text in lines.items()}
            for language, lines in found.items()
        }
    )


def words(key: str) -> gr.i18n.I18nData:
    """Return a text of the page by its key.

    Example:
        >>> words("finer").key
        'impasto.finer'
    """
    return gr.i18n.I18nData(f"{_OURS}{key}")


def theme() -> gr.themes.Base:
    """Return the page's colours and fonts, none of them from elsewhere."""
    ink, paper = gr.themes.colors.stone, gr.themes.colors.indigo
    return gr.themes.Base(
        primary_hue=paper, secondary_hue=ink, neutral_hue=ink, font=_FONTS, font_mono=_MONO
    ).set(
        body_background_fill="#faf8f4",
        body_background_fill_dark="#171513",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_600",
        button_primary_text_color="white",
        color_accent="*primary_700",
        color_accent_soft_dark="*primary_900",
    )


def assets() -> dict[str, str]:
    """Return style sheet and script of the page: `css`, `js`.

    Example:
        >>> sorted(assets())
        ['css', 'js']
    """
    folder = resources.files("impasto.apps.studio")
    return {
        "css": (folder / "look.css").read_text(encoding="utf-8"),
        "js": (folder / "page.js").read_text(encoding="utf-8"),
    }


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
        _wire_runs(page, Steering(studio), Painting(studio), parts, (run, seen, kept, timer))
        _wire_shelf(tab, Shelf(studio), shelf, parts, names)
    return page


def _wire_choices(painting: Painting, parts: Parts, run: gr.State, kept: gr.State) -> None:
    """Let every choice be painted at once."""
    strength, color = parts.strength, parts.settings[COLOR]
    choice = [parts.photo, parts.styles, parts.others, parts.share]
    gr.on(
        [
            parts.photo.change,
            parts.styles.change,
            parts.others.change,
            parts.share.release,
            strength.release,
            color.input,
        ],
        painting.paint_now,
        [*choice, strength, color],
        [parts.compare, parts.note],
        trigger_mode="always_last",
        show_progress="minimal",
        api_visibility="private",
        **_GLANCE,
    ).then(lambda: None, None, kept, show_progress="hidden", api_visibility="private")
    dressing: dict[str, Any] = {
        "fn": painting.show_styles,
        "inputs": [parts.photo, parts.own],
        "outputs": parts.dress,
        "show_progress": "hidden",
        "api_visibility": "private",
        **_GLANCE,
    }
    parts.photo.change(**dressing)
    parts.own.change(
        offered, [parts.own, parts.styles], [parts.styles, parts.others], api_visibility="private"
    ).then(**dressing)
    parts.sample.click(painting.sample, None, parts.photo, api_visibility="private")
    parts.keep.click(
        painting.keep,
        [*choice, *parts.settings],
        [kept, parts.note],
        api_visibility="private",
        **_GLANCE,
    )
    parts.command_place.expand(
        painting.command, [*choice, *parts.settings], parts.command, api_visibility="private"
    )
    parts.record.upload(
        painting.restore, parts.record, [*parts.restorable, parts.note], api_visibility="private"
    ).success(
        painting.paint_now,
        [*choice, strength, color],
        [parts.compare, gr.State("")],  # the note tells of the settings
        show_progress="minimal",
        api_visibility="private",
        **_GLANCE,
    )
    parts.take.click(painting.canvas, parts.photo, parts.canvas, api_visibility="private")
    parts.photo.change(
        lambda: None, None, parts.canvas, show_progress="hidden", api_visibility="private"
    )
    strength.release(
        painting.change_strength, [run, strength], parts.note, api_visibility="private"
    )


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
        "inputs": [run, parts.photo, seen],
        "outputs": shown,
        "queue": False,
        **quiet,
    }
    choice = [parts.photo, parts.styles, parts.others, parts.share]
    page.load(steering.greet, None, [run, parts.photo, timer], **quiet).then(**watching)
    timer.tick(**watching)
    parts.finer.click(
        painting.start,
        [*choice, parts.canvas, *parts.settings],
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
        [kept, *choice, *parts.settings],
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
