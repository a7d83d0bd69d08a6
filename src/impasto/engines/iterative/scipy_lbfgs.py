"""SciPy's L-BFGS-B, the optimizer of the reference procedure, on the host."""

from __future__ import annotations

import math

import numpy as np

from ...backend import ops
from ...errors import DivergedError
from ...settings import Settings
from .points import Evaluate, OptimizerState, Point

_REFERENCE_RANGE = 255.0  # the reference optimises pixels in 0..255


def scipy_init(point: Point, settings: Settings) -> OptimizerState:
    """Start with the empty memory of SciPy."""
    return OptimizerState(point, 1, False, None)


def scipy_step(
    evaluate: Evaluate, state: OptimizerState, settings: Settings, budget: int
) -> OptimizerState:
    """Run `scipy.optimize.fmin_l_bfgs_b` once, as a round of the reference procedure does.

    SciPy works in float64 on pixels in 0..255, since its first step is one unit long. It ends a
    round early when the relative decrease falls below its tolerance.

    Args:
        evaluate: Computes loss and gradient of pixels in 0..1.
        state: From `scipy_init`.
        settings: Unused; SciPy's defaults apply, as in the reference.
        budget: SciPy's `maxfun`: the round ends with the first iteration that passes it.

    Returns:
        The new state, finished.

    Raises:
        DivergedError: SciPy ended at a loss that is not finite.
    """
    import scipy.optimize  # takes a quarter of a second; few runs need it

    start = state.point
    shape = start.x.shape
    origin = np.asarray(ops.convert_to_numpy(start.x), dtype=np.float64).ravel() * _REFERENCE_RANGE
    best = start
    count = 0

    def loss_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best, count
        count += 1
        if count == 1:
            point = start
        else:
            pixels = np.reshape(x / _REFERENCE_RANGE, shape)
            point = evaluate(ops.convert_to_tensor(pixels, dtype="float32"))
        if float(point.value) <= float(best.value):
            best = point
        gradient = np.asarray(ops.convert_to_numpy(point.gradient), dtype=np.float64)
        return float(point.value), gradient.ravel() / _REFERENCE_RANGE

    # pgtol=0: SciPy's bound on the gradient is absolute, and relative losses start below it.
    scipy.optimize.fmin_l_bfgs_b(loss_and_gradient, origin, maxfun=budget, pgtol=0)
    if not math.isfinite(float(best.value)):
        raise DivergedError("SciPy's L-BFGS-B ended at a loss that is not finite")
    return OptimizerState(best, count, True, None)
