"""Scores against computations from the formulas and against scikit-image."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity
from tests.oracle import classic_objective, relative_objective

import impasto
from impasto.workflows.score import score

SIZE = (40, 56)


@pytest.fixture
def pictures(rng):
    return [rng.random((*SIZE, 3), dtype=np.float32) for _ in range(3)]


def test_classic_score_agrees_with_the_formulas(pictures, exact_layers):
    scored = score(*pictures, settings=impasto.Settings(preset="classic"))
    wanted = classic_objective(*(np.float64(picture) for picture in pictures), exact_layers)
    for name in ("content", "style", "tv", "total"):
        assert getattr(scored, name) == pytest.approx(wanted[name], rel=1e-4)
    for layer, loss in scored.layers["style"].items():
        assert loss == pytest.approx(wanted[f"style/{layer}"], rel=1e-4)


def test_distances_are_those_of_the_relative_losses_for_every_preset(pictures, exact_layers):
    scored = score(*pictures, settings=impasto.Settings(preset="classic", style_fit="keep"))
    wanted = relative_objective(
        *(np.float64(picture) for picture in pictures),
        exact_layers,
        content_layers=("block5_conv2",),
        content_weight=1,
        style_weight=5,  # shared by five layers
        tv_weight=0,
    )
    for kind, layers in scored.distances.items():
        for layer, distance in layers.items():
            assert distance == pytest.approx(wanted[f"{kind}/{layer}"], rel=1e-4)


def test_picture_equal_to_its_content_is_at_no_distance(pictures):
    scored = score(pictures[0], pictures[0], pictures[1])
    assert scored.content == 0
    assert scored.distances["content"]["block4_conv2"] == 0
    assert scored.ssim == pytest.approx(1)


def test_picture_equal_to_its_style_has_no_style_loss(pictures):
    scored = score(pictures[0], pictures[1], pictures[0])
    assert scored.style == pytest.approx(0, abs=1e-9)
    assert scored.content > 0


def test_similarity_is_that_of_scikit_image(pictures):
    wanted = structural_similarity(pictures[0], pictures[1], channel_axis=-1, data_range=1.0)
    assert score(*pictures).ssim == pytest.approx(wanted)


def test_height_of_the_pictures_themselves_resamples_nothing(pictures):
    for preset in ("default", "classic"):
        settings = impasto.Settings(preset=preset)
        assert score(*pictures, settings=settings, height=SIZE[0]) == score(
            *pictures, settings=settings
        )


def test_parts_add_up(pictures):
    scored = score(*pictures)
    assert scored.total == pytest.approx(scored.content + scored.style + scored.tv, rel=1e-6)
    assert scored.style == pytest.approx(sum(scored.layers["style"].values()), rel=1e-6)
    assert scored.content == pytest.approx(sum(scored.layers["content"].values()), rel=1e-6)


def test_thin_picture_is_refused(pictures):
    with pytest.raises(impasto.PictureError, match="at least 16 pixels"):
        score(pictures[0][:9], pictures[1], pictures[2])
