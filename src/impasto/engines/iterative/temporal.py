"""A temporal loss: where the motion is known, a frame of a clip stays like the one before.

From Ruder, Dosovitskiy and Brox 2016, "Artistic style transfer for videos".
"""

from __future__ import annotations

import numpy as np

from ...backend import ops
from ...images.scales import resize
from ...perceptual.objective import LossAndGradient, Parts
from ...types import Size, Targets, TemporalTarget, Tensor
from ..pixels import to_pixels


def with_temporal_loss(
    loss: LossAndGradient, target: TemporalTarget, size: Size
) -> LossAndGradient:
    """Add `weight` times the mean of `known * (pixels - image)^2` to a loss.

    Args:
        loss: `(pixels, targets, kernels) -> ((total, parts), gradient)`.
        target: The target, of any size.
        size: Height and width of the pixels.

    Returns:
        The same with another part, `temporal`.
    """
    image = to_pixels(resize(target.image, size))
    weights = np.clip(resize(target.known[..., None].repeat(3, axis=-1), size), 0, 1)
    scaled = to_pixels(weights * np.float32(target.weight / weights.size))

    def evaluate(
        pixels: Tensor, targets: Targets, kernels: object
    ) -> tuple[tuple[Tensor, Parts], Tensor]:
        (total, parts), gradient = loss(pixels, targets, kernels)
        difference = pixels - image
        temporal = ops.sum(scaled * ops.square(difference))
        parts = {**parts, "temporal": temporal}
        return (total + temporal, parts), gradient + 2 * scaled * difference

    return evaluate
