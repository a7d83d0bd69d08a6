"""One round of an optimizer; on a GPU its steps are recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ...backend import recorded
from ...settings import Settings
from .optimizers import OPTIMIZERS
from .points import State, Watched
from .state import Stand

_CHECK_EVERY = 10  # evaluations

Advance = Callable[[State, int], State]


def make_advance(watched: Watched, settings: Settings) -> Advance:
    """Return `(state, share) -> state`, one step of the optimizer.

    On a GPU it is recorded as one program: the whole step of an optimizer that lives there, else
    the evaluation. Tiles are added up on the host, so they cannot be.

    Args:
        watched: Gives loss and gradient; its best point follows.
        settings: `optimizer` and its knobs, `tile`.
    """
    optimizer = OPTIMIZERS[settings.optimizer]
    if settings.tile is not None or not optimizer.on_device:
        if settings.tile is None:
            watched.evaluate = recorded(watched.evaluate)
        return lambda state, share: optimizer.step(watched, state, settings, share)

    def step(given: Any) -> Any:
        point, memory, best = given
        within = Watched(watched.evaluate, best)
        after = optimizer.step(within, State(point, 0, False, memory), settings, 0)
        return after.point, after.finished, after.memory, within.best

    run = recorded(step)

    def advance(state: State, share: int) -> State:
        point, finished, memory, watched.best = run((state.point, state.memory, watched.best))
        return State(point, state.evaluations + 1, finished, memory)

    return advance


def run_round(
    advance: Advance,
    watched: Watched,
    stand: Stand,
    settings: Settings,
    share: int,
    until: float | None,
) -> Iterator[Stand]:
    """Step until the share of evaluations, the time, or the progress is used up.

    Only every tenth evaluation asks the device how things stand, unless time is short.

    Args:
        advance: From `make_advance`.
        watched: What it evaluates by; the round begins at its best point, which counts as an
            evaluation.
        stand: Where the run stands: amid the round, if it has a state.
        settings: `optimizer` and its knobs, `tolerance`.
        share: Evaluations.
        until: When to end, by `time.perf_counter`.

    Yields:
        Where the run stands after each step.

    Raises:
        DivergedError: The loss left the finite numbers.
    """
    optimizer = OPTIMIZERS[settings.optimizer]
    state, value = stand.state or optimizer.init(watched.best, settings), stand.value
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
        state = advance(state, share)
        yield stand._replace(state=state, value=value, best=watched.best)
