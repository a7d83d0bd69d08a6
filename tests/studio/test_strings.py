"""Texts of the page: same keys and placeholders in both languages."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args

import pytest

from impasto import studio
from impasto.studio.jobs.status import Status
from impasto.studio.page.controls import CONTROLS, label_of, setting_texts
from impasto.studio.page.handlers.jobs import BUTTONS
from impasto.studio.page.previews import style_names, title_of
from impasto.studio.page.strings import LANGUAGES, duration, language_of, say, texts

HANGUL = re.compile("[\uac00-\ud7a3]")
NAMES = {"title"}  # equal in all languages
ENGLISH_COMES_FROM_ELSEWHERE = ("label.", "help.", "style.", "choice.")


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_korean_has_all_english_keys():
    english, korean = texts()["en"], texts()["ko"]
    assert english.keys() <= korean.keys()
    more = korean.keys() - english.keys()
    assert all(key.startswith(ENGLISH_COMES_FROM_ELSEWHERE) for key in more)


@pytest.mark.parametrize("key", sorted(texts()["en"]))
def test_placeholders_are_the_same(key):
    assert placeholders(texts()["en"][key]) == placeholders(texts()["ko"][key])


def test_all_texts_are_used():
    sources = [path.read_text() for path in Path(studio.__file__).parent.rglob("*.py")]
    code = "".join(sources)
    formed = ("row.", "step_")  # prefixes of computed keys
    statuses = set(get_args(Status)) | set(BUTTONS)
    unused = [
        key
        for key in texts()["en"]
        if not re.search(f"[\"']{key}[\"']", code)
        and not key.startswith(formed)
        and key not in statuses
    ]
    assert unused == []


def test_durations():
    assert duration(48, "en") == "50 s"
    assert duration(48, "ko") == "50초"
    assert duration(9000, "ko") == "2.5시간"


def test_korean_is_korean():
    assert [key for key, text in texts()["ko"].items() if not HANGUL.search(text)] == ["title"]


def test_english_has_no_korean():
    assert not [key for key, text in texts()["en"].items() if HANGUL.search(text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_has_a_label_and_a_line_of_help(language):
    lines = setting_texts(language)
    for name, _ in CONTROLS:
        assert lines[f"label.{name}"]
        assert len(lines[f"help.{name}"]) > 10


def test_settings_and_styles_have_korean_labels():
    assert all(HANGUL.search(label_of(name, "ko")) for name, _ in CONTROLS)
    assert all(HANGUL.search(title_of(name, "ko")) for name in style_names())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en-GB,ko;q=0.5", "en"),
        ("de-DE,de", "en"),
        ("de-DE, ko;q=0.3", "ko"),
        ("", "en"),
        (None, "en"),
        (";;;,,,=", "en"),
    ],
)
def test_the_language_of_a_browser(accepted, language):
    assert language_of(accepted) == language


def test_placeholders_are_filled_in():
    assert say("kept", "ko", name="a.png") == "a.png(으)로 저장했습니다."
