"""VGG19 statistics of a painting, the input of the style predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...backend import compiled, ops
from ...images.scales import check_size, fit, resize
from ...perceptual import features, objective, statistics
from ...perceptual.features import Kernels
from ...settings import Settings
from ...types import Image, Tensor
from ..pixels import to_pixels


class PaintingStatistics(NamedTuple):
    """Statistics of VGG19's features of a painting.

    Attributes:
        grams: Gram matrices by style layer, divided by positions, (C, C) each.
        statistics: Means and deviations of the features of the style layers, (F,), as log(1 + x).
    """

    grams: Mapping[str, Tensor]
    statistics: Tensor


def compute_statistics(
    painting: Tensor, kernels: Kernels, settings: Settings
) -> PaintingStatistics:
    """Compute the statistics of a painting.

    Args:
        painting: (1, h, w, 3), 0..1.
        kernels: From `objective.load_kernels`.
        settings: Style layers, pooling, padding and precision.
    """
    seen = features.vgg19(
        painting, kernels, settings.style_layers, **objective.network_options(settings)
    )
    grams, numbers = {}, []
    for name, layer in seen.items():
        moments = statistics.moments(layer)
        grams[name] = moments.second / moments.weight
        mean = moments.first / moments.weight
        variance = ops.diagonal(grams[name]) - ops.square(mean)
        numbers += [mean, ops.sqrt(ops.maximum(variance, 0.0))]
    return PaintingStatistics(grams, ops.log1p(ops.concatenate(numbers)))


def compute_painting_statistics(
    image: Image, kernels: Kernels, settings: Settings, long_side: int
) -> PaintingStatistics:
    """Compute the statistics of a painting as training does, as NumPy arrays.

    Args:
        image: The painting, (h, w, 3), 0..1, any size.
        kernels: From `objective.load_kernels`.
        settings: As for `compute_statistics`.
        long_side: Long side of the painting that the network sees, pixels.

    Raises:
        PictureError: The painting is too small.
    """
    size = fit(check_size(image.shape[:2], "the painting"), long_side)
    seen = compiled(lambda pixels: compute_statistics(pixels, kernels, settings))(
        to_pixels(resize(image, size))
    )
    grams = {name: ops.convert_to_numpy(gram) for name, gram in seen.grams.items()}
    return PaintingStatistics(grams, ops.convert_to_numpy(seen.statistics))
