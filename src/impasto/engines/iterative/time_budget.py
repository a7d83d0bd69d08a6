"""Divide a time budget between the scales."""

from __future__ import annotations

from collections.abc import Sequence

from ...images.scales import Scale

# Cost of the targets at a new size, in evaluations.
_PREPARATION = 2.0
_FEWEST = 2  # evaluations for which a new size is worthwhile


def seconds_for(left: Sequence[Scale], seconds: float) -> float:
    """Divide the remaining seconds between the remaining scales in proportion to their work.

    Args:
        left: The remaining scales.
        seconds: Seconds until the deadline.

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
        now: The time, by `time.perf_counter`.
        seconds: Share of this scale.
        deadline: Deadline of the whole run, by `time.perf_counter`.

    Example:
        >>> end(100.0, 30.0, 120.0), end(100.0, 10.0, 120.0)
        (120.0, 110.0)
    """
    if seconds is None or deadline is None:
        return None
    return min(deadline, now + seconds)


def fits(scale: Scale, before: Scale, each: float, seconds: float) -> bool:
    """Return whether there is time for a few evaluations at a scale.

    Args:
        scale: The scale.
        before: The scale before it.
        each: Seconds of an evaluation at `before`.
        seconds: Seconds for the scale.
    """
    return seconds >= each * _pixels(scale) / _pixels(before) * (_PREPARATION + _FEWEST)


def _pixels(scale: Scale) -> int:
    return scale.size[0] * scale.size[1]
