"""Temporary folders, and those of killed servers."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from impasto.studio.gallery.temporary import sweep, temporary_folders

HOLD = """
import time
from impasto.studio.gallery.temporary import temporary_folders
with temporary_folders() as folder:
    (folder.scratch / "p.png").write_bytes(b"x")
    print(folder.shown, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_is_private_and_removed_on_exit(place):
    with temporary_folders() as folder:
        (folder.scratch / "p.png").write_bytes(b"x")
        assert os.name != "posix" or folder.shown.parent.stat().st_mode & 0o077 == 0
    assert list(place.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot kill like that")
def test_folders_of_killed_servers_are_removed_and_used_ones_stay(place):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        try:
            assert str(place) in child.stdout.readline()
            with temporary_folders():
                assert len(list(place.iterdir())) == 2
            assert len(list(place.iterdir())) == 1
        finally:
            child.send_signal(signal.SIGKILL)
    with temporary_folders():
        assert len(list(place.iterdir())) == 1


def test_other_files_stay(place):
    (place / "impasto_studio_file").write_text("mine")
    (place / "else").mkdir()
    (place / "impasto_studio_link").symlink_to(place / "else")
    (place / "impasto_studio_young").mkdir()
    with temporary_folders():
        pass
    assert len(list(place.iterdir())) == 4


def test_old_files_and_the_oldest_above_the_limit_are_removed(place):
    for number in range(4):
        (place / f"{number}").mkdir()
        (place / f"{number}/p.png").write_bytes(bytes(100))
        time.sleep(0.02)  # different ages
    kept = str(place / "0/p.png")
    sweep(place, {kept}, most=250)
    assert sorted(path.name for path in place.iterdir()) == ["0", "2", "3"]
    sweep(place, {kept}, oldest=0.0)
    assert [str(path) for path in place.rglob("*.png")] == [kept]


def test_previews_are_removed_before_uploads(place):
    for number, name in enumerate(("photo.jpg", "image.jpeg", "image.jpeg", "cat.png")):
        (place / f"{number}").mkdir()
        (place / f"{number}/{name}").write_bytes(bytes(100))
        time.sleep(0.02)  # different ages
    sweep(place, most=300)
    assert sorted(path.name for path in place.iterdir()) == ["0", "2", "3"]
    sweep(place, most=100)
    assert [path.name for path in place.rglob("*.*")] == ["cat.png"]


def test_a_copy_of_an_old_file_is_new(place):
    (place / "p.png").write_bytes(b"x")
    os.utime(place / "p.png", (0, 0))
    sweep(place)
    assert (place / "p.png").exists()
