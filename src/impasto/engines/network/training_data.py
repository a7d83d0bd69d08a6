"""Training data on the device, compact, and the batches drawn from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backend import ops
from ...types import Tensor


class Packed(NamedTuple):
    """Symmetric matrices in 16 bits, of which the upper triangle is stored.

    Attributes:
        halves: Upper triangles, (K, C (C + 1) / 2), float16.
        scales: Factor of each, (K,), float32.
        places: Index in a triangle of each entry of the matrix, (C, C), integers.
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
    """Return the index in a triangle of this length of each entry of the matrix, (C, C).

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
        chosen: Indices, (N,).
    """
    size = packed.places.shape[0]
    halves = ops.cast(ops.take(packed.halves, chosen, axis=0), "float32")
    whole = ops.take(halves, ops.reshape(packed.places, (size * size,)), axis=1)
    scales = ops.take(packed.scales, chosen, axis=0)
    return ops.reshape(whole, (-1, size, size)) * scales[:, None, None]


class TrainingData(NamedTuple):
    """The data of a training, on the device.

    Attributes:
        pictures: Photographs, uint8 (P, S, S, 3), each in the upper left of its square.
        painted: Results of the iterative route for the last Q photographs, uint8 (Q, S, S, 3), or
            None.
        numbers: Statistics of the styles' paintings, standardised, (K, F).
        rows: One-hot row of each style, (K, rows).
        grams: Gram matrices of the styles by layer, from `pack`.
        own: 1 for styles whose Gram matrices are the photograph's, else 0, (K,).
        own_layers: Style layers that count for those styles.
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


class Batch(NamedTuple):
    """The random choices of one step; integers except `box`.

    Attributes:
        picture: Index of a photograph, (N,).
        box: First row, first column and side of the crop, pixels, and 1 to mirror it or 0 not to,
            (N, 4), float32.
        style: Index of a style, (N,).
        offset: Offset of each picture in the noise, (N, 2).
    """

    picture: Any
    box: Any
    style: Any
    offset: Any


def examples(
    data: TrainingData, batch: Batch, crop: int
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the inputs and targets of a batch, as `training_model.TrainingModel` takes them.

    Args:
        data: The training data.
        batch: The batch, as tensors.
        crop: Side of the crops, pixels.
    """
    pictures = crop_squares(ops.take(data.pictures, batch.picture, axis=0), batch.box, crop)
    inputs = {
        "picture": pictures,
        "numbers": ops.take(data.numbers, batch.style, axis=0),
        "choice": ops.take(data.rows, batch.style, axis=0),
        "offset": batch.offset,
    }
    targets = {name: unpack(packed, batch.style) for name, packed in data.grams.items()}
    targets |= {"goal": pictures, "own": ops.take(data.own, batch.style, axis=0)}
    if data.painted is not None:
        place = batch.picture - (data.pictures.shape[0] - data.painted.shape[0])
        paired = ops.cast(place >= 0, "float32")
        there = ops.take(data.painted, place * ops.cast(place >= 0, place.dtype), axis=0)
        share = paired[:, None, None, None]
        targets["goal"] = share * crop_squares(there, batch.box, crop) + (1 - share) * pictures
        targets["paired"] = paired
    return inputs, targets


def first_crop(data: TrainingData, index: int, crop: int) -> Tensor:
    """Return the upper left crop of a picture, (1, crop, crop, 3), 0..1."""
    box = ops.convert_to_tensor(np.array([[0, 0, crop, 0]], np.float32))
    return crop_squares(data.pictures[index : index + 1], box, crop)


def crop_squares(pictures: Tensor, box: Tensor, size: int) -> Tensor:
    """Crop a square from each picture and resize it with an antialiasing linear filter.

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
    """Return the weights of input pixels for each output pixel, (N, size, side)."""
    place = (ops.cast(ops.arange(size), "float32") + 0.5)[None] / size  # 0..1
    place = place + mirrored[:, None] * (1.0 - 2.0 * place)
    step = length / size
    step = ops.cast(step > 1.0, "float32") * (step - 1.0) + 1.0  # radius of the filter, pixels
    centre = start[:, None] + place * length[:, None]  # (N, size)
    pixels = (ops.cast(ops.arange(side), "float32") + 0.5)[None, None]
    weights = ops.relu(1.0 - ops.absolute(pixels - centre[:, :, None]) / step[:, None, None])
    return weights / ops.sum(weights, axis=2, keepdims=True)
