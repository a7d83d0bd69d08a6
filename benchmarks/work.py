"""The useful arithmetic of one evaluation, to tell how near code is to what a machine can do.

Counts what the textbook way of the procedure's own work needs, forward and back to the picture:
convolutions and Gram matrices, a multiplication and an addition as two operations. Code that does
more (a batch of three, gradients of frozen kernels) or less (Winograd) is measured by the same.
"""

from __future__ import annotations

import math

from impasto.settings import LAYER_NAMES, Settings

_CHANNELS = {"block1": 64, "block2": 128, "block3": 256, "block4": 512, "block5": 512}


def gflop(height: int, width: int, settings: Settings) -> float:
    """Count one loss and gradient in the picture, 10^9 operations.

    Args:
        height: Of the picture, pixels.
        width: Of the picture, pixels.
        settings: Layers, and the padding, since `replicate` keeps odd borders when it pools.
    """
    names = {*settings.content_layers, *settings.style_layers}
    deepest = max(LAYER_NAMES.index(name) for name in names)
    halve = math.ceil if settings.padding == "replicate" else math.floor
    inputs, total = 3, 0
    for name in LAYER_NAMES[: deepest + 1]:
        outputs = _CHANNELS[name.split("_")[0]]
        if name.endswith("conv1") and name != "block1_conv1":
            height, width = halve(height / 2), halve(width / 2)
        products = 9 * inputs * outputs
        if name in settings.style_layers:
            products += outputs**2
        total += 2 * products * height * width
        inputs = outputs
    return 2 * total / 1e9  # once forward, once back
