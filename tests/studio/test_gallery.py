"""Saving pictures, thumbnails, and cleaning up."""

import os
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PIL
from tests.studio.results import made

from impasto.errors import PictureError, SettingsError
from impasto.images.files import read_picture, read_record, write_image
from impasto.studio.gallery import gallery


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir() if path.is_file())


def test_a_kept_picture_has_its_record(tmp_path, result):
    path = gallery.keep(tmp_path / "new" / "gallery", result, "cat_wave")
    assert path == tmp_path / "new" / "gallery" / "cat_wave.png"
    assert np.abs(read_picture(path).image - result.image).max() < 1 / 255
    assert read_record(path)["content"] == "cat.jpg"
    assert files(path.parent) == ["cat_wave.png"]


def test_a_taken_name_is_never_overwritten(tmp_path, result):
    (tmp_path / "cat.png").write_bytes(b"mine")
    (tmp_path / "cat-2.png").symlink_to("nowhere")
    (tmp_path / "cat-3.png").mkdir()
    assert gallery.keep(tmp_path, result, "cat").name == "cat-4.png"
    assert (tmp_path / "cat.png").read_bytes() == b"mine"
    assert not (tmp_path / "nowhere").exists()


def test_without_hard_links_nothing_is_overwritten(tmp_path, result, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "cat.png").write_bytes(b"mine")
    assert gallery.keep(tmp_path, result, "cat").name == "cat-2.png"
    assert gallery.find(tmp_path, "cat-2.png").content == "cat.jpg"
    assert (tmp_path / "cat.png").read_bytes() == b"mine"
    assert files(tmp_path) == ["cat-2.png", "cat.png"]


def test_concurrent_saves_under_one_name_lose_nothing(tmp_path, rng):
    results = [made(np.full((8, 8, 3), n / 20, np.float32), content=f"{n}") for n in range(20)]
    threads = [threading.Thread(target=gallery.keep, args=(tmp_path, r, "cat")) for r in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.content for entry in gallery.entries(tmp_path)} == {str(n) for n in range(20)}
    assert len(files(tmp_path)) == 20


@pytest.mark.parametrize(
    "name",
    ["../../up", "/etc/passwd", "..", "", "a\0b", "a\nb\x1b[2J", ".hidden", "C:\\x", "con", "a.",
     "x" * 999, "수채화" * 99, "\udcff\udcfe", "\u202egnp.exe", "a/b", "-rf", "\U0001f3a8" * 99,
     "~root"],
)  # fmt: skip
def test_any_text_becomes_a_name_in_the_folder(tmp_path, result, name):
    path = gallery.keep(tmp_path / "g", result, name)
    assert path.parent == tmp_path / "g"
    assert files(tmp_path / "g") == [path.name]
    assert not path.name.startswith((".", "-"))
    assert path.name.isprintable()
    assert gallery.find(tmp_path / "g", path.name).path == path
    assert gallery.keep(tmp_path / "g", result, name) != path


def test_a_korean_name_is_kept_composed(tmp_path, result):
    apart = unicodedata.normalize("NFD", "고양이_파도")
    assert gallery.keep(tmp_path, result, apart).name == "고양이_파도.png"


@pytest.mark.skipif(os.name == "nt", reason="needs limits of processes")
def test_a_full_disk_raises_a_picture_error_and_loses_nothing(tmp_path, rng):
    import resource

    picture = made(rng.random((64, 64, 3), np.float32))
    gallery.keep(tmp_path, picture, "cat")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(PictureError, match=r"cannot write .*cat\.png: File too large; free"):
            gallery.keep(tmp_path, picture, "cat")
        with pytest.raises(PictureError, match="cannot write"):
            gallery.export(tmp_path, "cat.png", "tif", tmp_path / "out")
        with pytest.raises(PictureError, match=r"cannot copy cat\.png"):
            gallery.export(tmp_path, "cat.png", "png", tmp_path / "out")
        with pytest.raises(PictureError, match="cannot write"):
            gallery.thumbnail(tmp_path, "cat.png", 2048)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files(tmp_path) == ["cat.png"]
    assert files(tmp_path / "out") == files(tmp_path / ".studio/thumbnails") == []
    assert gallery.thumbnail(tmp_path, "cat.png").exists()


READ_ONLY = """
import os, sys
sys.path.insert(0, sys.argv[2])
import numpy as np
from tests.studio.results import made
from impasto.studio.gallery import gallery
from impasto.errors import PictureError
result = made(np.zeros((8, 8, 3), np.float32))
if os.getuid() == 0:
    os.setgid(65534), os.setuid(65534)
folder = sys.argv[1]
print([entry.name for entry in gallery.entries(folder)])
for work in (
    lambda: gallery.delete(folder, "cat.png"),
    lambda: gallery.thumbnail(folder, "cat.png"),
    lambda: gallery.undo(folder),
    lambda: gallery.keep(folder + "/new", None, "cat"),
    lambda: gallery.keep(folder, result, "cat"),
    lambda: gallery.export(folder, "cat.png", "jpg", folder + "/out"),
):
    try:
        print(work())
    except PictureError as error:
        print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs permissions")
def test_a_read_only_folder_raises_a_picture_error_and_loses_nothing(result):
    with tempfile.TemporaryDirectory(
        dir="/tmp"
    ) as place:  # other users cannot enter pytest's folder
        folder = Path(place) / "gallery"
        Path(place).chmod(0o755)
        gallery.keep(folder, result, "cat")
        folder.chmod(0o555)
        words = [sys.executable, "-c", READ_ONLY, str(folder), str(Path(__file__).parents[2])]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        listed, *messages = done.stdout.splitlines()
        assert listed == "['cat.png']"
        assert messages.pop(2) == "None"
        assert len(messages) == 5
        assert all("Permission denied" in sentence and ";" in sentence for sentence in messages)
        folder.chmod(0o755)
        assert files(folder) == ["cat.png"]


def test_a_thumbnail_is_made_once_for_each_picture(tmp_path, result, rng):
    gallery.keep(tmp_path, result, "cat")
    small = gallery.thumbnail(tmp_path, "cat.png", 32)
    changed = small.stat().st_mtime_ns
    with PIL.open(small) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (32, 24), "RGB")
        assert not image.getexif()
    assert gallery.thumbnail(tmp_path, "cat.png", 32) == small
    assert small.stat().st_mtime_ns == changed
    (tmp_path / "cat.png").unlink()
    gallery.keep(tmp_path, made(rng.random((64, 48, 3), np.float32)), "cat")
    with PIL.open(gallery.thumbnail(tmp_path, "cat.png", 32)) as image:
        assert image.size == (24, 32)


def test_a_thumbnail_shows_transparency_as_white(tmp_path):
    image, alpha = np.zeros((32, 32, 3), np.float32), np.zeros((32, 32), np.float32)
    alpha[16:] = 1
    gallery.keep(tmp_path, made(image, alpha=alpha), "cat")
    with PIL.open(gallery.thumbnail(tmp_path, "cat.png")) as small:
        assert small.getpixel((4, 4)) == (255, 255, 255)
        assert max(small.getpixel((4, 28))) < 10


@pytest.mark.parametrize("side", [0, 15, 2049, -1])
def test_the_side_of_a_thumbnail_is_checked(tmp_path, result, side):
    gallery.keep(tmp_path, result, "cat")
    with pytest.raises(SettingsError, match="expected 16 to 2048"):
        gallery.thumbnail(tmp_path, "cat.png", side)


def test_a_damaged_picture_raises_a_picture_error(tmp_path, result):
    path = gallery.keep(tmp_path, result, "cat")
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(PictureError, match=r"cat\.png is damaged or cut off"):
        gallery.thumbnail(tmp_path, "cat.png")
    with pytest.raises(PictureError, match=r"cat\.png is damaged or cut off"):
        gallery.export(tmp_path, "cat.png", "jpg", tmp_path / "out")
    assert files(tmp_path / "out") == []


def test_a_decompression_bomb_is_refused(tmp_path):
    PIL.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(PictureError, match="pixels and the limit is"):
        gallery.thumbnail(tmp_path, "bomb.png")
    with pytest.raises(PictureError, match="pixels and the limit is"):
        gallery.export(tmp_path, "bomb.png", "jpg", tmp_path / "out")


def test_a_link_in_place_of_a_thumbnail_is_not_followed(tmp_path, result):
    gallery.keep(tmp_path, result, "cat")
    small = gallery.thumbnail(tmp_path, "cat.png")
    small.unlink()
    (tmp_path / "secret").write_text("secret")
    small.symlink_to(tmp_path / "secret")
    assert gallery.thumbnail(tmp_path, "cat.png").read_bytes()[:2] == b"\xff\xd8"
    assert (tmp_path / "secret").read_text() == "secret"


def test_concurrent_thumbnails_are_made_once(tmp_path, result):
    for _ in range(4):
        gallery.keep(tmp_path, result, "cat")
    names, found = files(tmp_path) * 5, []
    threads = [
        threading.Thread(target=lambda name=name: found.append(gallery.thumbnail(tmp_path, name)))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(files(tmp_path / ".studio/thumbnails")) == 4


def test_sweep_removes_only_unneeded_files(tmp_path, result):
    gallery.sweep(tmp_path / "missing")
    gallery.keep(tmp_path, result, "cat")
    gallery.keep(tmp_path, result, "dog")
    kept, stale = (gallery.thumbnail(tmp_path, name) for name in ("cat.png", "dog.png"))
    (tmp_path / "dog.png").unlink()
    old, young = tmp_path / ".impasto-0123456789ab.png", tmp_path / ".impasto-0123456789ac.tmp"
    mine = tmp_path / ".impasto-mine.png"
    for path in (old, young, mine):
        path.write_bytes(b"half")
    for path in (old, mine):
        os.utime(path, (time.time() - 200_000,) * 2)
    gallery.sweep(tmp_path)
    assert files(tmp_path) == sorted([".impasto-0123456789ac.tmp", mine.name, "cat.png"])
    assert kept.exists()
    assert not stale.exists()


def test_tidy_continues_after_an_error(tmp_path, result, caplog):
    gallery.tidy(tmp_path / "missing")
    gallery.keep(tmp_path, result, "cat")
    gallery.delete(tmp_path, "cat.png")
    (place,) = (tmp_path / ".studio/deleted").iterdir()
    place.rename(place.with_name("5"))
    stale = tmp_path / ".studio/thumbnails/a-b-c-d.jpg"
    stale.mkdir(parents=True)  # a folder instead of a thumbnail
    gallery.tidy(tmp_path)
    assert list((tmp_path / ".studio/deleted").iterdir()) == []
    assert "cannot tidy up the gallery" in caplog.text


def test_a_result_saved_twice_gives_two_pictures(tmp_path, result):
    one, two = gallery.keep(tmp_path, result, "cat"), gallery.keep(tmp_path, result, "cat")
    assert (one.name, two.name) == ("cat.png", "cat-2.png")
    assert [entry.name for entry in gallery.entries(tmp_path)] == ["cat-2.png", "cat.png"]


def test_an_invalid_result_leaves_no_file(tmp_path, result):
    broken = replace(result, image=np.zeros((4, 4), np.float32))
    with pytest.raises(PictureError, match=r"expected \(H, W, 3\)"):
        gallery.keep(tmp_path, broken, "cat")
    assert files(tmp_path) == []
    write_image(tmp_path / "a.png", result.image)
    assert gallery.entries(tmp_path) == []


def test_paths_of_uploads_are_not_in_the_record(tmp_path, result):
    gallery_folder, uploads = tmp_path / "gallery", tmp_path / "uploads"
    inputs = [
        {"role": "content", "name": "a.png", "sha256": "0" * 64, "path": str(uploads / "a.png")},
        {
            "role": "style",
            "name": "b.png",
            "sha256": "1" * 64,
            "path": str(gallery_folder / "b.png"),
        },
    ]
    kept = replace(result, record={**result.record, "inputs": inputs})
    kept = read_record(gallery.keep(gallery_folder, kept, "a"))
    assert [each.get("path") for each in kept["inputs"]] == [None, "b.png"]
    assert [each["name"] for each in kept["inputs"]] == ["a.png", "b.png"]
