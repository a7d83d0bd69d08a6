"""The training model: trunk, style vectors and perceptual loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...backend import compiled, keras, ops
from ...perceptual import objective
from ...perceptual.batch_loss import Wanted, batch_loss, mean_energy
from ...perceptual.features import Kernels, features_and_grams_each
from ...settings import Settings
from ...training_settings import TrainingSettings
from ...types import Image, Tensor
from ..pixels import to_pixels
from .bank import Bank, Drawn, examples, first_square
from .model import (
    PHOTOGRAPH,
    Architecture,
    Array,
    PaintingModel,
    Predictor,
    Scale,
    neutral_style,
)
from .style_vectors import StyleVectors
from .trunk import fill, make_network

_LOOKED_AT = 32  # photographs that tell how much energy features have
PARTS = ("content", "style", "tv", "pixels")


def part_names(settings: Settings) -> tuple[str, ...]:
    """Return the parts of the loss that are noted: those that add up, and each layer's distance."""
    return (*PARTS, *(f"style/{name}" for name in settings.style_layers))


class Lesson(keras.Model):
    """Paints pictures; its loss is the perceptual one."""

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
        self._frozen = _Hidden(kernels)
        self._bank: _Hidden | None = None
        self.settings = settings
        self.crop = 0
        self.pixel_weight = 0.0
        self.parts = [keras.metrics.Mean(name=name) for name in part_names(settings)]

    def use(self, bank: Bank, settings: TrainingSettings) -> None:
        """Take what to draw from, the side of the squares, and the weight of pairs' pixels."""
        self._bank, self.crop = _Hidden(bank), settings.crop
        self.pixel_weight = settings.pixel_weight

    @property
    def bank(self) -> Bank:
        """What steps draw from."""
        if self._bank is None:
            raise RuntimeError("the lesson has nothing to draw from; call use() first")
        bank: Bank = self._bank.value
        return bank

    def call(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Paint `picture` (N, H, W, 3), with `numbers` and `choice` as in `StyleVectors`.

        With `offset`, (N, 2), the noise of each begins there.
        """
        vectors = self.vectors(inputs["numbers"], inputs["choice"])
        rest = (inputs["offset"],) if "offset" in inputs else ()
        return self.network((inputs["picture"], vectors, *rest))

    def examples(self, drawn: Drawn) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return what `call` and `compute_loss` take, of tensors as in `Drawn`."""
        return examples(self.bank, drawn, self.crop)

    def least_energy(self, count: int) -> float:
        """Return the mean energy of a position of the photographs' content features.

        Args:
            count: How many of the pictures are photographs; some of them are looked at.
        """
        chosen = np.linspace(0, count - 1, min(count, _LOOKED_AT)).astype(np.int64)
        squares = (first_square(self.bank, int(index), self.crop) for index in chosen)
        return mean_energy(squares, self._frozen.value, self.settings)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, *_: Any, **__: Any
    ) -> Tensor:
        """Return the mean over the pictures of their loss, and note its parts; see `loss`."""
        total, parts = self.loss_of(y_pred, y)
        for metric in self.parts:
            metric.update_state(parts[metric.name])
        return total

    def loss_of(self, painted: Tensor, y: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean over the pictures of the perceptual loss, and its parts.

        With the weight of pixels that belongs to examples of the slow route, their squared distance
        is added: the network then learns what that has painted, not only what it is judged by.

        Args:
            painted: What `call` returned.
            y: From `examples`.
        """
        bank = self.bank
        found = batch_loss(
            painted,
            self._wanted(y),
            self._frozen.value,
            self.settings,
            bank.least_energy,
        )
        total, parts = found.total, dict(found.parts)
        parts["pixels"] = total * 0.0
        if "paired" in y:
            distances = ops.mean(ops.square(painted - y["goal"]), axis=(1, 2, 3))
            parts["pixels"] = ops.mean(y["paired"] * distances) * self.pixel_weight
            total = total + parts["pixels"]
        return total, parts

    def step_loss(self, drawn: Drawn) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of what was drawn, and its parts."""
        inputs, goals = self.examples(drawn)
        return self.loss_of(self(inputs), goals)

    def _wanted(self, y: Mapping[str, Tensor]) -> Wanted:
        """Return the targets: nothing of them has a gradient."""
        bank = self.bank
        names: tuple[str, ...] = self.settings.style_layers
        has_own = bool(bank.own_layers)
        content, own = features_and_grams_each(
            ops.stop_gradient(y["goal"]),
            self._frozen.value,
            self.settings.content_layers,
            bank.own_layers if has_own else (),
            **objective.network_options(self.settings),
        )
        if not has_own:
            return Wanted(content, {name: y[name] for name in names}, {})
        share = y["own"][:, None, None]
        grams = {
            name: (1 - share) * y[name] + share * own[name] if name in own else y[name]
            for name in names
        }
        counted = {name: 1 - y["own"] for name in names if name not in own}
        return Wanted(content, grams, counted)

    def choose(self, rows: Sequence[int | None]) -> Array:
        """Return the choice of these rows, (N, rows), as `StyleVectors` takes it."""
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
            "choice": ops.convert_to_tensor(self.choose([row])),
        }
        painted: Image = ops.convert_to_numpy(compiled(self)(inputs))[0]
        return painted

    def begin_with(self, model: PaintingModel, *, predictor_alone: bool) -> None:
        """Take over the trunk of a model, and its predictor if it has one of the same size.

        Without one all styles begin with the mean of its own.

        Args:
            model: The model, of the same architecture.
            predictor_alone: Whether only the predictor will learn.
        """
        fill(self.network, model)
        self.network.trainable = not predictor_alone
        neutral = neutral_style(model.architecture)
        if self.continues(model) and model.predictor is not None:
            self.vectors.hidden.set_weights(list(model.predictor[2:4]))
            self.vectors.predicted.set_weights(list(model.predictor[4:]))
        else:
            vectors = [vector for name, vector in model.styles.items() if name != PHOTOGRAPH]
            mean = np.mean(vectors, axis=0) if vectors else neutral
            self.vectors.predicted.bias.assign(mean - neutral)

    def continues(self, model: PaintingModel) -> bool:
        """Say whether a model's predictor can go on learning here."""
        shapes = [weights.shape for weights in self.vectors.hidden.get_weights()]
        return model.predictor is not None and shapes == [
            each.shape for each in model.predictor[2:4]
        ]

    def begin_styles(self, numbers: Array, vectors: Mapping[int, Array]) -> None:
        """Give rows the vectors that styles have already.

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


class _Hidden:
    """Keeps tensors out of Keras' sight: they are no weights of the lesson."""

    def __init__(self, value: Any):
        self.value = value
