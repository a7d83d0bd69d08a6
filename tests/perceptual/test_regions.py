"""Regions, blends and the style losses, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from impasto.backend import ops
from impasto.engines.pixels import to_pixels
from impasto.perceptual import features, losses, objective, regions, statistics, tiles
from impasto.settings import LAYER_NAMES, Settings
from impasto.types import Guidance

CHANNELS = 8
LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1")
SETTINGS = Settings(style_layers=LAYERS, content_layers=("block2_conv2",))


@pytest.fixture(scope="module")
def kernels():
    """A small network as deep as VGG19."""
    rng = np.random.default_rng(5)
    inputs = [3] + [CHANNELS] * (len(LAYER_NAMES) - 1)
    layers = {
        name: (
            np.float32(rng.normal(0, np.sqrt(2 / 9 / i), (3, 3, i, CHANNELS))),
            np.float32(rng.normal(0, 1, CHANNELS)),
        )
        for name, i in zip(LAYER_NAMES, inputs, strict=True)
    }
    return features.prepare(layers, LAYER_NAMES)


def pictures(rng, size, count):
    return [np.float32(rng.random((*size, 3))) ** (i + 1) for i in range(count)]


def losses_of(picture, content, styles, kernels, settings, guidance, tile=None):
    """All parts, as floats, and the gradient, (H, W, 3)."""
    seen = [to_pixels(style) for style in styles]
    if tile:
        targets = tiles.make_targets(to_pixels(content), seen, kernels, settings, tile, guidance)
        loss = tiles.loss_and_gradient(settings, tile)
    else:
        targets = objective.make_targets(to_pixels(content), seen, kernels, settings, guidance)
        loss = objective.loss_and_gradient(settings)
    (total, parts), gradient = loss(to_pixels(picture), targets, kernels)
    values = {name: float(part) for name, part in {"total": total, **parts}.items()}
    return values, ops.convert_to_numpy(gradient)[0]


def features_of(image, kernels):
    """Features by layer, (positions, C), float64."""
    seen = features.vgg19(to_pixels(image), kernels, LAYERS, padding="replicate")
    return {name: np.float64(ops.convert_to_numpy(seen[name])[0]) for name in LAYERS}


def shrunk(mask, layer):
    """A mask with sides that are multiples of four, at a layer's size."""
    factor = 2 ** (int(layer[5]) - 1)
    rows, columns = mask.shape
    return mask.reshape(rows // factor, factor, columns // factor, factor).mean(axis=(1, 3))


def plain_gram(values, mask):
    flat, weights = values.reshape(-1, values.shape[-1]), mask.ravel()
    gram = np.zeros((flat.shape[1],) * 2)
    for row, weight in zip(flat, weights, strict=True):
        gram += weight * np.outer(row, row)
    return gram / weights.sum()


def test_two_regions_agree_with_a_loop_over_positions(rng, kernels):
    size = (24, 32)
    picture, content, one, other = pictures(rng, size, 4)
    left = np.zeros(size, np.float32)
    left[:, :16] = 1
    left[:, 16] = 0.5  # a soft edge
    ours, _ = losses_of(
        picture, content, [one, other], kernels, SETTINGS, Guidance(masks=(left, 1 - left))
    )
    seen, wanted = features_of(picture, kernels), [features_of(s, kernels) for s in (one, other)]
    for layer in LAYERS:
        expected = 0.0
        for style, mask in zip(wanted, (left, 1 - left), strict=True):
            at_layer = shrunk(mask, layer)
            target = plain_gram(style[layer], np.ones(style[layer].shape[:2]))
            distance = ((plain_gram(seen[layer], at_layer) - target) ** 2).sum()
            expected += at_layer.mean() * distance / (target**2).sum()
        assert ours[f"style/{layer}"] == pytest.approx(expected / len(LAYERS), rel=1e-3)


@pytest.mark.parametrize("preset", ["default", "classic"])
def test_a_mask_of_ones_changes_nothing(rng, kernels, preset):
    picture, content, style = pictures(rng, (32, 48), 3)
    settings = SETTINGS.changed(preset=preset)
    everywhere = Guidance(masks=(np.ones((32, 48), np.float32),))
    plain, gradient = losses_of(picture, content, [style], kernels, settings, Guidance())
    masked, other = losses_of(picture, content, [style], kernels, settings, everywhere)
    assert masked == pytest.approx(plain, rel=1e-4)
    assert np.linalg.norm(other - gradient) <= 1e-3 * np.linalg.norm(gradient)


def test_a_blend_is_the_mean_of_the_targets(rng, kernels):
    picture, content, one, other = pictures(rng, (24, 32), 4)
    guidance = Guidance(weights=(3, 1))
    ours, _ = losses_of(picture, content, [one, other], kernels, SETTINGS, guidance)
    seen, wanted = features_of(picture, kernels), [features_of(s, kernels) for s in (one, other)]
    full = {layer: np.ones(seen[layer].shape[:2]) for layer in LAYERS}
    for layer in LAYERS:
        grams = [plain_gram(style[layer], full[layer]) for style in wanted]
        target = 0.75 * grams[0] + 0.25 * grams[1]
        distance = ((plain_gram(seen[layer], full[layer]) - target) ** 2).sum()
        expected = distance / (target**2).sum() / len(LAYERS)
        assert ours[f"style/{layer}"] == pytest.approx(expected, rel=1e-3)


def test_a_style_of_weight_0_has_no_say(rng, kernels):
    picture, content, one, other = pictures(rng, (24, 32), 4)
    guidance = Guidance(weights=(1, 0))
    alone, _ = losses_of(picture, content, [one], kernels, SETTINGS, Guidance())
    both, _ = losses_of(picture, content, [one, other], kernels, SETTINGS, guidance)
    assert both == pytest.approx(alone)


def test_the_style_is_taken_from_the_masked_part_of_the_painting(rng, kernels):
    picture, content, style = pictures(rng, (32, 32), 3)
    upper = np.zeros((32, 32), np.float32)
    upper[:16] = 1
    ours, _ = losses_of(
        picture, content, [style], kernels, SETTINGS, Guidance(style_masks=(upper,))
    )
    seen, wanted = features_of(picture, kernels), features_of(style, kernels)
    for layer in LAYERS:
        target = plain_gram(wanted[layer], shrunk(upper, layer))
        whole = plain_gram(seen[layer], np.ones(seen[layer].shape[:2]))
        expected = ((whole - target) ** 2).sum() / (target**2).sum() / len(LAYERS)
        assert ours[f"style/{layer}"] == pytest.approx(expected, rel=1e-3)


def test_a_layer_that_a_region_hardly_covers_is_left_out_and_reported(rng, kernels):
    picture, content, style = pictures(rng, (32, 32), 3)
    dot = np.zeros((32, 32), np.float32)
    dot[:4, :4] = 1  # one position of the third block
    with pytest.warns(UserWarning, match=r"at 32x32 .* fewer than 4 positions of .*block3_conv1"):
        ours, _ = losses_of(picture, content, [style], kernels, SETTINGS, Guidance(masks=(dot,)))
    assert ours["style/block3_conv1"] == 0
    assert ours["style/block1_conv1"] > 0
    assert all(np.isfinite(value) for value in ours.values())


@pytest.mark.parametrize("style_loss", ["gram", "moments"])
def test_regions_in_tiles_add_up_to_the_whole(rng, kernels, style_loss):
    settings = SETTINGS.changed(style_loss=style_loss)
    picture, content, one, other = pictures(rng, (80, 112), 4)
    mask = np.float32(rng.random((80, 112)) > 0.4)
    guidance = Guidance(masks=(mask, 1 - mask), style_masks=(None, np.flipud(mask).copy()))
    arguments = picture, content, [one, other], kernels, settings, guidance
    whole, gradient = losses_of(*arguments)
    tiled, other_gradient = losses_of(*arguments, tile=48)
    assert tiled == pytest.approx(whole, rel=1e-3)
    assert np.linalg.norm(other_gradient - gradient) <= 1e-2 * np.linalg.norm(gradient)


def moments_of(rng, positions, channels):
    values = np.float32(rng.random((1, positions, 1, channels)) ** 2 @ rng.random((channels,) * 2))
    return values[0, :, 0], statistics.moments(ops.convert_to_tensor(np.float32(values)))


def wasserstein(one, other):
    """The squared distance of two normal distributions, relative to the second's energy."""
    spread, wanted = (np.cov(x.T, bias=True) for x in (one, other))
    root = np.real(scipy.linalg.sqrtm(wanted))
    both = np.trace(np.real(scipy.linalg.sqrtm(root @ spread @ root)))
    apart = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(spread + wanted) - 2 * both
    return apart / ((other.mean(0) ** 2).sum() + np.trace(wanted))


@pytest.mark.parametrize("channels", [3, 12])
def test_moments_loss_is_the_distance_of_two_normal_distributions(rng, channels):
    (one, found), (other, target) = (moments_of(rng, count, channels) for count in (300, 200))
    ours = float(losses.moments_loss(found, target, losses.covariance_root(target)))
    assert ours == pytest.approx(wasserstein(one, other), rel=0.05)


def test_moments_loss_compares_the_main_directions_of_wide_layers(rng, monkeypatch):
    (one, found), (other, target) = (moments_of(rng, count, 12) for count in (300, 200))
    whole = wasserstein(one, other)
    monkeypatch.setattr(losses, "_DIRECTIONS", 8)
    root = losses.covariance_root(target)
    assert tuple(root.shape) == (12, 8)
    ours = float(losses.moments_loss(found, target, root))
    assert 0 < ours == pytest.approx(whole, rel=0.1)


def test_moments_loss_of_the_painting_itself_is_nothing(rng):
    _, target = moments_of(rng, 200, 6)
    loss = losses.moments_loss(target, target, losses.covariance_root(target))
    assert abs(float(loss)) < 1e-3


def test_patch_loss_is_the_squared_distance_by_the_energy(rng):
    one, other = np.float32(rng.random((2, 1, 5, 7, 4)))
    mask = np.float32(rng.random((1, 5, 7, 1)))
    plain, masked = (
        float(losses.patch_loss(*map(ops.convert_to_tensor, given)))
        for given in ((one, other), (one, other, mask))
    )
    squares, energies = (one - other) ** 2, other**2
    assert plain == pytest.approx(squares.sum() / energies.sum(), rel=1e-4)
    wanted = (squares * mask).sum() / (energies * mask).sum()
    assert masked == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("style_loss", ["moments", "patches"])
def test_gradients_agree_with_differences(rng, kernels, style_loss):
    settings = SETTINGS.changed(style_loss=style_loss, content_weight=0.0, tv_weight=0.0)
    picture, content, style = pictures(rng, (24, 24), 3)
    arguments = content, [style], kernels, settings, Guidance()
    _, gradient = losses_of(picture, *arguments)
    direction = gradient / np.linalg.norm(gradient)
    step = np.float32(0.02)
    ahead, behind = (
        losses_of(picture + sign * step * direction, *arguments)[0]["total"] for sign in (1, -1)
    )
    assert (ahead - behind) / (2 * step) == pytest.approx(np.linalg.norm(gradient), rel=0.05)


def test_style_shares_of_regions_with_thin_layers_add_up_again(rng):
    masks = {name: ops.ones((1, 4, 4, 1)) for name in LAYERS}
    shares = regions._shares(masks, {"block3_conv1"}, SETTINGS)
    given = regions.style_shares(SETTINGS)
    total = sum(float(shares[name]) * weight for name, weight in zip(LAYERS, given, strict=True))
    assert total == pytest.approx(1)
