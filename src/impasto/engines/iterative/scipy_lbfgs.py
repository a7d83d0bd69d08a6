"""SciPy's L-BFGS-B, the optimizer of the reference procedure, on the host."""

from __future__ import annotations

import math

import numpy as np

from ...backend import ops
from ...errors import DivergedError
from ...settings import Settings
from .points import Evaluate, Point, State

_REFERENCE_RANGE = 255.0  # the reference optimises pixels in 0..255


def scipy_init(point: Point, settings: Settings) -> State:
    """Start with SciPy's own empty memory."""
    return State(point, 1, False, None)


def scipy_step(evaluate: Evaluate, state: State, settings: Settings, budget: int) -> State:
    """Run `scipy.optimize.fmin_l_bfgs_b` once, as a round of the reference procedure does.

    SciPy works in float64 on pixels in 0..255, since its first step is one unit long. Its rule on
    the relative decrease ends a round early where it sees no more progress.

    Args:
        evaluate: Gives loss and gradient in 0..1.
        state: From `scipy_init`.
        settings: Unused; SciPy's defaults apply, as in the reference.
        budget: SciPy's `maxfun`: the round ends with the first iteration that passes it.

    Returns:
        The new state, finished.

    Raises:
        DivergedError: SciPy came out at a loss that is not finite.
    """
    import scipy.optimize  # here, since it takes a quarter of a second that few runs need

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

    # Without a bound on the gradient: SciPy's is absolute, and relative losses start below it.
    scipy.optimize.fmin_l_bfgs_b(loss_and_gradient, origin, maxfun=budget, pgtol=0)
    if not math.isfinite(float(best.value)):
        raise DivergedError("SciPy's L-BFGS-B met a loss that is not finite")
    return State(best, count, True, None)
