"""The gallery tab: its components and handlers."""

from __future__ import annotations

import hashlib
import html
import logging
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from ....errors import PictureError
from ....images.user_folders import home_folder
from ...context import Studio, language, show_errors
from ...gallery import gallery, paths
from ...gallery.gallery import Entry
from ..controls import Translate, choice_label, label_of
from ..layout import KINDS
from ..previews import style_names, title_of
from ..restore import restored_controls
from ..strings import say

_LOG = logging.getLogger(__name__)
_MOST_SHOWN = 400
_SMALL, _LARGE = 320, 1024  # sides of thumbnails
_SHOWN_SETTINGS = (
    *("quality", "strength", "color", "style_scale", "style_loss", "seed"),
    *("stroke_size", "keep_colors"),
)


class GalleryParts(NamedTuple):
    """Components in reading order."""

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


def lay_out_gallery(translate: Translate) -> GalleryParts:
    """Add the components of the gallery to the page.

    Args:
        translate: Returns texts of the page.
    """
    search = gr.Textbox(
        label=translate("search"), info=translate("search_help"), max_lines=1, elem_id="search"
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=320):
            pictures = gr.Gallery(
                label=translate("gallery"),
                columns=4,
                allow_preview=False,
                object_fit="cover",
                height=None,
                show_label=False,
                interactive=False,
                elem_id="pictures",
                buttons=[],
            )
            undo = gr.Button(translate("undo"), size="sm", elem_id="undo")
        with gr.Column(scale=5, min_width=320):
            note = gr.Markdown(translate("about_gallery"), elem_id="shelf-note")
            shown = gr.Image(
                label=translate("shown"), interactive=False, elem_id="shown", buttons=["fullscreen"]
            )
            about = gr.HTML("", elem_id="about")
            with gr.Row():
                use = gr.Button(translate("use"), elem_id="use")
                delete = gr.Button(translate("delete"), variant="stop", elem_id="delete")
            with gr.Row():
                kinds = [(kind.upper(), kind) for kind in KINDS]
                kind = gr.Radio(
                    kinds, value=KINDS[0], label=translate("download_kind"), elem_id="shelf-kind"
                )
                download = gr.Button(translate("download"), elem_id="shelf-download")
                file = gr.DownloadButton(
                    translate("download"), visible="hidden", elem_id="shelf-file"
                )
    return GalleryParts(
        search, pictures, note, shown, about, use, kind, download, file, delete, undo
    )


@dataclass(frozen=True, eq=False)
class GalleryHandlers:
    """Handlers of the gallery tab; each takes component values and returns updates."""

    studio: Studio

    @show_errors
    def fill(self, search: str, request: gr.Request) -> tuple[Any, dict[str, str]]:
        """Show the pictures that match a search.

        Returns:
            Thumbnails with captions and a note; and thumbnail file name -> picture file name.
        """
        folder, lang = self.studio.folder(request), language(request)
        found = gallery.entries(folder, search or "")
        listed = found[:_MOST_SHOWN]
        small = _thumbnails(folder, listed, self._place(request))
        shown = [
            (path.as_posix(), f"{entry.style}, {entry.content}")
            for entry in listed
            if (path := small.get(entry.name)) is not None
        ]
        note = _note(len(found), len(listed), len(shown), (search or "").strip(), lang)
        label: dict[str, Any] = {"label": note, "show_label": True} if note else {}
        pictures = gr.Gallery(**{"value": shown, "show_label": False, **label})
        return pictures, {path.name: name for name, path in small.items()}

    def choose(
        self, names: Mapping[str, str], chosen: gr.SelectData, request: gr.Request
    ) -> Iterator[tuple[str | None, str | None, str, str]]:
        """Show a picture and its details.

        Yields:
            First an empty selection, so that the previous picture cannot be deleted by mistake;
            then the file name, a large thumbnail, details as HTML, and an empty note.
        """
        yield None, None, "", ""
        yield self._chosen(names, chosen, request)

    @show_errors
    def _chosen(
        self, names: Mapping[str, str], chosen: gr.SelectData, request: gr.Request
    ) -> tuple[str, str, str, str]:
        name = dict(names).get(_file_of(chosen.value))
        if name is None:  # the gallery has changed meanwhile
            raise PictureError(say("no_picture", language(request)))
        folder = self.studio.folder(request)
        entry = gallery.find(folder, name)
        large = _publish(folder, name, self._place(request), _LARGE)
        return entry.name, large.as_posix(), about(entry, language(request)), ""

    def _place(self, request: gr.Request) -> Path:
        """Return the folder of thumbnail copies for a session."""
        session = f"{request.session_hash}\n{self.studio.user(request)}"
        name = f"shelf-{hashlib.sha256(session.encode()).hexdigest()[:32]}"
        return self.studio.temporary.scratch / name

    @show_errors
    def use(self, name: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Restore the controls from the record of a picture."""
        if not name:
            raise PictureError(say("no_picture", language(request)))
        entry = gallery.find(self.studio.folder(request), name)
        return restored_controls(entry.path, language(request))

    @show_errors
    def delete(self, name: str | None, request: gr.Request) -> tuple[None, None, str, str]:
        """Move a picture to the trash.

        Returns:
            An empty selection, and a note.
        """
        if not name:
            raise PictureError(say("no_picture", language(request)))
        gallery.delete(self.studio.folder(request), name)
        return None, None, "", say("deleted", language(request), name=name)

    @show_errors
    def undo(self, request: gr.Request) -> str:
        """Restore the picture that was deleted last."""
        name = gallery.undo(self.studio.folder(request))
        if name is None:
            return say("nothing_deleted", language(request))
        return say("restored", language(request), name=name)

    def show_folder(self, request: gr.Request) -> str:
        """Return the folder of the gallery; empty if the studio has a login."""
        if self.studio.user(request):
            return ""
        return say("folder", language(request), folder=_short(self.studio.folder(request)))


def _thumbnails(folder: Path, listed: Sequence[Entry], place: Path) -> dict[str, Path]:
    """Publish thumbnails by picture name; skip those that cannot be made."""
    made = {}
    for entry in listed:
        try:
            made[entry.name] = _publish(folder, entry.name, place)
        except PictureError as error:  # the page shows the number
            _LOG.info("a picture of the gallery cannot be shown: %s", error)
    return made


def _publish(folder: Path, name: str, place: Path, side: int = _SMALL) -> Path:
    """Copy a thumbnail to the folder that Gradio may read; the gallery is not served."""
    small = gallery.thumbnail(folder, name, side)
    copy = place / small.name  # changes with the picture
    if not copy.is_file():
        with paths.file_errors(f"show {name}"):
            place.mkdir(exist_ok=True)
            hidden = place / f".{secrets.token_hex(8)}"
            shutil.copyfile(small, hidden)
            hidden.replace(copy)
    return copy


def _note(found: int, listed: int, shown: int, search: str, lang: str) -> str:
    """Return a note if the gallery is empty or pictures are not shown."""
    if not found:
        return say("nothing_found" if search else "empty_gallery", lang)
    notes = []
    if listed < found:
        notes.append(say("more_found", lang, shown=listed, found=found))
    if shown < listed:
        notes.append(say("not_shown", lang, count=listed - shown))
    return " ".join(notes)


def _file_of(chosen: object) -> str:
    """Return the file name of the selected thumbnail."""
    image = chosen.get("image") if isinstance(chosen, dict) else None
    path = image.get("path") if isinstance(image, dict) else None
    return Path(path).name if isinstance(path, str) else ""


def _short(folder: Path) -> str:
    home = home_folder()
    if home is None or not folder.is_relative_to(home):
        return str(folder)
    return str(Path("~") / folder.relative_to(home))


def _style(name: str, lang: str) -> str:
    return title_of(name, lang) if name in style_names() else name


def about(entry: Entry, lang: str) -> str:
    """Return the details of a picture as HTML.

    Args:
        entry: Picture of the gallery.
        lang: `en` or `ko`.
    """
    height, width = entry.size
    rows = {
        "file": entry.name,
        "content": entry.content,
        "style": ", ".join(_style(name, lang) for name in entry.style.split(", ")),
        "size": f"{width}x{height}",
        "made_at": entry.made_at,
        "seconds": f"{entry.seconds:g}",
    }
    lines = {say(f"row.{name}", lang): value for name, value in rows.items()}
    lines |= {
        label_of(name, lang): choice_label(str(entry.settings.get(name, "")), lang)
        for name in _SHOWN_SETTINGS
    }
    rows_html = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
        for name, value in lines.items()
        if value
    )
    return f'<div class="about"><dl>{rows_html}</dl></div>'
