"""Recorded evaluations: when, of what, and what happens if that fails. No GPU is needed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from impasto.backend._torch_graph import Recorded, forget_recordings
from impasto.engines.view import evaluate_point, make_view, to_pixels
from impasto.perceptual import objective
from impasto.settings import Settings


class Program:
    """Does what a CUDA graph does: what it was given, into the same memory."""

    made = 0

    def record(self, function):
        Program.made += 1
        self.function, self.found = function, function()
        return self.found

    def replay(self):
        tree_map(lambda place, new: place.copy_(new), self.found, self.function())


class Broken(Program):
    def record(self, function):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")


class Wrong(Program):
    def replay(self):
        tree_map(lambda place: place.add_(1), self.found)


@pytest.fixture(autouse=True)
def none_made():
    Program.made = 0


@pytest.fixture
def function():
    def square(x, constant):
        return (((x * constant[0]) ** 2).sum(), {"part": x.sum()}), 2 * x * constant[0] ** 2

    return square


def expect(result, x, factor):
    (total, parts), gradient = result
    np.testing.assert_allclose(total, (factor * x).square().sum(), rtol=1e-6)
    np.testing.assert_allclose(parts["part"], x.sum(), rtol=1e-6)
    np.testing.assert_allclose(gradient, 2 * factor**2 * x, rtol=1e-6)


def test_it_records_at_the_third_call_with_the_same_constants(function):
    recorded, constant = Recorded(function, Program), (torch.tensor(3.0),)
    results = []
    for number in range(6):
        x = torch.full((4,), float(number))
        results.append((recorded(x, constant), x))
        assert Program.made == (number >= 2)
    for result, x in results:  # each in memory of its own
        expect(result, x, 3.0)


def test_other_constants_or_sizes_are_recorded_anew(function):
    recorded = Recorded(function, Program)
    for factor, size in ((3.0, 4), (2.0, 4), (2.0, 5)):
        constant = (torch.tensor(factor),)
        for _ in range(4):
            x = torch.rand(size)
            expect(recorded(x, constant), x, factor)
    assert Program.made == 3


def test_constants_that_alternate_are_never_recorded(function):
    recorded, constants = Recorded(function, Program), [(torch.tensor(k),) for k in (2.0, 3.0)]
    for number in range(8):
        x = torch.rand(3)
        expect(recorded(x, constants[number % 2]), x, 2.0 + number % 2)
    assert Program.made == 0


def test_forgetting_frees_the_recording(function):
    recorded, constant = Recorded(function, Program), (torch.tensor(3.0),)
    for _ in range(4):
        recorded(torch.rand(3), constant)
    forget_recordings()
    for _ in range(3):
        recorded(torch.rand(3), constant)
    assert Program.made == 2


@pytest.mark.parametrize(("graph", "why"), [(Broken, "not permitted"), (Wrong, "another result")])
def test_what_cannot_be_recorded_goes_on_as_before_and_says_why(function, graph, why):
    recorded, constant = Recorded(function, graph), (torch.tensor(3.0),)
    with pytest.warns(UserWarning, match=why) as caught:
        for _ in range(8):
            x = torch.rand(3) + 1
            expect(recorded(x, constant), x, 3.0)
    assert len(caught) == 1


def test_a_loss_that_is_not_finite_does_not_end_recording(function):
    recorded, constant = Recorded(function, Program), (torch.tensor(3.0),)
    for value in (1.0, 1.0, float("nan"), 1.0):
        recorded(torch.full((2,), value), constant)
    assert Program.made == 1


class NothingFromTheHost(TorchDispatchMode):
    """Refuses what a recording cannot hold: values asked for, and constants made on the host."""

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        name = function.overloadpacket.__name__
        assert name not in ("_local_scalar_dense", "lift_fresh", "nonzero"), function
        return function(*arguments, **(named or {}))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"preset": "classic"},
        {"pooling": "average"},
        {"seamless": True},
        {"precision": "bfloat16"},
    ],
)
def test_an_evaluation_takes_nothing_from_the_host(changes):
    settings = Settings(**{"precision": "float32", **changes})
    image = np.random.default_rng(0).random((48, 64, 3), np.float32)
    kernels = objective.load_kernels(settings)
    view = make_view(image, [image], objective.UNGUIDED, kernels, settings)
    x = to_pixels(image)
    pixels = view.canvas.show(x)
    targets = view.aim(pixels)
    evaluate_point(view, x, targets)  # operators are chosen
    with NothingFromTheHost():
        view.loss(pixels, targets, view.kernels)
