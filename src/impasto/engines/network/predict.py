"""Paint a picture in one forward pass."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...backend import check_process, compiled, device_memory, ops, resolve_precision
from ...images.scales import check_size
from ...training_settings import TrainingSettings
from ...types import Image, Tensor
from ..pixels import to_pixels
from .model import PHOTOGRAPH, Array, PaintingModel, predict_vector, smallest_side
from .strips import paint_in_strips
from .trunk import Trunk, load_network

_MOST_PIXELS = 4_000_000  # of a picture painted at once, in about 2 GB
_BYTES = 1000  # per pixel on a GPU, at most


def paint_image(image: Image, vector: Array, model: PaintingModel) -> Image:
    """Paint a picture in one pass.

    Args:
        image: The photograph, (H, W, 3), 0..1, both sides at least 16.
        vector: The style vector, (style size,).
        model: The network.

    Returns:
        The picture, (H, W, 3), 0..1.

    Raises:
        PictureError: The photograph is too small.
        BackendError: The framework cannot be used in this process, see `check_process`.
    """
    check_process()
    check_size(image.shape[:2], "the picture", least=smallest_side(model.architecture))
    if image.shape[0] * image.shape[1] > most_pixels():
        return paint_in_strips(image, vector, _prepare(model)[0])
    result: Image = np.asarray(
        ops.convert_to_numpy(paint_pixels(to_pixels(image), vector, model))[0], np.float32
    )
    return result


def paint_pixels(pixels: Tensor, vector: Array, model: PaintingModel) -> Tensor:
    """Paint pixels on the device, without strips.

    Args:
        pixels: (1, H, W, 3), 0..1, both sides at least 16, H * W at most `most_pixels()`.
        vector: As for `paint_image`.
        model: The network.

    Returns:
        The picture, (1, H, W, 3), 0..1.
    """
    _, run = _prepare(model)
    return run(pixels, ops.convert_to_tensor(vector[None]))


def most_pixels() -> float:
    """Return the largest number of pixels that is painted without strips."""
    free = device_memory()
    return _MOST_PIXELS if free is None else free / _BYTES


@functools.lru_cache(maxsize=4)
def _prepare(model: PaintingModel) -> tuple[Trunk, Any]:
    network = load_network(model)
    return network, compiled(lambda picture, vector: network((picture, vector)))


def mix(vectors: Mapping[str, Array], shares: Mapping[str, float], mixture: float) -> Array:
    """Mix style vectors.

    Args:
        vectors: By name, `photograph` among them if `mixture` is not 1.
        shares: Share of each style; they are normalised.
        mixture: 0 for the photograph, 1 for the styles, more than 1 to exaggerate them.

    Example:
        >>> vectors = {"photograph": np.zeros(2), "wave": np.ones(2)}
        >>> mix(vectors, {"wave": 3.0}, 0.5).tolist()
        [0.5, 0.5]
    """
    total = sum(shares.values())
    mixed = sum(vectors[name] * (share / total) for name, share in shares.items())
    if mixture != 1:
        mixed = vectors[PHOTOGRAPH] + mixture * (mixed - vectors[PHOTOGRAPH])
    return np.asarray(mixed, np.float32)


def predict_style(painting: Image, model: PaintingModel) -> Array:
    """Predict the style vector of any painting.

    Args:
        painting: (h, w, 3), 0..1, any size.
        model: A model with a predictor.

    Raises:
        WeightsError: VGG19's weights were not found.
        ValueError: The model has no predictor.
        BackendError: The framework cannot be used in this process, see `check_process`.
    """
    check_process()
    from ...perceptual import objective
    from .painting_statistics import compute_painting_statistics

    card = model.card.get("predictor", model.card)  # the predictor may have been trained separately
    trained = TrainingSettings(**card.get("settings", {}))
    settings = trained.loss_settings(resolve_precision("auto"))
    kernels = objective.load_kernels(settings)
    seen = compute_painting_statistics(painting, kernels, settings, trained.style_size)
    return predict_vector(model, seen.statistics)
