"""The losses against loops and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from impasto.backend import ops, value_and_grad
from impasto.perceptual import losses, statistics

NORMALIZATIONS = ("none", "relative")
by_both = pytest.mark.parametrize("normalization", NORMALIZATIONS)
sizes = st.tuples(st.just(1), st.integers(2, 7), st.integers(2, 7))
pictures = hnp.arrays(
    np.float32, sizes.map(lambda size: (*size, 3)), elements=st.floats(0, 1, width=16)
)
maps = hnp.arrays(
    np.float32, sizes.map(lambda size: (*size, 4)), elements=st.floats(0, 100, width=16)
)
POWERS = (0.75, 1.25)


def tensor(array):
    return ops.convert_to_tensor(np.ascontiguousarray(array), dtype="float32")


def tv(picture, normalization, power=1.25):
    found = losses.total_variation_loss(tensor(picture), normalization=normalization, power=power)
    return float(found)


def content(features, target, normalization):
    value = losses.content_loss(tensor(features), tensor(target), normalization=normalization)
    return float(value)


def style(features, target, normalization):
    positions = features.shape[1] * features.shape[2]
    value = losses.gram_loss(
        statistics.gram(tensor(features)),
        statistics.moments(tensor(target)),
        positions,
        positions,
        normalization=normalization,
    )
    return float(value)


def tv_by_loop(picture, unit, *, to_the_border=False, power=1.25, least=0.0):
    """A plain loop over rows, columns and channels."""
    x = picture[0].astype(np.float64) * unit
    height, width = x.shape[:2]
    total = 0.0
    for i in range(height if to_the_border else height - 1):
        for j in range(width if to_the_border else width - 1):
            for c in range(3):
                a = (x[i, j, c] - x[min(i + 1, height - 1), j, c]) ** 2
                b = (x[i, j, c] - x[i, min(j + 1, width - 1), c]) ** 2
                total += (a + b + least**2) ** power - least ** (2 * power)
    return total


@given(pictures)
def test_total_variation_agrees_with_a_loop_over_pixels(picture):
    assert tv(picture, "none") == pytest.approx(tv_by_loop(picture, 255), rel=1e-4, abs=1e-2)
    mean = tv_by_loop(picture, 1, to_the_border=True) / picture.size
    assert tv(picture, "relative") == pytest.approx(mean, rel=1e-4, abs=1e-8)


@given(pictures, st.sampled_from([0.5, 0.75, 0.9]))
def test_below_a_power_of_one_small_differences_are_rounded_off(picture, power):
    found = tv(picture, "relative", power)
    loop = tv_by_loop(picture, 1, to_the_border=True, power=power, least=0.005)
    assert found == pytest.approx(loop / picture.size, rel=1e-4, abs=1e-7)


@given(pictures, st.sampled_from([1.0, 1.5, 2.0]))
def test_other_powers_agree_with_the_loop(picture, power):
    loop = tv_by_loop(picture, 1, to_the_border=True, power=power)
    assert tv(picture, "relative", power) == pytest.approx(loop / picture.size, rel=1e-4, abs=1e-8)


@given(pictures, st.integers(1, 7), st.sampled_from(NORMALIZATIONS), st.sampled_from(POWERS))
def test_strips_of_rows_add_up_to_the_total_variation(picture, rows, normalization, power):
    height = picture.shape[1]
    parts = [
        losses.strip_variation_loss(
            tensor(picture[:, top : top + rows + 1]),
            height,
            is_last=top + rows >= height,
            normalization=normalization,
            power=power,
        )
        for top in range(0, height, rows)
    ]
    assert float(sum(parts)) == pytest.approx(tv(picture, normalization, power), rel=1e-5, abs=1e-8)


@given(st.floats(0, 1, width=32), st.sampled_from(NORMALIZATIONS), st.sampled_from(POWERS))
def test_total_variation_of_a_constant_is_zero(level, normalization, power):
    found = tv(np.full((1, 5, 4, 3), level), normalization, power)
    assert found == pytest.approx(0, abs=1e-9)


@given(pictures, st.sampled_from(NORMALIZATIONS))
def test_total_variation_is_the_same_of_the_transposed_picture(picture, normalization):
    turned = tv(picture.transpose(0, 2, 1, 3), normalization)
    assert turned == pytest.approx(tv(picture, normalization), rel=1e-5)


def test_total_variation_sees_differences_in_both_directions():
    stripes = np.zeros((1, 6, 6, 3), dtype=np.float32)
    stripes[:, ::2] = 1
    assert tv(stripes, "relative") == pytest.approx(5 / 6)  # the last has no next
    assert tv(stripes.transpose(0, 2, 1, 3), "relative") == pytest.approx(5 / 6)


@pytest.mark.parametrize("axis", [1, 2])
def test_total_variation_reaches_along_the_last_row_and_column(axis):
    """The classic loss leaves them out, as the reference does."""
    dashes = np.zeros((1, 7, 7, 3), dtype=np.float32)
    last = dashes.swapaxes(1, axis)
    last[:, -1, ::2] = 1
    flat = np.zeros_like(dashes)
    flat.swapaxes(1, axis)[:, -1] = 1
    assert tv(dashes, "relative") > 1.2 * tv(flat, "relative")
    assert tv(dashes, "none") < tv(flat, "none")


@by_both
@pytest.mark.parametrize("power", POWERS)
def test_total_variation_has_a_finite_gradient_where_neighbours_are_equal(
    rng, normalization, power
):
    picture = np.full((1, 6, 6, 3), 0.5, dtype=np.float32)
    picture[:, 3:] = rng.random((1, 3, 6, 3))

    def loss(x):
        return losses.total_variation_loss(x, normalization=normalization, power=power), {}

    _, gradient = value_and_grad(loss)(tensor(picture))
    array = ops.convert_to_numpy(gradient)
    assert np.isfinite(array).all()
    assert np.abs(array[:, :1]).max() == 0


def test_content_is_the_sum_of_squares_and_its_share_of_the_targets_energy(rng):
    features, target = rng.random((2, 1, 5, 6, 7))
    distance = np.sum((features - target) ** 2)
    assert content(features, target, "none") == pytest.approx(distance, rel=1e-5)
    relative = distance / np.sum(target**2)
    assert content(features, target, "relative") == pytest.approx(relative, rel=1e-5)


def test_gram_loss_is_the_papers_equation(rng):
    features, target = rng.random((2, 1, 5, 6, 7))
    g, t = (np.einsum("nhwc,nhwd->cd", x, x) for x in (features, target))
    raw = np.sum((g - t) ** 2) / (4 * 3**2 * 30**2)
    assert style(features, target, "none") == pytest.approx(raw, rel=1e-4)
    relative = np.sum((g - t) ** 2) / np.sum(t**2)
    assert style(features, target, "relative") == pytest.approx(relative, rel=1e-4)


@given(maps, st.sampled_from(NORMALIZATIONS))
def test_the_target_itself_has_no_loss(features, normalization):
    assert content(features, features, normalization) == 0
    # The two Gram matrices are divided in a different order, so the last bits may differ.
    assert style(features, features, normalization) <= 1e-10


@given(maps.filter(lambda features: features.max() > 0.1))
def test_relative_losses_of_zero_features_are_one(features):
    zero = np.zeros_like(features)
    assert content(zero, features, "relative") == pytest.approx(1, rel=1e-5)
    assert style(zero, features, "relative") == pytest.approx(1, rel=1e-5)


@by_both
def test_a_target_without_energy_gives_finite_losses(normalization):
    zero, one = np.zeros((1, 4, 4, 2)), np.ones((1, 4, 4, 2))
    assert content(zero, zero, normalization) == 0
    assert style(zero, zero, normalization) == 0
    assert np.isfinite(content(one, zero, normalization))
    assert np.isfinite(style(one, zero, normalization))


@given(maps, maps, st.sampled_from(NORMALIZATIONS))
def test_style_loss_is_never_negative(features, target, normalization):
    assert style(features, target, normalization) >= 0


def test_relative_style_loss_ignores_how_often_a_texture_is_repeated(rng):
    tile, target = rng.random((2, 1, 4, 4, 6))
    once = style(tile, target, "relative")
    assert style(np.tile(tile, (1, 3, 2, 1)), target, "relative") == pytest.approx(once, rel=1e-5)


@given(st.floats(0.1, 10))
def test_relative_losses_ignore_the_unit_of_the_features(unit):
    rng = np.random.default_rng(1)
    features, target = rng.random((2, 1, 4, 4, 6))
    for loss in (content, style):
        scaled = loss(unit * features, unit * target, "relative")
        assert scaled == pytest.approx(loss(features, target, "relative"), rel=1e-4)
