"""The losses, as pure functions of tensors.

Each has the two normalisations of `Settings.normalization`. `none` is the reference procedure: sums
over features of pixels in 0..255. `relative` divides by the energy of the target, which makes
weights independent of layer, size and painting.
"""

from __future__ import annotations

import numpy as np

from ..backend import ops
from ..types import Moments, Tensor
from .matrix_sqrt import trace_of_root
from .statistics import covariance

REFERENCE_TV_POWER = 1.25
_TV_ROUNDING = 0.005  # smaller differences count less, so gradients of tone stay possible
_CHANNELS = 3
TINY = 1e-12
_FLOOR = 1e-3  # of the mean variance, added to each: the root of a singular matrix has no gradient
_DIRECTIONS = 128


def content_loss(features: Tensor, target: Tensor, *, normalization: str) -> Tensor:
    """Compare features with those of the photograph.

    Args:
        features: Features of the generated picture, (1, h, w, C).
        target: Features of the photograph, the same shape.
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
    """Compare a Gram matrix with that of the painting.

    Args:
        second: Gram matrix of the generated picture, (C, C), a sum over its positions.
        target: Moments of the painting at this layer.
        positions: Number of positions that `second` sums over.
        pixels: Number of pixels of the generated picture.
        normalization: `none` gives sum((G - T)^2) / (4 * 3^2 * pixels^2), which is equation 4 of
            Gatys et al. (2016) with the picture's channels and size instead of the layer's;
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


def moments_loss(found: Moments, target: Moments, root: Tensor) -> Tensor:
    """Compare mean and covariance of features with those of the painting.

    The squared 2-Wasserstein distance between the normal distributions of these moments (Olkin and
    Pukelsheim 1982), |m - m'|^2 + tr(S + S' - 2 (S'^1/2 S S'^1/2)^1/2), divided by the energy of
    the target, |m'|^2 + tr(S'). Crowson's style-transfer-pytorch has the same without the division.
    In layers with more than 128 channels, this compares the painting's 128 principal directions,
    and only the total of the remaining variance.

    Args:
        found: Moments of the generated picture.
        target: Moments of the painting.
        root: From `covariance_root` of the target.

    Returns:
        A scalar, at least 0 except for rounding.
    """
    mean, spread = covariance(found)
    wanted_mean, wanted = covariance(target)
    variances = ops.sum(ops.square(root), axis=0)  # (k,)
    turned = ops.matmul(ops.transpose(root), ops.matmul(spread, root))  # (k, k)
    lift = _FLOOR * ops.mean(variances)
    both = trace_of_root(turned + ops.diag(variances * lift))
    inside = ops.sum(ops.diagonal(turned) / variances)
    apart = ops.sum(ops.square(mean - wanted_mean))
    apart = apart + inside + ops.sum(variances) + lift * root.shape[1] - 2 * both
    if root.shape[0] > root.shape[1]:
        rest = ops.maximum(ops.trace(spread) - inside, 0.0) + lift
        wanted_rest = ops.maximum(ops.trace(wanted) - ops.sum(variances), 0.0) + lift
        apart = apart + ops.square(ops.sqrt(rest) - ops.sqrt(wanted_rest))
    energy = ops.sum(ops.square(wanted_mean)) + ops.trace(wanted)
    return apart / (energy + TINY)


def covariance_root(target: Moments) -> Tensor:
    """Return a root R (C, k) of the covariance of features, R R^T, in its principal directions.

    Args:
        target: Moments of the painting.

    Returns:
        Eigenvectors of the largest eigenvalues, at most 128, times the roots of these.
    """
    _, wanted = covariance(target)
    values, vectors = np.linalg.eigh(np.float64(ops.convert_to_numpy(wanted)))
    values, vectors = values[::-1][:_DIRECTIONS], vectors[:, ::-1][:, :_DIRECTIONS]
    values = np.maximum(values, _FLOOR * max(values.mean(), TINY))
    return ops.convert_to_tensor(np.float32(vectors * np.sqrt(values)))


def patch_loss(features: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Compare features with the target of each position.

    Kolkin et al. (2022), "Neural neighbor style transfer", equation 4, use the cosine distance. The
    squared distance divided by the energy of the target, used here, keeps the painting's contrast.

    Args:
        features: Features of the generated picture, (1, h, w, C).
        target: The same shape.
        mask: Weight of each position, (1, h, w, 1); None for 1.

    Returns:
        A scalar, at least 0.
    """
    distances, energies = ops.square(features - target), ops.square(target)
    if mask is not None:
        distances, energies = distances * mask, energies * mask
    return ops.sum(distances) / (ops.sum(energies) + TINY)


def total_variation_loss(pixels: Tensor, *, normalization: str, power: float) -> Tensor:
    """Sum (a + b)^power over pixels, a and b the squared differences to the next row and column.

    Below a power of 1 it is (a + b + e)^power - e^power with e = 0.005^2.

    Args:
        pixels: (1, H, W, 3), 0..1.
        normalization: `none` sums over pixels in 0..255, without the last row and column, as the
            reference does; `relative` averages over all pixels in 0..1, with the border replicated.
        power: At least 0.5; the reference has 1.25.

    Returns:
        A scalar, at least 0; its gradient is finite even where neighbours are equal.
    """
    if normalization == "none":
        return ops.sum(_variation(pixels, power)) * 255.0 ** (2 * power)
    return ops.mean(_variation(_with_border(pixels), power))


def strip_variation_loss(
    rows: Tensor, height: int | Tensor, *, is_last: bool, normalization: str, power: float
) -> Tensor:
    """Return the contribution of some rows to the total variation loss of a picture.

    Args:
        rows: (1, h, W, 3), 0..1, including the row below them unless they are the last.
        height: Height of the whole picture, H.
        is_last: Whether these are the last rows.
        normalization: As for `total_variation_loss`.
        power: As for `total_variation_loss`.

    Returns:
        A scalar; the values of all strips add up to `total_variation_loss` of the picture.
    """
    if normalization == "none":
        return ops.sum(_variation(rows, power)) * 255.0 ** (2 * power)
    powers = _variation(_with_border(rows, below=is_last), power)
    return ops.sum(powers) / (height * rows.shape[2] * _CHANNELS)


def _with_border(pixels: Tensor, *, below: bool = True) -> Tensor:
    """Repeat the last row, if `below`, and the last column, so that they are smoothed, too."""
    if below:
        pixels = ops.concatenate([pixels, pixels[:, -1:]], axis=1)
    return ops.concatenate([pixels, pixels[:, :, -1:]], axis=2)


def _variation(pixels: Tensor, power: float) -> Tensor:
    """Return (a + b)^power of all pixels except the last row and column."""
    corner = pixels[:, :-1, :-1, :]
    down = ops.square(corner - pixels[:, 1:, :-1, :])
    right = ops.square(corner - pixels[:, :-1, 1:, :])
    total = down + right
    if (
        power == REFERENCE_TV_POWER
    ):  # s^1.25 = s * s^0.25; TINY keeps the gradient of the root finite
        return total * ops.sqrt(ops.sqrt(total + TINY))
    if power >= 1:
        return (total + TINY) ** power
    least = _TV_ROUNDING**2
    return (total + least) ** power - least**power
