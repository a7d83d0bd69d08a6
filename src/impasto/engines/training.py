"""Train a network to paint: examples in, steps with losses out; what to save, and how to go on."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..backend import keras, ops, prepare_to_train
from ..errors import DivergedError
from ..images.crops import Crop, draw_crop
from ..training_settings import TrainingSettings
from .lesson import Lesson

_BATCHES_AHEAD = 2
_WARM_UP = 0.02  # of all steps, over which the learning rate rises
_LAST_RATE = 0.02  # of the learning rate, at the end

Arrays = dict[str, NDArray[Any]]


class StyleToLearn(NamedTuple):
    """A style as training needs it.

    Attributes:
        name: Its name.
        numbers: Statistics of its painting, standardised, (F,).
        row: Its row among the vectors; None where the predictor alone makes its vector.
        grams: Gram matrices wanted, divided by positions; None takes those of the photograph, which
            makes it the style of leaving things as they are.
        share: How often it is drawn, relative to the others.
    """

    name: str
    numbers: NDArray[np.float32]
    row: int | None
    grams: Mapping[str, Any] | None
    share: float = 1.0


class Batch(NamedTuple):
    """Examples of one step.

    Attributes:
        pictures: Crops of photographs, (N, crop, crop, 3), 0..1.
        goals: Crops of what the slow route made of them, likewise; the photographs' own where there
            is none.
        paired: Whether there is one, N.
        styles: Index of the style that each shall be painted in, N.
        unusable: Photographs that could not be used, with the reason.
    """

    pictures: NDArray[np.float32]
    goals: NDArray[np.float32]
    paired: list[bool]
    styles: list[int]
    unusable: tuple[tuple[Path, str], ...]


class TrainingStep(NamedTuple):
    """What one step of training came to.

    Attributes:
        step: Steps done.
        losses: `loss` and its parts `content`, `style`, `tv` and `pixels`, means over the batch.
        unusable: Photographs that could not be used in it, with the reason.
    """

    step: int
    losses: Mapping[str, float]
    unusable: tuple[tuple[Path, str], ...]


class Pairs(NamedTuple):
    """Examples that the slow route has made.

    Attributes:
        style: Index of their style among the styles to learn.
        painted: The painted picture of each photograph.
    """

    style: int
    painted: Mapping[Path, Path]


def set_seed(seed: int) -> None:
    """Seed the weights of the networks made from now on; to be called before anything of Keras'."""
    prepare_to_train()
    keras.utils.set_random_seed(seed)


def prepare(lesson: Lesson, settings: TrainingSettings) -> None:
    """Give a lesson its optimizer: Adam, its rate rising shortly and then falling by a cosine."""
    rising = max(1, round(_WARM_UP * settings.steps))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, settings.steps - rising),
        alpha=_LAST_RATE,
        warmup_target=settings.learning_rate,
        warmup_steps=rising,
    )
    lesson.compile(
        optimizer=keras.optimizers.Adam(rate, beta_2=0.99, global_clipnorm=settings.clip_norm)
    )
    lesson.optimizer.build(lesson.trainable_variables)


def train(
    lesson: Lesson,
    photographs: Sequence[Path],
    styles: Sequence[StyleToLearn],
    settings: TrainingSettings,
    *,
    pairs: Pairs | None = None,
    start: int = 0,
) -> Iterator[TrainingStep]:
    """Train a prepared lesson, yielding after each step.

    What a step sees depends on its number and the seed alone, so a run that is taken up again sees
    what it would have seen.

    Args:
        lesson: From `prepare`, or restored.
        photographs: Paths of the photographs.
        styles: What to learn.
        settings: `steps`, `batch`, `crop`, `seed`, `workers`, `pairs_share`, `pixel_weight`.
        pairs: Examples of the slow route, for a share of each batch.
        start: Steps that have been done.

    Yields:
        Steps, from `start + 1` to `settings.steps`.

    Raises:
        PictureError: The photographs cannot be used.
        DivergedError: The loss is not finite.
    """
    for step, batch in batches(photographs, styles, settings, pairs, start):
        tensors = _to_tensors(lesson, batch, styles, settings)
        told = lesson.train_on_batch(*tensors, return_dict=True)
        losses = {name: float(value) for name, value in told.items()}
        if not np.isfinite(losses["loss"]):
            raise DivergedError(
                f"the loss is not finite at step {step + 1}; lower learning_rate, and go on "
                "from the last checkpoint"
            )
        yield TrainingStep(step + 1, losses, batch.unusable)


def first_loss(
    lesson: Lesson, photographs: Sequence[Path], style: StyleToLearn, settings: TrainingSettings
) -> Callable[[], float]:
    """Read what the first step would see, and return a function for the loss of it by now.

    Raises:
        PictureError: The photographs cannot be used.
    """
    _, batch = next(batches(photographs, [style], settings))
    tensors = _to_tensors(lesson, batch, [style], settings)
    return lambda: float(lesson.test_on_batch(*tensors, return_dict=True)["loss"])


def _to_tensors(
    lesson: Lesson, batch: Batch, styles: Sequence[StyleToLearn], settings: TrainingSettings
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of a lesson, and what is wanted."""
    chosen = [styles[index] for index in batch.styles]
    grams = [
        lesson.look(batch.pictures[i : i + 1]).grams if style.grams is None else style.grams
        for i, style in enumerate(chosen)
    ]
    inputs = {
        "picture": batch.pictures,
        "numbers": np.stack([style.numbers for style in chosen]),
        "choice": lesson.choose([style.row for style in chosen]),
    }
    weights = [settings.pixel_weight if paired else 0.0 for paired in batch.paired]
    return (
        {name: ops.convert_to_tensor(value) for name, value in inputs.items()},
        {
            "goal": ops.convert_to_tensor(batch.goals),
            "pixels": ops.convert_to_tensor(np.array(weights, np.float32)),
            "grams": {name: ops.stack([each[name] for each in grams]) for name in grams[0]},
        },
    )


def batches(
    photographs: Sequence[Path],
    styles: Sequence[StyleToLearn],
    settings: TrainingSettings,
    pairs: Pairs | None = None,
    start: int = 0,
) -> Iterator[tuple[int, Batch]]:
    """Read batches ahead in several threads, and yield them in order with the step's number.

    Args:
        photographs: Paths.
        styles: What to learn.
        settings: As for `train`.
        pairs: Examples of the slow route.
        start: The first step.
    """
    share = settings.pairs_share if pairs else 0.0

    def draw(number: int) -> Crop:
        if pairs and np.random.default_rng([settings.seed, 2, number]).random() < share:
            paths, painted = list(pairs.painted), pairs.painted
            return draw_crop(paths, number, settings.crop, settings.seed, painted)
        return draw_crop(photographs, number, settings.crop, settings.seed)

    shares = np.array([style.share for style in styles])
    with ThreadPoolExecutor(settings.workers) as pool:
        ahead: deque[list[Future[Crop]]] = deque()
        try:
            for step in range(start, settings.steps):
                while len(ahead) <= _BATCHES_AHEAD and step + len(ahead) < settings.steps:
                    first = (step + len(ahead)) * settings.batch
                    ahead.append([pool.submit(draw, first + i) for i in range(settings.batch)])
                crops = [future.result() for future in ahead.popleft()]
                rng = np.random.default_rng([settings.seed, 1, step])
                chosen = rng.choice(len(styles), settings.batch, p=shares / shares.sum())
                yield step, _assemble(crops, chosen.tolist(), pairs)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _assemble(crops: Sequence[Crop], chosen: list[int], pairs: Pairs | None) -> Batch:
    """Put a batch together; a pair has its own style, whatever was drawn for it."""
    paired = [crop.painted is not None for crop in crops]
    if pairs is not None:
        chosen = [pairs.style if has else one for has, one in zip(paired, chosen, strict=True)]
    goals = [crop.image if crop.painted is None else crop.painted for crop in crops]
    unusable = tuple(itertools.chain.from_iterable(crop.unusable for crop in crops))
    pictures = np.stack([crop.image for crop in crops])
    return Batch(pictures, np.stack(goals), paired, chosen, unusable)


def state(lesson: Lesson) -> Arrays:
    """Return all that training goes on from: the weights, and what the optimizer remembers."""
    return {
        f"{kind}/{i:03d}": np.asarray(ops.convert_to_numpy(variable))
        for kind, variables in _variables(lesson).items()
        for i, variable in enumerate(variables)
    }


def restore(lesson: Lesson, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Bring a prepared lesson back to a `state`.

    Raises:
        ValueError: The state belongs to another network, or is damaged.
    """
    own = state(lesson)
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
    for kind, variables in _variables(lesson).items():
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{kind}/{i:03d}"])


def _variables(lesson: Lesson) -> dict[str, list[Any]]:
    return {"weights": lesson.trainable_variables, "optimizer": lesson.optimizer.variables}
