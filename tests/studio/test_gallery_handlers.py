"""Handlers of the gallery tab."""

from __future__ import annotations

import numpy as np
import pytest
from tests.studio.results import made

gr = pytest.importorskip("gradio", reason='needs pip install "impasto[studio]"')

from impasto.studio.context import Studio  # noqa: E402
from impasto.studio.gallery import gallery  # noqa: E402
from impasto.studio.gallery.gallery import keep  # noqa: E402
from impasto.studio.gallery.temporary import Temporary  # noqa: E402
from impasto.studio.jobs.service import JobService  # noqa: E402
from impasto.studio.page.handlers import gallery as handlers  # noqa: E402
from impasto.studio.security.users import Users  # noqa: E402

LONG = "\uac00" * 83  # 249 bytes, and with the suffix 253


@pytest.fixture
def studio(tmp_path):
    folders = [tmp_path / name for name in ("gallery", "shown", "scratch")]
    for folder in folders:
        folder.mkdir()
    jobs = JobService(lambda user: folders[0], keep)
    return Studio(jobs, Users(folders[0]), Temporary(*folders[1:]))


@pytest.fixture
def folder(studio):
    return studio.users.gallery


def request(session="a"):
    return gr.Request(session_hash=session, headers={})


def put(folder, name, seed=0, style="wave"):
    image = np.random.default_rng(seed).random((24, 32, 3), np.float32)
    return keep(folder, made(image, style=style), name)


def click(value):
    return gr.SelectData(None, {"index": 0, "value": value})


def thumbnail(path):
    return {"image": {"path": f"/shown/0a1b/{path.rpartition('/')[2]}"}, "caption": "wave, cat"}


def filled(studio, search="", **named):
    pictures, names = handlers.GalleryHandlers(studio).fill(search, request(**named))
    settings = pictures.constructor_args
    return settings["value"], settings.get("label", ""), names


def chosen(studio, names, value):
    return list(handlers.GalleryHandlers(studio).choose(names, click(value), request()))


def test_selecting_a_thumbnail_selects_its_picture(studio, folder):
    for seed, name in enumerate(("first", "second", "third")):
        path = put(folder, name, seed, style=f"style{seed}")
    path.rename(path.with_stem(LONG))
    shown, label, names = filled(studio)
    assert label == "" and sorted(names.values()) == sorted(
        ["first.png", "second.png", f"{LONG}.png"]
    )
    for path, caption in shown:
        before, (name, large, about, note) = chosen(studio, names, thumbnail(path))
        assert before == (None, None, "", "")
        assert caption.partition(",")[0] in about and names[path.rpartition("/")[2]] == name
        assert large.endswith("-1024.jpg") and note == ""


def test_thumbnails_no_longer_shown_cannot_be_selected(studio, folder):
    put(folder, "first")
    (shown, _, _), names = filled(studio), {}
    for value in (thumbnail(shown[0][0]), None, 3, {"image": None}, {"image": {"path": 1}}):
        choosing = handlers.GalleryHandlers(studio).choose(names, click(value), request())
        assert next(choosing) == (None, None, "", "")
        with pytest.raises(gr.Error, match="no picture"):
            next(choosing)


def test_an_unreadable_picture_does_not_hide_the_others(studio, folder):
    put(folder, "good")
    bad = put(folder, "bad", 1)
    gallery.entries(folder)
    data = bytearray(bad.read_bytes())
    pixels = data.index(b"IDAT") + 50  # keeps the record intact
    data[pixels : pixels + 200] = bytes(200)
    bad.write_bytes(data)
    shown, label, names = filled(studio)
    assert [*names.values()] == ["good.png"] and len(shown) == 1
    assert label == "Pictures that cannot be shown: 1."


def test_a_read_only_gallery_counts_pictures_not_shown(studio, folder):
    put(folder, "good")
    (folder / ".studio").write_text("in the way")
    shown, label, names = filled(studio)
    assert (shown, names) == ([], {}) and label == "Pictures that cannot be shown: 1."


def test_a_note_says_when_nothing_or_more_is_found(studio, folder, monkeypatch):
    assert filled(studio)[1] == "No pictures yet."
    for name in ("first", "second", "third"):
        put(folder, name)
    assert filled(studio, "no such thing")[1] == "No pictures found."
    monkeypatch.setattr(handlers, "_MOST_SHOWN", 2)
    shown, label, names = filled(studio)
    assert len(shown) == len(names) == 2
    assert label == "Showing the newest 2 of 3; search to find others."


def test_copies_are_made_once_for_each_open_page(studio, folder):
    put(folder, "first")
    before = filled(studio)[0]
    assert filled(studio, "cat")[0] == before
    assert filled(studio, session="b")[0] != before
    assert len(list(studio.temporary.scratch.rglob("*.jpg"))) == 2
