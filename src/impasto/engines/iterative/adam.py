"""Adam on the device: one evaluation a step, no copies to the host."""

from __future__ import annotations

from typing import NamedTuple

from ...backend import ops
from ...errors import DivergedError
from ...settings import Settings
from ...types import Tensor
from .points import Evaluate, OptimizerState, Point, either, where

_BETA1, _BETA2, _EPSILON = 0.9, 0.99, 1e-8
_RETRIES = 10


class Averages(NamedTuple):
    """Adam's running averages, step count, learning rate, and how often the rate was halved."""

    mean: Tensor
    square: Tensor
    steps: Tensor
    learning_rate: Tensor
    retries: Tensor


def adam_init(point: Point, settings: Settings) -> OptimizerState:
    """Start with empty averages."""
    zeros, none = ops.zeros_like(point.x), ops.zeros_like(point.value)
    return OptimizerState(
        point, 1, False, Averages(zeros, zeros, none, none + settings.learning_rate, none)
    )


def adam_step(
    evaluate: Evaluate, state: OptimizerState, settings: Settings, budget: int
) -> OptimizerState:
    """Make one step of Adam (Kingma and Ba 2015, algorithm 1); the pixels stay in 0..1.

    Args:
        evaluate: Computes loss and gradient.
        state: From `adam_init` or the last step.
        settings: Unused; the learning rate is in the state.
        budget: Unused; a step takes one evaluation.

    Returns:
        The new state. If the loss is not finite: the old point, empty averages, and half
        the learning rate; `finished` after ten halvings in a row.
    """
    point, memory = state.point, state.memory
    steps = memory.steps + 1
    mean = _BETA1 * memory.mean + (1 - _BETA1) * point.gradient
    square = _BETA2 * memory.square + (1 - _BETA2) * ops.square(point.gradient)
    rate = memory.learning_rate / (1 - _BETA1**steps)
    move = rate * mean / (ops.sqrt(square / (1 - _BETA2**steps)) + _EPSILON)
    least, most = ops.zeros_like(rate), ops.ones_like(rate)
    new = evaluate(ops.minimum(ops.maximum(point.x - move, least), most))
    good = ops.isfinite(new.value)
    retries = ops.where(good, memory.retries, memory.retries + 1)
    learned = Averages(
        where(good, mean, 0.0),
        where(good, square, 0.0),
        where(good, steps, 0.0),
        ops.where(good, memory.learning_rate, 0.5 * memory.learning_rate),
        retries,
    )
    finished = retries > _RETRIES
    return OptimizerState(either(good, new, point), state.evaluations + 1, finished, learned)


def adam_check(state: OptimizerState) -> bool:
    """Return False: Adam never finishes by itself.

    Raises:
        DivergedError: Ten halvings of the learning rate did not help.
    """
    if bool(state.finished):
        rate = float(state.memory.learning_rate)
        raise DivergedError(f"the loss is not finite even at learning rate {rate:.1e}")
    return False
