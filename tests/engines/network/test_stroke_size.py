"""Stroke sizes, with a small network of random weights."""

import numpy as np
import pytest
import skimage.data

from impasto.backend import ops
from impasto.engines.network import painting_memory, predict, stroke_size
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style, style_size
from impasto.engines.network.predict import mix, paint_image
from impasto.engines.network.stroke_size import paint_photograph
from impasto.engines.network.stroke_size_gpu import resized
from impasto.engines.network.trunk import make_network
from impasto.errors import PictureError
from impasto.images.scales import resize

TINY = Architecture((4, 4, 6, 8), blocks=1)


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((2, style_size(TINY))).astype(np.float32)
    styles = {
        name: neutral_style(TINY) + np.float32(0.5) * each
        for name, each in zip(("photograph", "wave"), noise, strict=True)
    }
    return PaintingModel(TINY, tuple(make_network(TINY).get_weights()), styles)


@pytest.fixture(scope="module")
def photo():
    return skimage.data.chelsea()[:, 50:350] / np.float32(255)  # 300x300


def painted(photo, model, stroke_size, mixture=1.0):
    vector = mix(model.styles, {"wave": 1.0}, mixture)
    return paint_photograph(photo, vector, model, mixture=mixture, stroke_size=stroke_size)


@pytest.mark.parametrize("stroke_size", [0.0, 1.0, 2.5])
def test_one_pass_paints_a_picture_of_the_working_size(model, photo, stroke_size):
    expected = paint_image(photo, model.styles["wave"], model)
    np.testing.assert_array_equal(painted(photo, model, stroke_size), expected)


@pytest.mark.parametrize("mixture", [0.3, 1.0, 2.0])
def test_reduced_it_is_the_picture_that_was_painted_small(model, photo, mixture):
    found = painted(photo, model, 8.0, mixture)
    assert found.shape == photo.shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    small = painted(resize(photo, (100, 100)), model, 0.0, mixture)
    assert np.abs(resize(found, (100, 100)) - small).mean() < 0.015
    assert np.abs(found - resize(small, photo.shape[:2])).mean() > 0.002  # and repainted


def test_the_same_photograph_looks_alike_in_all_sizes(model, photo):
    sides = 200, 300, 600
    pictures = [painted(resize(photo, (side, side)), model, 4.0) for side in sides]
    first, *others = [resize(picture, (200, 200)) for picture in pictures]
    for other in others:
        assert np.abs(other - first).mean() < 0.02


def test_a_small_strength_leaves_nearly_the_photograph(model, photo):
    assert painted(photo, model, 8.0, 0.0) is photo
    assert np.abs(painted(photo, model, 8.0, 0.002) - photo).mean() < 0.01


def test_large_pictures_are_painted_in_strips(model, photo, monkeypatch):
    whole = painted(photo, model, 8.0, 0.6)
    monkeypatch.setattr(painting_memory, "_MOST_PIXELS", 20_000)
    np.testing.assert_allclose(painted(photo, model, 8.0, 0.6), whole, atol=4 / 255)


@pytest.mark.parametrize("size", [(16, 4000), (100, 1600), (1600, 65), (16, 16), (17, 33)])
def test_thin_and_tiny_pictures(model, size, rng):
    found = painted(rng.random((*size, 3), dtype=np.float32), model, 8.0)
    assert found.shape == (*size, 3) and np.isfinite(found).all()


def test_too_small_a_photograph_is_refused(model):
    with pytest.raises(PictureError, match="12x80"):
        painted(np.zeros((80, 12, 3), np.float32), model, 1.0)


@pytest.mark.parametrize("mixture", [0.3, 1.0, 2.0])
def test_a_gpu_paints_the_same(model, photo, mixture, monkeypatch):
    expected = painted(photo, model, 8.0, mixture)
    monkeypatch.setattr(stroke_size, "computes_on_host", lambda: False)
    monkeypatch.setattr(stroke_size, "paint_image", None)
    np.testing.assert_allclose(painted(photo, model, 8.0, mixture), expected, atol=1e-4)


def test_a_picture_too_large_for_a_gpu_is_painted_in_strips(model, photo, monkeypatch):
    expected = painted(photo, model, 8.0)
    monkeypatch.setattr(stroke_size, "computes_on_host", lambda: False)
    monkeypatch.setattr(predict, "device_memory", lambda: 1000.0 * 300 * 299)
    np.testing.assert_allclose(painted(photo, model, 8.0), expected, atol=4 / 255)  # as above


@pytest.mark.parametrize("size", [(40, 50), (333, 299)])
def test_lanczos_on_a_gpu_is_that_of_pictures(photo, size):
    found = ops.convert_to_numpy(resized(ops.convert_to_tensor(photo[None]), size))[0]
    np.testing.assert_allclose(
        np.clip(found, photo.min(), photo.max()), resize(photo, size), atol=1e-5
    )
