"""Paintings of the selected styles on the page."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image as PIL

import impasto
from impasto.settings import Settings
from impasto.studio.page.previews import style_names
from impasto.studio.page.selection import Selection, command_lines
from impasto.studio.page.style_thumbnails import originals, show_originals
from impasto.workflows.style_paintings import painting_facts, style_painting


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_style_has_a_painting_with_a_caption(language):
    html = originals(style_names(), language)
    captions = re.findall("<figcaption>(.*?)</figcaption>", html)
    assert len(captions) == len(style_names())
    for name, caption in zip(style_names(), captions, strict=True):
        facts = painting_facts()[name]
        assert caption.endswith(f"{facts['title']}, {facts['painter']}, {facts['year']}")
    assert ("원작" in captions[0]) == (language == "ko")


def test_the_thumbnail_shows_the_painting():
    (data,) = re.findall('src="data:image/jpeg;base64,(.*?)"', originals(["wave"], "en"))
    with PIL.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert max(picture.size) == 192
        shown = np.float32(picture) / 255
    painting = impasto.read_image(style_painting("wave"))
    assert np.abs(shown.mean((0, 1)) - painting.mean((0, 1))).max() < 0.01
    assert len(data) < 40_000


def test_uploaded_paintings_have_no_caption():
    assert originals(["/tmp/mine.png", "none"], "en") == ""


def test_only_blended_paintings_are_shown():
    both = show_originals("wave", ["scream", "mine.png"], 0.5, None)
    assert both.count("<figure>") == 2
    assert show_originals("wave", ["scream"], 0.0, None).count("<figure>") == 1
    assert "Munch" not in show_originals("wave", ["scream"], 0.0, None)
    assert show_originals(None, [], 0.5, None) == ""


def test_the_command_line_names_styles_that_have_a_painting(tmp_path, monkeypatch):
    PIL.new("RGB", (40, 30)).save(tmp_path / "photo.png")
    selection = Selection(str(tmp_path / "photo.png"), {"wave": 0.75, "scream": 0.25})
    settings = Settings(style_weights=(0.75, 0.25))
    assert command_lines(selection, settings) == [
        "impasto paint photo.png --style wave:0.75 --style scream:0.25",
        "impasto stylize photo.png wave scream --style-weights 0.75 0.25",
    ]
    monkeypatch.setattr(
        "impasto.studio.page.selection.style_painting",
        lambda name: None if name == "wave" else style_painting(name),
    )
    assert command_lines(selection, settings)[1:] == [
        "impasto paint photo.png --style wave --size 768 -o photo_wave_style.png",
        "impasto stylize photo.png photo_wave_style.png scream --style-weights 0.75 0.25",
    ]
