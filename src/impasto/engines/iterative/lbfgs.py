"""L-BFGS on the device: one evaluation a step, no copies to the host."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...backend import ops
from ...errors import DivergedError
from ...settings import Settings
from ...types import Tensor
from .points import Evaluate, OptimizerState, Point, computes_on_host, either, where

# Nocedal and Wright (2006), section 3.1: the usual constant of sufficient decrease.
_SUFFICIENT_DECREASE = 1e-4
_FIRST_STEP = 0.01  # root mean square change of the picture in the first step
_LONGER = 4.0  # factor after a step that gave no curvature
_SHORTEST, _LONGEST = 0.1, 0.5  # bounds of the next step after a refused one, as shares of it
_MOST_REFUSALS = 25
_TINY = 1e-30


class Pair(NamedTuple):
    """One remembered step s, the change y of the gradient over it, and 1 / (s . y)."""

    s: Tensor
    y: Tensor
    rho: Tensor


class Curvature(NamedTuple):
    """The memory of L-BFGS.

    Attributes:
        pairs: The last steps; a refused one leaves a pair of zeros, which has no effect.
        scale: The initial inverse Hessian, a scalar.
        length: Step length of the next step.
        refused: Steps refused in a row.
        broken: Whether the last of them had a loss that is not finite.
    """

    pairs: tuple[Pair, ...]
    scale: Tensor
    length: Tensor
    refused: Tensor
    broken: Tensor


def lbfgs_init(point: Point, settings: Settings) -> OptimizerState:
    """Start with an empty memory and a step that changes each number by about 0.01.

    On a GPU the memory is filled with steps without effect, so all steps have the same shapes and
    can share one recording.
    """
    energy = _dot(point.gradient, point.gradient)
    length = _FIRST_STEP * ops.sqrt(math.prod(point.x.shape) / ops.maximum(energy, _TINY))
    none = ops.zeros_like(energy)
    zeros = ops.zeros_like(point.x)
    pairs = () if computes_on_host() else (Pair(zeros, zeros, none),) * settings.history
    return OptimizerState(
        point, 1, False, Curvature(pairs, ops.ones_like(energy), length, none, none > 0)
    )


def lbfgs_step(
    evaluate: Evaluate, state: OptimizerState, settings: Settings, budget: int
) -> OptimizerState:
    """Try one step of L-BFGS, which takes one evaluation, without waiting for the device.

    Reference: Nocedal and Wright (2006), "Numerical optimization", algorithm 7.4 with a
    backtracking line search (3.1). A step is taken if it lowers the loss enough, as nearly all do.
    After a refused step the next try from the same point is shorter. If the curvature along a step
    is not positive, no pair is stored, and the next step may be longer.

    Args:
        evaluate: Computes loss and gradient.
        state: From `lbfgs_init` or the last step.
        settings: `history`, the number of remembered pairs.
        budget: Unused.

    Returns:
        The new state; `finished` if no step along the gradient lowers the loss.
    """
    point, memory = state.point, state.memory
    direction = _direction(point.gradient, memory)
    slope = _dot(point.gradient, direction)
    x = point.x + memory.length * direction
    del direction  # an evaluation of a large picture needs its memory
    tried = evaluate(x)
    decrease = _SUFFICIENT_DECREASE * memory.length * slope
    taken = ops.logical_and(tried.value <= point.value + decrease, slope < 0)
    s, y = tried.x - point.x, tried.gradient - point.gradient
    curvature, energy = _dot(s, y), _dot(y, y)
    learned = ops.logical_and(taken, curvature > 0)
    pair = Pair(
        where(learned, s, 0.0),
        where(learned, y, 0.0),
        where(learned, 1 / where(learned, curvature, 1.0), 0.0),
    )
    refused = where(ops.logical_not(taken), memory.refused + 1, 0.0)
    shorter = _shorter(memory.length, slope, point.value, tried.value)
    longer = ops.where(learned, ops.ones_like(slope), _LONGER * memory.length)
    return OptimizerState(
        either(taken, tried, point),
        state.evaluations + 1,
        ops.logical_or(slope >= 0, refused > _MOST_REFUSALS),
        Curvature(
            (*memory.pairs, pair)[-settings.history :],
            ops.where(learned, curvature / where(learned, energy, 1.0), memory.scale),
            ops.where(taken, longer, shorter),
            refused,
            ops.logical_not(ops.isfinite(tried.value)),
        ),
    )


def lbfgs_check(state: OptimizerState) -> bool:
    """Return whether L-BFGS is finished.

    Raises:
        DivergedError: Even the shortest steps have no finite loss.
    """
    finished = bool(state.finished)
    if finished and bool(state.memory.broken):
        raise DivergedError("the loss is not finite however small the step")
    return finished


def _direction(gradient: Tensor, memory: Curvature) -> Tensor:
    """Multiply the gradient by minus the approximate inverse Hessian (two-loop recursion)."""
    direction = -gradient
    alphas = []
    for pair in reversed(memory.pairs):
        alpha = pair.rho * _dot(pair.s, direction)
        direction = direction - alpha * pair.y
        alphas.append(alpha)
    direction = direction * memory.scale
    for pair, alpha in zip(memory.pairs, reversed(alphas), strict=True):
        direction = direction + (alpha - pair.rho * _dot(pair.y, direction)) * pair.s
    return direction


def _shorter(length: Tensor, slope: Tensor, value: Tensor, tried: Tensor) -> Tensor:
    """Minimise the parabola through both ends of a refused step, kept well inside it."""
    excess = tried - value - length * slope
    best = -0.5 * length * slope / where(excess > 0, excess, 1.0)
    share = where(ops.logical_and(excess > 0, best < _LONGEST), best, _LONGEST)
    usable = ops.logical_and(ops.isfinite(tried), ops.logical_not(share < _SHORTEST))
    return length * where(usable, share, _SHORTEST)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return ops.dot(ops.reshape(a, (-1,)), ops.reshape(b, (-1,)))
