"""Gram matrices and moments against NumPy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests import oracle

from impasto.backend import ops
from impasto.perceptual import statistics

# Small integers have exact float32 sums, so these properties hold to the last bit.
features = hnp.arrays(
    np.float32,
    st.tuples(st.just(1), st.integers(1, 6), st.integers(1, 6), st.integers(1, 5)),
    elements=st.integers(-50, 50).map(float),
)
anything = hnp.arrays(
    np.float32,
    st.tuples(st.just(1), st.integers(1, 6), st.integers(1, 6), st.integers(1, 5)),
    elements=st.floats(-100, 100, width=32),
)


def gram(array):
    return ops.convert_to_numpy(statistics.gram(ops.convert_to_tensor(array)))


def moments(array):
    return statistics.moments(ops.convert_to_tensor(np.ascontiguousarray(array)))


def numbers(taken):
    return [ops.convert_to_numpy(part) for part in taken]


@given(features)
def test_gram_agrees_with_the_oracle(array):
    np.testing.assert_array_equal(gram(array), oracle.gram(array[0].astype(np.float64)))


@given(anything)
def test_gram_is_symmetric_and_has_no_negative_eigenvalues(array):
    matrix = gram(array)
    # The two halves may be summed in another order, so not bit for bit.
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-5, atol=1e-5 * np.abs(matrix).max())
    eigenvalues = np.linalg.eigvalsh(matrix.astype(np.float64))
    assert eigenvalues.min() >= -1e-5 * max(1.0, eigenvalues.max())


@given(features, st.randoms(use_true_random=False))
def test_gram_ignores_pixel_order(array, random):
    flat = array.reshape(-1, array.shape[-1])
    order = list(range(len(flat)))
    random.shuffle(order)
    np.testing.assert_array_equal(gram(flat[order].reshape(array.shape)), gram(array))


@given(features, st.integers(-4, 4))
def test_gram_grows_with_the_square_of_the_features(array, factor):
    np.testing.assert_array_equal(gram(array * np.float32(factor)), factor**2 * gram(array))


@given(features)
def test_moments_are_count_sum_and_gram(array):
    weight, first, second = numbers(moments(array))
    assert weight == array.shape[1] * array.shape[2]
    np.testing.assert_array_equal(first, array.sum(axis=(0, 1, 2)))
    np.testing.assert_array_equal(second, gram(array))


@given(features, st.data())
def test_moments_of_the_parts_of_a_picture_add_up_to_those_of_the_whole(array, data):
    axis = data.draw(st.sampled_from([1, 2]))
    cut = data.draw(st.integers(0, array.shape[axis]))
    one, other = np.split(array, [cut], axis=axis)
    if cut in (0, array.shape[axis]):
        return  # an empty part has no features
    joined = statistics.add(moments(one), moments(other))
    for ours, whole in zip(numbers(joined), numbers(moments(array)), strict=True):
        np.testing.assert_array_equal(ours, whole)


@given(features, st.integers(1, 4))
def test_scaled_moments_are_those_of_the_picture_repeated(array, times):
    scaled = statistics.scale(moments(array), float(times))
    repeated = moments(np.tile(array, (1, times, 1, 1)))
    for ours, whole in zip(numbers(scaled), numbers(repeated), strict=True):
        np.testing.assert_array_equal(ours, whole)


def test_moments_of_a_batch_are_those_of_its_pictures_together(rng):
    batch = rng.integers(-9, 9, (3, 4, 5, 6)).astype(np.float32)
    joined = moments(batch[:1])
    for i in (1, 2):
        joined = statistics.add(joined, moments(batch[i : i + 1]))
    for ours, whole in zip(numbers(joined), numbers(moments(batch)), strict=True):
        np.testing.assert_array_equal(ours, whole)
