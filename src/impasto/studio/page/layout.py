"""Layout of the painting tab: its components, without behaviour."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from ...images.listing import SUFFIXES
from ...settings import Settings
from .controls import FIRST, MORE, Translate, make_control
from .job_inputs import BLUE, GREEN, RED
from .previews import style_names

KINDS = ("png", "jpg", "tif")
_FILES = sorted(SUFFIXES)
_CAMERA = gr.WebcamOptions(  # the rear one of a phone
    mirror=False,
    constraints={
        "video": {
            "facingMode": "environment",
            "width": {"ideal": 1920},
            "height": {"ideal": 1440},
        }
    },
)


class Parts(NamedTuple):
    """Components in reading order."""

    photo: gr.Image
    photograph: gr.State
    sample: gr.Button
    styles: gr.Radio
    thumbnail_css: gr.HTML
    own: gr.File
    paintings: gr.State
    others: gr.Dropdown
    share: gr.Slider
    more: tuple[gr.components.Component, ...]
    take: gr.Button
    canvas: gr.ImageEditor
    record: gr.File
    compare: gr.ImageSlider
    strength: gr.components.Component
    note: gr.Markdown
    originals: gr.HTML
    finer: gr.Button
    keep: gr.Button
    pause: gr.Button
    resume: gr.Button
    stop: gr.Button
    delete_job: gr.Button
    jobs: gr.Radio
    progress: gr.HTML
    kind: gr.Radio
    download: gr.Button
    file: gr.DownloadButton
    command: gr.Textbox
    command_place: gr.Accordion

    @property
    def settings(self) -> list[gr.components.Component]:
        """Controls of settings, in the order of `controls.CONTROLS`."""
        return [self.strength, *self.more]

    @property
    def choice(self) -> list[gr.components.Component]:
        """Components of the selection: photograph and styles."""
        return [self.photograph, self.styles, self.others, self.share]

    @property
    def restorable(self) -> list[gr.components.Component]:
        """Components restored from the record of a picture."""
        return [*self.settings, self.styles, self.others, self.share]


def lay_out(translate: Translate) -> Parts:
    """Add the components to the page.

    Args:
        translate: Returns texts of the page.
    """
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            chosen = _choices(translate)
        with gr.Column(scale=6, min_width=320, elem_id="results"):
            made = _results(translate)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            more = _settings(translate)
        with gr.Column(scale=6, min_width=320):
            regions = _regions(translate)
    return Parts(**chosen, **made, **more, **regions)


def _heading(text: gr.i18n.I18nData) -> None:
    gr.Markdown(text, elem_classes="step")


def _choices(translate: Translate) -> dict[str, Any]:
    _heading(translate("step_photo"))
    parts: dict[str, Any] = {
        "photo": gr.Image(
            type="filepath",
            image_mode=None,
            sources=["upload", "webcam", "clipboard"],
            webcam_options=_CAMERA,
            label=translate("photo"),
            placeholder=translate("photo_help"),
            height=280,
            elem_id="photo",
            buttons=[],
        ),
        "photograph": gr.State(None),
        "sample": gr.Button(translate("sample"), size="sm", elem_id="sample"),
    }
    _heading(translate("step_style"))
    named = [(translate(f"style.{name}"), name) for name in style_names()]
    parts["styles"] = gr.Radio(
        named, value=None, label=translate("styles"), elem_id="styles", interactive=True
    )
    parts["thumbnail_css"] = gr.HTML("", elem_id="dress", container=False)
    parts["own"] = gr.File(
        label=translate("own"), file_count="multiple", file_types=_FILES, height=120, elem_id="own"
    )
    parts["paintings"] = gr.State([])
    gr.Markdown(translate("own_help"), elem_classes="help")
    parts["others"] = gr.Dropdown(
        named, value=[], multiselect=True, label=translate("others"), elem_id="others"
    )
    parts["share"] = gr.Slider(
        0,
        1,
        0.5,
        step=0.05,
        label=translate("share"),
        info=translate("share_help"),
        elem_id="share",
    )
    return parts


def _settings(translate: Translate) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Accordion(translate("more"), open=False, elem_id="more"):
        parts["more"] = tuple(make_control(spec, translate, Settings()) for spec in MORE)
        parts["record"] = gr.File(
            label=translate("record"), height=100, elem_id="record", file_types=_FILES
        )
        gr.Markdown(translate("record_help"), elem_classes="help")
    return parts


def _regions(translate: Translate) -> dict[str, Any]:
    with gr.Accordion(translate("regions"), open=False, elem_id="regions"):
        gr.Markdown(translate("regions_help"))
        take = gr.Button(translate("regions_take"), size="sm", elem_id="regions-take")
        canvas = gr.ImageEditor(
            label=translate("regions_canvas"),
            type="numpy",
            sources=[],
            transforms=[],
            layers=False,
            brush=gr.Brush(
                default_size=24, colors=[GREEN, RED, BLUE], color_mode="fixed", default_color=GREEN
            ),
            elem_id="canvas",
            buttons=[],
        )
    return {"take": take, "canvas": canvas}


def _results(translate: Translate) -> dict[str, Any]:
    _heading(translate("step_result"))
    parts: dict[str, Any] = {
        "compare": gr.ImageSlider(
            label=translate("compare"),
            type="filepath",
            format="jpeg",
            max_height=620,
            buttons=["fullscreen"],
            interactive=False,
            elem_id="compare",
        ),
    }
    parts["strength"] = make_control(FIRST, translate, Settings())
    parts["note"] = gr.Markdown("", elem_id="note")
    parts["originals"] = gr.HTML("", elem_id="originals", container=False, padding=False)
    with gr.Row():
        parts["finer"] = gr.Button(translate("finer"), variant="primary", elem_id="finer")
        parts["keep"] = gr.Button(translate("keep"), elem_id="keep")
    parts["progress"] = gr.HTML("", elem_id="progress")
    with gr.Row():
        for name in ("pause", "resume", "stop", "delete_job"):
            label, place = translate(name), name.replace("_", "-")
            parts[name] = gr.Button(label, size="sm", visible=False, elem_id=place)
    parts["jobs"] = gr.Radio([], label=translate("runs"), visible=False, elem_id="runs")
    return {**parts, **_downloads(translate)}


def _downloads(translate: Translate) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    with gr.Row():
        kinds = [(kind.upper(), kind) for kind in KINDS]
        parts["kind"] = gr.Radio(
            kinds, value=KINDS[0], label=translate("download_kind"), elem_id="kind"
        )
        parts["download"] = gr.Button(translate("download"), elem_id="download")
        parts["file"] = gr.DownloadButton(translate("download"), visible="hidden", elem_id="file")
    with gr.Accordion(translate("command"), open=False, elem_id="command") as place:
        parts["command"] = gr.Textbox(
            label=translate("command"),
            info=translate("command_help"),
            lines=2,
            buttons=["copy"],
            interactive=False,
            elem_id="command-text",
        )
    parts["command_place"] = place
    return parts
