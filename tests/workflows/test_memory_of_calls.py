"""Programs that paint for days: memory stays the same over many calls."""

import gc

import numpy as np
import psutil
from tests.toy import SHALLOW, toy_network

import impasto

CALLS, WARM_UP = 100, 10
SETTINGS = impasto.Settings(size=32, scales=1, iterations=2, init="content", **SHALLOW)


def test_memory_is_the_same_after_a_hundred_calls(rng):
    model, painting = toy_network(), impasto.sample_style("mosaic", 64)
    process, resident, objects = psutil.Process(), [], []
    for number in range(CALLS):
        photo = rng.random((24 + number % 5, 32, 3), np.float32)
        impasto.stylize(photo, painting, settings=SETTINGS)
        impasto.paint(photo, "wave", model=model)
        if number in (WARM_UP, CALLS - 1):
            gc.collect()
            resident.append(process.memory_info().rss)
            objects.append(len(gc.get_objects()))
    assert resident[1] < 1.1 * resident[0]
    assert objects[1] - objects[0] < CALLS  # not even one a call
