"""Paint a picture in one forward pass."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...backend import check_process, compiled, device_memory, ops, resolve_precision
from ...errors import PictureError
from ...images.available_memory import available_memory
from ...images.scales import check_size
from ...process import return_freed_memory
from ...training_settings import TrainingSettings
from ...types import Image, Size, Tensor
from ..pixels import to_pixels
from .model import PHOTOGRAPH, Array, PaintingModel, predict_vector, smallest_side
from .painting_memory import positions_per_strip
from .strips import paint_in_strips
from .trunk import Trunk, load_network

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
        PictureError: The photograph is too small, or does not fit into memory.
        BackendError: The framework cannot be used in this process, see `check_process`.
    """
    check_process()
    check_size(image.shape[:2], "the picture", least=smallest_side(model.architecture))
    positions = _positions_per_strip(image.shape[:2])
    if positions is not None:
        return paint_in_strips(image, vector, _prepare(model)[0], positions)
    result: Image = np.asarray(
        ops.convert_to_numpy(paint_pixels(to_pixels(image), vector, model))[0], np.float32
    )
    return result


def paint_pixels(pixels: Tensor, vector: Array, model: PaintingModel) -> Tensor:
    """Paint pixels on the device, without strips.

    Args:
        pixels: (1, H, W, 3), 0..1, both sides at least 16, a size for which `fits_at_once`.
        vector: As for `paint_image`.
        model: The network.

    Returns:
        The picture, (1, H, W, 3), 0..1.
    """
    _, run = _prepare(model)
    return run(pixels, ops.convert_to_tensor(vector[None]))


def fits_at_once(size: Size) -> bool:
    """Return whether a picture is painted without strips.

    Raises:
        PictureError: It does not fit into memory.
    """
    return _positions_per_strip(size) is None


def _positions_per_strip(size: Size) -> int | None:
    free = device_memory()
    if free is not None and size[0] * size[1] <= free / _BYTES:
        return None
    try:
        return positions_per_strip(size, available_memory(), at_once=free is None)
    except PictureError:  # return what former pictures have taken
        return_freed_memory()
        return positions_per_strip(size, available_memory(), at_once=False)


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
