"""The loss of a batch is the mean of the losses of its pictures."""

import numpy as np
import pytest
import skimage.data

from impasto.backend import _torch_layers, ops, value_and_grad
from impasto.backend._torch_choice import Choice
from impasto.engines.pixels import to_pixels
from impasto.images.sample_styles import sample_style
from impasto.perceptual import objective, statistics
from impasto.perceptual.batch_loss import BatchTargets, batch_loss
from impasto.perceptual.features import features_and_grams_each, vgg19
from impasto.settings import Settings

LOSS = Settings(precision="float32", content_weight=0.3, tv_weight=2.0)


@pytest.fixture(scope="module")
def kernels():
    return objective.load_kernels(LOSS)


@pytest.fixture(scope="module")
def pictures():
    astronaut = skimage.data.astronaut() / np.float32(255)
    return np.stack([astronaut[:48, 180:228], astronaut[60:108, 150:198]])


def test_it_is_the_mean_over_the_pictures_and_so_is_its_gradient(
    kernels, pictures, rng, monkeypatch
):
    # A batch of two may use another operator than single pictures, which rounds differently.
    monkeypatch.setattr(_torch_layers, "choose", lambda *_: Choice("stock", "stock"))
    styles = [to_pixels(sample_style(kind, 64)) for kind in ("swirls", "mosaic")]
    painted = np.clip(pictures + 0.1 * rng.standard_normal(pictures.shape), 0, 1)
    wanted = BatchTargets(*targets(pictures, styles, kernels), {})

    def loss(pixels):
        found = batch_loss(pixels, wanted, kernels, LOSS)
        return found.total, found.parts

    (total, parts), gradient = value_and_grad(loss)(ops.convert_to_tensor(np.float32(painted)))
    single = objective.loss_and_gradient(LOSS)
    alone = [
        single(
            to_pixels(np.float32(one)),
            objective.make_targets(photo, [style], kernels, LOSS),
            kernels,
        )
        for one, photo, style in zip(painted, map(to_pixels, pictures), styles, strict=True)
    ]
    assert float(total) == pytest.approx(
        np.mean([float(value) for (value, _), _ in alone]), rel=1e-5
    )
    for name in ("content", "style", "tv"):
        each = [float(told[name]) for (_, told), _ in alone]
        assert float(parts[name]) == pytest.approx(np.mean(each), rel=1e-5)
    expected = np.concatenate([ops.convert_to_numpy(g) for _, g in alone]) / 2
    error = np.linalg.norm(ops.convert_to_numpy(gradient) - expected) / np.linalg.norm(expected)
    assert error < 1e-5


def targets(pictures, styles, kernels):
    look = objective.network_options(LOSS)
    content = vgg19(ops.convert_to_tensor(pictures), kernels, LOSS.content_layers, **look)
    seen = [vgg19(style, kernels, LOSS.style_layers, **look) for style in styles]
    moments = [{name: statistics.moments(x) for name, x in each.items()} for each in seen]
    grams = {
        name: ops.stack([each[name].second / each[name].weight for each in moments])
        for name in LOSS.style_layers
    }
    return content, grams


def test_each_picture_has_its_own_gram_matrix(kernels, pictures):
    names = ("block1_conv1", "block3_conv1")
    look = objective.network_options(LOSS)
    features, grams = features_and_grams_each(
        ops.convert_to_tensor(pictures), kernels, names, names, **look
    )
    for name in names:
        seen = np.float64(ops.convert_to_numpy(features[name])).reshape(
            2, -1, features[name].shape[3]
        )
        expected = np.einsum("npc,npd->ncd", seen, seen) / seen.shape[1]
        found = ops.convert_to_numpy(grams[name])
        assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_content_is_weighed_by_the_energy_of_its_place(kernels, pictures, rng):
    """With a least energy the loss equals a plain loop over the positions."""
    styles = [to_pixels(sample_style("swirls", 64))] * 2
    content, grams = targets(pictures, styles, kernels)
    painted = np.float32(np.clip(pictures + 0.1 * rng.standard_normal(pictures.shape), 0, 1))
    (name,) = LOSS.content_layers
    wanted = np.float64(ops.convert_to_numpy(content[name]))
    least = float(np.square(wanted).sum(3).mean())
    pixels = ops.convert_to_tensor(painted)
    found = batch_loss(
        pixels, BatchTargets(content, grams, {}), kernels, LOSS, ops.convert_to_tensor(least)
    )
    seen = vgg19(pixels, kernels, [name], **objective.network_options(LOSS))[name]
    distance = np.square(ops.convert_to_numpy(seen) - wanted).sum(3)
    shares = [
        d / max(e, least) for d, e in zip(distance.flat, np.square(wanted).sum(3).flat, strict=True)
    ]
    assert float(found.parts["content"]) == pytest.approx(0.3 * np.mean(shares), rel=1e-4)


def test_a_layer_that_does_not_count_for_a_picture_is_left_out(kernels, pictures):
    styles = [to_pixels(sample_style(kind, 64)) for kind in ("swirls", "mosaic")]
    content, grams = targets(pictures, styles, kernels)
    pixels, name = ops.convert_to_tensor(pictures), "block5_conv1"

    def distance(*counts):
        counted = {} if not counts else {name: ops.convert_to_tensor(np.float32(counts))}
        wanted = BatchTargets(content, grams, counted)
        return float(batch_loss(pixels, wanted, kernels, LOSS).parts[f"style/{name}"])

    assert distance(1, 0) + distance(0, 1) == pytest.approx(distance(), rel=1e-5)
    assert distance(0, 0) == 0
