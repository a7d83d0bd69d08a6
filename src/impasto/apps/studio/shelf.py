"""The gallery's part of the page: what stands where, and what it does."""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from ...errors import PictureError
from . import gallery
from .context import Studio, language, told
from .controls import Words, label_of
from .gallery import Entry
from .painting import restored
from .parts import KINDS
from .texts import say

_MOST_SHOWN = 400
_SMALL, _LARGE = 320, 1024  # sides of thumbnails
_TOLD = ("quality", "strength", "color", "style_scale", "style_loss", "seed", "keep_colors")


class ShelfParts(NamedTuple):
    """The parts, in reading order."""

    search: gr.Textbox
    pictures: gr.Gallery
    note: gr.Markdown
    shown: gr.Image
    about: gr.HTML
    use: gr.Button
    kind: gr.Radio
    download: gr.Button
    file: gr.DownloadButton
    delete: gr.Button
    undo: gr.Button


def lay_out_shelf(words: Words) -> ShelfParts:
    """Put the gallery's parts onto the page.

    Args:
        words: The page's texts.
    """
    search = gr.Textbox(
        label=words("search"), info=words("search_help"), max_lines=1, elem_id="search"
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=320):
            pictures = gr.Gallery(
                label=words("gallery"),
                columns=4,
                allow_preview=False,
                object_fit="cover",
                height=None,
                show_label=False,
                interactive=False,
                elem_id="pictures",
                buttons=[],
            )
            undo = gr.Button(words("undo"), size="sm", elem_id="undo")
        with gr.Column(scale=5, min_width=320):
            note = gr.Markdown(words("about_gallery"), elem_id="shelf-note")
            shown = gr.Image(
                label=words("shown"), interactive=False, elem_id="shown", buttons=["fullscreen"]
            )
            about = gr.HTML("", elem_id="about")
            with gr.Row():
                use = gr.Button(words("use"), elem_id="use")
                delete = gr.Button(words("delete"), variant="stop", elem_id="delete")
            with gr.Row():
                kinds = [(kind.upper(), kind) for kind in KINDS]
                kind = gr.Radio(
                    kinds, value=KINDS[0], label=words("download_kind"), elem_id="shelf-kind"
                )
                download = gr.Button(words("download"), elem_id="shelf-download")
                file = gr.DownloadButton(words("download"), visible="hidden", elem_id="shelf-file")
    return ShelfParts(search, pictures, note, shown, about, use, kind, download, file, delete, undo)


@dataclass(frozen=True, eq=False)
class Shelf:
    """The handlers of the events of the gallery; each takes values and returns updates."""

    studio: Studio

    @told
    def fill(self, search: str, request: gr.Request) -> tuple[Any, list[str]]:
        """Show the pictures that a search finds.

        Returns:
            Thumbnails with captions, and the names of the pictures in the same order.
        """
        folder = self.studio.folder(request)
        found = gallery.entries(folder, search or "")[:_MOST_SHOWN]
        place = self.studio.place()
        shown = [
            (_handed_out(folder, entry.name, place), f"{entry.style}, {entry.content}")
            for entry in found
        ]
        return shown, [entry.name for entry in found]

    @told
    def choose(
        self, names: list[str], chosen: gr.SelectData, request: gr.Request
    ) -> tuple[str, str, str, str]:
        """Show one picture and what made it.

        Returns:
            Its name, a picture of it, what made it as HTML, and nothing to say.
        """
        if not 0 <= chosen.index < len(names):
            raise PictureError(say("no_picture", language(request)))
        folder = self.studio.folder(request)
        entry = gallery.find(folder, names[chosen.index])
        return (
            entry.name,
            _handed_out(folder, entry.name, self.studio.place(), _LARGE),
            about(entry, language(request)),
            "",
        )

    @told
    def use(self, name: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Put the controls where they were when a picture was made."""
        if not name:
            raise PictureError(say("no_picture", language(request)))
        entry = gallery.find(self.studio.folder(request), name)
        return restored(entry.path, language(request))

    @told
    def delete(self, name: str | None, request: gr.Request) -> tuple[None, None, str, str]:
        """Delete a picture; it can be brought back.

        Returns:
            No name, no picture, nothing about it, and what to say.
        """
        if not name:
            raise PictureError(say("no_picture", language(request)))
        gallery.delete(self.studio.folder(request), name)
        return None, None, "", say("deleted", language(request), name=name)

    @told
    def undo(self, request: gr.Request) -> str:
        """Bring back what was deleted last."""
        name = gallery.undo(self.studio.folder(request))
        if name is None:
            return say("nothing_deleted", language(request))
        return say("restored", language(request), name=name)

    def place(self, request: gr.Request) -> str:
        """Say where the pictures are kept, to whoever sits at this machine."""
        if self.studio.user(request):
            return ""
        return say("folder", language(request), folder=_short(self.studio.folder(request)))


def _handed_out(folder: Path, name: str, place: Path, side: int = _SMALL) -> str:
    """Copy a thumbnail to where the page may take it from; nothing is shown from the gallery."""
    small = gallery.thumbnail(folder, name, side)
    return shutil.copyfile(small, place / f"{name}-{side}.jpg").as_posix()


def _short(folder: Path) -> str:
    home = Path.home()
    return str(Path("~") / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)


def about(entry: Entry, wants: str) -> str:
    """Return what made a picture as HTML.

    Args:
        entry: Of the gallery.
        wants: `en` or `ko`.
    """
    height, width = entry.size
    rows = {
        "file": entry.name,
        "content": entry.content,
        "style": entry.style,
        "size": f"{width}x{height}",
        "made_at": entry.made_at,
        "seconds": f"{entry.seconds:g}",
    }
    lines = {say(f"row.{name}", wants): value for name, value in rows.items()}
    lines |= {label_of(name, wants): str(entry.settings.get(name, "")) for name in _TOLD}
    told = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
        for name, value in lines.items()
        if value
    )
    return f'<div class="about"><dl>{told}</dl></div>'
