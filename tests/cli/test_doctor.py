"""`impasto doctor` with pictures, and its report on folders and memory."""

import json
import tempfile

import numpy as np
import pytest

import impasto
from impasto.cli import doctor
from impasto.cli.main import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, shape in (("photo.png", (150, 200)), ("painting.png", (200, 200))):
        impasto.write_image(name, rng.random((*shape, 3)).astype(np.float32))
    return tmp_path


def test_a_pair_is_described_without_painting_it(folder, capsys):
    assert main(["doctor", "photo.png", "painting.png"]) == 0
    said = capsys.readouterr().out
    assert "photograph photo.png, 200x150 pixels" in said
    assert "stylize    512x384, memory about" in said
    assert "expect     photo.png has 200x150 pixels and is enlarged 2.6 times" in said
    assert sorted(path.name for path in folder.iterdir()) == ["painting.png", "photo.png"]


def test_a_pair_in_json(folder, capsys):
    assert main(["doctor", "photo.png", "apocalypse", "painting.png", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in report["paintings"]] == ["apocalypse.jpg", "painting.png"]
    assert report["result"]["size"] == [512, 384]
    assert report["result"]["seconds"] > 0
    assert any("apocalypse.jpg has one ink" in sentence for sentence in report["advice"])


def test_a_photograph_by_itself(folder, capsys):
    assert main(["doctor", "photo.png"]) == 0
    assert "nothing stands against a good result" in capsys.readouterr().out


def test_missing_pictures_are_named(folder, capsys):
    assert main(["doctor", "none.png", "painting.png"]) == 1
    assert "there is no file none.png" in capsys.readouterr().err


def test_folders_memory_and_cores_are_reported(folder, monkeypatch):
    places = doctor._places()
    assert places["temporary"] == tempfile.gettempdir()
    assert places["memory_gb"] > 0 and places["cores"] >= 1
    timing = {"seconds_per_megapixel": 1.0}
    poor = {"places": {**places, "cache": None, "memory_gb": 1.2}, "timing": timing}
    first, second = doctor._advice(poor)
    assert "no folder for caches can be written" in first
    assert "only 1.2 GB of memory are free" in second
    good = {"places": {**places, "cache": "a", "memory_gb": 8.0}, "timing": timing}
    assert doctor._advice(good) == []
