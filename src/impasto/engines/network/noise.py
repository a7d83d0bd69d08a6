"""The noise inputs of the trunk: two fixed fields, tiled.

A flat or smooth picture gives the network nothing to begin a stroke with, and each place of it is
painted alike. Noise tells places apart. It is the same in every run, framework and exported file,
since it is made of the bits of a fixed generator, not of a framework's random numbers.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backend import ops
from ...types import Tensor
from .model import Array

FINE, COARSE = 256, 128  # sides of the fields: of the picture's size, and of the smallest size
MIDDLE = 127.5
DEVIATION = 73.9  # of whole numbers that are spread evenly over 0..255
_SEED = 20_261_127


@functools.cache
def noise_bytes(side: int) -> NDArray[np.uint8]:
    """Return a field (side, side) of bytes, spread evenly over 0..255.

    Example:
        >>> noise_bytes(FINE).shape
        (256, 256)
    """
    drawn = np.random.PCG64([_SEED, side]).random_raw(side * side)
    return (np.asarray(drawn, np.uint64) >> np.uint64(56)).astype(np.uint8).reshape(side, side)


@functools.cache
def noise_field(side: int) -> Array:
    """Return a field (side, side) of noise of mean 0 and deviation 1."""
    return scaled(noise_bytes(side))


def scaled(drawn: NDArray[Any]) -> Array:
    """Bring bytes to mean 0 and deviation 1."""
    return ((drawn.astype(np.float32) - MIDDLE) / DEVIATION).astype(np.float32)


def noise_rows(side: int, top: int, bottom: int, width: int) -> Array:
    """Return some rows of the noise of a map of this width, (bottom - top, width, 1)."""
    rows, columns = np.arange(top, bottom) % side, np.arange(width) % side
    return noise_field(side)[np.ix_(rows, columns)][..., None]


def noise_map(field: Tensor, like: Tensor, offsets: Tensor | None) -> Tensor:
    """Return noise for each position of a map.

    Args:
        field: `noise_bytes`, on the device.
        like: The map, (N, H, W, C).
        offsets: Where in the field each map begins, whole numbers (N, 2); None begins with its
            first row and column.

    Returns:
        (N, H, W, 1).
    """
    number, height, width = ops.shape(like)[:3]
    side = field.shape[0]
    rows, columns = ops.arange(height), ops.arange(width)
    if offsets is None:
        lines = ops.take(ops.take(field, rows % side, axis=0), columns % side, axis=1)
        lines = ops.expand_dims(lines, (0, 3))  # LiteRT has no slices that add axes
        return ops.broadcast_to(_scaled_tensor(lines), (number, height, width, 1))
    offsets = ops.cast(offsets, rows.dtype)  # TensorFlow adds no two kinds of whole numbers
    rows = (rows[None] + offsets[:, :1]) % side  # (N, H)
    columns = (columns[None] + offsets[:, 1:]) % side  # (N, W)
    places = rows[:, :, None] * side + columns[:, None, :]
    return _scaled_tensor(ops.take(ops.reshape(field, (-1,)), places)[..., None])


def _scaled_tensor(drawn: Tensor) -> Tensor:
    return (ops.cast(drawn, "float32") - MIDDLE) / DEVIATION


class Fields:
    """The two fields on the device, as bytes, which stay exact in files of 8 bits.

    They are not part of a layer, so Keras does not treat them as weights.
    """

    def __init__(self) -> None:
        self.fine, self.coarse = (
            ops.convert_to_tensor(noise_bytes(side)) for side in (FINE, COARSE)
        )
