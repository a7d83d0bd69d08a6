"""The optimizers against SciPy's L-BFGS-B and on functions with known minima.

Functions of NumPy vectors are minimised in float64 (PyTorch keeps it), so that rounding does not
blur the counts of evaluations.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.optimize
from skimage import data

from impasto.backend import BACKEND, ops
from impasto.engines.iterative.optimizers import OPTIMIZERS
from impasto.engines.iterative.points import Point
from impasto.engines.iterative.problem import evaluate_point, make_problem
from impasto.engines.pixels import to_pixels
from impasto.errors import DivergedError
from impasto.images.sample_styles import sample_style
from impasto.images.scales import resize
from impasto.perceptual import objective
from impasto.settings import Settings

SETTINGS = Settings()
# A line search for the weak curvature condition may take some more steps than SciPy's strong one.
MORE_THAN_SCIPY = 1.15
DTYPE = "float64" if BACKEND == "torch" else "float32"  # the other two have float32 only


def evaluator(function):
    """Turn `function(x) -> (value, gradient)` on arrays into `evaluate(x) -> Point`."""

    def evaluate(x):
        value, gradient = function(ops.convert_to_numpy(x))
        value = ops.convert_to_tensor(float(value), dtype=DTYPE)
        return Point(x, value, ops.convert_to_tensor(gradient, dtype=DTYPE), {})

    return evaluate


def start(function, x0):
    return evaluator(function)(ops.convert_to_tensor(np.array(x0), dtype=DTYPE))


def minimise(function, x0, *, name="lbfgs", settings=SETTINGS, goal=-math.inf, limit=1000):
    """Step until the goal, the limit, or the end; return all states."""
    optimizer, evaluate = OPTIMIZERS[name], evaluator(function)
    states = [optimizer.init(start(function, x0), settings)]
    while states[-1].point.value > goal and states[-1].evaluations < limit:
        if optimizer.check(states[-1]):
            break
        states.append(optimizer.step(evaluate, states[-1], settings, limit))
    return states


def evaluations_of_scipy(function, x0, goal):
    """Count SciPy's evaluations until one is as low as the goal."""
    values = []

    def counted(x):
        value, gradient = function(x)
        values.append(value)
        return value, gradient

    scipy.optimize.fmin_l_bfgs_b(
        counted, x0, m=SETTINGS.history, factr=0, pgtol=0, maxfun=1000, maxiter=1000
    )
    return 1 + next(i for i, value in enumerate(values) if value <= goal)


def quadratic(seed, size=50, condition=1e3):
    """A convex quadratic of the given condition with the minimum 0."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    matrix = (turn * np.geomspace(1, condition, size)) @ turn.T
    centre = rng.standard_normal(size)

    def function(x):
        gradient = matrix @ (x - centre)
        return 0.5 * (x - centre) @ gradient, gradient

    return function, rng.standard_normal(size)


def rosenbrock(x):
    return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)


ROSENBROCK_STARTS = {"textbook": np.tile([-1.2, 1.0], 5), "zero": np.zeros(10)}


# --- L-BFGS ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_lbfgs_needs_no_more_evaluations_than_scipy_on_a_quadratic(seed):
    function, x0 = quadratic(seed)
    goal = 1e-6 * function(x0)[0]
    ours = minimise(function, x0, goal=goal)[-1]
    assert ours.point.value <= goal
    assert ours.evaluations <= MORE_THAN_SCIPY * evaluations_of_scipy(function, x0, goal)


@pytest.mark.skipif(BACKEND != "torch", reason="needs tensors of float64")
@pytest.mark.parametrize("name", ROSENBROCK_STARTS)
def test_lbfgs_needs_no_more_evaluations_than_scipy_on_rosenbrock(name):
    x0 = ROSENBROCK_STARTS[name]
    ours = minimise(rosenbrock, x0, goal=1e-6)[-1]
    assert ours.point.value <= 1e-6
    assert ours.evaluations <= MORE_THAN_SCIPY * evaluations_of_scipy(rosenbrock, x0, 1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(ours.point.x), np.ones(10), atol=2e-3)


def test_lbfgs_needs_no_more_evaluations_than_scipy_on_a_picture():
    content = resize(np.float32(data.astronaut()) / 255, (48, 48))
    kernels = objective.load_kernels(SETTINGS)
    problem = make_problem(
        content, [sample_style("swirls", 96)], objective.UNGUIDED, kernels, SETTINGS
    )
    targets = problem.make_targets(to_pixels(content))

    def evaluate(x):
        return evaluate_point(problem, x, targets)

    values = []

    def for_scipy(x):
        point = evaluate(to_pixels(x.reshape(48, 48, 3).astype(np.float32)))
        values.append(float(point.value))
        return values[-1], np.float64(ops.convert_to_numpy(point.gradient)).ravel()

    origin = np.float64(content).ravel()
    scipy.optimize.fmin_l_bfgs_b(for_scipy, origin, m=SETTINGS.history, maxfun=40)
    goal = min(values[:40])
    state = OPTIMIZERS["lbfgs"].init(evaluate(to_pixels(content)), SETTINGS)
    while state.point.value > goal and state.evaluations < 100:
        state = OPTIMIZERS["lbfgs"].step(evaluate, state, SETTINGS, 100)
    assert state.evaluations <= MORE_THAN_SCIPY * (1 + values.index(goal))


def test_lbfgs_never_goes_up():
    for function, x0 in [quadratic(7), (rosenbrock, ROSENBROCK_STARTS["textbook"])]:
        values = [state.point.value for state in minimise(function, x0, limit=60)]
        assert values == sorted(values, reverse=True)
        assert values[-1] < 0.1 * values[0]


def test_lbfgs_counts_every_evaluation_and_nearly_always_takes_its_first_step():
    function, x0 = quadratic(3)
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return function(x)

    states = minimise(counted, x0, limit=60)
    assert states[-1].evaluations == calls
    assert calls <= 1.3 * len(states)


def test_lbfgs_continues_from_a_kept_state_bit_for_bit():
    function, x0 = quadratic(1)
    states = minimise(function, x0, limit=40)
    kept = states[len(states) // 2]
    again = kept
    for _ in range(len(states) - 1 - len(states) // 2):
        again = OPTIMIZERS["lbfgs"].step(evaluator(function), again, SETTINGS, 40)
    assert again.evaluations == states[-1].evaluations
    assert again.point.value == states[-1].point.value
    np.testing.assert_array_equal(
        ops.convert_to_numpy(again.point.x), ops.convert_to_numpy(states[-1].point.x)
    )


@pytest.mark.parametrize("history", [1, 5])
def test_lbfgs_remembers_no_more_than_its_history(history):
    function, x0 = quadratic(1)
    settings = Settings(history=history)
    states = minimise(function, x0, settings=settings, limit=30)
    assert max(len(state.memory.pairs) for state in states) == history
    assert states[-1].point.value < states[0].point.value


@pytest.mark.parametrize("name", ["lbfgs", "adam"])
def test_steps_get_shorter_where_the_loss_is_not_finite(name):
    # A wall just beyond the minimum, which long steps hit.
    def walled(x):
        if np.any(x > 0.55):
            return math.inf, np.full_like(x, math.nan)
        return float(np.sum((x - 0.5) ** 2)), 2 * (x - 0.5)

    x0 = np.linspace(0.0, 0.4, 8)
    settings = Settings(learning_rate=0.9)
    states = minimise(walled, x0, name=name, settings=settings, limit=200)
    assert all(math.isfinite(state.point.value) for state in states)
    assert states[-1].point.value < 1e-3 * states[0].point.value


def test_lbfgs_that_meets_a_wall_amid_the_run_still_descends():
    def walled(x):
        inside = np.all(np.abs(x) < 1.3)
        return rosenbrock(x) if inside else (math.inf, np.full_like(x, math.nan))

    states = minimise(walled, ROSENBROCK_STARTS["textbook"], limit=300)
    assert states[-1].point.value < 0.2 * states[0].point.value


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("nonsense", [math.inf], ids=str)
def test_a_loss_that_is_finite_nowhere_else_is_an_error(name, nonsense):
    calls = 0

    def hopeless(x):
        nonlocal calls
        calls += 1
        if calls == 1:
            return 1.0, np.ones_like(x)
        return nonsense, np.full_like(x, math.nan)

    if name == "scipy":  # its result is the starting point, which is finite
        assert minimise(hopeless, np.full(4, 0.5), name=name)[-1].point.value == 1.0
        return
    with pytest.raises(DivergedError, match="not finite"):
        minimise(hopeless, np.full(4, 0.5), name=name)


def test_lbfgs_is_finished_at_a_minimum():
    function, _ = quadratic(0)
    states = minimise(lambda x: (float(x @ x), 2 * x), np.zeros(5))
    assert len(states) == 2
    assert states[-1].finished
    lowest = minimise(function, np.zeros(50), limit=5000)[-1]
    assert lowest.finished  # it ends where rounding hides further descent
    assert lowest.point.value < 1e-10


# --- Adam --------------------------------------------------------------------------------------


def test_adam_follows_the_papers_equations():
    def function(x):
        return float(np.sum((x - 0.3) ** 2)), 2 * (x - 0.3)

    x = np.array([0.9, 0.5, 0.31])
    states = minimise(function, x, name="adam", settings=Settings(learning_rate=0.01), limit=6)
    mean, square = np.zeros(3), np.zeros(3)
    for t, state in enumerate(states[1:], start=1):
        gradient = function(x)[1]
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        x = x - 0.01 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.99**t)) + 1e-8)
        np.testing.assert_allclose(ops.convert_to_numpy(state.point.x), x, rtol=1e-5)


def test_adam_minimises_a_quadratic_inside_the_pictures_range():
    def function(x):  # the minimum lies at 0.7, for the last number outside of 0..1
        centre = np.array([0.7, 0.7, 0.7, 1.7])
        return float(np.sum((x - centre) ** 2)), 2 * (x - centre)

    states = minimise(function, np.full(4, 0.1), name="adam", limit=400)
    found = ops.convert_to_numpy(states[-1].point.x)
    np.testing.assert_allclose(found, [0.7, 0.7, 0.7, 1.0], atol=1e-3)
    assert [state.evaluations for state in states] == list(range(1, 401))


def test_adam_halves_its_learning_rate_and_forgets_after_a_loss_that_is_not_finite():
    calls = 0

    def function(x):
        nonlocal calls
        calls += 1
        if calls in (4, 5):
            return math.inf, np.full_like(x, math.nan)
        return float(np.sum(x**2)), 2 * x

    states = minimise(function, np.full(3, 0.9), name="adam", limit=7)
    assert [state.memory.learning_rate for state in states] == [
        0.02, 0.02, 0.02, 0.01, 0.005, 0.005, 0.005,
    ]  # fmt: skip
    assert [state.memory.retries for state in states] == [0, 0, 0, 1, 2, 2, 2]
    np.testing.assert_array_equal(states[3].point.x, states[2].point.x)
    assert states[3].point.value == states[2].point.value
    assert states[4].memory.steps == 0
    assert float(ops.max(ops.abs(states[4].memory.mean))) == 0


# --- SciPy -------------------------------------------------------------------------------------


@pytest.mark.parametrize("maxfun", [5, 20])
def test_scipy_step_is_a_round_of_the_reference(maxfun):
    # Float32 throughout, as the reference's pictures are, and a curved function as large as its
    # raw sums, so that SciPy's bound on the gradient, which a round does without, is out of reach.
    def function(x):
        x = np.float64(x)
        return 1e9 * float(np.sum((x - 0.4) ** 4)), np.float32(4e9 * (x - 0.4) ** 3)

    x0 = np.random.default_rng(5).random((1, 4, 5, 3)).astype(np.float32)

    def in_255(x):
        value, gradient = function(np.float32(x / 255).reshape(x0.shape))
        return value, np.float64(gradient).ravel() / 255

    theirs, lowest, info = scipy.optimize.fmin_l_bfgs_b(
        in_255, np.float64(x0).ravel() * 255, maxfun=maxfun
    )

    def evaluate(x):
        value, gradient = function(ops.convert_to_numpy(x))
        return Point(x, value, ops.convert_to_tensor(gradient), {})

    first = evaluate(ops.convert_to_tensor(x0))
    state = OPTIMIZERS["scipy"].init(first, SETTINGS)
    state = OPTIMIZERS["scipy"].step(evaluate, state, SETTINGS, maxfun)
    assert state.finished
    assert state.evaluations == info["funcalls"]
    assert state.point.value == pytest.approx(lowest, rel=1e-6)
    ours = ops.convert_to_numpy(state.point.x).ravel()
    np.testing.assert_allclose(ours, theirs / 255, atol=1e-6)


def test_scipy_step_does_not_evaluate_its_start_again():
    calls = 0

    def function(x):
        nonlocal calls
        calls += 1
        return float(np.sum(x**2)), 2 * np.float32(x)

    def evaluate(x):
        value, gradient = function(ops.convert_to_numpy(x))
        return Point(x, value, ops.convert_to_tensor(gradient), {})

    first = evaluate(ops.convert_to_tensor(np.full((1, 2, 2, 3), 0.5, dtype=np.float32)))
    state = OPTIMIZERS["scipy"].init(first, SETTINGS)
    state = OPTIMIZERS["scipy"].step(evaluate, state, SETTINGS, 6)
    assert calls == state.evaluations
