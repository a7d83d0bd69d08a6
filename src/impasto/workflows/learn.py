"""Learn one new style for a trained network, in minutes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..engines.network.model import (
    PHOTOGRAPH,
    Array,
    PaintingModel,
    neutral_style,
    summary,
)
from ..errors import PictureError
from ..images.crops import Photographs, read_photographs
from ..images.listing import list_pictures
from ..images.metadata import made_with
from ..training_settings import TrainingSettings
from ..types import Image
from .paint import shipped_model
from .result import PictureLike, as_picture

_SAMPLES = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "hubble_deep_field.jpg")


class Learned(NamedTuple):
    """Progress of learning a style.

    Attributes:
        step: Steps done.
        steps: Total steps; None with a budget.
        done: Fraction done, 0..1.
        losses: `loss` and its parts `content`, `style` and `tv`, of this step.
        model: Returns the network with the style learned so far; takes a moment.
    """

    step: int
    steps: int | None
    done: float
    losses: Any
    model: Any


def sample_photographs() -> list[Path]:
    """List scikit-image's sample photographs, the default to learn on."""
    import skimage.data

    folder = Path(skimage.data.__file__).parent
    return [folder / name for name in _SAMPLES if (folder / name).exists()]


def learn_style(
    painting: PictureLike,
    settings: TrainingSettings,
    *,
    name: str = "learned",
    photographs: Sequence[Path] | str | Path | None = None,
    model: PaintingModel | None = None,
    trunk: bool = False,
) -> Generator[Learned]:
    """Fit a style vector to a painting, yielding after each step; stop at any time.

    Starts from the predicted vector or a style of the model, whichever has the lowest loss, and
    minimises the perceptual loss with the trunk frozen.

    Args:
        painting: A path, an array, a Pillow image or a file object, as for `read_picture`.
        settings: `steps`, `batch`, `crop`, `learning_rate` and the weights; the architecture is the
            model's.
        name: Name of the style.
        photographs: Paths or a folder to learn on; scikit-image's samples if None.
        model: The network; the shipped one if None.
        trunk: Train the trunk, too.

    Yields:
        The progress.

    Raises:
        PictureError: The painting or the photographs cannot be used.
        WeightsError: VGG19's weights were not found.
        DivergedError: The loss became non-finite.

    Example:
        >>> for learned in learn_style("painting.jpg", settings):  # doctest: +SKIP
        ...     print(learned.step, learned.losses["loss"])
        >>> save_model(learned.model(), "painting.impasto")  # doctest: +SKIP
    """
    from ..engines.network import training as engine

    model = model or shipped_model()
    image = as_picture(painting).image
    if name == PHOTOGRAPH:
        raise PictureError(f"a style cannot be called {PHOTOGRAPH}; choose another name")
    if photographs is None:
        photographs = sample_photographs()
    elif isinstance(photographs, str | Path):
        photographs = list_pictures(photographs)
    seen = read_photographs(photographs, settings)
    training_model, style = _prepare(image, seen, model, settings, trunk)
    _initialise_vector(training_model, style, seen, _initial_vectors(image, model), settings)

    def learned() -> PaintingModel:
        card = {
            "made_with": made_with(),
            "steps": step.step,
            "settings": settings.model_dump(mode="json"),
            "begun_with": summary(model),
            "styles": {name: {"title": name, "painter": "", "year": ""}},
        }
        vector = training_model.to_model({name: (style.numbers[0], 0)}, None, card)
        styles = {PHOTOGRAPH: model.styles[PHOTOGRAPH], **vector.styles}
        return PaintingModel(vector.architecture, vector.trunk, styles, None, card)

    steps = None if settings.seconds else settings.steps
    for step in engine.train(training_model, seen, style, settings):
        yield Learned(step.step, steps, step.done, step.losses, learned)


def _prepare(
    image: Image,
    photographs: Photographs,
    model: PaintingModel,
    settings: TrainingSettings,
    trunk: bool,
) -> tuple[Any, Any]:
    from ..backend import resolve_precision
    from ..engines.network import training as engine
    from ..engines.network.painting_statistics import compute_painting_statistics
    from ..engines.network.training_data import pack
    from ..engines.network.training_model import TrainingModel
    from ..engines.network.trunk import fill
    from ..perceptual import objective

    engine.set_seed(settings.seed)
    loss = settings.loss_settings(resolve_precision(settings.precision))
    kernels = objective.load_kernels(loss)
    measured = compute_painting_statistics(image, kernels, loss, settings.style_size)
    numbers = len(measured.statistics)
    training_model = TrainingModel(model.architecture, 1, numbers, kernels, loss)
    fill(training_model.network, model)
    training_model.network.trainable = trunk
    training_model.vectors.hidden.trainable = training_model.vectors.predicted.trainable = False
    style = engine.StylesToLearn(
        numbers=np.zeros((1, numbers), np.float32),
        rows=[0],
        grams={layer: pack([gram]) for layer, gram in measured.grams.items()},
        shares=np.ones(1),
        own=np.zeros(1, bool),
    )
    engine.prepare(training_model, photographs, style, settings)
    return training_model, style


def _initial_vectors(image: Image, model: PaintingModel) -> list[Array]:
    """Return candidates for the initial style vector."""
    from ..engines.network.predict import predict_style

    predicted = [predict_style(image, model)] if model.predictor else []
    return predicted + list(model.styles.values())


def _initialise_vector(
    training_model: Any,
    style: Any,
    photographs: Photographs,
    starts: Sequence[Array],
    settings: TrainingSettings,
) -> None:
    """Initialise the style with the candidate of the lowest loss."""
    from ..engines.network.training import first_loss

    neutral = neutral_style(training_model.network.architecture)

    loss_by_now = first_loss(training_model, photographs, style, settings)

    def begin_with(start: Array) -> float:
        training_model.vectors.rows.assign((start - neutral)[None])
        return loss_by_now()

    begin_with(min(starts, key=begin_with))
