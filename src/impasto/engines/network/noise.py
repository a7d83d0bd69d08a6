"""The noise inputs of the trunk: two fixed fields, tiled.

In a flat or smooth area all positions look the same to the network, so it cannot paint separate
strokes there. Noise makes positions distinct. It is equal in every run, framework and exported
file, since it comes from the bits of a fixed generator, not from a framework's random numbers.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backend import ops
from ...types import Tensor
from .model import Array

FINE, COARSE = 256, 128  # sides of the fields for the picture's size and for the smallest size
MIDDLE = 127.5
DEVIATION = 73.9  # standard deviation of integers uniform in 0..255
_SEED = 20_261_127


@functools.cache
def noise_bytes(side: int) -> NDArray[np.uint8]:
    """Return a field (side, side) of bytes, uniform in 0..255.

    Example:
        >>> noise_bytes(FINE).shape
        (256, 256)
    """
    drawn = np.random.PCG64([_SEED, side]).random_raw(side * side)
    return (np.asarray(drawn, np.uint64) >> np.uint64(56)).astype(np.uint8).reshape(side, side)


@functools.cache
def noise_field(side: int) -> Array:
    """Return a field (side, side) of noise with mean 0 and deviation 1."""
    return scaled(noise_bytes(side))


def scaled(drawn: NDArray[Any]) -> Array:
    """Scale bytes to mean 0 and deviation 1."""
    return ((drawn.astype(np.float32) - MIDDLE) / DEVIATION).astype(np.float32)


def noise_rows(side: int, top: int, bottom: int, width: int) -> Array:
    """Return rows of the noise of a map of this width, (bottom - top, width, 1)."""
    rows, columns = np.arange(top, bottom) % side, np.arange(width) % side
    return noise_field(side)[np.ix_(rows, columns)][..., None]


def noise_map(field: Tensor, like: Tensor, offsets: Tensor | None) -> Tensor:
    """Return noise for each position of a map.

    Args:
        field: `noise_bytes`, on the device.
        like: The map, (N, H, W, C).
        offsets: Offset of each map in the field, integers (N, 2); 0 if None.

    Returns:
        (N, H, W, 1).
    """
    number, height, width = ops.shape(like)[:3]
    side = field.shape[0]
    rows, columns = ops.arange(height), ops.arange(width)
    if offsets is None:
        lines = ops.take(ops.take(field, rows % side, axis=0), columns % side, axis=1)
        lines = ops.expand_dims(lines, (0, 3))  # LiteRT cannot add axes by slicing
        return ops.broadcast_to(_scaled_tensor(lines), (number, height, width, 1))
    offsets = ops.cast(offsets, rows.dtype)  # TensorFlow does not add different integer types
    rows = (rows[None] + offsets[:, :1]) % side  # (N, H)
    columns = (columns[None] + offsets[:, 1:]) % side  # (N, W)
    places = rows[:, :, None] * side + columns[:, None, :]
    return _scaled_tensor(ops.take(ops.reshape(field, (-1,)), places)[..., None])


def _scaled_tensor(drawn: Tensor) -> Tensor:
    return (ops.cast(drawn, "float32") - MIDDLE) / DEVIATION


class Fields:
    """The two fields on the device, as bytes, which 8-bit files store exactly.

    They are not attributes of a layer, so Keras does not treat them as weights.
    """

    def __init__(self) -> None:
        self.fine, self.coarse = (
            ops.convert_to_tensor(noise_bytes(side)) for side in (FINE, COARSE)
        )
