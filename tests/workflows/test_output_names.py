"""Names of results: claimed by one process, and never another's file replaced."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from impasto.errors import PictureError
from impasto.images.files import read_image, write_image
from impasto.images.new_files import TakenError, as_new_file
from impasto.images.user_folders import cache_folder
from impasto.paint_settings import PaintSettings
from impasto.workflows.output_names import check_saved, claim, save_new
from impasto.workflows.result import Result

HOLD = """
import sys
from pathlib import Path
from impasto.workflows.output_names import claim
with claim(Path(sys.argv[1]), own=True) as name:
    print(name.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def grey(level):
    return np.full((16, 16, 3), level, np.float32)


def result(level):
    return Result(grey(level), None, None, PaintSettings(), (), 0.0, {"inputs": []})


def claims():
    return list((cache_folder() / "claims").iterdir())


def test_a_name_is_claimed_once(tmp_path):
    path = tmp_path / "a.png"
    with claim(path, own=True) as first, claim(path, own=True) as second:
        assert (first.name, second.name) == ("a.png", "a-2.png")
        with pytest.raises(PictureError, match=r"another process is making .*a\.png; wait for it"):
            claim(path, own=False).__enter__()
        with claim(path, own=False, force=True) as third:
            assert third == path
    with claim(path, own=False) as again:
        assert again == path
    assert claims() == [] and not list(tmp_path.glob("*.png"))


def test_another_process_claims_it_until_it_is_killed(tmp_path):
    path = tmp_path / "a.png"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "a.png\n"
        with claim(path, own=True) as name:
            assert name.name == "a-2.png"
        process.kill()
    assert len(claims()) == 1  # what the killed process has left
    with claim(tmp_path / "b.png", own=True):
        assert len(claims()) == 1
    with claim(path, own=True) as name:
        assert name == path
    assert claims() == []


def test_without_a_cache_folder_names_are_not_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.workflows.output_names.cache_folder", lambda: None)
    with claim(tmp_path / "a.png", own=False), claim(tmp_path / "a.png", own=False) as name:
        assert name == tmp_path / "a.png"


def test_a_folder_for_claims_that_cannot_be_made_is_no_error(tmp_path):
    (cache_folder() / "claims").write_text("in the way")
    with claim(tmp_path / "a.png", own=False) as name:
        assert name == tmp_path / "a.png"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_has_appeared_is_not_replaced(tmp_path, monkeypatch, links):
    def unsupported(*_):
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", unsupported)
    path = tmp_path / "a.png"
    assert save_new(result(0.2), path, force=False, quality=92) == path
    other = save_new(result(0.4), path, force=False, quality=92)
    assert other == tmp_path / "a-2.png"
    assert [round(float(read_image(name).mean()), 1) for name in (path, other)] == [0.2, 0.4]
    check_saved(other, path, own=True)
    with pytest.raises(PictureError, match=r"not replaced; the picture is in .*a-2\.png"):
        check_saved(other, path, own=False)
    assert save_new(result(0.6), path, force=True, quality=92) == path
    assert sorted(os.listdir(tmp_path)) == ["a-2.png", "a.png"]  # noqa: PTH208


def test_other_files_are_replaced_as_usual(tmp_path):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, grey(0.2))
    with as_new_file(tmp_path / "a.png"):
        write_image(tmp_path / "b.png", grey(0.4))
        with pytest.raises(TakenError, match="exists already"):
            write_image(tmp_path / "a.png", grey(0.4))
    assert read_image(tmp_path / "a.png").mean() < 0.3
    write_image(tmp_path / "a.png", grey(0.4))
    assert read_image(tmp_path / "a.png").mean() > 0.3
