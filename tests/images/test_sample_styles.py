"""Sample paintings: valid arrays, reproducible by seed, and rich in colour and texture."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2hsv

from impasto.errors import SettingsError
from impasto.images.sample_styles import MAX_SIZE, MIN_SIZE, SAMPLE_STYLES, sample_style
from impasto.images.sample_styles.surface import oklab, srgb
from impasto.types import Image

SIZE = 128
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
KINDS = sorted(SAMPLE_STYLES)


@cache
def painting(kind: str, size: int = SIZE, seed: int = 0) -> Image:
    image = sample_style(kind, size, seed)
    image.flags.writeable = False  # it is shared between tests
    return image


def hues(image: Image) -> int:
    """Count the twelfths of the colour circle that hold a fiftieth of the picture, vivid."""
    hue, saturation, value = np.moveaxis(rgb2hsv(image), -1, 0)
    vivid = (saturation > 0.4) & (value > 0.3)
    counts, _ = np.histogram(hue[vivid], bins=12, range=(0, 1))
    return int((counts > 0.02 * hue.size).sum())


def contrast(image: Image) -> float:
    return float((image @ LUMINANCE).std())


def fine_texture(image: Image) -> float:
    grey = image @ LUMINANCE
    return float((grey - gaussian_filter(grey, 1.5)).std())


def flat_share(image: Image) -> float:
    """Share of 8 x 8 blocks that are almost flat."""
    grey = image @ LUMINANCE
    rows, columns = grey.shape[0] // 8, grey.shape[1] // 8
    blocks = grey[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
    return float((blocks.std(axis=(1, 3)) < 0.02).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_style_is_a_landscape_image_of_the_size_asked_for(kind: str) -> None:
    for size in (MIN_SIZE, 97, SIZE):
        image = painting(kind, size)
        assert image.shape == (round(0.75 * size), size, 3)
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert image.min() >= 0.0
        assert image.max() <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_picture(kind: str) -> None:
    np.testing.assert_array_equal(painting(kind), sample_style(kind, SIZE, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_gives_another_picture(kind: str) -> None:
    assert np.abs(painting(kind) - painting(kind, seed=1)).mean() > 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_the_global_random_state_plays_no_part(kind: str) -> None:
    before = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    sample_style(kind, MIN_SIZE)
    np.testing.assert_array_equal(before, np.random.get_state(legacy=False)["state"]["key"])  # noqa: NPY002


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_rich(kind: str) -> None:
    assert hues(painting(kind)) >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_light_and_dark_differ(kind: str) -> None:
    assert contrast(painting(kind)) > 0.12


@pytest.mark.parametrize("kind", KINDS)
def test_fine_texture_is_everywhere(kind: str) -> None:
    assert fine_texture(painting(kind)) > 0.03
    assert flat_share(painting(kind)) < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_a_larger_picture_shows_the_same_scene(kind: str) -> None:
    small, large = painting(kind, SIZE), painting(kind, 2 * SIZE)
    reduced = large.reshape(small.shape[0], 2, SIZE, 2, 3).mean(axis=(1, 3))
    blurred = [gaussian_filter(image, (3, 3, 0)) for image in (small, reduced)]
    assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] > 0.95


def test_a_flat_picture_would_fail_these_floors() -> None:
    flat = np.full((96, 128, 3), (0.2, 0.4, 0.8), np.float32)
    assert hues(flat) < 4
    assert contrast(flat) < 0.12
    assert fine_texture(flat) < 0.03
    assert flat_share(flat) == 1.0


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(SettingsError, match="swirls, mosaic, woodcut"):
        sample_style("fresco")


@pytest.mark.parametrize("size", [MIN_SIZE - 1, MAX_SIZE + 1, 0, -5])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(SettingsError, match=r"64\.\.4096"):
        sample_style("swirls", size)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(SettingsError, match="seed"):
        sample_style("swirls", SIZE, -1)


def test_oklab_and_srgb_are_inverse_to_each_other() -> None:
    codes = ("000000", "ffffff", "1f3fa6", "f0932b", "010203")
    expected = np.array([list(bytes.fromhex(code)) for code in codes]) / 255
    np.testing.assert_allclose(srgb(oklab(*codes)), expected, atol=2e-4)


def test_oklab_gives_the_published_value_of_pure_red() -> None:
    np.testing.assert_allclose(oklab("ff0000")[0], (0.62796, 0.22486, 0.12585), atol=1e-4)
