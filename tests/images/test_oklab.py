"""Conversion to Oklab and back to sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import rgb2xyz

from impasto.images import oklab
from impasto.images.oklab import by_rows, from_linear, from_oklab, to_linear, to_oklab

sides = st.integers(1, 6)
shapes = st.tuples(sides, sides, st.just(3))
images = hnp.arrays(np.float32, shapes, elements=st.floats(0, 1, width=32))
labs = hnp.arrays(np.float32, shapes, elements=st.floats(-2, 2, width=32))
# Of the CSS Color Module Level 4, https://www.w3.org/TR/css-color-4/, and of Ottosson's page.
PUBLISHED = {
    (1, 1, 1): (1, 0, 0),
    (0, 0, 0): (0, 0, 0),
    (1, 0, 0): (0.62796, 0.22486, 0.12585),
    (0, 1, 0): (0.86644, -0.23389, 0.17950),
    (0, 0, 1): (0.45201, -0.03246, -0.31153),
    (0, 128 / 255, 0): (0.51975, -0.14030, 0.10768),
}


def as_image(*colors):
    return np.array([colors], np.float32)


def every_color(steps):
    axes = np.meshgrid(*[np.linspace(0, 1, steps, dtype=np.float32)] * 3)
    return np.stack(axes, axis=-1).reshape(steps, -1, 3)


def test_the_transfer_curve_is_the_standards():
    values = np.linspace(0, 1, 1001)
    wanted = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in values]
    linear = to_linear(values.astype(np.float32))
    assert linear.dtype == np.float32
    np.testing.assert_allclose(linear, wanted, atol=1e-6)
    np.testing.assert_allclose(from_linear(linear), values, atol=1e-5)
    xyz = rgb2xyz(np.repeat(values[None, :, None], 3, axis=2))[0, :, 1]  # Y of greys
    np.testing.assert_allclose(linear, xyz, atol=1e-5)
    assert from_linear(np.ones(1, np.float32))[0] <= 1


def test_colours_are_where_they_are_published():
    found = to_oklab(as_image(*PUBLISHED))[0]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, list(PUBLISHED.values()), atol=1e-4)


def test_lightness_and_colour_agree_with_the_definition_through_xyz():
    # Ottosson's first definition, from CIE XYZ (D65); sRGB's matrices have four digits.
    cones = np.array(
        [
            [0.8189330101, 0.3618667424, -0.1288597137],
            [0.0329845436, 0.9293118715, 0.0361456387],
            [0.0482003018, 0.2643662691, 0.6338517070],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    image = every_color(6)
    wanted = np.cbrt(rgb2xyz(image.astype(np.float64)) @ cones.T) @ lab.T
    np.testing.assert_allclose(to_oklab(image), wanted, atol=2e-3)


def test_there_and_back():
    image = every_color(18)  # with all corners and edges of sRGB
    back = from_oklab(to_oklab(image))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, image, atol=1e-3)


@given(labs)
def test_the_result_is_always_a_colour_of_srgb(lab):
    image = from_oklab(lab)
    assert image.shape == lab.shape and image.dtype == np.float32
    assert image.min() >= 0 and image.max() <= 1


def test_colours_out_of_range_keep_their_hue_and_never_gain_chroma():
    lightness, angle = np.meshgrid(np.linspace(0.1, 0.9, 9), np.linspace(0, 2 * np.pi, 25))
    for chroma in (0.02, 0.2, 0.5):
        lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=-1)
        found = to_oklab(from_oklab(lab.astype(np.float32)))
        kept = np.hypot(found[..., 1], found[..., 2])
        assert (kept < chroma + 1e-3).all() and (kept > 0.015).all()
        cross = found[..., 2] * np.cos(angle) - found[..., 1] * np.sin(angle)
        np.testing.assert_allclose(cross, 0, atol=2e-3)
        # Towards the middle, and never beyond it.
        assert ((found[..., 0] - 0.5) * (lightness - 0.5) > -1e-3).all()
        assert (np.abs(found[..., 0] - 0.5) < np.abs(lightness - 0.5) + 1e-3).all()


def test_what_leaves_the_range_reaches_its_edge():
    edge = from_oklab(as_image((0.8, 0.4, 0.0), (0.2, 0.0, -0.4)))
    assert (np.isclose(edge, 0, atol=1e-2) | np.isclose(edge, 1, atol=1e-2)).any(axis=-1).all()


@given(st.floats(0, 1, width=32))
def test_greys_stay_grey(value):
    lab = to_oklab(as_image([value] * 3))
    np.testing.assert_allclose(lab[..., 1:], 0, atol=1e-4)
    np.testing.assert_allclose(from_oklab(lab), value, atol=1e-4)


@given(images, st.integers(1, 20))
def test_bands_of_rows_change_nothing(image, pixels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oklab, "_PIXELS_AT_ONCE", pixels)
        np.testing.assert_allclose(to_oklab(image), oklab._to_oklab(image), atol=1e-6)
        grey = by_rows(lambda a, b: a[..., 0] + b[..., 1], image, image)
    np.testing.assert_array_equal(grey, image[..., 0] + image[..., 1])
