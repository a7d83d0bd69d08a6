"""Colour handling, strength, and textures."""

import numpy as np
import pytest
from skimage import data
from tests.toy import SHALLOW

import impasto
from impasto.errors import SettingsError
from impasto.images.color import keep_colors, luminance
from impasto.images.scales import resize
from impasto.types import Guidance
from impasto.workflows.colors import prepare_colors

TOY = {"size": 64, "scales": 1, "iterations": 6, **SHALLOW}


@pytest.fixture(scope="module")
def photograph():
    return np.clip(resize(np.float32(data.astronaut()) / 255, (64, 64)), 0, 1)


@pytest.fixture(scope="module")
def painting():
    return impasto.sample_style("woodcut", 96)


def test_kept_colours_are_those_of_a_transfer_afterwards(photograph, painting):
    plain = impasto.stylize(photograph, painting, **TOY).image
    kept = impasto.stylize(photograph, painting, color="keep", **TOY).image
    np.testing.assert_array_equal(kept, keep_colors(plain, photograph))


def test_luminance_alone_changes_no_hue(photograph, painting):
    painted = impasto.stylize(photograph, painting, color="luminance", **TOY).image
    assert np.abs(luminance(painted) - luminance(photograph)).mean() > 0.005
    grey = np.float32(data.camera()[::8, ::8]) / 255
    both = impasto.stylize(grey, painting, color="luminance", **TOY).image
    assert np.ptp(both, axis=-1).max() < 0.01


@pytest.mark.parametrize("color", ["match", "histogram"])
def test_the_painting_gets_the_photographs_palette_before_the_run(photograph, painting, color):
    settings = impasto.Settings(color=color)
    colored = prepare_colors(photograph, [painting], Guidance(), settings, None)
    for image in (painting, *colored.styles):
        assert image.shape == painting.shape
    apart = [
        np.abs(image.mean(axis=(0, 1)) - photograph.mean(axis=(0, 1))).max()
        for image in (painting, *colored.styles)
    ]
    assert apart[1] < 0.05 < 0.1 < apart[0]
    np.testing.assert_array_equal(colored.content, photograph)


def test_the_palette_alone_leaves_the_forms(photograph, painting):
    result = impasto.stylize(photograph, painting, color="palette", **TOY)
    assert result.history[-1]["iteration"] == 0
    assert np.abs(result.image - photograph).mean() > 0.02
    ours, theirs = (luminance(image).ravel() for image in (result.image, photograph))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_strength_0_is_the_photograph(photograph, painting):
    for color in ("style", "keep", "luminance", "match", "palette"):
        for init in ("content", "noise"):
            made = impasto.stylize(photograph, painting, strength=0, color=color, init=init, **TOY)
            np.testing.assert_allclose(made.image, photograph, atol=1e-6)


def test_more_strength_goes_further(photograph, painting):
    knobs = {**TOY, "iterations": 25}
    apart = [
        np.abs(impasto.stylize(photograph, painting, strength=s, **knobs).image - photograph).mean()
        for s in (0.25, 0.5, 1.0, 2.0)
    ]
    assert apart == sorted(apart)


def test_a_texture_has_its_own_shape_and_no_content(painting):
    made = impasto.texture(painting, aspect=2.0, **TOY)
    assert made.image.shape == (32, 64, 3)
    assert made.history[-1]["content"] == 0
    assert made.history[-1]["style"] < made.history[0]["style"]


@pytest.mark.parametrize(
    "changed", [{"strength": 0.5}, {"color": "keep"}, {"protect": "face.png"}, {"masks": ("all",)}]
)
def test_a_texture_has_no_photograph(painting, changed):
    with pytest.raises(SettingsError, match=f"{next(iter(changed))} needs a photograph"):
        impasto.texture(painting, **TOY, **changed)


def test_the_aspect_of_a_texture_has_bounds(painting):
    with pytest.raises(SettingsError, match="aspect"):
        impasto.texture(painting, aspect=0, **TOY)


def test_a_texture_of_two_paintings(painting):
    made = impasto.texture([painting, impasto.sample_style("swirls", 96)], **TOY)
    assert np.isfinite(made.image).all()
