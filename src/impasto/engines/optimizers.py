"""Optimizers as pairs of pure functions, `init(point, ...) -> state` and `step(...) -> state`.

Each minimises a function given as `evaluate(x) -> Point`. A `Point` whose loss or gradient is not
finite has the value infinity; every optimizer then tries shorter steps before it gives up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from ..backend import ops
from ..errors import DivergedError
from ..settings import Settings
from ..types import Tensor

# Nocedal and Wright (2006), chapter 3: usual constants of the weak Wolfe conditions.
_SUFFICIENT_DECREASE = 1e-4
_CURVATURE = 0.9
_LINE_SEARCH_EVALUATIONS = 20
_FIRST_STEP = 0.01  # root mean square change of the picture by the very first step
_FLOAT32_NOISE = 1e-7
_BETA1, _BETA2, _ADAM_EPSILON = 0.9, 0.99, 1e-8
_ADAM_RETRIES = 10
_REFERENCE_RANGE = 255.0  # the reference optimises pixels in 0..255


class Point(NamedTuple):
    """A picture with its loss.

    Attributes:
        x: The picture, any shape.
        value: The loss; infinity where loss or gradient is not finite.
        gradient: Its gradient, the shape of `x`.
        parts: The parts of the loss by name, scalar tensors.
    """

    x: Tensor
    value: float
    gradient: Tensor
    parts: Mapping[str, Tensor]


class State(NamedTuple):
    """Where an optimizer stands.

    Attributes:
        point: The present iterate.
        evaluations: Evaluations so far, those of the starting point and of line searches included.
        finished: Nothing more to gain.
        memory: What this optimizer remembers.
    """

    point: Point
    evaluations: int
    finished: bool
    memory: Any


Evaluate = Callable[[Tensor], Point]


class Optimizer(NamedTuple):
    """`init(point, settings) -> state` and `step(evaluate, state, settings, budget) -> state`."""

    init: Callable[[Point, Settings], State]
    step: Callable[[Evaluate, State, Settings, int], State]


class Pair(NamedTuple):
    """One remembered step s, the change y of the gradient over it, and 1 / (s . y)."""

    s: Tensor
    y: Tensor
    rho: float


def lbfgs_init(point: Point, settings: Settings) -> State:
    """Start with an empty memory."""
    return State(point, 1, False, ())


def lbfgs_step(evaluate: Evaluate, state: State, settings: Settings, budget: int) -> State:
    """Make one L-BFGS iteration with a weak Wolfe line search, on the device.

    Reference: Nocedal and Wright (2006), "Numerical optimization", algorithms 7.4 and 7.5. The
    line search asks for the weak curvature condition only, and nearly always takes its first step.

    Args:
        evaluate: Gives loss and gradient.
        state: From `lbfgs_init` or the step before.
        settings: `history`, the number of remembered pairs.
        budget: Unused; an iteration takes one evaluation, rarely more.

    Returns:
        The new state; `finished` when no step along the gradient lowers the loss any more.

    Raises:
        DivergedError: Even the shortest steps gave no finite loss.
    """
    point, pairs = state.point, state.memory
    direction = _direction(point.gradient, pairs)
    slope = _dot(point.gradient, direction)
    if pairs and not slope < 0:
        pairs, direction, slope = (), -point.gradient, -_dot(point.gradient, point.gradient)
    if slope == 0:
        return state._replace(finished=True)
    size = math.prod(point.x.shape)
    first = 1.0 if pairs else _FIRST_STEP * math.sqrt(size / -slope)
    new, evaluations = _line_search(evaluate, point, direction, slope, first)
    spent = state.evaluations + evaluations
    if new is None:
        if not pairs:
            return State(point, spent, True, ())
        return State(point, spent, False, ())
    s, y = new.x - point.x, new.gradient - point.gradient
    curvature = _dot(s, y)
    if curvature > 0:
        pairs = (*pairs, Pair(s, y, 1.0 / curvature))[-settings.history :]
    return State(new, spent, False, pairs)


def _direction(gradient: Tensor, pairs: tuple[Pair, ...]) -> Tensor:
    """Multiply the gradient by minus the approximate inverse Hessian (two-loop recursion)."""
    direction = -gradient
    alphas = []
    for pair in reversed(pairs):
        alpha = pair.rho * _dot(pair.s, direction)
        direction = direction - alpha * pair.y
        alphas.append(alpha)
    if pairs:
        last = pairs[-1]
        direction = direction / (last.rho * _dot(last.y, last.y))
    for pair, alpha in zip(pairs, reversed(alphas), strict=True):
        direction = direction + (alpha - pair.rho * _dot(pair.y, direction)) * pair.s
    return direction


def _line_search(
    evaluate: Evaluate, start: Point, direction: Tensor, slope: float, first: float
) -> tuple[Point | None, int]:
    """Find a step with sufficient decrease and curvature by bracketing.

    Returns:
        The new point (None if no step lowers the loss) and the number of evaluations.
    """
    low, low_value, low_slope = 0.0, start.value, slope
    high = math.inf
    length = first
    best: Point | None = None
    tried: Point | None = None
    for count in range(1, _LINE_SEARCH_EVALUATIONS + 1):
        tried = evaluate(start.x + length * direction)
        here = _dot(tried.gradient, direction) if math.isfinite(tried.value) else math.inf
        if not tried.value <= start.value + _SUFFICIENT_DECREASE * length * slope:
            high = length
            length = _between(low, low_value, low_slope, high, tried.value)
        elif here < _CURVATURE * slope:
            best, low, low_value, low_slope = tried, length, tried.value, here
            length = 4 * length if high == math.inf else 0.5 * (low + high)
        else:
            return tried, count
        if high - low <= _FLOAT32_NOISE * high:
            break
    if best is None and tried is not None and not math.isfinite(tried.value):
        raise DivergedError("the loss is not finite however small the step")
    return best, count


def _between(low: float, value: float, slope: float, high: float, high_value: float) -> float:
    """Minimise the parabola through both ends, kept well inside the bracket."""
    width = high - low
    if not math.isfinite(high_value):
        return low + 0.1 * width
    excess = high_value - value - slope * width
    step = -slope * width / (2 * excess) if excess > 0 else 0.5
    return low + min(max(step, 0.1), 0.5) * width


def _dot(a: Tensor, b: Tensor) -> float:
    return float(ops.dot(ops.reshape(a, (-1,)), ops.reshape(b, (-1,))))


class Averages(NamedTuple):
    """Adam's running averages, the step size, and how often it had to be lowered."""

    mean: Tensor
    square: Tensor
    steps: int
    learning_rate: float
    retries: int


def adam_init(point: Point, settings: Settings) -> State:
    """Start with empty averages."""
    zeros = ops.zeros_like(point.x)
    return State(point, 1, False, Averages(zeros, zeros, 0, settings.learning_rate, 0))


def adam_step(evaluate: Evaluate, state: State, settings: Settings, budget: int) -> State:
    """Make one step of Adam (Kingma and Ba 2015, algorithm 1); the pixels stay in 0..1.

    Args:
        evaluate: Gives loss and gradient.
        state: From `adam_init` or the step before.
        settings: Unused; the learning rate is in the state.
        budget: Unused; a step takes one evaluation.

    Returns:
        The new state. After a loss that is not finite: the old point, empty averages, and half
        the learning rate.

    Raises:
        DivergedError: Ten halvings did not help.
    """
    point, memory = state.point, state.memory
    steps = memory.steps + 1
    mean = _BETA1 * memory.mean + (1 - _BETA1) * point.gradient
    square = _BETA2 * memory.square + (1 - _BETA2) * ops.square(point.gradient)
    rate = memory.learning_rate / (1 - _BETA1**steps)
    move = rate * mean / (ops.sqrt(square / (1 - _BETA2**steps)) + _ADAM_EPSILON)
    new = evaluate(ops.clip(point.x - move, 0.0, 1.0))
    spent = state.evaluations + 1
    if math.isfinite(new.value):
        learned = Averages(mean, square, steps, memory.learning_rate, memory.retries)
        return State(new, spent, False, learned)
    if memory.retries == _ADAM_RETRIES:
        raise DivergedError(f"the loss is not finite even at learning rate {rate:.1e}")
    zeros = ops.zeros_like(point.x)
    again = Averages(zeros, zeros, 0, memory.learning_rate / 2, memory.retries + 1)
    return State(point, spent, False, again)


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
        if point.value <= best.value:
            best = point
        gradient = np.asarray(ops.convert_to_numpy(point.gradient), dtype=np.float64)
        return point.value, gradient.ravel() / _REFERENCE_RANGE

    # Without a bound on the gradient: SciPy's is absolute, and relative losses start below it.
    scipy.optimize.fmin_l_bfgs_b(loss_and_gradient, origin, maxfun=budget, pgtol=0)
    if not math.isfinite(best.value):
        raise DivergedError("SciPy's L-BFGS-B met a loss that is not finite")
    return State(best, count, True, None)


OPTIMIZERS: dict[str, Optimizer] = {
    "lbfgs": Optimizer(lbfgs_init, lbfgs_step),
    "adam": Optimizer(adam_init, adam_step),
    "scipy": Optimizer(scipy_init, scipy_step),
}
