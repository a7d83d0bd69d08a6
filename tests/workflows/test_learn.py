"""Learning one style lowers the loss and leaves the trunk unchanged."""

import numpy as np
import pytest
import skimage.data

from impasto.backend import keras
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style
from impasto.engines.network.model_file import load_model, save_model
from impasto.engines.network.predict import paint_image
from impasto.engines.network.trunk import make_network
from impasto.errors import PictureError
from impasto.images.files import write_image
from impasto.images.sample_styles import sample_style
from impasto.training_settings import TrainingSettings
from impasto.workflows.learn import learn_style, sample_photographs

TINY = Architecture((8, 8, 12, 12), blocks=1)
TOY = TrainingSettings(
    steps=40,
    batch=1,
    crop=48,
    style_size=64,
    learning_rate=0.1,
    precision="float32",
    plain_share=0,
)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    trunk = tuple(make_network(TINY).get_weights())
    return PaintingModel(TINY, trunk, {"photograph": neutral_style(TINY)}, None, {"licence": "MIT"})


def test_the_loss_falls_and_only_the_vector_changes(model, tmp_path):
    photo = tmp_path / "photo.png"  # of the crop's size, so that each step sees the same
    write_image(photo, skimage.data.astronaut()[60:108, 190:238] / np.float32(255))
    style = sample_style("mosaic", 96)
    steps = list(learn_style(style, TOY, name="stones", photographs=[photo], model=model))
    losses = [step.losses["loss"] for step in steps]
    assert len(losses) == 40 and np.mean(losses[-4:]) < 0.9 * losses[0]
    again = load_model(save_model(steps[-1].model(), tmp_path / "stones.impasto"))
    assert list(again.styles) == ["photograph", "stones"]
    assert again.card["begun_with"] == {"licence": "MIT"} and again.card["steps"] == 40
    for ours, theirs in zip(steps[-1].model().trunk, model.trunk, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.allclose(again.styles["stones"], again.styles["photograph"], atol=0.05)


def test_it_begins_with_the_style_that_is_nearest(model):
    """The style of a painted picture is found among many distant ones."""
    rng = np.random.default_rng(4)
    neutral = neutral_style(TINY)
    styles = {
        f"far{i}": neutral + np.float32(3 * rng.standard_normal(len(neutral))) for i in (1, 2)
    }
    styles["near"] = np.float32(neutral + 0.3)
    known = PaintingModel(TINY, model.trunk, {**model.styles, **styles}, None, {})
    photo = skimage.data.astronaut()[60:108, 190:238] / np.float32(255)
    painting = paint_image(photo, styles["near"], known)
    changes = {"steps": 1, "learning_rate": 1e-9, "content_weight": 0, "tv_weight": 0}
    still = TrainingSettings(**{**TOY.model_dump(), **changes})
    (step,) = learn_style(painting, still, name="again", model=known)
    np.testing.assert_allclose(step.model().styles["again"], styles["near"], atol=1e-4)


def test_the_trunk_can_learn_too(model):
    short = TrainingSettings(**{**TOY.model_dump(), "steps": 2})
    *_, last = learn_style(sample_style("swirls", 96), short, model=model, trunk=True)
    pairs = zip(last.model().trunk, model.trunk, strict=True)
    assert any(not np.array_equal(ours, theirs) for ours, theirs in pairs)


def test_mistakes_are_named(model, tmp_path):
    with pytest.raises(PictureError, match="not a folder"):
        next(learn_style(sample_style("swirls", 64), TOY, model=model, photographs=tmp_path / "no"))
    with pytest.raises(PictureError, match="another name"):
        next(learn_style(sample_style("swirls", 64), TOY, model=model, name="photograph"))


def test_there_are_photographs_to_learn_on():
    assert len(sample_photographs()) >= 4
