"""Additive statistics of feature maps."""

from __future__ import annotations

from ..backend import DATA_FORMAT, ops, with_gram
from ..types import Moments, Tensor


def moments(features: Tensor) -> Moments:
    """Sum features and their outer products over all positions.

    Args:
        features: (N, h, w, C).

    Returns:
        The sums; `second` is the Gram matrix G = F F^T of Gatys et al. (2016), equation 3,
        not divided by the number of positions.

    Example:
        >>> tuple(moments(ops.ones((1, 4, 5, 2))).second.shape)
        (2, 2)
    """
    count = features.shape[0] * features.shape[1] * features.shape[2]
    return Moments(
        weight=ops.convert_to_tensor(float(count), dtype="float32"),
        first=ops.sum(features, axis=(0, 1, 2)),  # (C,)
        second=gram(features),
    )


def gram(features: Tensor) -> Tensor:
    """Return the unnormalised Gram matrix (C, C), float32, of features (N, h, w, C)."""
    if DATA_FORMAT == "channels_first":
        features = ops.transpose(features, (0, 3, 1, 2))
    return with_gram(features)[1]


def add(a: Moments, b: Moments) -> Moments:
    """Return the moments of two sets of positions taken together."""
    return Moments(a.weight + b.weight, a.first + b.first, a.second + b.second)


def scale(a: Moments, factor: float) -> Moments:
    """Return the moments with every position counted `factor` times."""
    return Moments(a.weight * factor, a.first * factor, a.second * factor)
