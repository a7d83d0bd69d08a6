"""Training at toy size: lower loss, exact resume, reported unusable photographs."""

import csv
import itertools
import json
import shutil

import numpy as np
import pytest

from impasto.engines.network.model_file import load_model
from impasto.engines.network.predict import predict_style
from impasto.errors import ModelError, PictureError, SettingsError
from impasto.images.files import read_image, write_image
from impasto.images.sample_styles import sample_style
from impasto.settings import STYLE_LAYERS
from impasto.training_settings import TrainingSettings
from impasto.workflows import train
from impasto.workflows.train import train_model
from impasto.workflows.training_plan import make_training

TOY = TrainingSettings(
    widths=(4, 4, 6, 8), blocks=1, crop=32, batch=2, steps=6, style_size=48, precision="float32"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import skimage.data

    folder = tmp_path_factory.mktemp("train")
    for name in ("photos", "paintings"):
        (folder / name).mkdir()
    astronaut = skimage.data.astronaut() / np.float32(255)
    for i in range(3):
        write_image(folder / "photos" / f"{i}.png", astronaut[i * 60 : i * 60 + 48, 150:210])
    for kind in ("swirls", "mosaic", "woodcut"):
        write_image(folder / "paintings" / f"{kind}.png", sample_style(kind, 64))
    return folder


def toy(folder, output, others=False, **changes):
    settings = TrainingSettings(**{**TOY.model_dump(), **changes})
    styles = [folder / "paintings" / f"{kind}.png" for kind in ("swirls", "mosaic")]
    extra = folder / "paintings" if others else None
    return make_training(folder / "photos", styles, output, settings, others=extra)


@pytest.fixture(scope="module")
def whole(folder):
    """The folder of a training that was never stopped; not to be changed."""
    list(train_model(toy(folder, folder / "whole"), save_every=2))
    return folder / "whole"


@pytest.fixture(scope="module")
def first_step(folder):
    list(train_model(toy(folder, folder / "first_step", steps=1)))
    return folder / "first_step"


@pytest.fixture
def begun(first_step, tmp_path):
    """A folder of its own with a training of one step."""
    return shutil.copytree(first_step, tmp_path / "begun")


def losses(output):
    with (output / "losses.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_one_picture_in_one_style_is_overfitted(folder, tmp_path):
    (tmp_path / "one").mkdir()
    write_image(tmp_path / "one" / "a.png", read_image(folder / "photos" / "0.png")[:40, :40])
    changes = {"steps": 60, "batch": 1, "crop": 40, "learning_rate": 0.01, "content_weight": 0.05}
    changes |= {"plain_share": 0, "noise": False, "widths": (8, 12, 16, 16)}
    changes |= {"style_layers": STYLE_LAYERS[:4], "style_layer_weights": ()}
    settings = TOY.model_dump() | changes
    style = folder / "paintings" / "swirls.png"
    training = make_training(
        tmp_path / "one", [style], tmp_path / "out", TrainingSettings(**settings)
    )
    seen = [done.losses["loss"] for done in train_model(training)]
    assert np.mean(seen[-6:]) < 0.5 * seen[0]


def test_model_losses_and_preview_are_written(folder, tmp_path):
    steps = list(train_model(toy(folder, tmp_path, others=True), preview_every=4))
    assert [done.step for done in steps] == [1, 2, 3, 4, 5, 6]
    header, *rows = losses(tmp_path)
    assert header == ["step", "loss", "content", "style", "tv", "pixels"]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 5, 6]
    for row, done in zip(rows, steps, strict=True):
        assert float(row[1]) == pytest.approx(done.losses["loss"], rel=1e-4)
        assert sum(map(float, row[2:])) == pytest.approx(float(row[1]), rel=1e-3)
    model = load_model(tmp_path / "model.impasto")
    assert list(model.styles) == ["photograph", "swirls", "mosaic"]
    assert model.predictor is not None
    assert model.card["steps"] == 6 and model.card["settings"]["crop"] == 32
    previews = sorted(path.name for path in tmp_path.glob("preview*"))
    assert previews == ["preview_000004.png", "preview_000006.png"]


@pytest.mark.parametrize("others", [False, True])
def test_a_resumed_training_is_the_one_that_was_never_stopped(folder, tmp_path, others):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    list(train_model(toy(folder, whole, others)))
    first = train_model(toy(folder, parts, others))
    for _ in range(3):
        next(first)
    first.close()
    second = list(train_model(toy(folder, parts, others), resume=True))
    assert [done.step for done in second] == [4, 5, 6]
    assert losses(parts) == losses(whole)
    with np.load(whole / "state.npz") as a, np.load(parts / "state.npz") as b:
        assert set(a) == set(b)
        for name in {*a} - {"seconds"}:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_a_training_is_neither_overwritten_nor_resumed_as_another(folder, begun, tmp_path):
    with pytest.raises(ModelError, match="holds a training already"):
        next(train_model(toy(folder, begun)))
    with pytest.raises(ModelError, match="had other learning_rate;"):
        next(train_model(toy(folder, begun, steps=2, learning_rate=0.5), resume=True))
    with pytest.raises(ModelError, match="no training to resume"):
        next(train_model(toy(folder, tmp_path / "new"), resume=True))
    (begun / "state.npz").write_bytes(b"PK cut")
    with pytest.raises(ModelError, match="damaged"):
        next(train_model(toy(folder, begun, steps=1), resume=True))


def test_a_training_goes_on_to_a_new_end_with_more_steps(folder, begun):
    done = list(train_model(toy(folder, begun, steps=1), resume=True))
    assert done == []
    more = list(train_model(toy(folder, begun, steps=3), resume=True))
    assert [each.step for each in more] == [2, 3] and more[-1].done == 1
    again = list(train_model(toy(folder, begun, steps=3), resume=True))
    assert again == []
    with pytest.raises(ModelError, match="has 3 steps already; give a larger number"):
        next(train_model(toy(folder, begun, steps=2), resume=True))


@pytest.mark.parametrize("killed_in", ["save_model", "write_losses", "save_state"])
def test_a_training_killed_while_it_saves_loses_nothing(
    folder, whole, tmp_path, monkeypatch, killed_in
):
    parts = tmp_path / "parts"
    home = train if killed_in == "save_model" else train.folders
    save = getattr(home, killed_in)
    times = itertools.count(1)

    def die(*arguments):
        if next(times) > 2:  # at the last step
            raise SystemExit
        return save(*arguments)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(home, killed_in, die)
        list(train_model(toy(folder, parts), save_every=2))
    list(train_model(toy(folder, parts), resume=True, save_every=2))
    assert losses(parts) == losses(whole)
    assert (parts / "model.impasto").read_bytes() == (whole / "model.impasto").read_bytes()


@pytest.mark.parametrize("change", ["missing", "shape", "step", "about", "infinite"])
def test_a_damaged_state_is_not_resumed(folder, begun, change):
    with np.load(begun / "state.npz") as file:
        arrays = dict(file)
    name = min(arrays.keys() - {"step", "about"})
    if change == "missing":
        del arrays[name]
    arrays |= {
        "shape": {name: np.zeros((3, 1))},
        "step": {"step": -1},
        "about": {"about": "[1]"},
        "infinite": {name: np.full_like(arrays.get(name, 0), np.nan, dtype=np.float32)},
    }.get(change, {})
    np.savez(begun / "state.npz", **arrays)
    with pytest.raises(ModelError, match=r"state\.npz is damaged"):
        next(train_model(toy(folder, begun, steps=1), resume=True))


def test_a_predictor_is_taught_and_the_network_kept(folder, whole, tmp_path):
    file = whole / "model.impasto"

    def teach(output, **changes):
        settings = TrainingSettings(**{**TOY.model_dump(), "batch": 3, "style_size": 40, **changes})
        others = folder / "paintings"
        return make_training(folder / "photos", [], output, settings, others=others, model=file)

    seen = [s.losses["loss"] for s in train_model(teach(tmp_path / "a", steps=60))]
    assert np.mean(seen[-10:]) < np.mean(seen[:3])
    network, taught = load_model(file), load_model(tmp_path / "a" / "model.impasto")
    assert network.predictor is None
    for ours, theirs in zip(taught.trunk, network.trunk, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name, vector in network.styles.items():
        np.testing.assert_array_equal(taught.styles[name], vector)
    assert taught.card["predictor"]["steps"] == 60 and taught.card["steps"] == 6
    vectors = [
        predict_style(read_image(folder / "paintings" / f"{kind}.png"), taught)
        for kind in ("swirls", "mosaic")
    ]
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01

    run = train_model(teach(tmp_path / "b", steps=6))
    for _ in range(3):
        next(run)
    run.close()
    list(train_model(teach(tmp_path / "b", steps=6), resume=True))
    list(train_model(teach(tmp_path / "c", steps=6)))
    assert losses(tmp_path / "b") == losses(tmp_path / "c")


def test_a_training_begins_with_a_network_that_there_is(folder, whole, tmp_path):
    file = whole / "model.impasto"
    still = TrainingSettings(**{**TOY.model_dump(), "steps": 1, "learning_rate": 1e-9})
    style = folder / "paintings" / "woodcut.png"
    training = make_training(folder / "photos", [style], tmp_path / "on", still, model=file)
    list(train_model(training))
    network, begun = load_model(file), load_model(tmp_path / "on" / "model.impasto")
    assert list(begun.styles) == ["photograph", "woodcut"]
    for ours, theirs in zip(begun.trunk, network.trunk, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    mean = (network.styles["swirls"] + network.styles["mosaic"]) / 2
    np.testing.assert_allclose(begun.styles["woodcut"], mean, atol=2e-3)  # 16 bits


def test_unusable_photographs_are_named_in_a_file(folder, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    write_image(photos / "good.png", read_image(folder / "photos" / "0.png"))
    write_image(photos / "tiny.png", np.zeros((8, 8, 3), np.float32))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff cut")
    style = folder / "paintings" / "mosaic.png"
    training = make_training(photos, [style], tmp_path / "out", TOY)
    *_, last = train_model(training)
    assert {path.name for path in last.unusable} == {"tiny.png", "broken.jpg"}
    text = (tmp_path / "out" / "unusable.txt").read_text()
    assert "tiny.png" in text and "smaller than the crops" in text and "broken.jpg" in text


def test_what_cannot_be_trained_on_is_refused_before_work(folder, tmp_path):
    painting = folder / "paintings" / "mosaic.png"
    with pytest.raises(PictureError, match="not a folder"):
        make_training(tmp_path / "none", [painting], tmp_path, TOY)
    with pytest.raises(PictureError, match="same name"):
        make_training(folder / "photos", [painting, painting], tmp_path, TOY)
    with pytest.raises(SettingsError, match="at least one painting"):
        make_training(folder / "photos", [], tmp_path, TOY, others=folder / "paintings")
    with pytest.raises(ModelError, match="no model file"):
        make_training(folder / "photos", [painting], tmp_path, TOY, model=tmp_path / "none")
    with pytest.raises(PictureError, match="no pictures"):
        make_training(tmp_path, [painting], tmp_path, TOY)
    with pytest.raises(SettingsError, match="steps"):
        TrainingSettings(steps=0)
    with pytest.raises(SettingsError, match="no setting named stepz"):
        TrainingSettings(stepz=1)


def test_the_state_says_what_it_is_of(folder, begun):
    with np.load(begun / "state.npz") as state:
        about = json.loads(str(state["about"]))
    assert about["styles"] == {"swirls": "swirls.png", "mosaic": "mosaic.png"}
    assert str(folder) not in json.dumps(about)
