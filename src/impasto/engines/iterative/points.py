"""The optimizer interface, and the points and states that optimizers share.

An optimizer minimises a function given as `evaluate(x) -> Point`. If loss or gradient is not
finite, the value of the `Point` is infinite, and the optimizer tries shorter steps before it gives
up.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...backend import devices, ops
from ...settings import Settings
from ...types import Tensor


class Point(NamedTuple):
    """The optimised variables with their loss and gradient, on the device.

    Attributes:
        x: The variables, any shape.
        value: The loss, a scalar; infinite if loss or gradient is not finite.
        gradient: The gradient, the shape of `x`.
        parts: The parts of the loss by name, scalar tensors.
    """

    x: Tensor
    value: Tensor
    gradient: Tensor
    parts: Mapping[str, Tensor]


class OptimizerState(NamedTuple):
    """The state of an optimizer.

    Attributes:
        point: The current iterate.
        evaluations: Evaluations so far, the starting point included.
        finished: Whether no progress is possible; on the device, so reading it waits.
        memory: Data of the particular optimizer.
    """

    point: Point
    evaluations: int
    finished: Tensor | bool
    memory: Any


Evaluate = Callable[[Tensor], Point]


class Optimizer(NamedTuple):
    """An optimizer.

    Attributes:
        init: `(point, settings) -> state`.
        step: `(evaluate, state, settings, budget) -> state`.
        check: `(state) -> finished`, copied from the device; raises DivergedError.
        on_device: Whether a step is one evaluation and copies nothing between host and device.
    """

    init: Callable[[Point, Settings], OptimizerState]
    step: Callable[[Evaluate, OptimizerState, Settings, int], OptimizerState]
    check: Callable[[OptimizerState], bool]
    on_device: bool = True


class BestTracker:
    """An evaluation that keeps track of the best point.

    Attributes:
        best: The point of the lowest loss so far.
    """

    def __init__(self, evaluate: Evaluate, best: Point):
        self.evaluate, self.best = evaluate, best

    def __call__(self, x: Tensor) -> Point:
        """Evaluate, and update the best point."""
        point = self.evaluate(x)
        self.best = lower(point, self.best)
        return point


def either(condition: Tensor, a: Point, b: Point) -> Point:
    """Return `a` if the condition, a scalar on the device, is true, else `b`.

    On a CPU no copy is made.
    """
    if computes_on_host():
        return a if condition else b
    return Point(
        ops.where(condition, a.x, b.x),
        ops.where(condition, a.value, b.value),
        ops.where(condition, a.gradient, b.gradient),
        {name: ops.where(condition, part, b.parts[name]) for name, part in a.parts.items()},
    )


def where(condition: Tensor, a: Tensor, b: float) -> Tensor:
    """Return `a` if the condition, a scalar, is true, else a number made on the device."""
    return ops.where(condition, a, ops.zeros_like(condition, dtype=a.dtype) + b)


def lower(a: Point, b: Point) -> Point:
    """Return the point with the lower loss, `b` if both are equal."""
    return either(a.value < b.value, a, b)


@functools.cache
def computes_on_host() -> bool:
    """Return whether tensors are in host memory, so that reading a scalar is cheap."""
    return devices()[0].lower().startswith("cpu")
