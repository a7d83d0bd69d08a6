"""Train a painting network on a folder of photographs and some paintings; it can go on later."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..engines.model_file import load_model, save_model
from ..engines.painting_model import PHOTOGRAPH, Architecture, PaintingModel, Scale, summary
from ..errors import DivergedError, ModelError
from ..images.crops import draw_crop
from ..images.files import read_image, write_image
from ..images.metadata import made_with
from ..images.sheet import contact_sheet
from ..training_settings import TrainingSettings
from . import training_folder as folders
from .training_plan import Training

_SHARE_OF_PHOTOGRAPH = 0.06  # of all examples
_PREVIEW, _MOST_PREVIEWS = 256, 17  # side of a cell, pixels; painted cells
_LEAST_DEVIATION = 1e-3


class Progress(NamedTuple):
    """How a training stands.

    Attributes:
        step: Steps done.
        steps: Steps in all.
        losses: `loss` and its parts `content`, `style` and `tv`, of this step.
        unusable: Photographs that could not be used so far, with the reason.
    """

    step: int
    steps: int
    losses: Mapping[str, float]
    unusable: Mapping[Path, str]


class _Run(NamedTuple):
    training: Training
    lesson: Any
    styles: list[Any]  # StyleToLearn: the photograph, those with names, the others
    scale: Scale
    begun: PaintingModel | None  # the network that it began with


def train_model(
    training: Training, *, resume: bool = False, save_every: int = 200, preview_every: int = 500
) -> Generator[Progress]:
    """Train, yielding after each step; state, model and previews are written on the way.

    Stop at any time: the state is written when the generator is closed, and a run with `resume`
    goes on as if nothing had been.

    Args:
        training: From `make_training`.
        resume: Go on from the state in the folder.
        save_every: Steps between two states written.
        preview_every: Steps between two sheets of previews.

    Yields:
        How it stands.

    Raises:
        PictureError: Photographs or paintings cannot be used.
        ModelError: There is a state already, or none to resume, or one of another training.
        WeightsError: VGG19's weights were not found.
        DivergedError: The loss is not finite.

    Example:
        >>> for progress in train_model(training):  # doctest: +SKIP
        ...     print(progress.step, progress.losses["loss"])
    """
    from ..engines.training import train

    folder, settings = training.folder, training.settings
    start, arrays = folders.open_folder(folder, training.about(), resume=resume)
    run = _prepare(training, arrays)
    rows = folders.read_losses(folder, start)
    step = saved = start
    unusable: dict[Path, str] = {}
    try:
        for done in train(
            run.lesson,
            training.photographs,
            run.styles,
            settings,
            pairs=_pairs(training),
            start=start,
        ):
            step = done.step
            unusable.update(done.unusable)
            rows.append([step, *(f"{done.losses[name]:.6g}" for name in folders.COLUMNS)])
            if step % preview_every == 0 or step == settings.steps:
                _write_preview(run, step)
            if step % save_every == 0:
                _save(run, step, rows)
                saved = step
            yield Progress(step, settings.steps, done.losses, unusable)
    except DivergedError:
        saved = step  # the weights are lost; the last state is not
        raise
    finally:
        if step > saved:
            _save(run, step, rows)
        folders.write_unusable(folder, unusable)


def _pairs(training: Training) -> Any:
    """Return the pairs as the engine takes them: the photograph has the first place of styles."""
    from ..engines.training import Pairs as PairsToLearn

    if training.pairs is None:
        return None
    return PairsToLearn(
        1 + list(training.styles).index(training.pairs.style), training.pairs.painted
    )


def _prepare(training: Training, arrays: Mapping[str, Any]) -> _Run:
    """Look at all paintings, and make the lesson: fresh, or as it was saved."""
    from ..backend import resolve_precision
    from ..engines import training as engine
    from ..engines.lesson import Lesson, look_at_painting
    from ..perceptual import objective

    settings = training.settings
    engine.set_seed(settings.seed)
    loss = settings.loss_settings(resolve_precision(settings.precision))
    kernels = objective.load_kernels(loss)

    def look(path: Path) -> Any:
        return look_at_painting(read_image(path), kernels, loss, settings.style_size)

    named = {name: look(path) for name, path in training.styles.items()}
    others = [look(path) for path in training.others]
    scale = _scale([look.statistics for look in (*named.values(), *others)])
    begun = None if training.model is None else load_model(training.model)
    fresh = Architecture(settings.widths, settings.blocks, settings.separable)
    architecture = begun.architecture if begun else fresh
    lesson = Lesson(architecture, len(named) + 1, len(scale.mean), kernels, loss)
    if begun:
        lesson.begin_with(begun, predictor_alone=training.predictor_alone)
    engine.prepare(lesson, settings)
    if arrays:
        _restore(lesson, arrays, training.folder)
    chosen = _styles_to_learn(named, others, scale, settings)
    return _Run(training, lesson, chosen, scale, begun)


def _restore(lesson: Any, arrays: Mapping[str, Any], folder: Path) -> None:
    from ..engines.training import restore

    try:
        restore(lesson, arrays)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"{folder / folders.STATE} is damaged ({error}); start anew in another folder"
        ) from error


def _scale(statistics: Sequence[Any]) -> Scale:
    numbers = np.stack(statistics)
    deviation = numbers.std(axis=0) if len(numbers) > 1 else np.ones_like(numbers[0])
    return Scale(numbers.mean(axis=0), deviation + _LEAST_DEVIATION)


def _styles_to_learn(
    named: Mapping[str, Any], others: Sequence[Any], scale: Scale, settings: TrainingSettings
) -> list[Any]:
    """Give the styles their rows and their shares of the examples; without names, to others all."""
    from ..engines.training import StyleToLearn

    def numbers(look: Any) -> Any:
        return ((look.statistics - scale.mean) / scale.deviation).astype(np.float32)

    for_others = settings.others_share if others else 0.0
    rest = 1 - _SHARE_OF_PHOTOGRAPH - for_others
    nothing = np.zeros(len(scale.mean), np.float32)
    each = for_others / len(others) if named and others else 1.0
    without_names = [StyleToLearn("", numbers(look), None, look.grams, each) for look in others]
    if not named:
        return without_names
    return [
        StyleToLearn(PHOTOGRAPH, nothing, 0, None, _SHARE_OF_PHOTOGRAPH),
        *(
            StyleToLearn(name, numbers(look), row, look.grams, rest / len(named))
            for row, (name, look) in enumerate(named.items(), 1)
        ),
        *without_names,
    ]


def _save(run: _Run, step: int, rows: Sequence[Sequence[Any]]) -> None:
    """Write model and losses, and the state last: once it is there, all is that belongs to it."""
    from ..engines.training import state

    training = run.training
    save_model(_to_model(run, step), training.folder / folders.MODEL)
    folders.write_losses(training.folder, rows)
    folders.save_state(training.folder, step, state(run.lesson), training.about())


def _to_model(run: _Run, step: int) -> PaintingModel:
    """Return what has been learned so far, with a card."""
    training, begun = run.training, run.begun
    named = {style.name: (style.numbers, style.row) for style in run.styles if style.name}
    architecture = run.lesson.network.architecture._asdict()
    about = {
        "steps": step,
        "settings": {**training.settings.model_dump(mode="json"), **architecture},
        "photographs": len(training.photographs),
        "paintings": len(training.others),
    }
    if begun and training.predictor_alone:
        card = {**begun.card, "made_with": made_with(), "predictor": about}
        return replace(begun, predictor=run.lesson.predictor(run.scale), card=card)
    names = {name: {"file": path.name} for name, path in training.styles.items()}
    card = {"made_with": made_with(), **about, "styles": names}
    if begun:
        card["begun_with"] = summary(begun)
    scale = run.scale if training.others else None
    made: PaintingModel = run.lesson.to_model(named, scale, card)
    return made


def _write_preview(run: _Run, step: int) -> None:
    """Paint a photograph in the first styles, all on one sheet."""
    training, settings = run.training, run.training.settings
    image = draw_crop(training.photographs, 0, settings.crop, settings.seed).image
    painted = [run.lesson.paint(image, s.numbers, s.row) for s in run.styles[:_MOST_PREVIEWS]]
    names = ["", *(style.name or "another" for style in run.styles[:_MOST_PREVIEWS])]
    sheet = contact_sheet([image, *painted], _PREVIEW, names)
    write_image(training.folder / f"preview_{step:06d}.png", sheet)
