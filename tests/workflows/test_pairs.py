"""Training pairs from the iterative route, and training on them."""

import json

import numpy as np
import pytest
import skimage.data
from tests.toy import SHALLOW

from impasto.errors import ModelError, PictureError
from impasto.images.crops import draw_box, read_photographs
from impasto.images.files import read_image, write_image
from impasto.images.sample_styles import sample_style
from impasto.settings import Settings
from impasto.training_settings import TrainingSettings
from impasto.workflows.pairs import make_pairs, read_pairs
from impasto.workflows.train import train_model
from impasto.workflows.training_plan import make_training

QUICK = Settings(size=48, iterations=3, scales=1, precision="float32", **SHALLOW)
TOY = TrainingSettings(
    widths=(8, 12, 16, 16),
    blocks=1,
    crop=40,
    batch=1,
    steps=40,
    style_size=48,
    learning_rate=0.01,
    pairs_share=1.0,
    pixel_weight=100.0,
    precision="float32",
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos").mkdir()
    astronaut = skimage.data.astronaut() / np.float32(255)
    for i in range(2):
        write_image(tmp_path / "photos" / f"{i}.png", astronaut[60 * i : 60 * i + 60, 150:230])
    write_image(tmp_path / "woodcut.png", sample_style("woodcut", 64))
    return tmp_path


def pairs_of(folder, settings=QUICK):
    return list(make_pairs(folder / "photos", folder / "woodcut.png", folder / "pairs", settings))


def test_pairs_are_made_once_and_reported(folder):
    first = pairs_of(folder)
    assert [(pair.number, pair.count, pair.status) for pair in first] == [
        (1, 2, "done"),
        (2, 2, "done"),
    ]
    assert read_image(first[0].result).shape == (36, 48, 3)
    times = [pair.result.stat().st_mtime_ns for pair in first]
    again = pairs_of(folder)
    assert {pair.status for pair in again} == {"skipped"}
    assert [pair.result.stat().st_mtime_ns for pair in again] == times
    manifest = json.loads((folder / "pairs" / "pairs.json").read_text())
    assert manifest["style"] == "woodcut.png" and manifest["settings"]["size"] == 48
    assert set(manifest["pairs"]) == {"0.png", "1.png"}
    assert len(manifest["pairs"]["0.png"]["photograph_sha256"]) == 64


def test_an_interrupted_run_is_resumed_and_changed_photographs_are_repainted(folder):
    run = make_pairs(folder / "photos", folder / "woodcut.png", folder / "pairs", QUICK)
    next(run)
    run.close()
    assert [pair.status for pair in pairs_of(folder)] == ["skipped", "done"]
    write_image(folder / "photos" / "0.png", np.zeros((50, 60, 3), np.float32))
    assert [pair.status for pair in pairs_of(folder)] == ["done", "skipped"]


def test_what_does_not_fit_is_refused(folder):
    (folder / "photos" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    assert [bool(pair.reason) for pair in pairs_of(folder)] == [False, False, True]
    with pytest.raises(ModelError, match="pairs of other settings"):
        pairs_of(folder, Settings(size=64))
    with pytest.raises(PictureError, match="cannot read"):
        next(make_pairs(folder / "photos", folder / "none.png", folder / "new", QUICK))
    with pytest.raises(ModelError, match=r"has no pairs\.json"):
        read_pairs(folder, folder / "photos")
    (folder / "others").mkdir()
    write_image(folder / "others" / "x.png", np.zeros((50, 60, 3), np.float32))
    with pytest.raises(ModelError, match="no pairs of the photographs"):
        read_pairs(folder / "pairs", folder / "others")
    write_image(folder / "mosaic.png", sample_style("mosaic", 64))
    with pytest.raises(ModelError, match="none of the styles: mosaic"):
        make_training(
            folder / "photos",
            [folder / "mosaic.png"],
            folder / "run",
            TOY,
            pairs=folder / "pairs",
        )


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        '{"style": 1, "pairs": {}}',
        '{"style": "", "pairs": 1}',
        '{"style": "", "pairs": {"a": 1}}',
        '{"style": "", "pairs": {"a": {}}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_manifest_is_refused(folder, text):
    (folder / "pairs").mkdir()
    (folder / "pairs" / "pairs.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read"):
        read_pairs(folder / "pairs", folder / "photos")
    with pytest.raises(ModelError, match="cannot be read"):
        pairs_of(folder)


def test_both_of_a_pair_are_cut_alike(folder):
    photo = folder / "photos" / "0.png"
    small = read_image(photo)[:40, :60]
    write_image(photo, small)
    write_image(folder / "painted.png", 1 - small)
    settings = TrainingSettings(crop=32, plain_share=0.2, pairs_share=0.5)
    pairs = {photo: folder / "painted.png"}
    found = read_photographs([photo], settings, pairs=pairs, painted_style=3)
    drawn = [draw_box(found, number, 32, 0)[0] for number in range(60)]
    assert 15 < sum(index == len(found.pictures) - 1 for index in drawn) < 45
    assert [found.style_of(index) for index in range(len(found.pictures))][-2:] == [None, 3]
    difference = 255 - found.pictures[-1].astype(int) - found.painted[0]
    assert np.abs(difference).max() <= 2


def test_training_on_pairs_lowers_the_distance_of_pixels(folder):
    (folder / "photos" / "1.png").unlink()
    write_image(folder / "photos" / "0.png", read_image(folder / "photos" / "0.png")[:40, :40])
    pairs_of(folder, QUICK.changed(size=40))
    training = make_training(
        folder / "photos", [folder / "woodcut.png"], folder / "run", TOY, pairs=folder / "pairs"
    )
    pixels = [done.losses["pixels"] for done in train_model(training)]
    assert np.mean(pixels[-5:]) < 0.6 * np.mean(pixels[:5])
    assert (folder / "run" / "model.impasto").exists()
