"""Results of runs at the same time, and files that appear during a run."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as PIL
from tests.toy import SHALLOW_OPTIONS

from impasto.cli.main import main

QUICK = ("--size", "32", "--scales", "1", "--iterations", "1", "-q", *SHALLOW_OPTIONS)
STYLIZE = ("stylize", "photo.png", "painting.png", *QUICK)
PAINT = ("paint", "photo.png", "--style", "wave", "--size", "32", "-q")
ELSE = b"another program's"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder with a photograph and a painting, and restore the environment."""
    before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for name in ("photo.png", "painting.png"):
        PIL.fromarray(pixels.repeat(8, axis=0).repeat(8, axis=1)).save(tmp_path / name)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def appears(folder, monkeypatch):
    """Let a file appear just before the result is saved."""
    from impasto.workflows.result import Result

    def at(name):
        def save_after(self, path, **options):
            if not (folder / name).exists():
                (folder / name).write_bytes(ELSE)
            return save(self, path, **options)

        save = Result.save
        monkeypatch.setattr(Result, "save", save_after)

    return at


@pytest.mark.parametrize("words", [STYLIZE, PAINT])
def test_a_file_that_appears_at_the_output_is_not_replaced(folder, capsys, appears, words):
    appears("out.png")
    assert main([*words, "-o", "out.png"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("impasto: out.png was made by another program")
    assert "the picture is in out-2.png" in err and err.count("\n") == 1
    assert (folder / "out.png").read_bytes() == ELSE
    with PIL.open("out-2.png") as image:
        assert image.size == (32, 24)


@pytest.mark.parametrize("words", [STYLIZE, PAINT])
def test_where_the_program_has_chosen_the_name_it_takes_another(folder, capsys, appears, words):
    name = "photo_painting" if words is STYLIZE else "photo_wave"
    appears(f"{name}.png")
    assert main(words) == 0
    assert capsys.readouterr().out == f"{name}-2.png\n"
    assert (folder / f"{name}.png").read_bytes() == ELSE


def test_with_force_it_is_replaced(folder, appears):
    appears("out.png")
    assert main([*PAINT, "-o", "out.png", "--force"]) == 0
    assert (folder / "out.png").read_bytes() != ELSE


def test_in_a_folder_of_results_it_is_an_error_of_that_picture(folder, capsys, appears):
    appears("out/photo_wave.png")
    assert main([*PAINT[:2], "painting.png", *PAINT[2:], "-o", "out"]) == 1
    assert "photo_wave.png exists already, made by another program" in capsys.readouterr().err
    assert (folder / "out" / "photo_wave.png").read_bytes() == ELSE


def test_two_runs_at_the_same_time_make_two_pictures(folder):
    words = [sys.executable, "-m", "impasto", *STYLIZE]
    runs = [subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE) for _ in range(2)]
    printed = {run.communicate(timeout=200)[0].decode().strip() for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert printed == {"photo_painting.png", "photo_painting-2.png"}
    assert {*os.listdir(folder)} == {"photo.png", "painting.png", *printed}  # noqa: PTH208
