"""The training loop, and its state for resuming."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backend import keras, make_update, ops, prepare_to_train
from ...errors import DivergedError
from ...images.crops import Photographs, draw_box
from ...training_settings import TrainingSettings
from ...types import TrainingStep
from .noise import FINE
from .schedule import learning_rate, weight_of_average
from .training_data import Batch, Packed, TrainingData
from .training_model import TrainingModel

Arrays = dict[str, NDArray[Any]]


class StylesToLearn(NamedTuple):
    """The styles of a training; each array has one entry per style.

    Attributes:
        numbers: Statistics of their paintings, standardised, (K, F).
        rows: Row of each in the style vectors, K; None if only the predictor makes its vector.
        grams: Target Gram matrices by style layer, divided by positions, packed; ignored for
            `own` styles.
        shares: Relative frequency of each, (K,).
        own: Whether the target is the photograph's own Gram matrices, (K,): the style that leaves
            the photograph as it is.
    """

    numbers: NDArray[np.float32]
    rows: Sequence[int | None]
    grams: Mapping[str, Packed]
    shares: NDArray[np.float64]
    own: NDArray[np.bool_]


def set_seed(seed: int) -> None:
    """Seed the weights of the networks made after this call; call it before any other of Keras."""
    prepare_to_train()
    keras.utils.set_random_seed(seed)


def prepare(
    model: TrainingModel,
    photographs: Photographs,
    styles: StylesToLearn,
    settings: TrainingSettings,
) -> None:
    """Compile a model with Adam, and copy the training data to the device."""
    model.compile(
        optimizer=keras.optimizers.Adam(
            settings.learning_rate, beta_2=0.99, global_clipnorm=settings.clip_norm
        )
    )
    model.optimizer.build(model.trainable_variables)
    own_layers = model.settings.style_layers[:4] if styles.own.any() else ()
    put = ops.convert_to_tensor
    painted = photographs.painted
    data = TrainingData(
        pictures=put(photographs.pictures),
        painted=None if painted is None else put(painted),
        numbers=put(styles.numbers),
        rows=put(model.one_hot(styles.rows)),
        grams={name: Packed(*map(put, packed)) for name, packed in styles.grams.items()},
        own=put(styles.own.astype(np.float32)),
        own_layers=own_layers,
        least_energy=None,
    )
    model.set_data(data, settings)
    least = put(np.float32(model.least_energy(photographs.real)))
    model.set_data(data._replace(least_energy=least), settings)


def train(
    model: TrainingModel,
    photographs: Photographs,
    styles: StylesToLearn,
    settings: TrainingSettings,
    *,
    start: int = 0,
    seconds: float = 0.0,
    averages: Sequence[Any] = (),
) -> Iterator[TrainingStep]:
    """Train a prepared model, yielding after each step, on a GPU about once a second.

    The batch of a step depends only on its number and the seed, so a resumed training draws the
    same batches.

    Args:
        model: From `prepare`, or restored.
        photographs: As given to `prepare`.
        styles: As given to `prepare`.
        settings: `steps` or `budget`, `batch`, `seed`, `learning_rate`, `average`.
        start: Steps already done.
        seconds: Time of these steps.
        averages: From `start_averages`; updated with the weights.

    Yields:
        Steps, from `start + 1` on.

    Raises:
        DivergedError: The loss is not finite.
    """
    draw = functools.partial(draw_batch, photographs, styles, settings)
    update = make_update(model, averages)
    begun, step = time.monotonic() - seconds, start
    done = share_done(settings, step, seconds)
    while done < 1:
        ahead = share_done(settings, step + 1, time.monotonic() - begun)
        rate = learning_rate(settings.learning_rate, ahead)
        update.step(draw(step), rate, weight_of_average(settings.average, step))
        step += 1
        done = share_done(settings, step, time.monotonic() - begun)
        if done >= 1 or update.is_due():
            losses = update.read()
            if not np.isfinite(losses["loss"]):
                raise DivergedError(
                    f"the loss is not finite at step {step}; lower learning_rate, and resume "
                    "from the last checkpoint"
                )
            now = time.monotonic() - begun
            yield TrainingStep(step, share_done(settings, step, now), now, losses)


def share_done(settings: TrainingSettings, step: int, seconds: float) -> float:
    """Return the finished share of a training, by time if it has a budget, else by steps.

    Example:
        >>> share_done(TrainingSettings(steps=4), 1, 100.0)
        0.25
        >>> share_done(TrainingSettings(budget="50s"), 1, 100.0)
        1.0
    """
    if settings.seconds is not None:
        return min(1.0, seconds / settings.seconds)
    return min(1.0, step / settings.steps)


def draw_batch(
    photographs: Photographs, styles: StylesToLearn, settings: TrainingSettings, step: int
) -> Batch:
    """Draw the batch of a step: the same for the same step and seed."""
    first, size = step * settings.batch, settings.batch
    boxes = [
        draw_box(photographs, first + i, settings.crop, settings.seed, settings.zoom)
        for i in range(size)
    ]
    rng = np.random.default_rng([settings.seed, 1, step])
    shares = styles.shares / styles.shares.sum()
    free = rng.choice(len(shares), size, p=shares).tolist()
    paired = [photographs.style_of(index) for index, _ in boxes]
    chosen = [one if own is None else own for one, own in zip(free, paired, strict=True)]
    return Batch(
        picture=np.array([index for index, _ in boxes], np.int64),
        box=np.array([box for _, box in boxes], np.float32),
        style=np.array(chosen, np.int64),
        offset=rng.integers(FINE, size=(size, 2)),
    )


def first_loss(
    model: TrainingModel,
    photographs: Photographs,
    styles: StylesToLearn,
    settings: TrainingSettings,
) -> Callable[[], float]:
    """Return a function that computes the current loss of the first batch."""
    batch = Batch(*map(ops.convert_to_tensor, draw_batch(photographs, styles, settings, 0)))
    inputs, targets = model.examples(batch)
    return lambda: float(model.test_on_batch(inputs, targets, return_dict=True)["loss"])


def start_averages(model: TrainingModel) -> list[Any]:
    """Return copies of all trainable weights, to average them over the steps."""
    return [
        keras.Variable(ops.copy(variable.value), trainable=False, name=f"average_{i}")
        for i, variable in enumerate(model.trainable_variables)
    ]


def swap(model: TrainingModel, averages: Sequence[Any]) -> None:
    """Exchange the weights and their averages; a second call restores them."""
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        kept = ops.copy(variable.value)
        variable.assign(average.value)
        average.assign(kept)


def state(model: TrainingModel, averages: Sequence[Any] = ()) -> Arrays:
    """Return the state to resume from: weights, optimizer variables and averages."""
    return {
        f"{kind}/{i:03d}": np.asarray(ops.convert_to_numpy(variable))
        for kind, variables in _variables(model, averages).items()
        for i, variable in enumerate(variables)
    }


def restore(
    model: TrainingModel, arrays: Mapping[str, NDArray[Any]], averages: Sequence[Any] = ()
) -> None:
    """Restore a `state` of a prepared model.

    Raises:
        ValueError: The state belongs to another network, or is damaged.
    """
    own = state(model, averages)
    differing = [
        name
        for name in {*own, *arrays}
        if name not in own or name not in arrays or own[name].shape != arrays[name].shape
    ]
    if differing:
        raise ValueError(f"the state belongs to another network: {min(differing)} differs")
    damaged = [name for name in own if not np.isfinite(arrays[name]).all()]
    if damaged:
        raise ValueError(f"the state holds numbers that are not finite in {min(damaged)}")
    for kind, variables in _variables(model, averages).items():
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{kind}/{i:03d}"])


def _variables(model: TrainingModel, averages: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        "weights": model.trainable_variables,
        "optimizer": model.optimizer.variables,
        "average": list(averages),
    }
