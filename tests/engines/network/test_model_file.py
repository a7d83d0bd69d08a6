"""Model files: round trips, and damaged files."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file

from impasto.engines.network.model import (
    Architecture,
    PaintingModel,
    Predictor,
    neutral_style,
    predict_vector,
    style_size,
)
from impasto.engines.network.model_file import VERSION, load_model, save_model
from impasto.engines.network.trunk import load_network
from impasto.errors import ModelError, PictureError

TINY = Architecture((4, 4, 6, 8), blocks=1)
CARD = {"licence": "MIT", "styles": {"wave": {"title": "The Great Wave", "year": 1831}}}


def make_model(rng, *, predictor=True):
    size = style_size(TINY)
    shapes = {"mean": (5,), "deviation": (5,), "hidden_kernel": (5, 3), "hidden_bias": (3,)}
    shapes |= {"kernel": (3, size), "bias": (size,)}
    arrays = {name: 1 + rng.random(shape, dtype=np.float32) for name, shape in shapes.items()}
    return PaintingModel(
        TINY,
        tuple(rng.random((3, 3, 2, n), dtype=np.float32) for n in range(1, 14)),
        {"photograph": neutral_style(TINY), "wave": rng.random(size, dtype=np.float32)},
        Predictor(**arrays) if predictor else None,
        CARD,
    )


@pytest.mark.parametrize("predictor", [True, False])
def test_a_model_comes_back_within_16_bits(rng, tmp_path, predictor):
    model = make_model(rng, predictor=predictor)
    again = load_model(save_model(model, tmp_path / "model.impasto"))
    assert again.architecture == TINY and again.card == CARD
    assert list(again.styles) == ["photograph", "wave"]
    pairs = [*zip(again.trunk, model.trunk, strict=True)]
    pairs += [(again.styles[name], model.styles[name]) for name in model.styles]
    if predictor:
        pairs += zip(again.predictor, model.predictor, strict=True)
    else:
        assert again.predictor is None
    for one, other in pairs:
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-3)


def test_writing_replaces_a_file_as_a_whole(rng, tmp_path):
    path = tmp_path / "model.impasto"
    path.write_text("old")
    save_model(make_model(rng), path)
    assert load_model(path).card == CARD
    assert [each.name for each in tmp_path.iterdir()] == ["model.impasto"]
    with pytest.raises(PictureError, match="cannot write"):
        save_model(make_model(rng), tmp_path / "no" / "model.impasto")


def test_what_is_no_model_is_refused_with_what_was_expected(rng, tmp_path):
    path = tmp_path / "x.impasto"
    with pytest.raises(ModelError, match=r"no model file .*impasto train"):
        load_model(path)
    for content in (b"", b"text", pickle.dumps({"a": 1}), bytes(100)):
        path.write_bytes(content)
        with pytest.raises(ModelError, match="not a model of Impasto"):
            load_model(path)
    save_file({"weight": np.zeros(3, np.float32)}, path)
    with pytest.raises(ModelError, match="safetensors file, but not a model of Impasto"):
        load_model(path)


def test_a_newer_format_asks_for_a_newer_program(rng, tmp_path):
    path = tmp_path / "x.impasto"
    save_file({"a": np.zeros(1)}, path, {"impasto": json.dumps({"version": VERSION + 1})})
    with pytest.raises(ModelError, match=r"newer Impasto .*pip install --upgrade"):
        load_model(path)


def test_a_cut_or_incomplete_file_is_damaged(rng, tmp_path):
    path = save_model(make_model(rng), tmp_path / "x.impasto")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="damaged"):
        load_model(path)
    about = {"version": 1, "architecture": TINY._asdict(), "styles": ["a"], "card": {}}
    save_file({"styles": np.zeros((1, 3))}, path, {"impasto": json.dumps(about)})
    with pytest.raises(ModelError, match="damaged: its style vectors have the shape"):
        load_model(path)
    save_file({"other": np.zeros((1, 3))}, path, {"impasto": json.dumps(about)})
    with pytest.raises(ModelError, match="damaged"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (4, 4, 6)},
        {"widths": (4, 4, 6, -8)},
        {"widths": ("4", 4, 6, 8)},
        {"widths": None},
        {"blocks": 10**9},
        {"blocks": 0},
        {"blocks": 1.5},
        {"other": 1},
    ],
)
def test_an_architecture_that_cannot_be_is_damaged(rng, tmp_path, change):
    about = {"version": 1, "architecture": {**TINY._asdict(), **change}, "styles": [], "card": {}}
    path = tmp_path / "x.impasto"
    save_file({"styles": np.zeros((0, style_size(TINY)))}, path, {"impasto": json.dumps(about)})
    with pytest.raises(ModelError, match="is damaged"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"styles": [1, 2]},
        {"styles": ["a", "a"]},
        {"styles": 2},
        {"card": 1},
        {"card": {"title": "\ud800"}},
        {"styles": ["\ud800", "b"]},
        {"card": {"styles": ["a"]}},
    ],
)
def test_names_and_cards_that_are_none_are_damaged(rng, tmp_path, change):
    about = {"version": 1, "architecture": TINY._asdict(), "styles": ["a", "b"], "card": {}}
    path = tmp_path / "x.impasto"
    arrays = {"styles": np.zeros((2, style_size(TINY)))}
    save_file(arrays, path, {"impasto": json.dumps(about | change)})
    with pytest.raises(ModelError, match="is damaged"):
        load_model(path)


def test_numbers_that_are_not_finite_are_damaged(rng, tmp_path):
    model = make_model(rng)
    model.trunk[3][0, 0, 0, 0] = np.inf
    path = save_model(model, tmp_path / "x.impasto")
    with pytest.raises(ModelError, match="trunk/003 holds numbers that are not finite"):
        load_model(path)


def test_weights_of_another_architecture_are_refused(rng):
    with pytest.raises(ModelError, match="do not fit its architecture"):
        load_network(make_model(rng))


def test_the_predictor_is_two_layers(rng):
    model = make_model(rng)
    numbers = rng.random(5, dtype=np.float32)
    p = model.predictor
    hidden = np.tanh((numbers - p.mean) / p.deviation @ p.hidden_kernel + p.hidden_bias)
    expected = neutral_style(TINY) + hidden @ p.kernel + p.bias
    np.testing.assert_allclose(predict_vector(model, numbers), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="no predictor"):
        predict_vector(make_model(rng, predictor=False), numbers)
