"""Masks: reading, fitting, softening, checking, and pooling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as PIL
from scipy import ndimage
from tests.oracle import NAMES

from impasto.backend import pool2x2
from impasto.errors import PictureError, SettingsError
from impasto.images.files import write_image
from impasto.images.masks import check_mask, coverage, feather, fit_mask, layer_masks, read_mask

sides = st.integers(1, 13)
masks = hnp.arrays(np.float32, st.tuples(sides, sides), elements=st.floats(0, 1, width=32))


def area_mean(mask, size):
    """The area mean of each cell, with partly covered pixels, by plain loops."""
    result = np.zeros(size)
    down, across = mask.shape[0] / size[0], mask.shape[1] / size[1]
    for i in range(size[0]):
        for j in range(size[1]):
            for y in range(mask.shape[0]):
                for x in range(mask.shape[1]):
                    high = min((i + 1) * down, y + 1) - max(i * down, y)
                    wide = min((j + 1) * across, x + 1) - max(j * across, x)
                    result[i, j] += mask[y, x] * max(0, high) * max(0, wide) / (down * across)
    return result


@pytest.mark.parametrize(
    "array",
    [
        np.array([[True, False]]),
        np.array([[255, 0]], np.uint8),
        np.array([[65535, 0]], np.uint16),
        np.array([[1.0, 0.0]]),
        PIL.fromarray(np.array([[255, 0]], np.uint8)),
    ],
)
def test_white_is_inside_in_every_format(array):
    mask = read_mask(array)
    assert mask.dtype == np.float32
    np.testing.assert_array_equal(mask, [[1, 0]])


def test_greys_are_linear_in_the_stored_value(tmp_path):
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(3, axis=0)
    PIL.fromarray(ramp).save(tmp_path / "ramp.png")
    np.testing.assert_allclose(read_mask(tmp_path / "ramp.png"), ramp / 255, atol=1e-6)


def test_transparency_is_the_mask_of_a_picture_in_one_colour(tmp_path, rng):
    alpha = rng.integers(0, 256, (9, 7), dtype=np.uint8)
    for color in (0, 200):
        pixels = np.full((9, 7, 4), color, np.uint8)
        pixels[..., 3] = alpha
        PIL.fromarray(pixels).save(tmp_path / "one.png")
        np.testing.assert_allclose(read_mask(tmp_path / "one.png"), alpha / 255, atol=1e-6)


def test_what_is_transparent_in_a_grey_picture_is_outside(tmp_path):
    pixels = np.array([[[255, 255], [0, 255], [255, 0], [200, 128]]], np.uint8)
    PIL.fromarray(pixels).save(tmp_path / "grey.png")
    wanted = [[1, 0, 0, 200 / 255 * 128 / 255]]
    np.testing.assert_allclose(read_mask(tmp_path / "grey.png"), wanted, atol=1e-5)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_shrinking_by_whole_numbers_is_pillows_box(rng, ratio):
    mask = rng.random((6 * ratio, 5 * ratio), dtype=np.float32)
    box = PIL.fromarray(mask).resize((5, 6), PIL.Resampling.BOX)
    np.testing.assert_allclose(fit_mask(mask, (6, 5)), box, atol=1e-6)


@given(masks, st.tuples(sides, sides))
def test_shrinking_is_the_mean_of_the_area(mask, wanted):
    size = min(mask.shape[0], wanted[0]), min(mask.shape[1], wanted[1])
    fitted = fit_mask(mask, size)
    assert fitted.dtype == np.float32
    np.testing.assert_allclose(fitted, area_mean(mask, size), atol=1e-5)


@given(masks, st.tuples(sides, sides))
def test_a_fitted_mask_has_the_size_and_the_range(mask, size):
    fitted = fit_mask(mask, size)
    assert fitted.shape == size
    assert mask.min() - 1e-6 <= fitted.min() and fitted.max() <= mask.max() + 1e-6


def test_growing_is_bilinear():
    grown = fit_mask(np.array([[0, 1]], np.float32), (1, 8))[0]
    np.testing.assert_allclose(grown, [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1], atol=1e-6)


def test_a_soft_edge_is_a_gaussian(rng):
    mask = (rng.random((20, 30)) > 0.5).astype(np.float32)
    wanted = ndimage.gaussian_filter(mask.astype(np.float64), 1.5, mode="nearest")
    np.testing.assert_allclose(feather(mask, 3), wanted, atol=1e-5)
    assert feather(mask, 3).dtype == np.float32
    np.testing.assert_array_equal(feather(mask, 0), mask)
    full = feather(np.ones((5, 5), np.float32), 100)
    np.testing.assert_allclose(full, 1, atol=1e-5)
    assert full.max() <= 1
    for radius in (-1, math.nan, math.inf):
        with pytest.raises(SettingsError, match="soft edge"):
            feather(mask, radius)


def test_a_mask_must_have_the_pictures_shape_but_not_its_size():
    full = np.ones((100, 150), np.float32)
    for size in ((100, 150), (40, 60), (2000, 3000), (1000, 1480), (1000, 1520)):
        check_mask(full, size, "sky.png")
    with pytest.raises(PictureError, match=r"150x100 pixels and the picture 640x480.*ratio 4:3"):
        check_mask(full, (480, 640), "sky.png")
    with pytest.raises(PictureError, match=r"sky.png is 150x100 .* 100x150"):
        check_mask(full, (150, 100), "sky.png")


def test_a_mask_must_hold_something():
    for empty in (np.zeros((4, 4), np.float32), read_mask(np.eye(4, dtype=np.uint8))):
        with pytest.raises(PictureError, match="nothing is inside"):
            check_mask(empty, (8, 8), "sky.png")
    with pytest.raises(PictureError, match="not finite"):
        check_mask(np.full((4, 4), np.nan, np.float32), (8, 8), "sky.png")


def follow_down(mask, block, edge):
    """Halve a mask as often as the network before a block, by plain loops."""
    for _ in range(1, block):
        half = math.ceil if edge == "same" else math.floor
        shrunk = np.zeros((half(mask.shape[0] / 2), half(mask.shape[1] / 2)))
        for i in range(shrunk.shape[0]):
            for j in range(shrunk.shape[1]):
                shrunk[i, j] = mask[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean()
        mask = shrunk
    return mask


@pytest.mark.parametrize("edge", ["same", "valid"])
@pytest.mark.parametrize("size", [(16, 16), (33, 47), (48, 50), (31, 17)])
def test_layers_see_what_is_left_of_the_mask(rng, size, edge):
    mask = rng.random(size, dtype=np.float32)
    weights = layer_masks(mask, size, NAMES, edge)
    assert list(weights) == NAMES
    for name, weight in weights.items():
        assert weight.dtype == np.float32
        np.testing.assert_allclose(weight, follow_down(mask, int(name[5]), edge), atol=1e-6)


@pytest.mark.parametrize("edge", ["same", "valid"])
def test_masks_shrink_as_features_do(rng, edge):
    mask = rng.random((37, 42), dtype=np.float32)
    seen = np.repeat(mask[None, ..., None], 4, axis=-1)
    pooled = np.asarray(pool2x2(_tensor(seen), "average", edge))
    weight = layer_masks(mask, (37, 42), ["block2_conv2"], edge)["block2_conv2"]
    assert weight.shape in (pooled.shape[1:3], pooled.shape[2:])
    np.testing.assert_allclose(weight, pooled[0, 0], atol=1e-6)


def _tensor(array):
    from impasto.backend import DATA_FORMAT, ops

    tensor = ops.convert_to_tensor(array)
    return ops.transpose(tensor, (0, 3, 1, 2)) if DATA_FORMAT == "channels_first" else tensor


def test_a_mask_of_another_size_is_fitted_first(rng):
    mask = rng.random((60, 80), dtype=np.float32)
    weights = layer_masks(mask, (30, 40), ["block1_conv1", "block3_conv1"], "same")
    np.testing.assert_array_equal(weights["block1_conv1"], fit_mask(mask, (30, 40)))
    assert weights["block3_conv1"].shape == (8, 10)


def test_layers_of_an_evenly_divided_picture_keep_the_mean(rng):
    mask = rng.random((64, 96), dtype=np.float32)
    for weight in layer_masks(mask, (64, 96), NAMES, "same").values():
        assert weight.mean() == pytest.approx(mask.mean(), abs=1e-5)


def test_masks_cover_together_at_most_everything(rng):
    some = [rng.random((4, 5), dtype=np.float32) for _ in range(3)]
    covered = coverage(some)
    np.testing.assert_allclose(covered, np.minimum(1, some[0] + some[1] + some[2]), rtol=1e-6)
    assert covered.dtype == np.float32
    np.testing.assert_array_equal(coverage(some[:1]), some[0])


def test_what_is_no_mask_says_so(tmp_path):
    write_image(tmp_path / "photo.png", np.random.default_rng(0).random((20, 20, 3)))
    with pytest.raises(PictureError, match=r"photo.png is in colour.*after a #"):
        read_mask(tmp_path / "photo.png")
    with pytest.raises(PictureError, match="no file"):
        read_mask(tmp_path / "none.png")
    with pytest.raises(PictureError, match="no file"):
        read_mask(f"{tmp_path / 'none.png'}#red")
    with pytest.raises(PictureError, match="int64"):
        read_mask(np.eye(3, dtype=np.int64))
    with pytest.raises(PictureError, match="not finite"):
        read_mask(np.full((3, 3), np.nan))
