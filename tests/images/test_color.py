"""Colour transfer and lightness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import data
from skimage.color import rgb2lab
from skimage.exposure import match_histograms

from impasto.errors import PictureError, SettingsError
from impasto.images.color import (
    METHODS,
    keep_colors,
    luminance,
    match_colors,
    match_luminance,
    spread,
    transport,
    with_luminance,
)
from impasto.images.oklab import from_linear, to_oklab
from impasto.images.scales import resize

sides = st.integers(1, 6)
images = hnp.arrays(
    np.float32, st.tuples(sides, sides, st.just(3)), elements=st.floats(0, 1, width=32)
)
matrices = hnp.arrays(np.float64, (3, 3), elements=st.floats(-0.3, 0.3))


@pytest.fixture(scope="module")
def coffee():
    return resize(np.float32(data.coffee()) / 255, (40, 60))


@pytest.fixture(scope="module")
def astronaut():
    return resize(np.float32(data.astronaut()) / 255, (48, 50))


def plain(value, size=(3, 4)):
    return np.full((*size, 3), value, np.float32)


def well_formed(image, shape):
    assert image.shape == shape and image.dtype == np.float32
    assert image.min() >= 0 and image.max() <= 1


def test_kept_colours_have_one_lightness_and_the_others_hue(coffee, astronaut):
    painted = resize(astronaut, (40, 60))
    kept = keep_colors(painted, coffee)
    well_formed(kept, coffee.shape)
    found, colors, lightness = to_oklab(kept), to_oklab(coffee), to_oklab(painted)
    inside = (kept > 0.01).all(-1) & (kept < 0.99).all(-1)  # else the colour was out of range
    assert inside.mean() > 0.5
    np.testing.assert_allclose(found[inside][:, 1:], colors[inside][:, 1:], atol=1e-3)
    np.testing.assert_allclose(found[inside][:, 0], lightness[inside][:, 0], atol=1e-3)
    cross = found[..., 1] * colors[..., 2] - found[..., 2] * colors[..., 1]
    np.testing.assert_allclose(cross, 0, atol=1e-3)


def test_kept_colours_are_near_those_that_cielab_would_keep(coffee):
    painted = 0.1 + 0.7 * coffee[:, ::-1].mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    muted = 0.5 + 0.3 * (coffee - 0.5)
    kept = rgb2lab(keep_colors(painted, muted))
    assert np.abs(kept[..., 0] - rgb2lab(painted)[..., 0]).mean() < 1
    assert np.abs(kept[..., 1:] - rgb2lab(muted)[..., 1:]).mean() < 1


def test_a_picture_keeps_its_own_colours(coffee):
    np.testing.assert_allclose(keep_colors(coffee, coffee), coffee, atol=2e-3)


def test_sizes_must_agree(coffee, astronaut):
    with pytest.raises(PictureError, match=r"colours is 50x48 .* lightness 60x40"):
        keep_colors(coffee, astronaut)


@given(images)
def test_luminance_is_the_grey_of_the_same_lightness(image):
    grey = luminance(image)
    assert grey.shape == image.shape[:2] and grey.dtype == np.float32
    assert grey.min() >= 0 and grey.max() <= 1
    as_picture = to_oklab(np.stack([grey] * 3, axis=-1))
    np.testing.assert_allclose(as_picture[..., 0], to_oklab(image)[..., 0], atol=1e-3)
    np.testing.assert_allclose(as_picture[..., 1:], 0, atol=1e-3)


@given(st.floats(0, 1, width=32))
def test_luminance_of_a_grey_is_itself(value):
    np.testing.assert_allclose(luminance(plain(value)), value, atol=1e-4)


def test_a_photograph_is_its_colours_and_its_lightness(coffee):
    np.testing.assert_allclose(with_luminance(coffee, luminance(coffee)), coffee, atol=2e-3)
    grey = with_luminance(plain(0.3, (40, 60)), luminance(coffee))
    np.testing.assert_allclose(grey, np.stack([luminance(coffee)] * 3, axis=-1), atol=1e-3)


def test_matched_luminance_has_the_photographs_mean_and_contrast(rng):
    painting, photo = rng.random((30, 20)) ** 2, 0.4 + 0.2 * rng.random((10, 40))
    matched = match_luminance(painting.astype(np.float32), photo.astype(np.float32))
    well_formed(matched, painting.shape)
    wanted = photo.std() / painting.std() * (painting - painting.mean()) + photo.mean()
    np.testing.assert_allclose(matched, wanted, atol=1e-5)
    flat = match_luminance(np.full((3, 3), 0.7, np.float32), photo.astype(np.float32))
    np.testing.assert_allclose(flat, photo.mean(), atol=1e-5)
    well_formed(match_luminance(np.float32([[0, 0, 0, 1]]), np.float32([[0, 1]])), (1, 4))


def test_spread_is_mean_and_covariance(coffee):
    mean, covariance = spread(coffee)
    pixels = coffee.reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(mean, pixels.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(covariance, np.cov(pixels.T, bias=True), atol=1e-6)


def test_matched_colours_have_the_targets_mean_and_covariance(coffee, astronaut):
    muted = 0.5 + 0.25 * (astronaut - astronaut.mean())  # so that nothing leaves sRGB
    matched = match_colors(coffee, muted)
    well_formed(matched, coffee.shape)
    for found, wanted in zip(spread(to_oklab(matched)), spread(to_oklab(muted)), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-3)


@given(matrices, matrices)
def test_transport_turns_one_covariance_into_the_other(one, other):
    source, target = one @ one.T + 1e-3 * np.eye(3), other @ other.T
    matrix = transport(source, target)
    np.testing.assert_allclose(matrix @ source @ matrix, target, atol=1e-6)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-7)
    assert np.linalg.eigvalsh(matrix).min() > -1e-6


def test_noise_is_not_stretched_to_colours(rng):
    grey = plain(0.5, (40, 40)) + 0.001 * rng.standard_normal((40, 40, 3), dtype=np.float32)
    vivid = rng.random((20, 20, 3), dtype=np.float32)
    assert to_oklab(match_colors(grey, vivid)).std(axis=(0, 1)).max() < 0.05


def test_histograms_are_scikit_images(coffee, astronaut):
    matched = match_colors(coffee, astronaut, method="histogram")
    well_formed(matched, coffee.shape)
    wanted = match_histograms(coffee, astronaut, channel_axis=-1)
    np.testing.assert_allclose(matched, wanted, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@given(images, images)
def test_matched_colours_stay_in_range(method, source, target):
    well_formed(match_colors(source, target, method=method), source.shape)


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_matched_with_itself_stays(coffee, method):
    np.testing.assert_allclose(match_colors(coffee, coffee, method=method), coffee, atol=3e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(3, 4), (1, 1)])
def test_pictures_of_one_colour_take_another(method, size):
    for value in (0, 0.25, 1):
        for color in ((0, 0, 0), (1, 1, 1), (0.2, 0.4, 0.6)):
            target = np.broadcast_to(np.float32(color), (2, 5, 3))
            matched = match_colors(plain(value, size), target, method=method)
            np.testing.assert_allclose(matched, plain(color, size), atol=1e-3)


def test_an_unknown_method_is_named(coffee):
    with pytest.raises(SettingsError, match=r"'mean' .* covariance, histogram"):
        match_colors(coffee, coffee, method="mean")


def test_pictures_of_one_colour_have_a_lightness():
    for value in (0, 1):
        np.testing.assert_allclose(keep_colors(plain(value), plain(0.5)), value, atol=1e-3)
    for lightness in (0.0, 0.5, 1.0):
        image = with_luminance(plain([1, 0, 0]), np.full((3, 4), lightness, np.float32))
        well_formed(image, (3, 4, 3))
    assert from_linear(np.zeros(1, np.float32))[0] == 0


@given(images)
def test_inputs_are_left_alone(image):
    before = image.copy()
    keep_colors(image, image)
    match_colors(image, image)
    np.testing.assert_array_equal(image, before)
