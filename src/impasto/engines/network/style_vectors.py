"""The layer that yields style vectors during training."""

from __future__ import annotations

from typing import Any

from ...backend import keras, ops
from ...types import Tensor
from .model import Architecture, neutral_style, style_size


class StyleVectors(keras.layers.Layer):
    """Style vectors: what a predictor says of a painting, and for some styles a row of their own.

    The predictor is that of Ghiasi et al. (2017), "Exploring the structure of a real-time,
    arbitrary neural artistic stylization network", but sees statistics of VGG19's features where
    theirs has a network of its own. Its inner layer is bounded, so that a painting unlike all those
    it learned from does not get a vector unlike all others.
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
            numbers: Statistics of the paintings, each brought to mean 0 and deviation 1, (N, F).
            choice: 1 at the style's row, else 0; all 0 where it has none, (N, rows).
        """
        predicted = self.predicted(self.hidden(numbers))
        return self.neutral + predicted + ops.matmul(choice, self.rows)
