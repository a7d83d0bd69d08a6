"""Square roots of symmetric matrices using only matrix products, fast on every device."""

from __future__ import annotations

from ..backend import ops
from ..types import Tensor

# Each step multiplies the smallest eigenvalues by up to 2.25: 2.25^20 is 1e7.
_STEPS = 20
_TINY = 1e-20


def trace_of_root(matrix: Tensor) -> Tensor:
    """Return the trace of the square root of a symmetric matrix without negative eigenvalues.

    Its gradient, half the inverse of the root, is a by-product of the iteration, so no gradient is
    propagated through the steps.

    Example:
        >>> round(float(trace_of_root(ops.eye(3) * 4.0)), 3)
        6.0
    """
    fixed = ops.stop_gradient(matrix)
    root, inverse = square_roots(fixed)
    slope = ops.stop_gradient(0.5 * inverse)
    return ops.stop_gradient(ops.trace(root)) + ops.sum(slope * (matrix - fixed))


def square_roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the square root and its inverse, by the Newton-Schulz iteration.

    Reference: Higham (2008), "Functions of matrices", equation 6.35.

    Args:
        matrix: (C, C), symmetric, without negative eigenvalues.

    Example:
        >>> root, inverse = square_roots(ops.convert_to_tensor([[4.0, 0.0], [0.0, 9.0]]))
        >>> [round(float(x), 3) for x in ops.diagonal(root)]
        [2.0, 3.0]
    """
    norm = ops.sqrt(ops.sum(ops.square(matrix))) + _TINY
    identity = ops.eye(matrix.shape[0])
    root, inverse = matrix / norm, identity
    for _ in range(_STEPS):
        step = 1.5 * identity - 0.5 * ops.matmul(inverse, root)
        root, inverse = ops.matmul(root, step), ops.matmul(step, inverse)
    return root * ops.sqrt(norm), inverse / ops.sqrt(norm)
