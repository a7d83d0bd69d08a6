"""One round of an optimizer: from a start, or from amid the round, to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..settings import Settings
from .optimizers import OPTIMIZERS
from .points import Evaluate, Point
from .stand import Stand

_CHECK_EVERY = 10  # evaluations


def run_round(
    evaluate: Evaluate,
    start: Point,
    stand: Stand,
    settings: Settings,
    share: int,
    until: float | None,
) -> Iterator[Stand]:
    """Step until the share of evaluations, the time, or the progress is used up.

    Only every tenth evaluation asks the device how things stand, unless time is short.

    Args:
        evaluate: Gives loss and gradient.
        start: Where to begin; counts as an evaluation.
        stand: Where the run stands: amid the round, if it has a state.
        settings: `optimizer` and its knobs, `tolerance`.
        share: Evaluations.
        until: When to end, by `time.perf_counter`.

    Yields:
        Where the round stands after each step; `best` is left to the caller.

    Raises:
        DivergedError: The loss left the finite numbers.
    """
    optimizer = OPTIMIZERS[settings.optimizer]
    state, value = stand.state or optimizer.init(start, settings), stand.value
    began, first = time.perf_counter(), state.evaluations
    while state.finished is not True:
        if state.evaluations % _CHECK_EVERY == 0 or state.evaluations >= share:
            former, value = value, float(state.point.value)
            slow = former - value < settings.tolerance * abs(value)
            if optimizer.check(state) or slow or state.evaluations >= share:
                return
        if until is not None and state.evaluations > first:
            float(state.point.value)  # waits for the device, else the clock says nothing
            now = time.perf_counter()
            if now + (now - began) / (state.evaluations - first) > until:
                return
        state = optimizer.step(evaluate, state, settings, share)
        yield stand._replace(state=state, value=value)
