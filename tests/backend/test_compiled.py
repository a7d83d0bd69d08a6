"""JAX and TensorFlow trace the network once for all pictures of one size."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.toy import SHALLOW

CASE = """
import numpy as np
from impasto.engines.iterative.optimize import optimize_image
from impasto.perceptual import features
from impasto.settings import Settings

traced = 0
look = features.features_and_grams

def counted(*arguments, **options):
    global traced
    traced += 1
    return look(*arguments, **options)

features.features_and_grams = counted
rng = np.random.default_rng(0)
counts = []
for tile in (None, None, 64, 64):
    content, style = (rng.random((96, 128, 3), dtype=np.float32) for _ in range(2))
    before = traced
    settings = Settings(size=128, scales=1, iterations=4, tile=tile, seed=len(counts), **SHALLOW)
    for step in optimize_image(content, [style], settings):
        pass
    assert np.isfinite(step.losses["total"])
    counts.append(traced - before)
print(counts)
""".replace("SHALLOW", repr(SHALLOW))


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_a_second_picture_of_the_same_size_is_not_compiled_again(backend):
    pytest.importorskip(backend) if backend == "jax" else None
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CASE],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second, tiled, tiled_again = json.loads(done.stdout.splitlines()[-1])
    # Targets are computed outside of the compiled function, one pass per picture.
    assert second == 2 < first
    assert tiled_again == 0 < tiled
