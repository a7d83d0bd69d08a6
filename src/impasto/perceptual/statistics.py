"""Additive statistics of feature maps."""

from __future__ import annotations

from collections.abc import Sequence

from ..backend import DATA_FORMAT, ops, with_gram
from ..types import Moments, Tensor

_FEWEST = 1e-6  # positions; keeps quotients finite


def moments(features: Tensor, mask: Tensor | None = None) -> Moments:
    """Sum features and their outer products over all positions.

    Args:
        features: (N, h, w, C).
        mask: Weight of each position, (1, h, w, 1), 0..1; None for 1.

    Returns:
        The sums; `second` is the Gram matrix G = F F^T of Gatys et al. (2016), equation 3,
        not divided by the number of positions. With a mask w it is the guided Gram matrix of Gatys
        et al. (2017), "Controlling perceptual factors in neural style transfer", equation 6, for
        features multiplied with the square root of w.

    Example:
        >>> tuple(moments(ops.ones((1, 4, 5, 2))).second.shape)
        (2, 2)
    """
    if mask is not None:
        return Moments(
            weight=ops.sum(mask),
            first=ops.sum(features * mask, axis=(0, 1, 2)),
            second=gram(features * ops.sqrt(mask)),
        )
    count = features.shape[0] * features.shape[1] * features.shape[2]
    return Moments(
        weight=count * ops.ones(()),  # made on the device
        first=ops.sum(features, axis=(0, 1, 2)),  # (C,)
        second=gram(features),
    )


def gram(features: Tensor) -> Tensor:
    """Return the unnormalised Gram matrix (C, C), float32, of features (N, h, w, C)."""
    if DATA_FORMAT == "channels_first":
        features = ops.transpose(features, (0, 3, 1, 2))
    return with_gram(features)[1]


def add(a: Moments, b: Moments) -> Moments:
    """Return the moments of the union of two sets of positions."""
    return Moments(a.weight + b.weight, a.first + b.first, a.second + b.second)


def scale(a: Moments, factor: float | Tensor) -> Moments:
    """Return the moments with every position counted `factor` times."""
    return Moments(a.weight * factor, a.first * factor, a.second * factor)


def spread(a: Moments, positions: float | Tensor) -> Moments:
    """Return the moments scaled to a number of positions."""
    weight = ops.where(a.weight > _FEWEST, a.weight, _FEWEST * ops.ones(()))
    return scale(a, positions / weight)


def blend(each: Sequence[Moments], shares: Sequence[float]) -> Moments:
    """Mix moments by shares, scaled to the positions of the first.

    Args:
        each: Moments of the same features of different pictures.
        shares: Weight of each, 0 or more, not all 0.

    Example:
        >>> one, two = moments(ops.ones((1, 2, 2, 1))), moments(3 * ops.ones((1, 5, 5, 1)))
        >>> mixed = blend([one, two], [1, 3])
        >>> float(mixed.weight), float(mixed.first[0])
        (4.0, 10.0)
    """
    if len(each) == 1:
        return each[0]
    whole = sum(shares)
    parts = [
        spread(moments, each[0].weight * share / whole)
        for moments, share in zip(each, shares, strict=True)
    ]
    mixed = parts[0]
    for part in parts[1:]:
        mixed = add(mixed, part)
    return mixed


def covariance(a: Moments) -> tuple[Tensor, Tensor]:
    """Return the mean (C,) and the covariance (C, C) of the features."""
    mean = a.first / a.weight
    return mean, a.second / a.weight - mean[:, None] * mean[None, :]
