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
from .bank import Bank, Drawn, Packed
from .lesson import Lesson
from .noise import FINE
from .schedule import learning_rate, weight_of_average

Arrays = dict[str, NDArray[Any]]


class StylesToLearn(NamedTuple):
    """The styles as training needs them; each array has one entry a style.

    Attributes:
        numbers: Statistics of their paintings, standardised, (K, F).
        rows: Row among the vectors of each, K; None where the predictor alone makes its vector.
        grams: Gram matrices wanted by style layer, divided by positions, packed; those of a style
            that is the photograph's own are not looked at.
        shares: How often each is drawn, relative to the others, (K,).
        own: Whether its Gram matrices are the photograph's, (K,), which makes it the style of
            leaving things as they are.
    """

    numbers: NDArray[np.float32]
    rows: Sequence[int | None]
    grams: Mapping[str, Packed]
    shares: NDArray[np.float64]
    own: NDArray[np.bool_]


def set_seed(seed: int) -> None:
    """Seed the weights of the networks made from now on; to be called before anything of Keras'."""
    prepare_to_train()
    keras.utils.set_random_seed(seed)


def prepare(
    lesson: Lesson,
    photographs: Photographs,
    styles: StylesToLearn,
    settings: TrainingSettings,
) -> None:
    """Give a lesson its optimizer, Adam, and put all that its steps draw from on the device."""
    lesson.compile(
        optimizer=keras.optimizers.Adam(
            settings.learning_rate, beta_2=0.99, global_clipnorm=settings.clip_norm
        )
    )
    lesson.optimizer.build(lesson.trainable_variables)
    own_layers = lesson.settings.style_layers[:4] if styles.own.any() else ()
    put = ops.convert_to_tensor
    painted = photographs.painted
    bank = Bank(
        pictures=put(photographs.pictures),
        painted=None if painted is None else put(painted),
        numbers=put(styles.numbers),
        rows=put(lesson.choose(styles.rows)),
        grams={name: Packed(*map(put, packed)) for name, packed in styles.grams.items()},
        own=put(styles.own.astype(np.float32)),
        own_layers=own_layers,
        least_energy=None,
    )
    lesson.use(bank, settings)
    least = put(np.float32(lesson.least_energy(photographs.real)))
    lesson.use(bank._replace(least_energy=least), settings)


def train(
    lesson: Lesson,
    photographs: Photographs,
    styles: StylesToLearn,
    settings: TrainingSettings,
    *,
    start: int = 0,
    seconds: float = 0.0,
    averages: Sequence[Any] = (),
) -> Iterator[TrainingStep]:
    """Train a prepared lesson, yielding after each step, on a GPU about once a second.

    What a step sees depends on its number and the seed alone, so a run that is taken up again sees
    what it would have seen.

    Args:
        lesson: From `prepare`, or restored.
        photographs: As given to `prepare`.
        styles: As given to `prepare`.
        settings: `steps` or `budget`, `batch`, `seed`, `learning_rate`, `average`.
        start: Steps that have been done.
        seconds: Time that they took.
        averages: From `start_averages`; they follow the weights.

    Yields:
        Steps, from `start + 1` on.

    Raises:
        DivergedError: The loss is not finite.
    """
    draw = functools.partial(draw_step, photographs, styles, settings)
    update = make_update(lesson, averages)
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
                    f"the loss is not finite at step {step}; lower learning_rate, and go on "
                    "from the last checkpoint"
                )
            now = time.monotonic() - begun
            yield TrainingStep(step, share_done(settings, step, now), now, losses)


def share_done(settings: TrainingSettings, step: int, seconds: float) -> float:
    """Return the share of a training that is done, by its time if it has a budget, else by steps.

    Example:
        >>> share_done(TrainingSettings(steps=4), 1, 100.0)
        0.25
        >>> share_done(TrainingSettings(budget="50s"), 1, 100.0)
        1.0
    """
    if settings.seconds is not None:
        return min(1.0, seconds / settings.seconds)
    return min(1.0, step / settings.steps)


def draw_step(
    photographs: Photographs, styles: StylesToLearn, settings: TrainingSettings, step: int
) -> Drawn:
    """Draw what a step sees: the same for the same step and seed."""
    first, batch = step * settings.batch, settings.batch
    drawn = [
        draw_box(photographs, first + i, settings.crop, settings.seed, settings.zoom)
        for i in range(batch)
    ]
    rng = np.random.default_rng([settings.seed, 1, step])
    shares = styles.shares / styles.shares.sum()
    free = rng.choice(len(shares), batch, p=shares).tolist()
    paired = [photographs.style_of(index) for index, _ in drawn]
    chosen = [one if own is None else own for one, own in zip(free, paired, strict=True)]
    return Drawn(
        picture=np.array([index for index, _ in drawn], np.int64),
        box=np.array([box for _, box in drawn], np.float32),
        style=np.array(chosen, np.int64),
        offset=rng.integers(FINE, size=(batch, 2)),
    )


def first_loss(
    lesson: Lesson, photographs: Photographs, styles: StylesToLearn, settings: TrainingSettings
) -> Callable[[], float]:
    """Return a function for the loss, by now, of what the first step sees."""
    drawn = Drawn(*map(ops.convert_to_tensor, draw_step(photographs, styles, settings, 0)))
    inputs, goals = lesson.examples(drawn)
    return lambda: float(lesson.test_on_batch(inputs, goals, return_dict=True)["loss"])


def start_averages(lesson: Lesson) -> list[Any]:
    """Return copies of all weights that are trained, to be averaged over the steps."""
    return [
        keras.Variable(ops.copy(variable.value), trainable=False, name=f"average_{i}")
        for i, variable in enumerate(lesson.trainable_variables)
    ]


def swap(lesson: Lesson, averages: Sequence[Any]) -> None:
    """Exchange the weights and their averages; a second call brings the weights back."""
    for variable, average in zip(lesson.trainable_variables, averages, strict=True):
        kept = ops.copy(variable.value)
        variable.assign(average.value)
        average.assign(kept)


def state(lesson: Lesson, averages: Sequence[Any] = ()) -> Arrays:
    """Return all that training goes on from: the weights, and what the optimizer remembers."""
    return {
        f"{kind}/{i:03d}": np.asarray(ops.convert_to_numpy(variable))
        for kind, variables in _variables(lesson, averages).items()
        for i, variable in enumerate(variables)
    }


def restore(
    lesson: Lesson, arrays: Mapping[str, NDArray[Any]], averages: Sequence[Any] = ()
) -> None:
    """Bring a prepared lesson back to a `state`.

    Raises:
        ValueError: The state belongs to another network, or is damaged.
    """
    own = state(lesson, averages)
    differing = [
        name
        for name in {*own, *arrays}
        if name not in own or name not in arrays or own[name].shape != arrays[name].shape
    ]
    if differing:
        raise ValueError(f"the state is of another network: {min(differing)} differs")
    damaged = [name for name in own if not np.isfinite(arrays[name]).all()]
    if damaged:
        raise ValueError(f"the state holds numbers that are not finite in {min(damaged)}")
    for kind, variables in _variables(lesson, averages).items():
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{kind}/{i:03d}"])


def _variables(lesson: Lesson, averages: Sequence[Any]) -> dict[str, list[Any]]:
    return {
        "weights": lesson.trainable_variables,
        "optimizer": lesson.optimizer.variables,
        "average": list(averages),
    }
