"""The temporal loss of clips, against NumPy and finite differences."""

import numpy as np
import pytest

from impasto.backend import ops
from impasto.engines.iterative.optimize import optimize_image
from impasto.engines.iterative.temporal import with_temporal_loss
from impasto.engines.pixels import to_pixels
from impasto.settings import Settings
from impasto.types import Guidance, TemporalTarget

from ...toy import SHALLOW


def plain(pixels, targets, kernels):
    """A loss whose gradient is 1 everywhere."""
    total = ops.sum(pixels)
    return (total, {"style": total}), ops.ones_like(pixels)


@pytest.fixture
def target(rng):
    known = rng.uniform(0, 1, (20, 24)).astype(np.float32)
    return TemporalTarget(rng.uniform(0, 1, (20, 24, 3)).astype(np.float32), known, 7.0)


def test_the_loss_and_its_gradient(target, rng):
    image = rng.uniform(0, 1, (20, 24, 3)).astype(np.float32)
    loss = with_temporal_loss(plain, target, (20, 24))
    (total, parts), gradient = loss(to_pixels(image), None, None)

    def expected(x):
        squares = np.float64(target.known)[..., None] * (np.float64(x) - target.image) ** 2
        return x.sum(dtype=float) + 7 * squares.mean()

    assert float(total) == pytest.approx(expected(image), rel=1e-5)
    assert float(parts["temporal"]) == pytest.approx(expected(image) - image.sum(), rel=1e-2)
    found = ops.convert_to_numpy(gradient)[0]
    for place in ((0, 0, 0), (10, 11, 2), (19, 23, 1)):
        step = np.zeros((20, 24, 3))
        step[place] = 1e-3
        slope = (expected(image + step) - expected(image - step)) / 2e-3
        assert found[place] == pytest.approx(slope, rel=1e-5)


def test_a_target_of_another_size_is_resized(target):
    flat = target._replace(image=np.full((20, 24, 3), 0.5, np.float32), known=np.ones((20, 24)))
    loss = with_temporal_loss(plain, flat, (10, 12))
    (total, _), _ = loss(to_pixels(np.zeros((10, 12, 3), np.float32)), None, None)
    assert float(total) == pytest.approx(7 * 0.25, rel=1e-3)


@pytest.mark.parametrize("tile", [None, 64])
def test_a_run_approaches_its_target_where_the_motion_is_known(rng, tile):
    content, style, image = (rng.uniform(0, 1, (48, 128, 3)).astype(np.float32) for _ in range(3))
    known = np.zeros((48, 128), np.float32)
    known[:, :64] = 1
    settings = Settings(size=128, scales=1, iterations=12, tile=tile, **SHALLOW)

    def distance(temporal):
        guidance = Guidance(temporal=temporal)
        *_, step = optimize_image(content, [style], settings, guidance=guidance)
        assert ("temporal" in step.losses) == (temporal is not None)
        change = np.square(step.image - image).mean(axis=(0, 2))
        return change[:56].mean(), change[72:].mean()

    free = distance(None)
    known, unknown = distance(TemporalTarget(image, known, 300.0))
    assert known < 0.3 * free[0]
    assert unknown > 0.8 * free[1]
