"""The interface of a training update, for all frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from keras import ops


class Update(NamedTuple):
    """What trains a lesson.

    Attributes:
        step: `(drawn, rate, decay)` does one step on what was drawn, NumPy arrays, with a learning
            rate, and lets so much of the average of the weights stay.
        is_due: Whether it is time to read: reading waits for a GPU.
        read: Gives `loss` and the parts of it, means over the steps since the last reading.
    """

    step: Callable[[Any, float, float], None]
    is_due: Callable[[], bool]
    read: Callable[[], Mapping[str, float]]


def make_update(lesson: Any, averages: Sequence[Any]) -> Update:
    """Return what trains a lesson by Keras' own training step; see `backend.make_update`."""
    found: dict[str, float] = {}

    def step(drawn: Any, rate: float, decay: float) -> None:
        lesson.optimizer.learning_rate.assign(rate)
        inputs, goals = lesson.examples(type(drawn)(*map(ops.convert_to_tensor, drawn)))
        told = lesson.train_on_batch(inputs, goals, return_dict=True)
        found.update({name: float(value) for name, value in told.items()})
        for average, weight in zip(averages, lesson.trainable_variables, strict=False):
            average.assign(average + (1 - decay) * (weight - average))

    return Update(step, lambda: True, lambda: dict(found))
