"""The cache of style targets."""

import functools

import numpy as np
import pytest

from impasto.backend import ops
from impasto.perceptual.style_cache import look_up


def test_every_input_is_part_of_the_key():
    cached, calls = {}, []

    def look(painting):
        calls.append(tuple(painting.shape))
        return float(ops.sum(painting))

    masks = None, np.ones((4, 6), np.float32)

    paintings = [ops.zeros((1, 4, 6, 3)), ops.ones((1, 4, 6, 3)), ops.zeros((1, 6, 4, 3))]
    for _ in range(2):
        values = [
            look_up(cached, each, mask, about, functools.partial(look, each))
            for each in paintings
            for mask in masks
            for about in "ab"
        ]
    assert values == [0] * 4 + [72] * 4 + [0] * 4
    assert len(calls) == len(cached) == 12


def test_the_one_longest_not_used_is_forgotten():
    cached = {}
    for i in [*range(16), 0, 16]:
        painting = ops.full((1, 2, 2, 3), float(i))
        look_up(cached, painting, None, None, functools.partial(ops.max, painting))
    kept = sorted(float(value) for value in cached.values())
    np.testing.assert_array_equal(kept, [0, *range(2, 17)])


def test_nothing_is_cached_without_a_cache_or_after_an_error():
    cached = {}
    painting = ops.ones((1, 2, 2, 3))
    assert float(look_up(None, painting, None, None, lambda: ops.sum(painting))) == 12
    with pytest.raises(ZeroDivisionError):
        look_up(cached, painting, None, None, lambda: 1 / 0)
    assert not cached
