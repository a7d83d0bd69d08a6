"""Run one round of an optimizer; on a GPU its steps are recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ...backend import recorded
from ...settings import Settings
from .optimizers import OPTIMIZERS
from .points import BestTracker, OptimizerState
from .state import RunState

_CHECK_EVERY = 10  # evaluations

Advance = Callable[[OptimizerState, int], OptimizerState]


def make_advance(tracker: BestTracker, settings: Settings) -> Advance:
    """Return `(state, share) -> state`, one step of the optimizer.

    On a GPU the step is recorded as one program, or only the evaluation if the optimizer runs on
    the host. Tiles are summed on the host, so they cannot be recorded.

    Args:
        tracker: The evaluation; its best point is updated.
        settings: `optimizer` and its options, `tile`.
    """
    optimizer = OPTIMIZERS[settings.optimizer]
    if settings.tile is not None or not optimizer.on_device:
        if settings.tile is None:
            tracker.evaluate = recorded(tracker.evaluate)
        return lambda state, share: optimizer.step(tracker, state, settings, share)

    def step(given: Any) -> Any:
        point, memory, best = given
        within = BestTracker(tracker.evaluate, best)
        after = optimizer.step(within, OptimizerState(point, 0, False, memory), settings, 0)
        return after.point, after.finished, after.memory, within.best

    replay = recorded(step)

    def advance(state: OptimizerState, share: int) -> OptimizerState:
        point, finished, memory, tracker.best = replay((state.point, state.memory, tracker.best))
        return OptimizerState(point, state.evaluations + 1, finished, memory)

    return advance


def run_round(
    advance: Advance,
    tracker: BestTracker,
    run: RunState,
    settings: Settings,
    share: int,
    until: float | None,
) -> Iterator[RunState]:
    """Step until the evaluations or the time are used up, or the loss stops falling.

    The loss is read from the device at every tenth evaluation only, unless there is a time limit.

    Args:
        advance: From `make_advance`.
        tracker: Its evaluation; the round begins at its best point, which counts as one.
        run: State of the run; with an optimizer state, the round is resumed.
        settings: `optimizer` and its options, `tolerance`.
        share: Evaluations of the round.
        until: When to end, by `time.perf_counter`.

    Yields:
        The state of the run after each step.

    Raises:
        DivergedError: The loss left the finite numbers.
    """
    optimizer = OPTIMIZERS[settings.optimizer]
    state, value = run.state or optimizer.init(tracker.best, settings), run.value
    began, first = time.perf_counter(), state.evaluations
    while state.finished is not True:
        if state.evaluations % _CHECK_EVERY == 0 or state.evaluations >= share:
            former, value = value, float(state.point.value)
            slow = former - value < settings.tolerance * abs(value)
            if optimizer.check(state) or slow or state.evaluations >= share:
                return
        if until is not None and state.evaluations > first:
            float(state.point.value)  # waits for the device; the clock would mean nothing otherwise
            now = time.perf_counter()
            if now + (now - began) / (state.evaluations - first) > until:
                return
        state = advance(state, share)
        yield run._replace(state=state, value=value, best=tracker.best)
