"""Colour transfers."""

from __future__ import annotations

import numpy as np
from skimage import color

from ..types import Image


def keep_colors(painted: Image, photograph: Image) -> Image:
    """Give a painted picture the photograph's colours and leave its lightness.

    Args:
        painted: (H, W, 3), sRGB, 0..1.
        photograph: Likewise, of the same size.

    Returns:
        (H, W, 3): lightness of the one, hue and chroma of the other, in CIELAB.
    """
    lab = color.rgb2lab(photograph)
    lab[..., 0] = color.rgb2lab(painted)[..., 0]
    result: Image = np.clip(color.lab2rgb(lab), 0, 1).astype(np.float32)
    return result
