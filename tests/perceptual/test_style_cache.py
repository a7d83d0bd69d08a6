"""What is remembered of paintings."""

import functools

import numpy as np
import pytest

from impasto.backend import ops
from impasto.perceptual.style_cache import remembered


def test_what_decides_a_look_tells_looks_apart():
    known, calls = {}, []

    def look(painting):
        calls.append(tuple(painting.shape))
        return float(ops.sum(painting))

    masks = None, np.ones((4, 6), np.float32)

    paintings = [ops.zeros((1, 4, 6, 3)), ops.ones((1, 4, 6, 3)), ops.zeros((1, 6, 4, 3))]
    for _ in range(2):
        values = [
            remembered(known, each, mask, about, functools.partial(look, each))
            for each in paintings
            for mask in masks
            for about in "ab"
        ]
    assert values == [0] * 4 + [72] * 4 + [0] * 4
    assert len(calls) == len(known) == 12


def test_the_one_longest_not_used_is_forgotten():
    known = {}
    for i in [*range(16), 0, 16]:
        painting = ops.full((1, 2, 2, 3), float(i))
        remembered(known, painting, None, None, functools.partial(ops.max, painting))
    kept = sorted(float(value) for value in known.values())
    np.testing.assert_array_equal(kept, [0, *range(2, 17)])


def test_nothing_is_remembered_without_a_memory_or_when_a_look_fails():
    known = {}
    painting = ops.ones((1, 2, 2, 3))
    assert float(remembered(None, painting, None, None, lambda: ops.sum(painting))) == 12
    with pytest.raises(ZeroDivisionError):
        remembered(known, painting, None, None, lambda: 1 / 0)
    assert not known
