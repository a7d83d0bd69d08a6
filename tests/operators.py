"""Measure PyTorch's operators once, for all processes of the tests.

On a busy machine each process would measure for itself and might choose differently, and tests
that compare the pictures of two processes to the bit would fail.
"""

from __future__ import annotations

import math
from unittest import mock

import numpy as np

_SIDES = (16, 32, 64, 128)  # of pictures as large as those of the tests


def measure_operators() -> None:
    """Fill the table in the cache folder, however busy the machine is."""
    from impasto.backend import BACKEND, measurements, ops, resolve_precision
    from impasto.perceptual import objective
    from impasto.settings import Settings

    if BACKEND != "torch":
        return
    with mock.patch.object(measurements, "_ALIKE", math.inf):
        for precision in {"float32", resolve_precision("auto")}:
            settings = Settings(precision=precision)
            kernels = objective.load_kernels(settings)
            evaluate = objective.loss_and_gradient(settings)
            for side in _SIDES:
                pixels = ops.convert_to_tensor(np.full((1, side, side, 3), 0.5, np.float32))
                targets = objective.make_targets(pixels, [pixels], kernels, settings)
                evaluate(pixels, targets, kernels)


if __name__ == "__main__":
    measure_operators()
