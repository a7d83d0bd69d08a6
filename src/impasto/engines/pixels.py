"""Move images to the device and back."""

from __future__ import annotations

import numpy as np

from ..backend import check_process, ops
from ..types import Image, Tensor


def to_pixels(image: Image) -> Tensor:
    """Copy an image to the device as pixels, (1, H, W, 3).

    Raises:
        BackendError: The framework cannot be used in this process, see `check_process`.
    """
    check_process()
    return ops.convert_to_tensor(image[None], dtype="float32")


def to_image(pixels: Tensor) -> Image:
    """Copy pixels, (1, H, W, 3), to the host as an image, clipped to 0..1."""
    image: Image = np.clip(ops.convert_to_numpy(pixels)[0], 0.0, 1.0)  # (H, W, 3)
    return image
