"""Train a painting network on photographs and paintings; resumable."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engines.network.model import (
    PHOTOGRAPH,
    Architecture,
    PaintingModel,
    Standardization,
    summary,
)
from ..engines.network.model_file import load_model, save_model
from ..errors import DivergedError, ModelError
from ..images.crops import Photographs, cut_square, read_photographs
from ..images.files import write_image
from ..images.metadata import made_with
from ..images.sheet import contact_sheet
from ..types import TrainingStep
from . import training_folder as folders
from .painting_features import PaintingFeatures, load_features
from .training_plan import Training

_SHARE_OF_PHOTOGRAPH = 0.06  # of all examples
_PREVIEW, _MOST_PREVIEWS = 256, 17  # side of a cell, pixels; painted cells
_LEAST_DEVIATION = 1e-3


class Progress(NamedTuple):
    """Progress of a training.

    Attributes:
        step: Steps done.
        steps: Total steps; None with a budget.
        done: Fraction done, 0..1.
        seconds: Training time so far, including that before a resume.
        losses: `loss` and its parts, means over the steps since the last report: each step on a
            CPU, once a second on a GPU.
        unusable: Photographs that could not be used, with the reason.
    """

    step: int
    steps: int | None
    done: float
    seconds: float
    losses: Mapping[str, float]
    unusable: Mapping[Path, str]


class _Run(NamedTuple):
    training: Training
    training_model: Any
    photographs: Photographs
    styles: Any  # StylesToLearn: the photograph, the named styles, the other paintings
    names: tuple[str, ...]  # of the photograph and the named styles
    standardization: Standardization
    initial: PaintingModel | None  # the initial network
    averages: list[Any]


def train_model(
    training: Training, *, resume: bool = False, save_every: int = 200, preview_every: int = 500
) -> Generator[Progress]:
    """Train a network, yielding after each step, and write state, model and previews.

    On a GPU, whose steps are short, it yields about once a second. Stop at any time: closing the
    generator writes the state, and `resume` continues as if there had been no interruption.

    Args:
        training: From `make_training`.
        resume: Resume from the state in the folder.
        save_every: Steps between two states.
        preview_every: Steps between two contact sheets of previews.

    Yields:
        The progress.

    Raises:
        PictureError: Photographs or paintings cannot be used.
        ModelError: There is a state already, or none to resume, or one of another training.
        WeightsError: VGG19's weights were not found.
        DivergedError: The loss became non-finite.

    Example:
        >>> for progress in train_model(training):  # doctest: +SKIP
        ...     print(progress.step, progress.losses["loss"])
    """
    from ..engines.network.training import train

    folder, settings = training.folder, training.settings
    start, seconds, arrays = folders.open_folder(folder, training.about(), resume=resume)
    run = _prepare(training, arrays)
    folders.write_unusable(folder, run.photographs.unusable)
    rows = folders.read_losses(folder, start)
    saved = last = TrainingStep(start, 0.0, seconds, {})
    try:
        for done in train(
            run.training_model,
            run.photographs,
            run.styles,
            settings,
            start=start,
            seconds=seconds,
            averages=run.averages,
        ):
            before, last = last.step, done
            rows.append(folders.row(done.step, done.losses))
            if done.step // preview_every > before // preview_every or done.done >= 1:
                _write_preview(run, done.step)
            if done.step // save_every > before // save_every:
                _save(run, done, rows)
                saved = done
            steps = None if settings.seconds else settings.steps
            yield Progress(done.step, steps, *done[1:], run.photographs.unusable)
    except DivergedError:
        saved = last  # the weights are non-finite; keep the last state
        raise
    finally:
        if last.step > saved.step:
            _save(run, last, rows)


def _prepare(training: Training, arrays: Mapping[str, Any]) -> _Run:
    """Read photographs, compute features of paintings, and build or restore the training_model."""
    from ..backend import on_gpu, resolve_precision
    from ..engines.network import training as engine
    from ..engines.network.training_model import TrainingModel
    from ..perceptual import objective

    settings = training.settings
    engine.set_seed(settings.seed)
    photographs = read_photographs(training.photographs, settings, **_pairs(training))
    as_usual = settings.precision == "auto" and on_gpu()
    precision = "bfloat16" if as_usual else resolve_precision(settings.precision)
    loss = settings.loss_settings(precision)
    kernels = objective.load_kernels(loss)
    paintings = [*training.styles.values(), *training.others]
    features = load_features(paintings, training.folder, kernels, loss, settings)
    initial = None if training.model is None else load_model(training.model)
    architecture = initial.architecture if initial else Architecture(**settings.architecture())
    rows, numbers = len(training.styles) + 1, features.statistics.shape[1]
    training_model = TrainingModel(
        architecture, rows, numbers, kernels, loss, settings.predictor_width
    )
    training_model.network.half = on_gpu() and loss.precision == "bfloat16"
    standardization = _standardization(features.statistics, training_model, initial)
    styles = _styles_to_learn(training, features, standardization)
    if initial:
        training_model.initialise_from(initial, predictor_alone=training.predictor_alone)
        named = enumerate((PHOTOGRAPH, *training.styles))
        vectors = {row: initial.styles[name] for row, name in named if name in initial.styles}
        if training_model.has_predictor_of(initial) and training.styles:
            training_model.initialise_styles(styles.numbers[:rows], vectors)
    engine.prepare(training_model, photographs, styles, settings)
    averages = engine.start_averages(training_model) if settings.average else []
    if arrays:
        _restore(training_model, arrays, training.folder, averages)
    names = (PHOTOGRAPH, *training.styles) if training.styles else ()
    return _Run(
        training, training_model, photographs, styles, names, standardization, initial, averages
    )


def _pairs(training: Training) -> dict[str, Any]:
    """Return the pairs as arguments of `read_photographs`; style 0 is the photograph."""
    if training.pairs is None:
        return {}
    return {
        "pairs": training.pairs.painted,
        "painted_style": 1 + list(training.styles).index(training.pairs.style),
    }


def _restore(
    training_model: Any, arrays: Mapping[str, Any], folder: Path, averages: Sequence[Any]
) -> None:
    from ..engines.network.training import restore

    try:
        restore(training_model, arrays, averages)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"{folder / folders.STATE} is damaged ({error}); start over in another folder"
        ) from error


def _standardization(
    statistics: NDArray[np.float32], training_model: Any, initial: PaintingModel | None
) -> Standardization:
    """Return mean and deviation to standardise statistics: an inherited predictor's, if any."""
    if (
        initial is not None
        and initial.predictor is not None
        and training_model.has_predictor_of(initial)
    ):
        return Standardization(initial.predictor.mean, initial.predictor.deviation)
    several = len(statistics) > 1
    deviation = statistics.std(axis=0) if several else np.ones_like(statistics[0])
    return Standardization(statistics.mean(axis=0), deviation + _LEAST_DEVIATION)


def _styles_to_learn(
    training: Training, features: PaintingFeatures, standardization: Standardization
) -> Any:
    """Assign rows and shares of the examples to styles; without named styles, all to others."""
    from ..engines.network.training import StylesToLearn
    from ..engines.network.training_data import Packed, places_of

    numbers = ((features.statistics - standardization.mean) / standardization.deviation).astype(
        np.float32
    )
    named, others = len(training.styles), len(training.others)
    for_others = training.settings.others_share if others else 0.0
    rows: list[int | None] = [None] * others
    each = for_others / others if named and others else 1.0
    shares = [each] * others
    own = bool(named)  # the photograph comes before the named styles
    if named:
        rows = [*range(named + 1), *rows]
        rest = 1 - _SHARE_OF_PHOTOGRAPH - for_others
        shares = [_SHARE_OF_PHOTOGRAPH, *[rest / named] * named, *shares]
        numbers = np.concatenate([np.zeros_like(numbers[:1]), numbers])

    def with_own(each: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([np.zeros_like(each[:1]), each]) if own else each

    grams = {
        name: Packed(with_own(halves), with_own(features.scales[name]), places_of(halves.shape[1]))
        for name, halves in features.halves.items()
    }
    is_own = np.arange(len(rows)) < int(own)
    return StylesToLearn(numbers, rows, grams, np.array(shares), is_own)


def _save(run: _Run, done: TrainingStep, rows: Sequence[Sequence[Any]]) -> None:
    """Write model and losses, then the state, so that a state is never without its files."""
    from ..engines.network.training import state, swap

    training = run.training
    arrays = state(run.training_model, run.averages)
    if run.averages:
        swap(run.training_model, run.averages)
    model = _to_model(run, done.step)
    if run.averages:
        swap(run.training_model, run.averages)
    save_model(model, training.folder / folders.MODEL)
    folders.write_losses(training.folder, rows)
    folders.save_state(training.folder, done.step, done.seconds, arrays, training.about())


def _to_model(run: _Run, step: int) -> PaintingModel:
    """Return the network learned so far, with a card."""
    training, initial = run.training, run.initial
    named = {name: (run.styles.numbers[i], i) for i, name in enumerate(run.names)}
    architecture = run.training_model.network.architecture._asdict()
    about = {
        "steps": step,
        "settings": {**training.settings.model_dump(mode="json"), **architecture},
        "photographs": run.photographs.real,
        "paintings": len(training.others),
    }
    if initial and training.predictor_alone:
        card = {**initial.card, "made_with": made_with(), "predictor": about}
        return replace(
            initial, predictor=run.training_model.predictor(run.standardization), card=card
        )
    names = {name: {"file": path.name} for name, path in training.styles.items()}
    card = {"made_with": made_with(), **about, "styles": names}
    if initial:
        card["begun_with"] = summary(initial)
    standardization = run.standardization if training.others else None
    made: PaintingModel = run.training_model.to_model(named, standardization, card)
    return made


def _write_preview(run: _Run, step: int) -> None:
    """Paint a photograph in the first styles, on one contact sheet."""
    training, settings, styles = run.training, run.training.settings, run.styles
    image = cut_square(run.photographs, 0, settings.crop, settings.seed)
    shown = range(min(len(styles.rows), _MOST_PREVIEWS))
    painted = [run.training_model.paint(image, styles.numbers[i], styles.rows[i]) for i in shown]
    names = ["", *run.names, *["another"] * len(shown)][: len(shown) + 1]
    sheet = contact_sheet([image, *painted], _PREVIEW, names)
    write_image(training.folder / f"preview_{step:06d}.png", sheet)
