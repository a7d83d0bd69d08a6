"""Training schedules: learning rate, and decay of the weight average."""

from __future__ import annotations

import math

_WARM_UP = 0.02  # share of the training in which the learning rate rises
_LAST_RATE = 0.02  # final learning rate, as a share of the highest


def learning_rate(highest: float, done: float) -> float:
    """Return the learning rate: linear warm-up, then half a cosine.

    Args:
        highest: The highest rate.
        done: Finished share of the training, 0..1.

    Example:
        >>> learning_rate(1.0, 0.01), learning_rate(1.0, 0.02), round(learning_rate(1.0, 1.0), 3)
        (0.5, 1.0, 0.02)
    """
    if done < _WARM_UP:
        return highest * done / _WARM_UP
    fallen = (done - _WARM_UP) / (1 - _WARM_UP)
    return highest * (_LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * fallen)) / 2)


def weight_of_average(decay: float, step: int) -> float:
    """Return the decay of the weight average at a step: small at first, later `decay`.

    Args:
        decay: The final decay, 0..1.
        step: Steps already done.

    Example:
        >>> weight_of_average(0.999, 0), weight_of_average(0.999, 10**6)
        (0.1, 0.999)
    """
    return min(decay, (1 + step) / (10 + step))
