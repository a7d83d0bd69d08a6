"""The default starting picture, a blend of the photograph and the network's painting."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data
from skimage.transform import resize
from tests.toy import SHALLOW

import impasto
from impasto.cli.main import parse
from impasto.presets import starts_from_blend
from impasto.settings import Settings
from impasto.workflows.guidance import Masks, name_masks
from impasto.workflows.style_paintings import style_painting
from impasto.workflows.stylize import make_stylizer

BLEND, PHOTOGRAPH = ("blend", 107), ("content", 135)  # `init` and `iterations`
START = {"size": 64, "scales": 1, "iterations": 0, **SHALLOW}
WAVE, SCREAM = style_painting("wave"), style_painting("scream")


def begins(settings):
    return settings.init, settings.iterations


@pytest.fixture(scope="module")
def photograph():
    return np.clip(resize(np.float32(data.astronaut()) / 255, (64, 64)), 0, 1).astype(np.float32)


def first(photograph, styles, **changed):
    return next(make_stylizer(styles, Settings(**{**START, **changed}))(photograph)).image


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, BLEND),
        ({"size": 1024, "color": "keep", "strength": 0.7}, BLEND),
        ({"quality": "draft"}, ("blend", 60)),
        ({"quality": "best"}, ("content", 400)),
        ({"budget": "45s"}, ("content", 400)),
        ({"preset": "classic"}, ("content", 400)),
        ({"masks": ("all",)}, PHOTOGRAPH),
        ({"style_masks": ("all",)}, PHOTOGRAPH),
        ({"protect": "face.png"}, PHOTOGRAPH),
        ({"seamless": True}, PHOTOGRAPH),
        ({"style_loss": "moments"}, PHOTOGRAPH),
        ({"color": "luminance"}, PHOTOGRAPH),
        ({"init": "noise"}, ("noise", 135)),
        ({"iterations": 50}, ("content", 50)),
        ({"iterations": 50, "init": "blend"}, ("blend", 50)),
    ],
)
def test_a_run_begins_with_a_blend_where_that_was_measured(given, expected):
    assert begins(Settings(**given)) == expected
    words = []
    for name, value in given.items():
        values = value if isinstance(value, tuple) else (value,)
        option = f"--{name.replace('_', '-')}"
        words += [option] if value is True else [option, *map(str, values)]
    assert parse(["stylize", "a.png", "b.png", *words]).settings == Settings(**given)
    assert starts_from_blend(given) == (
        expected[0] == "blend" or given.keys() <= {"quality", "budget", "preset"}
    )


@pytest.mark.parametrize("changed", [{"protect": "a.png"}, {"seamless": True}, {"init": "noise"}])
def test_a_change_brings_the_start_along_and_back(changed):
    settings = Settings(size=640).changed(**changed)
    assert settings.iterations == 135 and settings.init != "blend"
    back = settings.changed(**{name: getattr(Settings(), name) for name in changed})
    assert back == Settings(size=640)
    assert settings.changed(quality="draft").iterations == 60


@pytest.mark.parametrize("init", ["blend", "content", "noise"])
def test_a_start_that_was_given_stays_with_given_iterations(init):
    settings = Settings(init=init, iterations=2)
    assert settings.changed() == settings
    assert begins(settings.changed(size=64)) == (init, 2)


def test_settings_of_before_stay_as_they_are():
    before = Settings(**{**Settings().model_dump(), "init": "content", "iterations": 135})
    assert begins(before.changed(size=1024)) == PHOTOGRAPH


def test_it_is_two_parts_of_the_network_and_three_of_the_photograph(photograph):
    painted = impasto.paint(photograph, "wave", size=64).image
    expected = 0.4 * painted + 0.6 * photograph
    np.testing.assert_allclose(
        first(photograph, "wave", init="blend"), np.clip(expected, 0, 1), atol=1e-5
    )


def test_it_is_weaker_with_less_strength(photograph):
    painted = impasto.paint(photograph, "wave", size=64).image
    expected = 0.2 * painted + 0.8 * photograph
    shown = first(photograph, "wave", init="blend", strength=0.5)
    np.testing.assert_allclose(shown, np.clip(expected, 0, 1), atol=1e-5)
    np.testing.assert_allclose(
        first(photograph, "wave", init="blend", strength=0), photograph, atol=1e-5
    )


def test_several_styles_have_their_shares(photograph):
    pictures = [impasto.paint(photograph, name, size=64).image for name in ("wave", "scream")]
    mixed = 0.75 * pictures[0] + 0.25 * pictures[1]
    shown = first(photograph, [WAVE, SCREAM], init="blend", style_weights=(3, 1))
    np.testing.assert_allclose(shown, np.clip(0.4 * mixed + 0.6 * photograph, 0, 1), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (60, 15), (16, 16)])
def test_photographs_too_small_for_the_network_are_enlarged_for_it(size):
    tiny = np.random.default_rng(0).random((*size, 3), np.float32)
    height = 32 if size[1] >= size[0] else 64
    shown = first(tiny, "wave", init="blend", height=height)
    assert shown.shape[:2] == (height, height * size[1] // size[0])


@pytest.mark.parametrize("size", [(2, 2), (3, 90), (60, 15)])
def test_paintings_too_small_for_the_network_are_enlarged_for_it(photograph, size):
    tiny = np.random.default_rng(0).random((*size, 3), np.float32)
    assert first(photograph, tiny, init="blend", style_scale=10).shape == (64, 64, 3)


def test_masks_at_hand_leave_the_photograph_alone():
    mask = np.ones((8, 8), np.float32)
    settings, _ = name_masks(Settings(), Masks(masks=[mask]))
    assert begins(settings) == PHOTOGRAPH
    settings, _ = name_masks(Settings(), Masks())
    assert begins(settings) == BLEND


def test_the_record_names_the_network_and_the_run_can_be_made_again(photograph, tmp_path):
    path = impasto.write_image(tmp_path / "photo.png", photograph)
    made = impasto.stylize(path, "wave", size=48, init="blend", iterations=2)
    assert [entry["role"] for entry in made.record["inputs"]] == ["content", "style", "model"]
    made.save(tmp_path / "made.png")
    np.testing.assert_array_equal(impasto.again(tmp_path / "made.png").image, made.image)
