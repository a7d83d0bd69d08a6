"""Time budgets, with a fake clock."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.toy import SHALLOW

from impasto.engines.iterative import optimize, time_budget
from impasto.engines.iterative.optimize import optimize_image
from impasto.images.sample_styles import sample_style
from impasto.images.scales import Scale
from impasto.settings import Settings


class Clock:
    """A clock on which evaluations take a time per pixel, and targets take twice that."""

    def __init__(self, monkeypatch, seconds_per_pixel):
        self.now, self.per_pixel = 1000.0, seconds_per_pixel
        evaluate, make_problem = optimize.evaluate_point, optimize.make_problem

        def evaluate_slowly(problem, x, *rest):
            self.now += self.per_pixel * x.shape[1] * x.shape[2]
            return evaluate(problem, x, *rest)

        def prepare_slowly(photograph, *rest):
            self.now += 2 * self.per_pixel * photograph.shape[0] * photograph.shape[1]
            return make_problem(photograph, *rest)

        monkeypatch.setattr(optimize, "evaluate_point", evaluate_slowly)
        monkeypatch.setattr(optimize, "make_problem", prepare_slowly)
        monkeypatch.setattr(optimize.time, "perf_counter", lambda: self.now)


@pytest.fixture(scope="module")
def pictures():
    content = np.float32(np.mgrid[0:96, 0:96].sum(axis=0) / 190)[..., None].repeat(3, axis=2)
    return content, sample_style("swirls", 96)


def run(pictures, **changed):
    settings = Settings(**{"size": 96, "scales": 2, **SHALLOW, **changed})
    return list(optimize_image(pictures[0], pictures[1:], settings))


@pytest.mark.parametrize("budget", [20, 60])
def test_the_budget_is_kept_within_a_tenth(pictures, monkeypatch, budget):
    clock = Clock(monkeypatch, 1.5 / 96**2)
    began = clock.now
    steps = run(pictures, budget=budget)
    assert 0.9 * budget <= clock.now - began <= 1.02 * budget
    assert steps[-1].size == (96, 96)
    by_scale = {key: list(group) for key, group in itertools.groupby(steps, lambda s: s.scale)}
    assert set(by_scale) == {0, 1}
    assert all(group[-1].losses["total"] < group[0].losses["total"] for group in by_scale.values())


def test_time_that_went_by_before_the_run_counts(pictures, monkeypatch):
    clock = Clock(monkeypatch, 1.0 / 96**2)
    began = clock.now
    clock.now += 15
    settings = Settings(size=96, scales=2, budget=30, **SHALLOW)
    list(optimize_image(pictures[0], pictures[1:], settings, since=began))
    assert 27 <= clock.now - began <= 31


def test_a_budget_too_short_for_the_last_scale_enlarges_the_picture_before(pictures, monkeypatch):
    Clock(monkeypatch, 10.0 / 96**2)
    steps = run(pictures, budget=30)
    assert steps[-1].size == (96, 96)
    assert steps[-1].image.shape == (96, 96, 3)
    assert steps[-1].scale == 1
    assert steps[-1].iteration == steps[-2].iteration
    assert steps[-1].losses == steps[-2].losses


def test_a_long_budget_ends_when_all_is_done(pictures, monkeypatch):
    Clock(monkeypatch, 1e-6)
    steps = run(pictures, budget=1e6, iterations=12)
    assert steps[-1].iteration == 12


def test_a_run_without_progress_worth_its_time_ends_early(pictures):
    patient = run(pictures, iterations=60)
    hasty = run(pictures, iterations=60, tolerance=0.3)
    assert hasty[-1].iteration < patient[-1].iteration
    assert hasty[-1].size == (96, 96)


def test_what_the_first_scale_waits_for_costs_no_other_scale(pictures, monkeypatch):
    """The first targets on a machine take seconds, which must not count as an evaluation."""
    clock = Clock(monkeypatch, 1.0 / 96**2)
    make_problem, waited = optimize.make_problem, []

    def prepare(*arguments):
        if not waited:
            waited.append(True)
            clock.now += 15.0
        return make_problem(*arguments)

    monkeypatch.setattr(optimize, "make_problem", prepare)
    began = clock.now
    steps = run(pictures, budget=40)
    assert clock.now - began <= 1.02 * 40
    ends = {step.scale: step.iteration for step in steps}
    assert ends[0] >= 10
    assert ends[1] >= ends[0] + 10


def test_seconds_are_shared_by_work():
    small, large = Scale((10, 10), 38), Scale((20, 20), 8)
    assert time_budget.seconds_for([small, large], 60.0) == pytest.approx(30.0)
    assert time_budget.seconds_for([large], 60.0) == 60.0
    assert time_budget.fits(large, small, each=1.0, seconds=16.1)
    assert not time_budget.fits(large, small, each=1.0, seconds=15.9)
