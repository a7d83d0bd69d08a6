"""The training model: trunk, style vectors and perceptual loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...backend import compiled, keras, ops
from ...perceptual import objective
from ...perceptual.batch_loss import BatchTargets, batch_loss, mean_energy
from ...perceptual.features import Kernels, features_and_grams_each
from ...settings import Settings
from ...training_settings import TrainingSettings
from ...types import Image, Tensor
from ..pixels import to_pixels
from .model import (
    PHOTOGRAPH,
    Architecture,
    Array,
    PaintingModel,
    Predictor,
    Standardization,
    neutral_style,
)
from .style_vectors import StyleVectors
from .training_data import Batch, TrainingData, examples, first_crop
from .trunk import fill, make_network

_ENERGY_SAMPLES = 32  # photographs from which the mean energy of features is computed
PARTS = ("content", "style", "tv", "pixels")


def part_names(settings: Settings) -> tuple[str, ...]:
    """Return the reported parts of the loss: the summands, and the distance of each style layer."""
    return (*PARTS, *(f"style/{name}" for name in settings.style_layers))


class TrainingModel(keras.Model):
    """The trainable model: paints pictures, and computes their perceptual loss."""

    def __init__(
        self,
        architecture: Architecture,
        rows: int,
        numbers: int,
        kernels: Kernels,
        settings: Settings,
        predictor_width: int = 128,
    ):
        super().__init__()
        self.network = make_network(architecture)
        self.vectors = StyleVectors(architecture, rows, numbers, predictor_width)
        self._kernels = _Untracked(kernels)
        self._data: _Untracked | None = None
        self.settings = settings
        self.crop = 0
        self.pixel_weight = 0.0
        self.parts = [keras.metrics.Mean(name=name) for name in part_names(settings)]

    def set_data(self, data: TrainingData, settings: TrainingSettings) -> None:
        """Set the training data, the side of the crops, and the pixel weight of pairs."""
        self._data, self.crop = _Untracked(data), settings.crop
        self.pixel_weight = settings.pixel_weight

    @property
    def data(self) -> TrainingData:
        """The training data."""
        if self._data is None:
            raise RuntimeError("the model has no training data; call set_data() first")
        data: TrainingData = self._data.value
        return data

    def call(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Paint `picture` (N, H, W, 3), with `numbers` and `choice` as in `StyleVectors`.

        `offset`, (N, 2), optional, is where the noise of each picture begins.
        """
        vectors = self.vectors(inputs["numbers"], inputs["choice"])
        rest = (inputs["offset"],) if "offset" in inputs else ()
        return self.network((inputs["picture"], vectors, *rest))

    def examples(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the inputs of `call` and the targets of `compute_loss` for a batch of tensors."""
        return examples(self.data, batch, self.crop)

    def least_energy(self, count: int) -> float:
        """Return the mean energy per position of the photographs' content features.

        Args:
            count: Number of pictures that are photographs; the mean is over some of them.
        """
        chosen = np.linspace(0, count - 1, min(count, _ENERGY_SAMPLES)).astype(np.int64)
        squares = (first_crop(self.data, int(index), self.crop) for index in chosen)
        return mean_energy(squares, self._kernels.value, self.settings)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Tensor:
        """Return the mean loss of the pictures, and update the metrics of its parts."""
        total, parts = self.perceptual_loss(y_pred, y)
        for metric in self.parts:
            metric.update_state(parts[metric.name])
        return total

    def perceptual_loss(
        self, painted: Tensor, y: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean perceptual loss of the pictures, and its parts.

        For pairs, the squared distance to the picture of the iterative route is added, times the
        pixel weight: the network then learns from its pictures, not only from the loss.

        Args:
            painted: The result of `call`.
            y: Targets from `examples`.
        """
        data = self.data
        found = batch_loss(
            painted,
            self._targets(y),
            self._kernels.value,
            self.settings,
            data.least_energy,
        )
        total, parts = found.total, dict(found.parts)
        parts["pixels"] = total * 0.0
        if "paired" in y:
            distances = ops.mean(ops.square(painted - y["goal"]), axis=(1, 2, 3))
            parts["pixels"] = ops.mean(y["paired"] * distances) * self.pixel_weight
            total = total + parts["pixels"]
        return total, parts

    def step_loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch, and its parts."""
        inputs, targets = self.examples(batch)
        return self.perceptual_loss(self(inputs), targets)

    def _targets(self, y: Mapping[str, Tensor]) -> BatchTargets:
        """Return the targets of the loss, without gradients."""
        data = self.data
        names: tuple[str, ...] = self.settings.style_layers
        has_own = bool(data.own_layers)
        content, own = features_and_grams_each(
            ops.stop_gradient(y["goal"]),
            self._kernels.value,
            self.settings.content_layers,
            data.own_layers if has_own else (),
            **objective.network_options(self.settings),
        )
        if not has_own:
            return BatchTargets(content, {name: y[name] for name in names}, {})
        share = y["own"][:, None, None]
        grams = {
            name: (1 - share) * y[name] + share * own[name] if name in own else y[name]
            for name in names
        }
        counted = {name: 1 - y["own"] for name in names if name not in own}
        return BatchTargets(content, grams, counted)

    def one_hot(self, rows: Sequence[int | None]) -> Array:
        """Return rows as one-hot vectors, (N, rows); None becomes zeros."""
        choice = np.zeros((len(rows), self.vectors.rows.shape[0]), np.float32)
        for i, row in enumerate(rows):
            if row is not None:
                choice[i, row] = 1
        return choice

    def paint(self, image: Image, numbers: Any, row: int | None) -> Image:
        """Paint a picture (H, W, 3), 0..1, in one style; see `StyleVectors.call`."""
        inputs = {
            "picture": to_pixels(image),
            "numbers": ops.convert_to_tensor(numbers[None]),
            "choice": ops.convert_to_tensor(self.one_hot([row])),
        }
        painted: Image = ops.convert_to_numpy(compiled(self)(inputs))[0]
        return painted

    def initialise_from(self, model: PaintingModel, *, predictor_alone: bool) -> None:
        """Copy the trunk of a model, and its predictor if it has one of the same size.

        Otherwise all styles start at the mean of the model's styles.

        Args:
            model: A model of the same architecture.
            predictor_alone: Whether to train only the predictor.
        """
        fill(self.network, model)
        self.network.trainable = not predictor_alone
        neutral = neutral_style(model.architecture)
        if self.has_predictor_of(model) and model.predictor is not None:
            self.vectors.hidden.set_weights(list(model.predictor[2:4]))
            self.vectors.predicted.set_weights(list(model.predictor[4:]))
        else:
            vectors = [vector for name, vector in model.styles.items() if name != PHOTOGRAPH]
            mean = np.mean(vectors, axis=0) if vectors else neutral
            self.vectors.predicted.bias.assign(mean - neutral)

    def has_predictor_of(self, model: PaintingModel) -> bool:
        """Return whether a model has a predictor of the same size."""
        shapes = [weights.shape for weights in self.vectors.hidden.get_weights()]
        return model.predictor is not None and shapes == [
            each.shape for each in model.predictor[2:4]
        ]

    def initialise_styles(self, numbers: Array, vectors: Mapping[int, Array]) -> None:
        """Set rows so that styles have given vectors.

        Args:
            numbers: Statistics of the styles with rows, standardised, (rows, F).
            vectors: Vectors by row.
        """
        choice = np.zeros((len(numbers), len(numbers)), np.float32)
        tensors = map(ops.convert_to_tensor, (np.float32(numbers), choice))
        predicted = ops.convert_to_numpy(compiled(self.vectors)(*tensors))
        rows = np.zeros_like(predicted)
        for row, vector in vectors.items():
            rows[row] = vector - predicted[row]
        self.vectors.rows.assign(rows)

    def predictor(self, standardization: Standardization) -> Predictor:
        """Return the current predictor, for statistics standardised in this way."""
        hidden, predicted = self.vectors.hidden, self.vectors.predicted
        return Predictor(*standardization, *hidden.get_weights(), *predicted.get_weights())

    def to_model(
        self,
        styles: Mapping[str, tuple[Any, int]],
        standardization: Standardization | None,
        card: Mapping[str, Any],
    ) -> PaintingModel:
        """Return the network trained so far.

        Args:
            styles: Standardised statistics, (F,), and row of each style, by name.
            standardization: Standardization of the statistics; None omits the predictor.
            card: The card of the model.
        """
        numbers, rows = zip(*styles.values(), strict=True)
        inputs = (np.stack(numbers), self.one_hot(rows))
        found = compiled(self.vectors)(*map(ops.convert_to_tensor, inputs))
        predictor = None if standardization is None else self.predictor(standardization)
        trunk = tuple(self.network.get_weights())
        named = dict(zip(styles, ops.convert_to_numpy(found), strict=True))
        return PaintingModel(self.network.architecture, trunk, named, predictor, card)


class _Untracked:
    """Hides tensors from Keras, which would track them as weights."""

    def __init__(self, value: Any):
        self.value = value
