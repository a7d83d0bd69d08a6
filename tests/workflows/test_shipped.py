"""The shipped network: every style paints, and styles differ."""

from itertools import combinations

import numpy as np
import pytest
import skimage.data
from skimage.metrics import structural_similarity

import impasto
from impasto.engines.network.model import PHOTOGRAPH
from impasto.engines.network.model_file import shipped_path
from impasto.images import strokes
from impasto.images.scales import resize
from impasto.workflows.paint import shipped_model

STYLES = impasto.styles()


@pytest.fixture(scope="module")
def photo():
    return np.clip(resize(skimage.data.astronaut() / np.float32(255), (192, 192)), 0, 1)


@pytest.fixture(scope="module")
def painted(photo):
    return {name: impasto.paint(photo, name).image for name in STYLES}


def difference(a, b):
    return np.abs(a - b).mean()


def test_it_is_small_and_says_what_it_is():
    model = shipped_model()
    assert len(STYLES) >= 16
    assert shipped_path().stat().st_size <= 12_000_000
    assert 2 * sum(array.size for array in model.trunk) < 7e6  # bytes of one style, exported
    for about in STYLES.values():
        assert {*about} >= {"title", "painter", "year"} and all(about.values())
    for key in ("title", "licence", "date", "steps", "settings", "photographs", "figures"):
        assert model.card[key]


@pytest.mark.parametrize("name", STYLES)
def test_each_style_gives_another_picture(photo, painted, name):
    image = painted[name]
    assert image.shape == photo.shape and np.isfinite(image).all()
    assert difference(image, photo) > 0.06
    assert image.std() > 0.05  # not flat
    likeness = structural_similarity(image, photo, channel_axis=-1, data_range=1.0)
    assert 0.1 < likeness < 0.9, likeness


def test_styles_differ_from_each_other(painted):
    for a, b in combinations(painted, 2):
        assert difference(painted[a], painted[b]) > 0.03, (a, b)


def test_the_style_of_leaving_things_as_they_are_does_so(photo):
    assert difference(impasto.paint(photo, PHOTOGRAPH).image, photo) < 0.12


def test_strength_goes_from_the_photograph_to_the_style(photo, painted):
    distances = [
        difference(impasto.paint(photo, "wave", strength=s).image, painted["wave"])
        for s in (0.0, 0.5, 1.0)
    ]
    assert distances[0] > distances[1] > distances[2] and distances[2] < 1e-6


def test_a_photograph_looks_alike_in_all_sizes(photo, monkeypatch):
    monkeypatch.setattr(strokes, "REFERENCE_SIDE", 192)
    large = np.clip(resize(photo, (576, 576)), 0, 1)
    for name in ("starry-night", "wave"):
        small = impasto.paint(np.clip(resize(large, (192, 192)), 0, 1), name).image
        alike, fine = (
            resize(impasto.paint(large, name, stroke_size=size).image, (192, 192))
            for size in (1, 0)
        )
        assert difference(alike, small) < 0.01 < 3 * 0.01 < difference(fine, small)


def test_a_painting_never_seen_gives_a_picture_of_its_own(photo, painted):
    pictures = [
        impasto.paint(photo, impasto.sample_style(kind, 256)).image for kind in ("swirls", "mosaic")
    ]
    assert difference(*pictures) > 0.03
    for picture in pictures:
        assert picture.std() > 0.05
        assert difference(picture, photo) > 0.06
