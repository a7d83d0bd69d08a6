"""Painted regions, and style pictures of iterative jobs."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.errors import SettingsError
from impasto.images.files import read_image
from impasto.settings import Settings
from impasto.studio.page.job_inputs import (
    BLUE,
    GREEN,
    RED,
    Regions,
    read_regions,
    region_settings,
    style_picture,
)
from impasto.types import Picture
from impasto.workflows.guidance import Masks, make_guidance
from impasto.workflows.style_paintings import style_painting

COLORS = {GREEN: (0, 255, 0), RED: (255, 0, 0), BLUE: (0, 0, 255)}


def layer(*strokes, height=40, width=60):
    made = np.zeros((height, width, 4), np.uint8)
    for color, (top, bottom) in strokes:
        made[top:bottom] = (*COLORS[color], 255)
    return made


def test_an_unpainted_canvas_has_no_regions():
    assert read_regions([]) is None
    assert read_regions([layer()]) is None


def test_soft_edges_get_the_nearest_colour():
    painted = layer((RED, (0, 10)), (GREEN, (20, 30)))
    painted[10] = (200, 60, 40, 255)  # soft edge of red
    painted[11] = (255, 0, 0, 40)  # nearly transparent
    regions = read_regions([painted])
    assert regions.colors == {RED, GREEN}
    assert (regions.picture[:11] == COLORS[RED]).all()
    assert (regions.picture[11:20] == 0).all()
    assert (regions.picture[20:30] == COLORS[GREEN]).all()


def test_later_layers_are_on_top():
    regions = read_regions([layer((RED, (0, 40))), layer((BLUE, (0, 20)))])
    assert (regions.picture[:20] == COLORS[BLUE]).all()
    assert (regions.picture[20:] == COLORS[RED]).all()


def test_a_large_canvas_is_refused():
    with pytest.raises(SettingsError, match="3000 x 2000 pixels, and the limit is 4 million"):
        read_regions([np.zeros((2000, 3000, 4), np.uint8)])
    small = layer((RED, (0, 40)))
    with pytest.raises(SettingsError, match="differ in size"):
        read_regions([small, small[1:]])


def test_colours_map_to_the_nearest(rng):
    painted = rng.integers(0, 256, (30, 20, 4), np.uint8)
    regions = read_regions([painted])
    colors = np.array([[0, 255, 0], [255, 0, 0], [0, 0, 255]])
    distance = np.abs(painted[..., None, :3].astype(int) - colors).sum(-1)
    wanted = colors[distance.argmin(-1)] * (painted[..., 3:] >= 128)
    np.testing.assert_array_equal(regions.picture, wanted)


@pytest.mark.parametrize(
    ("colors", "styles", "masks", "protected"),
    [
        ({GREEN}, 1, None, True),
        ({RED}, 1, [RED], False),
        ({RED, GREEN}, 1, [RED], True),
        ({RED}, 2, [RED, "rest"], False),
        ({BLUE}, 2, ["rest", BLUE], False),
        ({RED, BLUE}, 2, [RED, BLUE], False),
        ({RED}, 3, [RED, "rest", "rest"], False),
    ],
)
def test_colours_become_masks(tmp_path, colors, styles, masks, protected):
    strokes = [(color, (10 * place, 10 * place + 9)) for place, color in enumerate(sorted(colors))]
    settings = region_settings(read_regions([layer(*strokes)]), styles, tmp_path)
    path = str(tmp_path / "regions.png")
    assert settings.get("protect") == (f"{path}{GREEN}" if protected else None)
    wanted = masks and tuple(one if one == "rest" else f"{path}{one}" for one in masks)
    assert settings.get("masks") == wanted
    made = Settings(**settings)
    guidance = make_guidance(
        np.zeros((40, 60, 3), np.float32), [np.zeros((9, 9, 3), np.float32)] * styles, made, Masks()
    )
    assert (guidance.protect is not None) == protected


def test_blue_needs_a_second_style(tmp_path):
    regions = Regions(np.zeros((4, 4, 3), np.uint8), frozenset({BLUE}))
    with pytest.raises(SettingsError, match="second style"):
        region_settings(regions, 1, tmp_path)


def test_a_painting_is_its_own_style(tmp_path):
    photograph = Picture(np.full((40, 60, 3), 0.5, np.float32))
    assert style_picture(str(tmp_path / "a.png"), photograph, tmp_path) == tmp_path / "a.png"


def test_a_learned_style_has_the_painting_that_ships(tmp_path):
    photograph = Picture(np.full((40, 60, 3), 0.5, np.float32))
    assert style_picture("wave", photograph, tmp_path) == style_painting("wave")
    assert not [*tmp_path.iterdir()]


def test_without_a_shipped_painting_the_network_paints_the_photograph(tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.studio.page.job_inputs.style_painting", lambda name: None)
    photograph = Picture(np.linspace(0, 1, 64 * 96 * 3, dtype=np.float32).reshape(64, 96, 3))
    path = style_picture("wave", photograph, tmp_path)
    painted = read_image(path)
    assert max(painted.shape) == 768
    assert painted.std() > 0.02
