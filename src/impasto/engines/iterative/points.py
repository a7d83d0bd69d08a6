"""What the optimizers share: points, states, the optimizer interface.

Each minimises a function given as `evaluate(x) -> Point`. A `Point` whose loss or gradient is not
finite has the value infinity; every optimizer then tries shorter steps before it gives up.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...backend import devices, ops
from ...settings import Settings
from ...types import Tensor


class Point(NamedTuple):
    """A picture with its loss, all of it on the device.

    Attributes:
        x: The picture, any shape.
        value: The loss, a scalar; infinity where loss or gradient is not finite.
        gradient: Its gradient, the shape of `x`.
        parts: The parts of the loss by name, scalar tensors.
    """

    x: Tensor
    value: Tensor
    gradient: Tensor
    parts: Mapping[str, Tensor]


class State(NamedTuple):
    """Where an optimizer stands.

    Attributes:
        point: The present iterate.
        evaluations: Evaluations so far, that of the starting point included.
        finished: Nothing more to gain; on the device, so that asking waits for it.
        memory: What this optimizer remembers.
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
        check: `(state) -> finished`, copies that much from the device; raises DivergedError.
        on_device: Whether a step is one evaluation and copies nothing from the device or to it.
    """

    init: Callable[[Point, Settings], State]
    step: Callable[[Evaluate, State, Settings, int], State]
    check: Callable[[State], bool]
    on_device: bool = True


class Watched:
    """An evaluation that remembers the best point.

    Attributes:
        best: The point of the lowest loss so far.
    """

    def __init__(self, evaluate: Evaluate, best: Point):
        self.evaluate, self.best = evaluate, best

    def __call__(self, x: Tensor) -> Point:
        """Evaluate, and compare."""
        point = self.evaluate(x)
        self.best = lower(point, self.best)
        return point


def either(condition: Tensor, a: Point, b: Point) -> Point:
    """Return `a` where the condition, a scalar on the device, holds, and else `b`.

    On a CPU that is one of the two, not a copy of it.
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
    """Return `a` where the condition, a scalar, holds and else a number, made on the device."""
    return ops.where(condition, a, ops.zeros_like(condition, dtype=a.dtype) + b)


def lower(a: Point, b: Point) -> Point:
    """Return the point of the lower loss, `b` where both are equal."""
    return either(a.value < b.value, a, b)


@functools.cache
def computes_on_host() -> bool:
    """Return whether asking for the value of a scalar waits for no other device."""
    return devices()[0].lower().startswith("cpu")
