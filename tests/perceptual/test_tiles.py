"""Tiles against the whole picture, and against the plain implementation in `tests/oracle.py`."""

from __future__ import annotations

import numpy as np
import pytest
from tests import oracle

from impasto.backend import ops
from impasto.engines.pixels import to_pixels
from impasto.perceptual import features, objective, tiles
from impasto.settings import LAYER_NAMES, Settings

CLASSIC = Settings(preset="classic")
CHANNELS = 8  # of the small network in most tests, as deep as VGG19


@pytest.fixture(scope="module")
def small_layers():
    rng = np.random.default_rng(5)
    inputs = [3] + [CHANNELS] * (len(LAYER_NAMES) - 1)
    return {
        name: (
            np.float32(rng.normal(0, np.sqrt(2 / 9 / i), (3, 3, i, CHANNELS))),
            np.float32(rng.normal(0, 1, CHANNELS)),
        )
        for name, i in zip(LAYER_NAMES, inputs, strict=True)
    }


@pytest.fixture(scope="module")
def small_kernels(small_layers):
    return features.prepare(small_layers, LAYER_NAMES)


def pictures_of(rng, size):
    """Picture, photograph and painting, different enough for accurate differences."""
    picture, content, style = (rng.random((*size, 3), dtype=np.float32) for _ in range(3))
    return picture, content**2, style**3


def losses_of(pictures, kernels, settings, tile=None):
    """All parts of the objective, as floats, and the gradient, (H, W, 3)."""
    picture, content, style = map(to_pixels, pictures)
    if tile is None:
        targets = objective.make_targets(content, [style], kernels, settings)
        loss = objective.loss_and_gradient(settings)
    else:
        targets = tiles.make_targets(content, [style], kernels, settings, tile)
        loss = tiles.loss_and_gradient(settings, tile)
    (total, parts), gradient = loss(picture, targets, kernels)
    assert gradient.shape == picture.shape
    values = {name: float(part) for name, part in {"total": total, **parts}.items()}
    return values, ops.convert_to_numpy(gradient)[0]


def check_against_the_whole(rng, size, kernels, settings, tile):
    """Compare all parts and the gradient; return the gradient's error for each pixel, (H, W).

    Whole and tile may convolve by other operators. Where a value is within their rounding of 0, or
    of the one it is pooled with, their gradients then differ, and both are right: a few pictures in
    a hundred have such a place in a deep layer. So one picture may be off, but not three.
    """
    for _ in range(3):
        pictures = pictures_of(rng, size)
        wanted, gradient = losses_of(pictures, kernels, settings)
        ours, ours_gradient = losses_of(pictures, kernels, settings, tile)
        assert list(ours) == list(wanted)
        assert ours == pytest.approx(wanted, rel=1e-4)  # measured: 1e-5
        errors = np.linalg.norm(ours_gradient - gradient, axis=-1) / np.linalg.norm(gradient)
        if np.linalg.norm(errors) <= 1e-4:  # measured: 3e-6
            return errors * np.sqrt(errors.size)
    return pytest.fail(f"the gradient is off by {np.linalg.norm(errors):.1e}")


KNOBS = {
    "classic": CLASSIC,
    "default": Settings(),
    "average": Settings(pooling="average"),
    "zeros": Settings(
        padding="zeros", content_layers=("block1_conv1", "block2_conv2", "block5_conv4")
    ),
    "classic average": CLASSIC.changed(
        pooling="average", style_layers=("block4_conv4", "block1_conv2")
    ),
    "weights": Settings(style_layer_weights=(5, 4, 0, 2, 1), content_layers=("block3_conv1",)),
}


@pytest.mark.parametrize("knobs", KNOBS)
def test_two_by_two_tiles_add_up_to_the_whole(rng, small_kernels, knobs):
    check_against_the_whole(rng, (195, 213), small_kernels, KNOBS[knobs], 112)


@pytest.mark.parametrize("knobs", ["classic", "default"])
@pytest.mark.parametrize(
    ("size", "tile"),
    [((40, 251), 96), ((249, 17), 112), ((37, 45), 48)],
    ids=["a row", "a column", "smaller than a tile"],
)
def test_pictures_of_any_shape_are_the_sum_of_their_tiles(rng, small_kernels, knobs, size, tile):
    check_against_the_whole(rng, size, small_kernels, KNOBS[knobs], tile)


@pytest.mark.parametrize(("size", "tile"), [((47, 34), 16), ((95, 82), 32), ((95, 82), 80)])
def test_tiles_of_any_size_add_up_to_the_whole(rng, small_kernels, size, tile):
    settings = Settings(
        style_layers=("block1_conv1", "block3_conv1"), content_layers=("block2_conv2",)
    )
    check_against_the_whole(rng, size, small_kernels, settings, tile)


@pytest.mark.parametrize("settings", [CLASSIC, Settings()], ids=lambda s: s.preset)
def test_vgg19_in_tiles_is_as_good_near_their_borders_as_elsewhere(rng, layers, settings):
    kernels = features.prepare(layers, ["block5_conv2"])
    errors = check_against_the_whole(rng, (49, 206), kernels, settings, 96)
    cuts = {part.core.left for part in tiles.grid(errors.shape, 96, 16)} - {0}
    assert cuts == {96}
    near = np.abs(np.arange(206) - 95.5) < 8
    # Medians: a value that rounds the other way changes single pixels.
    assert np.median(errors[:, near]) <= 3 * np.median(errors[:, ~near]) + 1e-7


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_tiles_agree_with_the_oracle(rng, small_layers, small_kernels, padding):
    settings = Settings(
        padding=padding,
        style_layers=("block1_conv2", "block3_conv1"),
        content_layers=("block3_conv2", "block2_conv1"),
    )
    pictures = pictures_of(rng, (53, 83))
    ours, _ = losses_of(pictures, small_kernels, settings, 32)
    theirs = oracle.relative_objective(
        *pictures,
        small_layers,
        content_layers=settings.content_layers,
        content_weight=settings.content_weight,
        style_layers=settings.style_layers,
        style_layer_weights=(1, 1),
        style_weight=settings.style_weight,
        tv_weight=settings.tv_weight,
        padding=padding,
    )
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_the_classic_objective_in_tiles_agrees_with_the_oracle(rng, small_layers, small_kernels):
    pictures = pictures_of(rng, (36, 147))
    ours, _ = losses_of(pictures, small_kernels, CLASSIC, 48)
    assert ours == pytest.approx(oracle.classic_objective(*pictures, small_layers), rel=1e-4)


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_targets_made_in_tiles_are_those_of_the_whole(rng, small_kernels, padding):
    settings = Settings(padding=padding, content_layers=("block1_conv2", "block4_conv2"))
    content = to_pixels(rng.random((67, 139, 3), dtype=np.float32))
    style = to_pixels(rng.random((50, 157, 3), dtype=np.float32))
    wanted = objective.make_targets(content, [style], small_kernels, settings)
    ours = tiles.make_targets(content, [style], small_kernels, settings, 64)
    assert set(ours.content) == set(wanted.content)
    (ours_region,), (region,) = ours.regions, wanted.regions
    assert set(ours_region.style) == set(region.style)
    pairs = [(ours.content[name], wanted.content[name]) for name in wanted.content]
    for name in region.style:
        pairs += zip(ours_region.style[name], region.style[name], strict=True)
    for pair in pairs:
        mine, whole = map(ops.convert_to_numpy, pair)
        assert mine.shape == whole.shape
        assert np.linalg.norm(mine - whole) <= 1e-5 * np.linalg.norm(whole)


def test_the_photograph_itself_has_no_content_loss(rng, small_kernels):
    _, content, style = pictures_of(rng, (36, 100))
    ours, gradient = losses_of((content, content, style), small_kernels, Settings(), 48)
    assert ours["content"] <= 1e-9
    assert ours["total"] > 0
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("size", [(64, 48), (40, 250)])
def test_a_tile_that_does_not_fit_the_poolings_is_refused(rng, small_kernels, size):
    with pytest.raises(ValueError, match="tile must be a positive multiple of 16"):
        losses_of(pictures_of(rng, size), small_kernels, Settings(), 100)
