"""Estimate the remaining time of a run, and format durations."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..images.scales import Scale
from ..types import Step

_RECENT = 0.3  # weight of the last evaluation in the running mean of their times


class Clock:
    """Measure seconds per evaluation and estimate the remaining time.

    The time of an evaluation is about proportional to the number of pixels, so the speed at one
    scale predicts that of the next.
    """

    def __init__(self, plan: Sequence[Scale], budget: float | None = None):
        self._plan = plan
        self._deadline = None if budget is None else time.perf_counter() + budget
        self._last: float | None = None
        self._iteration = 0
        self._scale = -1
        self.seconds_each: float | None = None
        self.seconds_left: float | None = None

    def tick(self, step: Step) -> None:
        """Record a new step."""
        now = time.perf_counter()
        spent = step.iteration - self._iteration
        if self._last is not None and spent > 0 and self._scale == step.scale:
            each = (now - self._last) / spent
            known = self.seconds_each
            self.seconds_each = each if known is None else known + _RECENT * (each - known)
        elif self._scale != step.scale and self._scale >= 0 and self.seconds_each is not None:
            self.seconds_each *= _pixels(self._plan[step.scale]) / _pixels(self._plan[self._scale])
        self._last, self._iteration, self._scale = now, step.iteration, step.scale
        if self.seconds_each is not None:
            here = _pixels(self._plan[step.scale])
            before = sum(scale.iterations for scale in self._plan[: step.scale])
            left = self._plan[step.scale].iterations - (step.iteration - before)
            work = max(left, 0) * here
            work += sum(s.iterations * _pixels(s) for s in self._plan[step.scale + 1 :])
            self.seconds_left = self.seconds_each * work / here
            if self._deadline is not None:
                self.seconds_left = max(0.0, min(self.seconds_left, self._deadline - now))


def _pixels(scale: Scale) -> int:
    return scale.size[0] * scale.size[1]


def roughly(seconds: float) -> str:
    """Format a duration roughly, in seconds, minutes or hours.

    Example:
        >>> roughly(7.4), roughly(48), roughly(700), roughly(9000)
        ('7 s', '50 s', '12 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds) if seconds < 20 else 5 * round(seconds / 5))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def minutes(seconds: float) -> str:
    """Format a duration as minutes and seconds, 1:05."""
    whole, rest = divmod(round(seconds), 60)
    return f"{whole}:{rest:02d}"
