"""Listing and searching a gallery."""

import json
import os
import threading
import time
import unicodedata
import warnings

import numpy as np
import pytest
from PIL import Image as PIL
from PIL import PngImagePlugin
from tests.studio.results import made

from impasto.errors import PictureError
from impasto.images import opening
from impasto.images.files import write_image
from impasto.paint_settings import PaintSettings
from impasto.settings import Settings
from impasto.studio.gallery import gallery

TINY = np.full((16, 24, 3), 0.5, np.float32)
RECORD = {"format": 1, "made_with": "impasto", "command": "paint", "settings": {}, "inputs": []}
HOSTILE_NAMES = (
    "../a.png", "..\\a.png", "/etc/passwd", "a/../cat.png", "./cat.png", "", ".", "..", "cat.png\0",
    "cat.png/", "sub/cat.png", "~/cat.png", ".studio", ".studio/deleted/1/cat.png",
    "x" * 300 + ".png",
    "%2e%2e%2fcat.png", "\udcff.png", "link.png", "folder.png", "pipe.png", "CON.png", "secret.txt",
    ".hidden.png", "C:cat.png", "cat.png:stream", "file:///etc/passwd.png", "\u202ecat.png",
)  # fmt: skip


def keep(folder, name, **more):
    return gallery.keep(folder, made(TINY, **more), name)


def names(found):
    return [entry.name for entry in found]


def write_with(path, text, size=(6, 4)):
    """Write a PNG with any text as its record."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt("impasto", text)
    PIL.new("RGB", size).save(path, pnginfo=info)


def test_an_entry_has_the_values_of_the_record(tmp_path):
    path = keep(
        tmp_path, "cat", settings=Settings(size=800, strength=0.6), style="wave:0.5, scream"
    )
    (entry,) = gallery.entries(tmp_path)
    assert (entry.name, entry.path) == ("cat.png", path)
    assert (entry.content, entry.style, entry.command) == (
        "cat.jpg",
        "wave:0.5, scream",
        "stylize",
    )
    assert (entry.settings["size"], entry.settings["strength"]) == (800, 0.6)
    assert (entry.seconds, entry.size) == (2.5, (16, 24))
    assert entry.made_at.endswith("+00:00")
    assert gallery.find(tmp_path, "cat.png") == entry


def test_a_missing_folder_has_no_pictures(tmp_path):
    assert gallery.entries(tmp_path / "missing", "cat") == []
    with pytest.raises(PictureError, match=r"there is no picture cat\.png in the gallery; it may"):
        gallery.find(tmp_path / "missing", "cat.png")


def test_the_newest_is_first_also_within_a_second(tmp_path):
    for number in range(5):
        path = keep(tmp_path, f"{number}", made_at="2026-01-01T00:00:00+00:00")
        os.utime(path, ns=(number, number))
    keep(tmp_path, "old", made_at="2025-12-31T23:59:59+00:00")
    keep(tmp_path, "other zone", made_at="2026-01-01T08:59:59.9+09:00")
    listed = names(gallery.entries(tmp_path))
    assert listed[:5] == ["4.png", "3.png", "2.png", "1.png", "0.png"]
    assert {*listed[5:]} == {"other zone.png", "old.png"}


@pytest.mark.parametrize("moment", ["", "yesterday", "9999-12-31T23:59:59-23:00", "x" * 1000])
def test_an_invalid_time_is_replaced_by_that_of_the_file(tmp_path, moment):
    path = keep(tmp_path, "cat", made_at=moment)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert gallery.find(tmp_path, "cat.png").made_at == "2001-09-09T01:46:40+00:00"


@pytest.mark.parametrize(
    ("search", "found"),
    [("", 3), ("WAVE", 1), ("wave dog", 0), ("cat", 2), ("  scream   CAT ", 1), ("0.625", 1),
     ("강아지", 1), ("파도", 1), ("강아", 1), ("luminance", 1), ("mask-of-sky", 1), ("nowhere", 0)],
)  # fmt: skip
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_word_must_occur_somewhere(tmp_path, search, found, form):
    keep(tmp_path, "one", content="Cat.JPG", style="wave", settings=Settings(strength=0.625))
    keep(tmp_path, "two", content="cat.jpg", style="scream", settings=Settings(color="luminance"))
    settings = Settings(masks=("mask-of-sky.png",))
    apart = unicodedata.normalize("NFD", "강아지.jpg")
    keep(tmp_path, "파도", content=apart, style="hokusai", settings=settings)
    assert len(gallery.entries(tmp_path, unicodedata.normalize(form, search))) == found


def test_other_files_are_skipped(tmp_path):
    keep(tmp_path, "cat")
    write_image(tmp_path / "plain.png", TINY)
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to("cat.png")
    (tmp_path / "nowhere.png").symlink_to("missing.png")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / ".hidden.png").write_bytes((tmp_path / "cat.png").read_bytes())
    (tmp_path / "notes.txt").write_text("cat")
    (tmp_path / "sub").mkdir()
    keep(tmp_path / "sub", "other")
    assert names(gallery.entries(tmp_path)) == ["cat.png"]


def test_an_undecodable_name_does_not_break_the_list(tmp_path):
    data = keep(tmp_path, "cat").read_bytes()
    try:
        (tmp_path / os.fsdecode(b"\xff\xfe.png")).write_bytes(data)
    except OSError:
        pytest.skip("this disk takes text only")
    assert names(gallery.entries(tmp_path)) == ["cat.png"]


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", "{}", '{"format": 1}', '{"settings": {}}', '{"format": 99}', "null",
     json.dumps({**RECORD, "settings": []}), json.dumps({**RECORD, "inputs": [{}] * 300}),
     json.dumps({**RECORD, "content": "\ud800"}), json.dumps({**RECORD, "seconds": "x"}),
     "[" * 100_000,
     '{"format": 1, "made_with": "", "command": "", "inputs": [], "settings": ' + '{"a":' * 900
     + "1" + "}" * 901],
)  # fmt: skip
def test_a_damaged_record_does_not_break_the_list(tmp_path, text):
    keep(tmp_path, "cat")
    write_with(tmp_path / "odd.png", text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "cat.png" in names(gallery.entries(tmp_path))
        try:
            gallery.find(tmp_path, "odd.png")
        except PictureError as error:
            assert "odd.png" in str(error)


def test_entries_are_valid_json(tmp_path):
    settings = {"a": "\ud800", "b": [1e999, {"c": float("nan")}], "\udfff": "\x1b[2J"}
    record = {**RECORD, "settings": settings, "style": "x\n" * 5000, "seconds": float("inf")}
    write_with(tmp_path / "odd.png", json.dumps(record))
    entry = gallery.find(tmp_path, "odd.png")
    sent = json.dumps([entry.settings, entry.style, entry.seconds], ensure_ascii=False)
    assert sent.encode()
    assert "Infinity" not in sent
    assert "NaN" not in sent
    assert len(entry.style) < 200
    assert "\n" not in entry.style


def test_a_truncated_picture_does_not_break_the_list(tmp_path):
    keep(tmp_path, "cat")
    data = keep(tmp_path, "cut").read_bytes()
    for length in range(0, len(data), 97):
        (tmp_path / "cut.png").write_bytes(data[:length])
        assert "cat.png" in names(gallery.entries(tmp_path))


def test_unreadable_files_are_read_again(tmp_path):
    path = keep(tmp_path, "cat")
    data, moment = path.read_bytes(), path.stat().st_mtime_ns
    path.write_bytes(bytes(len(data)))
    os.utime(path, ns=(moment, moment))
    assert gallery.entries(tmp_path) == []
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(moment, moment))
    assert names(gallery.entries(tmp_path)) == ["cat.png"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_refused(tmp_path, name):
    folder = tmp_path / "gallery"
    keep(tmp_path, "a")
    keep(tmp_path, "secret")
    keep(folder, "cat")
    (folder / "secret.txt").write_text("secret")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "folder.png").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")
    (folder / "sub").symlink_to(tmp_path)
    for work in (
        gallery.find,
        gallery.thumbnail,
        gallery.delete,
        lambda folder, name: gallery.export(folder, name, "jpg", tmp_path / "out"),
    ):
        with pytest.raises(PictureError, match="there is no picture") as raised:
            work(folder, name)
        assert str(raised.value).encode()
        assert len(str(raised.value)) < 300
    assert (tmp_path / "a.png").exists()


@pytest.mark.parametrize("name", [None, 3, b"cat.png", ["cat.png"], {"name": "cat.png"}])
def test_names_must_be_strings(tmp_path, name):
    keep(tmp_path, "cat")
    with pytest.raises(PictureError, match="there is no picture"):
        gallery.find(tmp_path, name)


@pytest.mark.parametrize(("on_disk", "asked"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_a_korean_name_is_found_in_any_composition(tmp_path, on_disk, asked):
    name = unicodedata.normalize(on_disk, "고양이.png")
    keep(tmp_path, "cat").rename(tmp_path / name)
    other = unicodedata.normalize(asked, "고양이.png")
    assert gallery.find(tmp_path, other).path.exists()
    assert gallery.thumbnail(tmp_path, other).exists()
    gallery.delete(tmp_path, other)
    assert unicodedata.normalize("NFC", gallery.undo(tmp_path)) == "고양이.png"


def test_a_gallery_can_be_a_link(tmp_path):
    keep(tmp_path / "disk", "cat")
    (tmp_path / "gallery").symlink_to(tmp_path / "disk")
    assert names(gallery.entries(tmp_path / "gallery")) == ["cat.png"]
    assert gallery.thumbnail(tmp_path / "gallery", "cat.png").exists()


def test_results_of_the_command_line_are_listed_too(tmp_path):
    made(TINY, settings=PaintSettings(strength=0.5)).save(tmp_path / "a.jpg")
    made(TINY).save(tmp_path / "b.tif", bits=16)
    made(TINY).save(tmp_path / "C.WEBP")
    assert {*names(gallery.entries(tmp_path))} == {"a.jpg", "b.tif", "C.WEBP"}
    assert gallery.find(tmp_path, "a.jpg").command == "paint"


def test_pictures_are_cached(tmp_path, monkeypatch):
    data = keep(tmp_path, "cat").read_bytes()
    for number in range(999):
        (tmp_path / f"{number}.png").write_bytes(data)
    opened, open_file = [], opening.open_file
    monkeypatch.setattr(opening, "open_file", lambda *a: opened.append(a) or open_file(*a))
    assert len(gallery.entries(tmp_path)) == len(opened) == 1000
    assert len(gallery.entries(tmp_path, "wave cat")) == 1000
    assert gallery.find(tmp_path, "7.png").style == "wave"
    assert len(opened) == 1000
    (tmp_path / "0.png").unlink()
    keep(tmp_path, "new", style="scream")
    assert len(gallery.entries(tmp_path)) == 1000
    assert names(gallery.entries(tmp_path, "scream")) == ["new.png"]
    assert len(opened) == 1001


def test_a_replaced_picture_is_read_again(tmp_path):
    path = keep(tmp_path, "cat", style="wave")
    assert gallery.entries(tmp_path)[0].style == "wave"
    made(TINY, style="rain").save(path)
    assert gallery.entries(tmp_path)[0].style == "rain"


def keep_and_delete(folder):
    gallery.delete(folder, keep(folder, "cat").name)


def read_all(folder):
    for entry in gallery.entries(folder):
        try:
            gallery.find(folder, entry.name)
            gallery.thumbnail(folder, entry.name)
        except PictureError as error:
            if "there is no picture" not in str(error):
                raise


def test_threads_list_while_others_keep_and_delete(tmp_path):
    faults, end = [], time.monotonic() + 2

    def work(task):
        try:
            while time.monotonic() < end:
                task(tmp_path)
        except Exception as error:
            faults.append(error)

    tasks = [keep_and_delete, keep_and_delete, read_all, read_all, gallery.undo]
    threads = [threading.Thread(target=work, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
