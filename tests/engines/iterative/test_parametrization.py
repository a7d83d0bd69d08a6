"""Maps from the optimised variables to the pixels that the network sees."""

from __future__ import annotations

import numpy as np
import pytest
from tests.toy import SHALLOW

from impasto.backend import ops
from impasto.engines.iterative.optimize import optimize_image
from impasto.engines.iterative.parametrization import (
    make_parametrization,
    pad_seamless,
    seamless_margin,
)
from impasto.images.sample_styles import sample_style
from impasto.images.scales import resize
from impasto.settings import Settings
from impasto.types import Guidance

SIZE = 48, 64


@pytest.fixture(scope="module")
def photograph():
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([rows / 48, columns / 64, (rows > columns) * 0.7], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def style():
    return sample_style("swirls", 96)


def half(size=SIZE):
    mask = np.zeros(size, np.float32)
    mask[:, : size[1] // 2] = 1
    mask[:, size[1] // 2 - 1] = 0.5
    return mask


CASES = {
    "plain": (Guidance(), {}),
    "protect": (Guidance(protect=half()), {}),
    "region": (Guidance(masks=(half(),)), {}),
    "luminance": (Guidance(), {"color": "luminance"}),
    "seamless": (Guidance(), {"seamless": True}),
    "all": (Guidance(protect=half()), {"color": "luminance", "seamless": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_pulled_back_by_the_transpose(rng, photograph, case):
    guidance, changed = CASES[case]
    parametrization = make_parametrization(photograph, guidance, Settings(**changed))
    x, zero = rng.normal(size=(1, *SIZE, 3)), np.zeros((1, *SIZE, 3))
    show = [
        np.float64(
            ops.convert_to_numpy(parametrization.forward(ops.convert_to_tensor(np.float32(values))))
        )
        for values in (x, zero)
    ]
    g = rng.normal(size=show[0].shape)
    pulled = ops.convert_to_numpy(parametrization.backward(ops.convert_to_tensor(np.float32(g))))
    assert pulled.shape == x.shape
    ahead, back = ((show[0] - show[1]) * g).sum(), (x * np.float64(pulled)).sum()
    assert back == pytest.approx(ahead, rel=1e-3, abs=1e-2)


def test_a_seamless_picture_is_seen_as_numpy_wraps_it(rng):
    image = np.float32(rng.random((*SIZE, 3)))
    settings = Settings(seamless=True)
    parametrization = make_parametrization(image, Guidance(), settings)
    seen = ops.convert_to_numpy(parametrization.forward(ops.convert_to_tensor(image[None])))[0]
    margin = seamless_margin(SIZE)
    np.testing.assert_array_equal(seen, np.pad(image, [(margin, margin)] * 2 + [(0, 0)], "wrap"))
    np.testing.assert_array_equal(seen, pad_seamless(image, settings))


def last(photograph, style, guidance, **changed):
    settings = Settings(**{"size": 64, "scales": 1, "iterations": 8, **SHALLOW, **changed})
    return list(optimize_image(photograph, [style], settings, guidance=guidance))[-1].image


@pytest.mark.parametrize("changed", [{}, {"scales": 2, "size": 128}, {"tile": 64, "size": 128}])
def test_what_is_protected_stays_to_the_bit(photograph, style, changed):
    painted = last(photograph, style, Guidance(protect=half()), **changed)
    wanted = resize(photograph, painted.shape[:2])
    quarter = painted.shape[1] // 4
    np.testing.assert_allclose(painted[:, :quarter], wanted[:, :quarter], atol=1e-6)
    assert np.abs(painted[:, -quarter:] - wanted[:, -quarter:]).mean() > 0.005


def test_what_no_mask_covers_stays(photograph, style):
    painted = last(photograph, style, Guidance(masks=(half(),)))
    np.testing.assert_allclose(painted[:, 40:], photograph[:, 40:], atol=1e-6)
    assert np.abs(painted[:, :24] - photograph[:, :24]).mean() > 0.005


def test_luminance_alone_stays_grey(photograph, style):
    grey = np.repeat(photograph.mean(axis=-1, keepdims=True), 3, axis=-1)
    painted = last(grey, style, Guidance(), color="luminance")
    np.testing.assert_allclose(painted, painted[..., :1].repeat(3, axis=-1), atol=1e-6)


def test_the_sides_of_a_seamless_picture_fit(photograph, style):
    def seam(image):
        across = np.abs(image[:, 0] - image[:, -1]).mean()
        inside = np.abs(np.diff(image, axis=1)).mean()
        return across / inside

    shallow = {
        "style_layers": ("block1_conv1", "block2_conv1"),
        "content_layers": ("block1_conv1",),
    }
    knobs = {"content_weight": 0.0, "init": "noise", "iterations": 60, "seed": 3, **shallow}
    plain = last(photograph, style, Guidance(), **knobs)
    seamless = last(photograph, style, Guidance(), seamless=True, **knobs)
    assert seam(seamless) < 0.6 * seam(plain)
