"""Divide a time budget between the scales."""

from __future__ import annotations

from collections.abc import Sequence

from ...images.scales import Scale

# What it takes to look at photograph and painting at a new size, in evaluations.
_PREPARATION = 2.0
_FEWEST = 2  # evaluations that are worth a new size


def seconds_for(left: Sequence[Scale], seconds: float) -> float:
    """Divide the seconds that are left between the scales that are left, by their work.

    Args:
        left: The scales to come.
        seconds: Until the deadline.

    Returns:
        Seconds for the first of them.

    Example:
        >>> seconds_for([Scale((10, 10), 38), Scale((20, 20), 8)], 60.0)
        30.0
    """
    work = [(scale.iterations + _PREPARATION) * _pixels(scale) for scale in left]
    return seconds * work[0] / sum(work)


def end(now: float, seconds: float | None, deadline: float | None) -> float | None:
    """Return the deadline of a scale that begins now, or None without a budget.

    Args:
        now: By `time.perf_counter`.
        seconds: Share of this scale.
        deadline: Of the whole run, by `time.perf_counter`.

    Example:
        >>> end(100.0, 30.0, 120.0), end(100.0, 10.0, 120.0)
        (120.0, 110.0)
    """
    if seconds is None or deadline is None:
        return None
    return min(deadline, now + seconds)


def fits(scale: Scale, before: Scale, each: float, seconds: float) -> bool:
    """Tell whether there is time for a few evaluations at a scale.

    Args:
        scale: The scale in question.
        before: The scale before.
        each: Seconds of an evaluation there.
        seconds: What is left for the scale in question.
    """
    return seconds >= each * _pixels(scale) / _pixels(before) * (_PREPARATION + _FEWEST)


def _pixels(scale: Scale) -> int:
    return scale.size[0] * scale.size[1]
