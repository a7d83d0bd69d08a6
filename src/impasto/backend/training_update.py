"""The interface of a training update, for all frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from keras import ops


class Update(NamedTuple):
    """The training update of a model.

    Attributes:
        step: `(batch, rate, decay)` runs one step on a batch of NumPy arrays with a learning rate,
            and updates the average of the weights with a decay.
        is_due: Whether to read the losses now; reading waits for a GPU.
        read: Returns `loss` and its parts, means over the steps since the last call.
    """

    step: Callable[[Any, float, float], None]
    is_due: Callable[[], bool]
    read: Callable[[], Mapping[str, float]]


def make_update(model: Any, averages: Sequence[Any]) -> Update:
    """Return an update with Keras' own training step; see `backend.make_update`."""
    found: dict[str, float] = {}

    def step(batch: Any, rate: float, decay: float) -> None:
        model.optimizer.learning_rate.assign(rate)
        inputs, targets = model.examples(type(batch)(*map(ops.convert_to_tensor, batch)))
        losses = model.train_on_batch(inputs, targets, return_dict=True)
        found.update({name: float(value) for name, value in losses.items()})
        for average, weight in zip(averages, model.trainable_variables, strict=False):
            average.assign(average + (1 - decay) * (weight - average))

    return Update(step, lambda: True, lambda: dict(found))
