"""Tiles cover a picture once, and their margins cover the receptive field."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.backend import ops
from impasto.engines.pixels import to_pixels
from impasto.perceptual import features
from impasto.perceptual.receptive_field import at_origin, grid, margin
from impasto.settings import LAYER_NAMES


@pytest.mark.parametrize(("tile", "margin"), [(0, 16), (-16, 16), (24, 16), (32, 0), (32, 40)])
def test_a_grid_that_does_not_fit_the_poolings_is_refused(tile, margin):
    with pytest.raises(ValueError, match="multiple of 16"):
        grid((100, 100), tile, margin)


sides = st.integers(16, 240)
multiples = st.integers(1, 8).map(lambda times: 16 * times)


@given(sides, sides, multiples, multiples)
def test_a_grid_covers_every_pixel_once(height, width, tile, margin):
    parts = grid((height, width), tile, margin)
    covered = np.zeros((height, width), dtype=int)
    for core, outer in parts:
        covered[core.top : core.bottom, core.left : core.right] += 1
        for start, end, side in [(0, 2, height), (1, 3, width)]:
            assert core[start] % 16 == 0
            assert 16 <= core[end] - core[start] <= tile + 15
            assert outer[start] == max(0, core[start] - margin)
            assert outer[end] == min(side, core[end] + margin)
    assert (covered == 1).all()


@given(sides, multiples)
def test_cores_are_alike_but_for_the_last_and_as_few_as_can_be(length, tile):
    cores = [part.core for part in grid((16, length), tile, 16)]
    lengths = [core.right - core.left for core in cores]
    assert len(set(lengths[:-1])) <= 1
    assert max(lengths[:-1], default=0) <= tile
    assert (len(lengths) - 1) * tile < length


def test_a_large_picture_has_few_shapes_of_tiles():
    parts = grid((5000, 7001), 512, 80)
    assert len(parts) == 10 * 14
    assert len({at_origin(part) for part in parts}) == 9


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("block1_conv1", 1),
        ("block1_conv2", 2),
        ("block2_conv1", 4),
        ("block3_conv1", 10),
        ("block4_conv2", 38),
        ("block5_conv1", 70),
        ("block5_conv4", 118),
    ],
)
@pytest.mark.parametrize("side", ["above", "below"])
def test_the_margin_holds_all_that_features_depend_on(name, reach, side):
    assert margin([name]) == -(-reach // 16) * 16
    assert margin(["block1_conv1", name]) == margin([name])
    # Convolutions that copy the value above (or below) have the largest reach.
    shift = {}
    for layer in LAYER_NAMES:
        kernel = np.zeros((3, 3, 3, 3), dtype=np.float32)
        kernel[0 if side == "above" else 2, 1] = np.eye(3)
        shift[layer] = kernel, np.zeros(3, dtype=np.float32)
    kernels = features.prepare(shift, [name])
    top, bottom = 128, 160
    picture = np.random.default_rng(6).uniform(1, 2, (288, 16, 3)).astype(np.float32)
    stride = 2 ** (int(name[5]) - 1)

    def core(x):
        seen = features.vgg19(to_pixels(x), kernels, [name], pooling="average")[name]
        return ops.convert_to_numpy(seen)[0, top // stride : bottom // stride]

    def changes(row):
        perturbed = picture.copy()
        perturbed[row] += 1
        return np.abs(core(perturbed) - core(picture)).max()

    last = top - reach if side == "above" else bottom + reach - 1
    beyond = last - 1 if side == "above" else last + 1
    assert changes(last) > 1
    assert changes(beyond) < 1e-3
