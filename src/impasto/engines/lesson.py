"""What a training step computes: a trunk, style vectors, and the perceptual loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backend import compiled, keras, ops
from ..images.scales import check_size, fit, resize
from ..perceptual import features, objective, statistics
from ..perceptual.features import Kernels
from ..settings import Settings
from ..types import Image, Moments, Region, Targets, Tensor
from .networks import fill, make_network
from .painting_model import (
    PHOTOGRAPH,
    Architecture,
    Array,
    PaintingModel,
    Predictor,
    Scale,
    neutral_style,
    style_size,
)
from .view import to_pixels

PARTS = ("content", "style", "tv", "pixels")
_HIDDEN = 128  # width of the predictor's inner layer


class Look(NamedTuple):
    """What VGG19 sees of a painting.

    Attributes:
        grams: Gram matrices by style layer, divided by positions, (C, C) each.
        statistics: Means and deviations of the features of the style layers, (F,), logarithmic.
    """

    grams: Mapping[str, Tensor]
    statistics: Tensor


def look_at(painting: Tensor, kernels: Kernels, settings: Settings) -> Look:
    """Look at a painting.

    Args:
        painting: (1, h, w, 3), 0..1.
        kernels: From `objective.load_kernels`.
        settings: Style layers, pooling, padding and precision.
    """
    seen = features.vgg19(painting, kernels, settings.style_layers, **objective.look(settings))
    grams, numbers = {}, []
    for name, layer in seen.items():
        moments = statistics.moments(layer)
        grams[name] = moments.second / moments.weight
        mean = moments.first / moments.weight
        variance = ops.diagonal(grams[name]) - ops.square(mean)
        numbers += [mean, ops.sqrt(ops.maximum(variance, 0.0))]
    return Look(grams, ops.log1p(ops.concatenate(numbers)))


def look_at_painting(image: Image, kernels: Kernels, settings: Settings, long_side: int) -> Look:
    """Look at a painting as training does; what is seen is NumPy's, in main memory.

    Args:
        image: The painting, (h, w, 3), 0..1, any size.
        kernels: From `objective.load_kernels`.
        settings: As for `look_at`.
        long_side: Pixels at which it is looked at.

    Raises:
        PictureError: The painting is too small.
    """
    size = fit(check_size(image.shape[:2], "the painting"), long_side)
    seen = compiled(lambda pixels: look_at(pixels, kernels, settings))(
        to_pixels(resize(image, size))
    )
    grams = {name: ops.convert_to_numpy(gram) for name, gram in seen.grams.items()}
    return Look(grams, ops.convert_to_numpy(seen.statistics))


class StyleVectors(keras.layers.Layer):
    """Style vectors: what a predictor says of a painting, and for some styles a row of their own.

    The predictor is that of Ghiasi et al. (2017), "Exploring the structure of a real-time,
    arbitrary neural artistic stylization network", but sees statistics of VGG19's features where
    theirs has a network of its own. Its inner layer is bounded, so that a painting unlike all those
    it learned from does not get a vector unlike all others.
    """

    def __init__(self, architecture: Architecture, rows: int, numbers: int, **options: Any):
        super().__init__(**options)
        size = style_size(architecture)
        self.neutral = ops.convert_to_tensor(neutral_style(architecture))
        self.hidden = keras.layers.Dense(_HIDDEN, activation="tanh", name="hidden")
        self.hidden.build((None, numbers))
        self.predicted = keras.layers.Dense(size, kernel_initializer="zeros", name="predicted")
        self.predicted.build((None, _HIDDEN))
        self.rows = self.add_weight(shape=(rows, size), initializer="zeros", name="rows")
        self.built = True

    def call(self, numbers: Tensor, choice: Tensor) -> Tensor:
        """Return vectors (N, style size).

        Args:
            numbers: Statistics of the paintings, each brought to mean 0 and deviation 1, (N, F).
            choice: 1 at the style's row, else 0; all 0 where it has none, (N, rows).
        """
        predicted = self.predicted(self.hidden(numbers))
        return self.neutral + predicted + ops.matmul(choice, self.rows)


class Lesson(keras.Model):
    """Paints pictures; its loss is the perceptual one."""

    def __init__(
        self,
        architecture: Architecture,
        rows: int,
        numbers: int,
        kernels: Kernels,
        settings: Settings,
    ):
        super().__init__()
        self.network = make_network(architecture)
        self.vectors = StyleVectors(architecture, rows, numbers)
        self._frozen = _Hidden(kernels)
        self.settings = settings
        self.parts = [keras.metrics.Mean(name=name) for name in PARTS]

    def call(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Paint `picture` (N, H, W, 3), with `numbers` and `choice` as in `StyleVectors`."""
        vectors = self.vectors(inputs["numbers"], inputs["choice"])
        return self.network((inputs["picture"], vectors))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Tensor:
        """Return the mean over the pictures of `perceptual_loss`.

        With the weight of pixels that belongs to examples, their squared distance is added: the
        network then learns what the slow route has painted, not only what it is judged by.

        Args:
            x: As for `call`.
            y: `goal`, what the content shall be that of, (N, H, W, 3); `pixels`, the weight of the
                distance from it, (N,); `grams`, the Gram matrices wanted, as in `Look`, (N, C, C).
            y_pred: What `call` returned.
        """
        count = y_pred.shape[0]
        found = [
            objective.perceptual_loss(
                y_pred[i : i + 1],
                self._targets(
                    y["goal"][i : i + 1], {name: gram[i] for name, gram in y["grams"].items()}
                ),
                self._frozen.value,
                self.settings,
            )
            for i in range(count)
        ]
        distances = ops.mean(ops.square(y_pred - y["goal"]), axis=(1, 2, 3))
        pixels = ops.mean(y["pixels"] * distances)
        sums = {
            name: sum(parts[name] for _, parts in found) / count
            for name in ("content", "style", "tv")
        }
        for metric in self.parts:
            metric.update_state({**sums, "pixels": pixels}[metric.name])
        return sum(total for total, _ in found) / count + pixels

    def choose(self, rows: Sequence[int | None]) -> Array:
        """Return the choice of these rows, (N, rows), as `StyleVectors` takes it."""
        choice = np.zeros((len(rows), self.vectors.rows.shape[0]), np.float32)
        for i, row in enumerate(rows):
            if row is not None:
                choice[i, row] = 1
        return choice

    def look(self, pictures: Any) -> Look:
        """Look at a picture (1, H, W, 3), 0..1, as the loss does."""
        return look_at(ops.convert_to_tensor(pictures), self._frozen.value, self.settings)

    def paint(self, image: Image, numbers: Any, row: int | None) -> Image:
        """Paint a picture (H, W, 3), 0..1, in one style; see `StyleVectors.call`."""
        inputs = {
            "picture": to_pixels(image),
            "numbers": ops.convert_to_tensor(numbers[None]),
            "choice": ops.convert_to_tensor(self.choose([row])),
        }
        painted: Image = ops.convert_to_numpy(compiled(self)(inputs))[0]
        return painted

    def begin_with(self, model: PaintingModel, *, predictor_alone: bool) -> None:
        """Take over the trunk of a model, and begin all styles with the mean of its own.

        Args:
            model: The model, of the same architecture.
            predictor_alone: Whether only the predictor will learn.
        """
        fill(self.network, model)
        self.network.trainable = not predictor_alone
        vectors = [vector for name, vector in model.styles.items() if name != PHOTOGRAPH]
        mean = np.mean(vectors, axis=0) if vectors else neutral_style(model.architecture)
        self.vectors.predicted.bias.assign(mean - neutral_style(model.architecture))

    def predictor(self, scale: Scale) -> Predictor:
        """Return the predictor as it is by now, for statistics standardised by this scale."""
        hidden, predicted = self.vectors.hidden, self.vectors.predicted
        return Predictor(*scale, *hidden.get_weights(), *predicted.get_weights())

    def to_model(
        self, styles: Mapping[str, tuple[Any, int]], scale: Scale | None, card: Mapping[str, Any]
    ) -> PaintingModel:
        """Return what has been learned so far.

        Args:
            styles: Standardised statistics, (F,), and the row of each style, by its name.
            scale: How the statistics were standardised; None leaves the predictor out.
            card: What tells of it.
        """
        numbers, rows = zip(*styles.values(), strict=True)
        inputs = (np.stack(numbers), self.choose(rows))
        found = compiled(self.vectors)(*map(ops.convert_to_tensor, inputs))
        predictor = None if scale is None else self.predictor(scale)
        trunk = tuple(self.network.get_weights())
        named = dict(zip(styles, ops.convert_to_numpy(found), strict=True))
        return PaintingModel(self.network.architecture, trunk, named, predictor, card)

    def _targets(self, picture: Tensor, grams: Mapping[str, Tensor]) -> Targets:
        look = objective.look(self.settings)
        layers = self.settings.content_layers
        seen = features.vgg19(picture, self._frozen.value, layers, **look)
        one = ops.convert_to_tensor(1.0, dtype="float32")
        style = {name: Moments(one, one, gram) for name, gram in grams.items()}
        return Targets(seen, (Region(style),))


class _Hidden:
    """Keeps VGG19's kernels out of Keras' sight: they are no weights of the lesson."""

    def __init__(self, value: Kernels):
        self.value = value
