"""Matrix roots against SciPy."""

import numpy as np
import pytest
import scipy.linalg

from impasto.backend import ops, value_and_grad
from impasto.perceptual.matrix_sqrt import square_roots, trace_of_root


def positive(rng, count, condition):
    vectors, _ = np.linalg.qr(rng.normal(size=(count, count)))
    return (vectors * np.geomspace(1, 1 / condition, count)) @ vectors.T * 50


def tensor(array):
    return ops.convert_to_tensor(np.float32(array))


@pytest.mark.parametrize("condition", [1, 1e2, 1e4])
@pytest.mark.parametrize("count", [1, 5, 64])
def test_the_root_is_scipys(rng, count, condition):
    matrix = positive(rng, count, condition)
    ours = ops.convert_to_numpy(square_roots(tensor(matrix))[0])
    wanted = np.real(scipy.linalg.sqrtm(matrix))
    assert np.linalg.norm(ours - wanted) <= 1e-3 * np.linalg.norm(wanted)


def test_the_gradient_of_the_trace_is_half_the_inverse_root(rng):
    matrix = positive(rng, 12, 50)
    (value, _), gradient = value_and_grad(lambda x: (trace_of_root(x), {}))(tensor(matrix))
    root = np.real(scipy.linalg.sqrtm(matrix))
    assert float(value) == pytest.approx(np.trace(root), rel=1e-4)
    wanted = 0.5 * np.linalg.inv(root)
    error = np.linalg.norm(ops.convert_to_numpy(gradient) - wanted)
    assert error <= 1e-2 * np.linalg.norm(wanted)


def test_a_matrix_of_zeros_has_finite_roots():
    assert np.isfinite(ops.convert_to_numpy(square_roots(tensor(np.zeros((4, 4))))[0])).all()
