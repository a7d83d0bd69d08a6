"""Painting in strips equals painting the whole picture."""

import numpy as np
import pytest

from impasto.backend import keras, ops
from impasto.engines.network import predict, strips
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style, style_size
from impasto.engines.network.trunk import make_network

TINY = Architecture((4, 5, 6, 8), blocks=2)
RICH = Architecture((4, 5, 6, 7, 9), blocks=1, up_blocks=(2, 1, 0, 1), noise=True)


@pytest.mark.parametrize("architecture", [TINY, RICH])
@pytest.mark.parametrize("size", [(64, 48), (61, 83), (17, 130)])
@pytest.mark.parametrize("positions", [100, 1000, 10**6])
def test_strips_equal_the_whole(rng, monkeypatch, architecture, size, positions):
    monkeypatch.setattr(strips, "_STRIP", positions)
    keras.utils.set_random_seed(5)  # some random networks amplify the rounding of 16 bits
    network = make_network(architecture)
    image = rng.random((*size, 3), dtype=np.float32)
    moved = 0.3 * rng.standard_normal(style_size(architecture))
    vector = (neutral_style(architecture) + moved).astype("float32")
    inputs = ops.convert_to_tensor(image[None]), ops.convert_to_tensor(vector[None])
    whole = ops.convert_to_numpy(network(inputs))[0]
    found = strips.paint_in_strips(image, vector, network)
    assert found.dtype == np.float32
    assert np.abs(found - whole).max() < 2 / 255


def test_large_pictures_are_painted_in_strips(rng, monkeypatch):
    network = make_network(TINY)
    model = PaintingModel(TINY, tuple(network.get_weights()), {})
    image, vector = rng.random((40, 50, 3), dtype=np.float32), neutral_style(TINY)
    whole = predict.paint_image(image, vector, model)
    called = []
    monkeypatch.setattr(predict, "_MOST_PIXELS", 1999)
    monkeypatch.setattr(
        predict,
        "paint_in_strips",
        lambda *given: called.append(given) or strips.paint_in_strips(*given),
    )
    np.testing.assert_allclose(predict.paint_image(image, vector, model), whole, atol=2 / 255)
    assert len(called) == 1
