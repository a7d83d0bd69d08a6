"""Reading and checking masks."""

import numpy as np
import pytest

import impasto
from impasto.errors import PictureError, SettingsError
from impasto.settings import Settings
from impasto.workflows.guidance import Masks, make_guidance

PHOTOGRAPH = np.full((40, 60, 3), 0.5, np.float32)
PAINTING = np.full((30, 30, 3), 0.5, np.float32)


@pytest.fixture
def left(tmp_path):
    mask = np.zeros((20, 30, 3), np.float32)
    mask[:, :15] = 1
    return str(impasto.write_image(tmp_path / "left.png", mask))


def guidance(count, given, **changed):
    return make_guidance(PHOTOGRAPH, [PAINTING] * count, Settings(**changed), given or Masks())


def test_rest_is_what_no_other_mask_covers(left):
    made = guidance(2, Masks([left, "rest"]))
    assert made.masks[0].shape == (40, 60)
    np.testing.assert_allclose(made.masks[0] + made.masks[1], 1, atol=1e-6)
    assert made.masks[0][20, 5] > 0.99
    assert made.masks[1][20, 55] > 0.99


def test_all_is_everywhere(left):
    made = guidance(2, Masks(["all", left]))
    assert made.masks[0] is None


def test_settings_name_masks_as_well(left):
    made = guidance(2, None, masks=(left, "rest"), protect=left, style_weights=(1, 2))
    assert made.weights == (1, 2)
    np.testing.assert_array_equal(made.protect, made.masks[0])


def test_edges_are_as_soft_as_feather_says(left):
    hard, soft = (guidance(1, None, masks=(left,), feather=f).masks[0] for f in (0.0, 0.1))
    assert ((hard > 0.01) & (hard < 0.99)).sum() < ((soft > 0.01) & (soft < 0.99)).sum()


@pytest.mark.parametrize(
    ("name", "value"), [("style_weights", (1.0,)), ("masks", ("all",)), ("style_masks", ("all",))]
)
def test_there_must_be_one_for_each_style(name, value):
    with pytest.raises(SettingsError, match=f"{name} has 1 values for 2 styles; give one"):
        guidance(2, None, **{name: value})


def test_a_mask_of_another_shape_is_refused(tmp_path):
    tall = impasto.write_image(tmp_path / "tall.png", np.ones((60, 20, 3), np.float32))
    with pytest.raises(PictureError, match=r"tall\.png of the photograph"):
        guidance(1, None, masks=(str(tall),))


def test_an_empty_mask_is_refused():
    with pytest.raises(PictureError, match="the mask of the photograph"):
        guidance(1, Masks(protect=np.zeros((40, 60), np.float32)))


def test_a_missing_mask_is_named():
    with pytest.raises(PictureError, match=r"sky\.png"):
        guidance(1, None, masks=("sky.png",))
