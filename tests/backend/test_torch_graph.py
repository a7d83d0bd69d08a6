"""Recorded steps, and failed recordings; no GPU is needed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from impasto.backend._torch_graph import Recorded
from impasto.engines.iterative import lbfgs, points, rounds
from impasto.engines.iterative.optimizers import OPTIMIZERS
from impasto.engines.iterative.points import BestTracker
from impasto.engines.iterative.problem import evaluate_point, make_problem
from impasto.engines.iterative.rounds import make_advance
from impasto.engines.pixels import to_pixels
from impasto.perceptual import objective
from impasto.settings import Settings


class Program:
    """Mimics a CUDA graph: reruns a function into the same memory."""

    made = 0

    def rehearse(self, function):
        return function()

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


def function(given):
    """Square x, and return the constant unchanged."""
    x, constant = given
    return {"square": (constant * x) ** 2, "sum": x.sum()}, constant


def expect(result, x, constant):
    found, handed_on = result
    np.testing.assert_allclose(found["square"], (constant * x) ** 2, rtol=1e-6)
    np.testing.assert_allclose(found["sum"], x.sum(), rtol=1e-6)
    assert handed_on is constant


def test_it_records_at_the_second_call_of_a_shape():
    recorded = Recorded(function, Program)
    results = []
    for number in range(6):
        x, constant = torch.full((4,), float(number)), torch.tensor(1.0 + number)
        results.append((recorded((x, constant)), x, constant))
        assert Program.made == (number >= 1)
    for each in results:  # in separate memory
        expect(*each)


def test_other_shapes_are_recorded_again():
    recorded = Recorded(function, Program)
    for size in (4, 5, 4):
        for _ in range(3):
            x, constant = torch.rand(size), torch.rand(())
            expect(recorded((x, constant)), x, constant)
    assert Program.made == 3


@pytest.mark.parametrize(("graph", "why"), [(Broken, "not permitted"), (Wrong, "different result")])
def test_a_failed_recording_is_a_warning_and_steps_run_as_before(graph, why):
    recorded = Recorded(function, graph)
    with pytest.warns(UserWarning, match=why) as caught:
        for _ in range(8):
            x, constant = torch.rand(3) + 1, torch.tensor(3.0)
            expect(recorded((x, constant)), x, constant)
    assert len(caught) == 1


def test_numbers_that_are_not_finite_do_not_end_recording():
    recorded = Recorded(function, Program)
    for value in (1.0, float("nan"), 1.0):
        recorded((torch.full((2,), value), torch.ones(())))
    assert Program.made == 1


class NothingFromTheHost(TorchDispatchMode):
    """Fails on operations that cannot be recorded: reading values, and constants from the host."""

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        name = function.overloadpacket.__name__
        assert name not in ("_local_scalar_dense", "lift_fresh", "nonzero"), function
        return function(*arguments, **(named or {}))


def run_at(settings, image):
    """Return a tracker at the photograph, with its mirror image as the painting."""
    kernels = objective.load_kernels(settings)
    problem = make_problem(image, [image[:, ::-1]], objective.UNGUIDED, kernels, settings)
    targets = problem.make_targets(problem.parametrization.forward(to_pixels(image)))

    def evaluate(x):
        return evaluate_point(problem, x, targets)

    return BestTracker(evaluate, evaluate(to_pixels(image)))


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    for module in (points, lbfgs):
        monkeypatch.setattr(module, "computes_on_host", lambda: False)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"preset": "classic", "optimizer": "lbfgs"},
        {"optimizer": "adam"},
        {"pooling": "average"},
        {"seamless": True},
        {"color": "luminance"},
        {"precision": "bfloat16"},
    ],
)
@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_step_takes_nothing_from_the_host(changes):
    settings = Settings(**{"precision": "float32", **changes})
    image = np.random.default_rng(0).random((48, 64, 3), np.float32)
    tracker = run_at(settings, image)
    advance = make_advance(tracker, settings)
    state = advance(OPTIMIZERS[settings.optimizer].init(tracker.best, settings), 9)
    with NothingFromTheHost():
        advance(state, 9)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.usefixtures("as_on_a_gpu")
def test_recorded_steps_are_the_same_steps(optimizer, monkeypatch):
    settings = Settings(optimizer=optimizer, precision="float32", history=3)
    image = np.random.default_rng(1).random((48, 64, 3), np.float32)
    results = []
    for as_recorded in (lambda function: function, lambda function: Recorded(function, Program)):
        monkeypatch.setattr(rounds, "recorded", as_recorded)
        tracker = run_at(settings, image)
        advance = make_advance(tracker, settings)
        state = OPTIMIZERS[optimizer].init(tracker.best, settings)
        for _ in range(6):
            state = advance(state, 9)
        results.append((state.point.x, tracker.best.value))
    assert Program.made == 1
    for plain, replayed in zip(*results, strict=True):
        np.testing.assert_array_equal(replayed, plain)
