"""The layer that produces style vectors during training."""

from __future__ import annotations

from typing import Any

from ...backend import keras, ops
from ...types import Tensor
from .model import Architecture, neutral_style, style_size


class StyleVectors(keras.layers.Layer):
    """Style vectors: the output of a predictor, plus a trainable row for some styles.

    The predictor follows Ghiasi et al. (2017), "Exploring the structure of a real-time, arbitrary
    neural artistic stylization network", with statistics of VGG19's features as input instead of
    another network. Its hidden layer is bounded (tanh), so an unusual painting does not get an
    extreme vector.
    """

    def __init__(
        self, architecture: Architecture, rows: int, numbers: int, width: int, **options: Any
    ):
        super().__init__(**options)
        size = style_size(architecture)
        self.neutral = ops.convert_to_tensor(neutral_style(architecture))
        self.hidden = keras.layers.Dense(width, activation="tanh", name="hidden")
        self.hidden.build((None, numbers))
        self.predicted = keras.layers.Dense(size, kernel_initializer="zeros", name="predicted")
        self.predicted.build((None, width))
        self.rows = self.add_weight(shape=(rows, size), initializer="zeros", name="rows")
        self.built = True

    def call(self, numbers: Tensor, choice: Tensor) -> Tensor:
        """Return vectors (N, style size).

        Args:
            numbers: Statistics of the paintings, standardised, (N, F).
            choice: One-hot row of each style, all 0 for a style without a row, (N, rows).
        """
        predicted = self.predicted(self.hidden(numbers))
        return self.neutral + predicted + ops.matmul(choice, self.rows)
