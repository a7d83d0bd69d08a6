"""Painting in strips equals painting the whole picture."""

import numpy as np
import pytest

from impasto.backend import BACKEND, keras, ops
from impasto.engines.network import painting_memory, predict, strips
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style, style_size
from impasto.engines.network.trunk import make_network
from impasto.errors import PictureError

TINY = Architecture((4, 5, 6, 8), blocks=2)
RICH = Architecture((4, 5, 6, 7, 9), blocks=1, up_blocks=(2, 1, 0, 1), noise=True)


@pytest.mark.parametrize("architecture", [TINY, RICH])
@pytest.mark.parametrize("size", [(64, 48), (61, 83), (17, 130)])
@pytest.mark.parametrize("positions", [100, 1000, 10**6])
def test_strips_equal_the_whole(rng, architecture, size, positions):
    keras.utils.set_random_seed(5)  # some random networks amplify the rounding of 16 bits
    network = make_network(architecture)
    image = rng.random((*size, 3), dtype=np.float32)
    moved = 0.3 * rng.standard_normal(style_size(architecture))
    vector = (neutral_style(architecture) + moved).astype("float32")
    inputs = ops.convert_to_tensor(image[None]), ops.convert_to_tensor(vector[None])
    whole = ops.convert_to_numpy(network(inputs))[0]
    found = strips.paint_in_strips(image, vector, network, positions)
    assert found.dtype == np.float32
    assert np.abs(found - whole).max() < 2 / 255


def test_large_pictures_are_painted_in_strips(rng, monkeypatch):
    network = make_network(TINY)
    model = PaintingModel(TINY, tuple(network.get_weights()), {})
    image, vector = rng.random((40, 50, 3), dtype=np.float32), neutral_style(TINY)
    whole = predict.paint_image(image, vector, model)
    called = []
    monkeypatch.setattr(painting_memory, "_MOST_PIXELS", 1999)
    monkeypatch.setattr(
        predict,
        "paint_in_strips",
        lambda *given: called.append(given) or strips.paint_in_strips(*given),
    )
    np.testing.assert_allclose(predict.paint_image(image, vector, model), whole, atol=2 / 255)
    assert len(called) == 1


def test_little_memory_means_small_strips_and_then_one_sentence(rng, monkeypatch):
    keras.utils.set_random_seed(5)  # as above
    network = make_network(TINY)
    model = PaintingModel(TINY, tuple(network.get_weights()), {})
    image, vector = rng.random((40, 50, 3), dtype=np.float32), neutral_style(TINY)
    whole = predict.paint_image(image, vector, model)
    called = []
    paint = strips.paint_in_strips
    monkeypatch.setattr(painting_memory, "_FEWEST", 100)
    monkeypatch.setattr(painting_memory, "_BESIDE", {BACKEND: 0.0})
    monkeypatch.setattr(
        predict, "paint_in_strips", lambda *given: called.append(given[-1]) or paint(*given)
    )
    monkeypatch.setattr(predict, "available_memory", lambda: 1.5e6)
    np.testing.assert_allclose(predict.paint_image(image, vector, model), whole, atol=2 / 255)
    assert called == [int((0.85 * 1.5e6 - 130 * 40 * 50) / 5000)]
    monkeypatch.setattr(predict, "available_memory", lambda: 0.8e6)
    with pytest.raises(PictureError, match=r"painting 50x40 needs .* free memory, and .*; lower"):
        predict.paint_image(image, vector, model)


@pytest.mark.parametrize(
    ("size", "free", "expected"),
    [
        ((600, 800), 8e9, None),
        ((600, 800), 0.4e9, 35520),
        ((3000, 4000), 8e9, 400_000),
        ((2000, 2600), 1.2e9, 48800),
    ],
)
def test_the_most_positions_that_fit(monkeypatch, size, free, expected):
    monkeypatch.setattr(painting_memory, "_BESIDE", {BACKEND: 0.1e9})
    assert painting_memory.positions_per_strip(size, free) == expected
