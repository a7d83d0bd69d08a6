"""Training data on the device, compact, and how a step draws from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backend import ops
from ...types import Tensor


class Packed(NamedTuple):
    """Symmetric matrices in 16 bits, each stored once on and above its diagonal.

    Attributes:
        halves: (K, C (C + 1) / 2), float16.
        scales: What each is multiplied with, (K,), float32.
        places: Where in a half each entry of a matrix stands, (C, C), whole numbers.
    """

    halves: Any
    scales: Any
    places: Any


def pack(matrices: Sequence[NDArray[np.float32]]) -> Packed:
    """Pack symmetric matrices (C, C).

    Example:
        >>> packed = pack([np.float32([[4, 1], [1, 2]])])
        >>> packed.halves.tolist(), packed.scales.tolist(), packed.places.tolist()
        ([[1.0, 0.25, 0.5]], [4.0], [[0, 1], [1, 2]])
    """
    above = np.triu_indices(matrices[0].shape[0])
    halves = np.empty((len(matrices), len(above[0])), np.float16)
    scales = np.empty(len(matrices), np.float32)
    for i, matrix in enumerate(matrices):
        scales[i] = max(float(np.abs(matrix).max()), 1e-12)
        halves[i] = matrix[above] / scales[i]
    return Packed(halves, scales, places_of(halves.shape[1]))


def places_of(length: int) -> NDArray[np.int64]:
    """Return where in a half of this length each entry of its matrix stands, (C, C).

    Example:
        >>> places_of(3).tolist()
        [[0, 1], [1, 2]]
    """
    size = math.isqrt(2 * length)
    above = np.triu_indices(size)
    places = np.zeros((size, size), np.int64)
    places[above] = np.arange(length)
    return np.maximum(places, places.T)


def unpack(packed: Packed, chosen: Tensor) -> Tensor:
    """Return some of the matrices, (N, C, C), float32.

    Args:
        packed: From `pack`, as tensors.
        chosen: Which, (N,), whole numbers.
    """
    size = packed.places.shape[0]
    halves = ops.cast(ops.take(packed.halves, chosen, axis=0), "float32")
    whole = ops.take(halves, ops.reshape(packed.places, (size * size,)), axis=1)
    scales = ops.take(packed.scales, chosen, axis=0)
    return ops.reshape(whole, (-1, size, size)) * scales[:, None, None]


class Bank(NamedTuple):
    """All that the steps of a training draw from, on the device.

    Attributes:
        pictures: Photographs, uint8 (P, S, S, 3), each in the upper left of its square.
        painted: What the slow route made of the last Q of them, uint8 (Q, S, S, 3); None for none.
        numbers: Statistics of the styles' paintings, standardised, (K, F).
        rows: 1 at each style's own row, (K, rows).
        grams: Gram matrices of the styles by layer, as `pack` makes them.
        own: 1 for styles whose Gram matrices are the photograph's, else 0, (K,).
        own_layers: Style layers that count for those.
        least_energy: See `batch_loss`; a scalar, or None.
    """

    pictures: Tensor
    painted: Tensor | None
    numbers: Tensor
    rows: Tensor
    grams: Mapping[str, Packed]
    own: Tensor
    own_layers: tuple[str, ...]
    least_energy: Tensor | None


class Drawn(NamedTuple):
    """What one step draws; arrays of whole numbers but for `box`.

    Attributes:
        picture: Index of a photograph, (N,).
        box: First row, first column and side of the square that is cut out, pixels, and 1 to mirror
            it or 0 not to, (N, 4), float32.
        style: Index of a style, (N,).
        offset: Where in the noise each picture begins, (N, 2).
    """

    picture: Any
    box: Any
    style: Any
    offset: Any


def examples(bank: Bank, drawn: Drawn, crop: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return what a step sees and what is wanted of it, as `lesson.Lesson` takes them.

    Args:
        bank: What there is.
        drawn: What was drawn of it, as tensors.
        crop: Side of the squares, pixels.
    """
    pictures = cut(ops.take(bank.pictures, drawn.picture, axis=0), drawn.box, crop)
    inputs = {
        "picture": pictures,
        "numbers": ops.take(bank.numbers, drawn.style, axis=0),
        "choice": ops.take(bank.rows, drawn.style, axis=0),
        "offset": drawn.offset,
    }
    goals = {name: unpack(packed, drawn.style) for name, packed in bank.grams.items()}
    goals |= {"goal": pictures, "own": ops.take(bank.own, drawn.style, axis=0)}
    if bank.painted is not None:
        place = drawn.picture - (bank.pictures.shape[0] - bank.painted.shape[0])
        paired = ops.cast(place >= 0, "float32")
        there = ops.take(bank.painted, place * ops.cast(place >= 0, place.dtype), axis=0)
        share = paired[:, None, None, None]
        goals["goal"] = share * cut(there, drawn.box, crop) + (1 - share) * pictures
        goals["paired"] = paired
    return inputs, goals


def first_square(bank: Bank, index: int, crop: int) -> Tensor:
    """Return the upper left square of a picture, (1, crop, crop, 3), 0..1."""
    box = ops.convert_to_tensor(np.array([[0, 0, crop, 0]], np.float32))
    return cut(bank.pictures[index : index + 1], box, crop)


def cut(pictures: Tensor, box: Tensor, size: int) -> Tensor:
    """Cut a square out of each picture, and resize it; a linear filter keeps out aliasing.

    Args:
        pictures: uint8 (N, S, S, 3).
        box: First row, first column, side, and 1 to mirror or 0 not to, (N, 4), float32.
        size: Side of the result, pixels.

    Returns:
        (N, size, size, 3), 0..1, float32.
    """
    side, number = pictures.shape[1], pictures.shape[0]
    rows = _weights(box[:, 0], box[:, 2], box[:, 3] * 0.0, size, side)
    columns = _weights(box[:, 1], box[:, 2], box[:, 3], size, side)
    whole = ops.cast(pictures, "float32") / 255.0
    lines = ops.matmul(rows, ops.reshape(whole, (number, side, side * 3)))  # (N, size, S * 3)
    lines = ops.transpose(ops.reshape(lines, (number, size, side, 3)), (0, 2, 1, 3))
    squares = ops.matmul(columns, ops.reshape(lines, (number, side, size * 3)))
    return ops.transpose(ops.reshape(squares, (number, size, size, 3)), (0, 2, 1, 3))


def _weights(start: Tensor, length: Tensor, mirrored: Tensor, size: int, side: int) -> Tensor:
    """Return how much of each of `side` pixels each of `size` takes, (N, size, side)."""
    place = (ops.cast(ops.arange(size), "float32") + 0.5)[None] / size  # 0..1
    place = place + mirrored[:, None] * (1.0 - 2.0 * place)
    step = length / size
    step = ops.cast(step > 1.0, "float32") * (step - 1.0) + 1.0  # the reach of the filter, pixels
    centre = start[:, None] + place * length[:, None]  # (N, size)
    pixels = (ops.cast(ops.arange(side), "float32") + 0.5)[None, None]
    weights = ops.relu(1.0 - ops.absolute(pixels - centre[:, :, None]) / step[:, None, None])
    return weights / ops.sum(weights, axis=2, keepdims=True)
