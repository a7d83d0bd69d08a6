"""A run that is stopped at any point and resumed makes the same picture, bit for bit."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from tests.toy import SHALLOW

from impasto.engines.iterative import optimize
from impasto.engines.iterative.checkpoint import read_snapshot, write_snapshot
from impasto.engines.iterative.optimize import optimize_image
from impasto.engines.iterative.state import picture_so_far
from impasto.errors import DivergedError, ModelError
from impasto.images.sample_styles import sample_style
from impasto.settings import Settings
from impasto.types import Snapshot

OPTIMIZERS = ("lbfgs", "adam", "scipy")


@pytest.fixture(scope="module")
def pictures():
    rows, columns = np.mgrid[0:60, 0:60]
    image = np.stack([rows / 60, columns / 60, (rows + columns > 50) * 0.8], axis=-1)
    return image.astype(np.float32), [sample_style("swirls", 96)]


def toy(**changed):
    """Two scales of 48x48 and 96x96, 10 and 14 evaluations."""
    values = {"size": 96, "scales": 2, "iterations": 24, "tolerance": 0.0, "history": 3, **SHALLOW}
    return Settings(**{**values, **changed})


def same_run(steps, others):
    """Check that two runs are equal, except for the first step of the others."""
    assert len(steps) == len(others)
    for step, other in zip(steps, others, strict=True):
        place = "scale", "size", "iteration", "iterations", "round"
        assert [getattr(step, n) for n in place] == [getattr(other, n) for n in place]
        assert step.losses == other.losses
        np.testing.assert_array_equal(step.image, other.image)
    for step, other in zip(steps[1:], others[1:], strict=True):
        assert step.end_of_round == other.end_of_round


def through_a_file(snapshot, folder):
    return read_snapshot(write_snapshot(folder / "state", snapshot))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_resumed_anywhere_goes_the_same_way(pictures, optimizer, tmp_path):
    settings = toy(optimizer=optimizer)
    steps = list(optimize_image(*pictures, settings))
    assert {step.scale for step in steps} == {0, 1}
    end = next(i for i, step in enumerate(steps) if step.end_of_round)
    check = next(i for i, step in enumerate(steps) if step.iteration >= 20)  # the 10th of scale 2
    for place in sorted({end - 1, end, end + 1, check, len(steps) - 2}):
        resume = through_a_file(steps[place].snapshot(), tmp_path)
        same_run(steps[place:], list(optimize_image(*pictures, settings, resume=resume)))


@pytest.mark.parametrize("optimizer", ["lbfgs", "scipy"])
def test_a_run_of_several_rounds_is_resumed_in_any_of_them(pictures, optimizer, tmp_path):
    settings = toy(size=48, scales=1, iterations=18, rounds=3, optimizer=optimizer)
    steps = list(optimize_image(*pictures, settings))
    for place in range(0, len(steps), 3):
        resume = through_a_file(steps[place].snapshot(), tmp_path)
        same_run(steps[place:], list(optimize_image(*pictures, settings, resume=resume)))


def test_the_rule_on_the_tolerance_remembers_what_it_saw(pictures, tmp_path):
    settings = toy(size=48, scales=1, iterations=300, tolerance=0.05)
    steps = list(optimize_image(*pictures, settings))
    assert 20 <= steps[-1].iteration < 300  # ended by the tolerance
    for place in (10, 12, len(steps) - 1):
        resume = through_a_file(steps[place].snapshot(), tmp_path)
        same_run(steps[place:], list(optimize_image(*pictures, settings, resume=resume)))


def test_a_run_may_be_resumed_many_times(pictures, tmp_path):
    settings = toy(iterations=12)
    whole = list(optimize_image(*pictures, settings))[-1]
    resume = None
    for _ in range(6):
        run = optimize_image(*pictures, settings, resume=resume)
        step = list(itertools.islice(run, 4))[-1]
        run.close()
        resume = through_a_file(step.snapshot(), tmp_path)
    np.testing.assert_array_equal(step.image, whole.image)
    assert step.iteration == whole.iteration == 12


def test_the_targets_of_a_round_are_those_of_its_start(pictures, tmp_path):
    """The targets of patches depend on the picture, and change in each round."""
    settings = toy(size=48, scales=1, iterations=12, rounds=3, style_loss="patches")
    steps = list(optimize_image(*pictures, settings))
    for place in (2, 4, 5, 6, 8):
        resume = through_a_file(steps[place].snapshot(), tmp_path)
        same_run(steps[place:], list(optimize_image(*pictures, settings, resume=resume)))


@pytest.mark.parametrize(
    "changed", [{"seamless": True}, {"color": "luminance"}, {"style_loss": "moments"}]
)
def test_every_parametrization_is_restored(pictures, tmp_path, changed):
    settings = toy(size=64, scales=1, iterations=6, **changed)
    steps = list(optimize_image(*pictures, settings))
    resume = through_a_file(steps[3].snapshot(), tmp_path)
    same_run(steps[3:], list(optimize_image(*pictures, settings, resume=resume)))


def test_in_tiles_and_with_another_precision(pictures, tmp_path):
    settings = toy(iterations=6, tile=64, precision="bfloat16")
    steps = list(optimize_image(*pictures, settings))
    for place in (2, len(steps) - 2):
        resume = through_a_file(steps[place].snapshot(), tmp_path)
        same_run(steps[place:], list(optimize_image(*pictures, settings, resume=resume)))


def test_a_run_from_noise_or_a_given_picture_resumes_from_its_own(pictures, tmp_path, rng):
    settings = toy(size=48, scales=1, iterations=6, init="noise")
    init = rng.random((20, 20, 3), dtype=np.float32)
    steps = list(optimize_image(*pictures, settings, init=init))
    resume = through_a_file(steps[0].snapshot(), tmp_path)
    same_run(steps, list(optimize_image(*pictures, settings, resume=resume)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_interrupt_amid_an_evaluation_loses_nothing(pictures, optimizer, monkeypatch, tmp_path):
    settings = toy(size=48, scales=1, iterations=20, optimizer=optimizer)
    whole = list(optimize_image(*pictures, settings))[-1]
    evaluate_point, calls = optimize.evaluate_point, itertools.count(1)

    def interrupted(*arguments):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return evaluate_point(*arguments)

    steps = []
    with monkeypatch.context() as patched:
        patched.setattr(optimize, "evaluate_point", interrupted)
        with pytest.raises(KeyboardInterrupt):
            for step in optimize_image(*pictures, settings):
                steps.append(step)
    resume = through_a_file(steps[-1].snapshot(), tmp_path)
    again = list(optimize_image(*pictures, settings, resume=resume))
    np.testing.assert_array_equal(again[-1].image, whole.image)
    assert again[-1].iteration == whole.iteration


def test_a_run_with_a_budget_says_what_is_left_of_it(pictures):
    steps = list(optimize_image(*pictures, toy(iterations=4, budget=1000.0)))
    left = [step.snapshot().about["seconds_left"] for step in steps]
    assert 0 < left[-1] < 1000
    assert steps[0].snapshot().about["stand"]["parts"][0]["parts"][-1] is None  # no local clock
    whole = list(optimize_image(*pictures, toy(iterations=4)))
    assert whole[0].snapshot().about["seconds_left"] is None
    resumed = optimize_image(*pictures, toy(iterations=4, budget=0.001), resume=whole[1].snapshot())
    assert list(resumed)[-1].iteration < 4


def test_a_step_that_there_was_no_time_for_resumes_the_scale_before(pictures):
    steps = list(optimize_image(*pictures, toy(iterations=1000, budget=0.01)))
    assert steps[-1].size == (96, 96)
    resumed = list(optimize_image(*pictures, toy(iterations=4), resume=steps[-1].snapshot()))
    assert resumed[0].size == (48, 48)
    assert resumed[-1].size == (96, 96)


def test_a_run_that_diverges_has_a_snapshot_too(pictures):
    changed = {"normalization": "none", "content_weight": 1e38, "learning_rate": 1.0}
    settings = toy(size=96, scales=1, iterations=40, optimizer="adam", **changed)
    with pytest.raises(DivergedError) as caught:
        list(optimize_image(*pictures, settings))
    resume = caught.value.step.snapshot()
    with pytest.raises(DivergedError):
        list(optimize_image(*pictures, settings, resume=resume))


@pytest.mark.parametrize("changed", [{"size": 128}, {"scales": 1}])
def test_a_snapshot_of_another_run_is_refused(pictures, changed):
    step = next(iter(optimize_image(*pictures, toy(iterations=0))))
    run = optimize_image(*pictures, toy(iterations=0, **changed), resume=step.snapshot())
    with pytest.raises(ModelError, match="other pictures, settings or another version"):
        next(run)


@pytest.mark.parametrize("about", [{}, {"stand": 3}, {"stand": {"kind": "Duck", "parts": []}}])
def test_a_snapshot_that_is_none_is_refused(pictures, about):
    run = optimize_image(*pictures, toy(), resume=Snapshot({}, about))
    with pytest.raises(ModelError, match="--force"):
        next(run)


def test_what_a_snapshot_says_is_json_and_its_arrays_are_plain(pictures):
    step = list(itertools.islice(optimize_image(*pictures, toy()), 6))[-1]
    snapshot = step.snapshot()
    assert json.loads(json.dumps(snapshot.about)) == snapshot.about
    assert all(isinstance(array, np.ndarray) for array in snapshot.arrays.values())
    pairs = [name for name in snapshot.arrays if name.endswith("/s")]
    assert len(pairs) == 3  # as `history` says


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_picture_in_a_snapshot_is_that_of_its_step(pictures, optimizer):
    for step in optimize_image(*pictures, toy(optimizer=optimizer)):
        np.testing.assert_array_equal(picture_so_far(step.snapshot()), step.image)


def test_the_picture_in_a_snapshot_has_no_photograph_mixed_in(pictures):
    *_, step = optimize_image(*pictures, toy(strength=0.2))
    *_, whole = optimize_image(*pictures, toy(strength=0.5))
    np.testing.assert_allclose(picture_so_far(step.snapshot()), whole.image, atol=1e-5)
    assert np.abs(step.image - whole.image).max() > 0.05


def test_a_snapshot_without_a_picture_has_none():
    assert picture_so_far(Snapshot({}, {})) is None
