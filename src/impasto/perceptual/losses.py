"""The losses, as pure functions of tensors.

Each comes in the two normalisations of `Settings.normalization`. `none` is the reference
procedure, with sums over features of pixels in 0..255. `relative` divides by the energy of the
target, which makes weights independent of layer, size and painting.
"""

from __future__ import annotations

from ..backend import ops
from ..types import Moments, Tensor

TV_POWER = 1.25
_CHANNELS = 3
TINY = 1e-12


def content_loss(features: Tensor, target: Tensor, *, normalization: str) -> Tensor:
    """Compare features with the photograph's.

    Args:
        features: Of the picture being made, (1, h, w, C).
        target: Of the photograph, the same shape.
        normalization: `none` gives sum((F - T)^2), twice the loss of Gatys et al. (2016),
            equation 1; `relative` divides that by sum(T^2).

    Returns:
        A scalar, at least 0.
    """
    distance = ops.sum(ops.square(features - target))
    if normalization == "none":
        return distance
    return distance / (ops.sum(ops.square(target)) + TINY)


def gram_loss(
    second: Tensor, target: Moments, positions: int, pixels: int, *, normalization: str
) -> Tensor:
    """Compare a Gram matrix with the painting's.

    Args:
        second: Gram matrix of the picture being made, (C, C), a sum over its positions.
        target: Moments of the painting at this layer.
        positions: Number of positions that `second` sums over.
        pixels: Number of pixels of the picture being made.
        normalization: `none` gives sum((G - T)^2) / (4 * 3^2 * pixels^2), which is equation 4 of
            Gatys et al. (2016) with the picture's channels and size in place of the layer's;
            `relative` divides both matrices by their number of positions and their squared
            distance by the energy of the target's.

    Returns:
        A scalar, at least 0.
    """
    if normalization == "none":
        distance = ops.sum(ops.square((second - target.second) / pixels))
        return distance / (4.0 * _CHANNELS**2)
    wanted = target.second / target.weight
    distance = ops.sum(ops.square(second / positions - wanted))
    return distance / (ops.sum(ops.square(wanted)) + TINY)


def total_variation_loss(pixels: Tensor, *, normalization: str) -> Tensor:
    """Sum (a + b)^1.25 over the pixels, a and b the squared differences to the next row and column.

    Args:
        pixels: (1, H, W, 3), 0..1.
        normalization: `none` takes pixels in 0..255 as the reference does; `relative` gives the
            mean over the pixels in 0..1.

    Returns:
        A scalar, at least 0; its gradient is finite where neighbours are equal.
    """
    corner = pixels[:, :-1, :-1, :]
    down = ops.square(corner - pixels[:, 1:, :-1, :])
    right = ops.square(corner - pixels[:, :-1, 1:, :])
    # (a + b)^1.25 = s * s^0.25; the root is kept off 0, where its slope is infinite.
    total = down + right
    power = total * ops.sqrt(ops.sqrt(total + TINY))
    if normalization == "none":
        return ops.sum(power) * 255.0 ** (2 * TV_POWER)
    return ops.mean(power)
