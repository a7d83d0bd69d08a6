"""Deleting and restoring pictures."""

import os
import threading
import time

import numpy as np
import pytest
from tests.studio.results import made

from impasto.errors import PictureError
from impasto.images import side_file
from impasto.studio.gallery import gallery
from impasto.studio.gallery.paths import safe_name

TINY = np.full((8, 8, 3), 0.5, np.float32)


def keep(folder, name, **more):
    return gallery.keep(folder, made(TINY, **more), name)


def names(folder):
    return sorted(entry.name for entry in gallery.entries(folder))


def bin_of(folder):
    return sorted(folder.glob(".studio/deleted/*"))


def test_undo_restores_the_last_deleted_first(tmp_path):
    contents = {keep(tmp_path, name).name: name for name in "abc"}
    before = {name: (tmp_path / name).read_bytes() for name in contents}
    for name in ("b.png", "a.png", "c.png"):
        gallery.delete(tmp_path, name)
    assert names(tmp_path) == []
    assert [gallery.undo(tmp_path) for _ in range(4)] == ["c.png", "a.png", "b.png", None]
    assert {name: (tmp_path / name).read_bytes() for name in contents} == before
    assert bin_of(tmp_path) == []


def test_undo_of_an_empty_trash_returns_none(tmp_path):
    assert gallery.undo(tmp_path / "missing") is None
    assert gallery.undo(tmp_path) is None


def test_undo_does_not_overwrite(tmp_path):
    keep(tmp_path, "cat", content="old.jpg")
    gallery.delete(tmp_path, "cat.png")
    keep(tmp_path, "cat", content="new.jpg")
    assert gallery.undo(tmp_path) == "cat-2.png"
    assert gallery.find(tmp_path, "cat.png").content == "new.jpg"
    assert gallery.find(tmp_path, "cat-2.png").content == "old.jpg"


def test_a_name_deleted_twice_gives_two_pictures(tmp_path):
    for content in ("one", "two"):
        keep(tmp_path, "cat", content=content)
        gallery.delete(tmp_path, "cat.png")
    assert [gallery.undo(tmp_path), gallery.undo(tmp_path)] == ["cat.png", "cat-2.png"]
    assert gallery.find(tmp_path, "cat.png").content == "two"


def test_a_missing_picture_cannot_be_deleted(tmp_path):
    keep(tmp_path, "cat")
    gallery.delete(tmp_path, "cat.png")
    with pytest.raises(PictureError, match=r"there is no picture cat\.png"):
        gallery.delete(tmp_path, "cat.png")
    assert len(bin_of(tmp_path)) == 1


def test_a_record_beside_a_picture_moves_with_it(tmp_path):
    exif_filler = {"losses": {f"style/{n}": 1.0 for n in range(6000)}}
    made(TINY, **exif_filler).save(tmp_path / "cat.jpg")
    assert side_file.beside(tmp_path / "cat.jpg").exists()
    gallery.delete(tmp_path, "cat.jpg")
    assert [path.name for path in tmp_path.iterdir()] == [".studio"]
    (tmp_path / "cat.jpg.json").write_text("mine")
    assert gallery.undo(tmp_path) == "cat-2.jpg"
    assert gallery.find(tmp_path, "cat-2.jpg").content == "cat.jpg"
    assert (tmp_path / "cat.jpg.json").read_text() == "mine"
    assert bin_of(tmp_path) == []


def test_other_files_beside_a_picture_stay(tmp_path):
    keep(tmp_path, "cat")
    (tmp_path / "cat.png.json").write_text("mine")
    gallery.delete(tmp_path, "cat.png")
    assert (tmp_path / "cat.png.json").read_text() == "mine"


def test_long_names_are_deleted_and_restored(tmp_path):
    long = tmp_path / ("x" * 251 + ".png")
    keep(tmp_path, "cat").rename(long)
    gallery.delete(tmp_path, long.name)
    keep(tmp_path, "cat").rename(long)
    assert gallery.undo(tmp_path) == "x" * 249 + "-2.png"


def test_a_clock_set_back_does_not_change_the_order(tmp_path, monkeypatch):
    keep(tmp_path, "a"), keep(tmp_path, "b")
    gallery.delete(tmp_path, "a.png")
    monkeypatch.setattr(time, "time_ns", lambda: 1_000)
    gallery.delete(tmp_path, "b.png")
    assert gallery.undo(tmp_path) == "b.png"


def test_old_pictures_in_the_trash_are_removed(tmp_path):
    gallery.forget_deleted(tmp_path)
    keep(tmp_path, "old"), keep(tmp_path, "new")
    gallery.delete(tmp_path, "old.png")
    (place,) = bin_of(tmp_path)
    place.rename(place.with_name(f"{time.time_ns() - 31 * 86_400 * 10**9:020d}"))
    gallery.delete(tmp_path, "new.png")
    gallery.forget_deleted(tmp_path)
    assert [gallery.undo(tmp_path), gallery.undo(tmp_path)] == ["new.png", None]
    gallery.delete(tmp_path, "new.png")
    gallery.forget_deleted(tmp_path, days=0)
    assert gallery.undo(tmp_path) is None


def test_links_and_other_files_in_the_trash_stay(tmp_path):
    keep(tmp_path / "other", "mine")
    place = tmp_path / "g/.studio/deleted"
    (place / "5").mkdir(parents=True)
    (place / "5" / "mine.png").symlink_to(tmp_path / "other" / "mine.png")
    (place / "6").symlink_to(tmp_path / "other")
    (place / "7").write_text("a file")
    (place / "note").mkdir()
    (place / "8").mkdir()
    assert gallery.undo(tmp_path / "g") is None
    gallery.forget_deleted(tmp_path / "g", days=0)
    assert (tmp_path / "other" / "mine.png").exists()
    assert sorted(path.name for path in place.iterdir()) == ["6", "7", "note"]


def test_a_file_in_place_of_the_studio_folder_raises_a_picture_error(tmp_path):
    keep(tmp_path, "cat")
    (tmp_path / ".studio").write_text("mine")
    with pytest.raises(PictureError, match=r"cannot create the folder .*; free some space"):
        gallery.delete(tmp_path, "cat.png")
    assert names(tmp_path) == ["cat.png"]
    with pytest.raises(PictureError, match="cannot create the folder"):
        gallery.thumbnail(tmp_path, "cat.png")


def test_concurrent_undos_restore_each_picture_once(tmp_path):
    for number in range(12):
        gallery.delete(tmp_path, keep(tmp_path, f"{number}").name)
    back = []
    threads = [
        threading.Thread(target=lambda: back.append(gallery.undo(tmp_path))) for _ in range(15)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(filter(None, back)) == sorted(f"{number}.png" for number in range(12))
    assert names(tmp_path) == sorted(f"{number}.png" for number in range(12))


def test_concurrent_deletes_delete_once(tmp_path):
    keep(tmp_path, "cat")
    outcomes = []

    def work():
        try:
            outcomes.append(gallery.delete(tmp_path, "cat.png"))
        except PictureError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(None) == 1
    assert [gallery.undo(tmp_path), gallery.undo(tmp_path)] == ["cat.png", None]


def test_without_hard_links_undo_does_not_overwrite(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    keep(tmp_path, "cat", content="old")
    gallery.delete(tmp_path, "cat.png")
    keep(tmp_path, "cat", content="new")
    assert gallery.undo(tmp_path) == "cat-2.png"
    assert gallery.find(tmp_path, "cat.png").content == "new"


def test_safe_names():
    assert safe_name("A") != safe_name("a")
    assert safe_name("a  b\t c") == "a b c"
    assert safe_name("con.final") == "_con.final"
    assert len(safe_name("수채화" * 99).encode()) <= 130
