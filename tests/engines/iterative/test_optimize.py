"""The iterative route at small sizes, with the real network."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from PIL import Image as PIL
from tests.toy import SHALLOW

from impasto.engines.iterative import optimize
from impasto.engines.iterative.optimize import optimize_image
from impasto.engines.iterative.problem import starting_picture
from impasto.errors import DivergedError, PictureError, WeightsError
from impasto.images import scales
from impasto.images.sample_styles import sample_style
from impasto.images.scales import plan, resize
from impasto.perceptual import objective
from impasto.settings import Settings

OPTIMIZERS = ("lbfgs", "adam", "scipy")


@pytest.fixture(scope="module")
def content():
    """A smooth photograph with an edge, 60x90."""
    rows, columns = np.mgrid[0:60, 0:90]
    image = np.stack([rows / 60, columns / 90, (rows + columns > 70) * 0.8], axis=-1)
    return image.astype(np.float32)


@pytest.fixture(scope="module")
def style():
    return sample_style("swirls", 96)


def toy(**changed):
    """A short run of at most two scales; below 96 pixels the plan has one."""
    return Settings(**{"size": 128, "scales": 2, "iterations": 9, **changed})


@pytest.fixture(scope="module", params=OPTIMIZERS)
def run(content, style, request):
    """A run of two scales, and its settings."""
    settings = toy(size=144, optimizer=request.param, **SHALLOW)
    return settings, list(optimize_image(content, [style], settings))


def test_steps_tell_where_the_run_stands(content, style, run):
    settings, steps = run
    stages = plan(content.shape[:2], style.shape[:2], settings)
    assert len(stages) == 2
    assert [step.scale for step in steps] == sorted(step.scale for step in steps)
    assert {step.scale for step in steps} == {0, 1}
    assert all(step.scales == 2 and step.iterations == 9 for step in steps)
    counts = [step.iteration for step in steps]
    assert counts == sorted(counts)
    assert counts[0] == 0
    # A line search may finish beyond the plan.
    assert 9 <= counts[-1] <= 9 + 2 * 20
    for step in steps:
        assert step.size == stages[step.scale].size == step.image.shape[:2]
        assert step.image.dtype == np.float32
        assert 0 <= step.image.min() <= step.image.max() <= 1
    assert steps[-1].end_of_round
    assert steps[-1].round == 2
    assert sum(step.end_of_round for step in steps) == 2


def test_a_plan_with_few_evaluations_for_the_last_scale_is_what_steps_count(
    monkeypatch, content, style
):
    monkeypatch.setattr(scales, "_FEW", ((100, 3),))  # as beyond 2048 pixels
    steps = list(
        optimize_image(content, [style], toy(size=144, iterations=14, tolerance=0, **SHALLOW))
    )
    assert {step.iterations for step in steps} == {6 + 3}
    assert steps[-1].iteration == 6 + 3
    last = [step for step in steps if step.scale == 1]
    larger = resize(steps[-len(last) - 1].image, last[0].size)
    detail = np.abs(last[0].image - larger).max()
    assert 0.01 < detail < 0.5  # the photograph's edge
    assert last[-1].losses["total"] < last[0].losses["total"]


def test_the_parts_of_each_step_add_up(content, style):
    for step in optimize_image(content, [style], toy(size=96, scales=1, iterations=4)):
        losses = step.losses
        whole = losses["content"] + losses["style"] + losses["tv"]
        assert losses["total"] == pytest.approx(whole, rel=1e-5)
        for name in ("content", "style"):
            layers = [value for key, value in losses.items() if key.startswith(f"{name}/")]
            assert losses[name] == pytest.approx(sum(layers), rel=1e-5, abs=1e-12)


def test_the_picture_never_gets_worse_within_a_scale(run):
    for _, scale in itertools.groupby(run[1], key=lambda step: step.scale):
        totals = [step.losses["total"] for step in scale]
        assert totals == sorted(totals, reverse=True)
        assert totals[-1] < totals[0]


def test_the_picture_is_the_best_so_far_even_where_adam_goes_up(content, style):
    settings = toy(size=64, scales=1, iterations=10, optimizer="adam", learning_rate=0.5)
    totals = [step.losses["total"] for step in optimize_image(content, [style], settings)]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) < len(totals)  # some steps were no improvement


def test_lbfgs_needs_one_evaluation_for_almost_every_step(content, style):
    steps = list(optimize_image(content, [style], toy(size=64, scales=1, iterations=12)))
    assert len(steps) >= 9


def test_a_run_that_is_stopped_keeps_its_picture(content, style):
    run = optimize_image(content, [style], toy(size=96, scales=1, **SHALLOW))
    for step in run:
        if step.iteration >= 3:
            break
    run.close()
    assert step.image.shape == (64, 96, 3)
    assert np.isfinite(step.image).all()
    assert step.losses["total"] > 0


def test_earlier_steps_keep_their_own_pictures(content, style):
    settings = toy(size=96, scales=1, iterations=4, **SHALLOW)
    steps = list(optimize_image(content, [style], settings))
    np.testing.assert_array_equal(steps[0].image, resize(content, (64, 96)))
    assert np.abs(steps[0].image - steps[-1].image).mean() > 1e-3


def test_no_iterations_give_the_starting_picture(content, style):
    settings = toy(size=96, scales=1, iterations=0, **SHALLOW)
    steps = list(optimize_image(content, [style], settings))
    assert len(steps) == 1
    assert steps[0].iteration == 0
    np.testing.assert_array_equal(steps[0].image, resize(content, (64, 96)))


def test_the_same_run_twice_gives_the_same_picture(content, style):
    first, second = (
        list(optimize_image(content, [style], toy(size=64, iterations=4)))[-1] for _ in range(2)
    )
    assert np.abs(first.image - second.image).mean() < 1e-6


def test_noise_depends_on_the_seed_alone(content, style):
    def noise(seed):
        return starting_picture(content, style, (20, 30), Settings(init="noise", seed=seed))

    np.testing.assert_array_equal(noise(1), noise(1))
    assert np.abs(noise(1) - noise(2)).mean() > 0.05
    assert noise(1).shape == (20, 30, 3)
    assert noise(1).dtype == np.float32
    assert 0 <= noise(1).min() <= noise(1).max() <= 1


def first_picture(content, style, init=None, **changed):
    settings = toy(size=96, scales=1, iterations=0, **SHALLOW, **changed)
    return next(iter(optimize_image(content, [style], settings, init=init))).image


def test_a_run_can_start_from_the_painting(content, style):
    np.testing.assert_array_equal(
        first_picture(content, style, init=None), resize(content, (64, 96))
    )
    settings = toy(size=96, scales=1, iterations=0, init="style", **SHALLOW)
    shown = next(iter(optimize_image(content, [style], settings))).image
    np.testing.assert_allclose(shown, np.clip(resize(style, (64, 96)), 0, 1), atol=1e-6)


def test_a_run_can_start_from_a_file(content, style, tmp_path):
    path = tmp_path / "start.png"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    PIL.fromarray(pixels).save(path)
    settings = toy(size=96, scales=1, iterations=0, init=str(path), **SHALLOW)
    shown = next(iter(optimize_image(content, [style], settings))).image
    np.testing.assert_allclose(shown, pixels / 255, atol=1e-6)


def test_a_starting_file_that_is_missing_is_an_error(content, style, tmp_path):
    settings = toy(init=str(tmp_path / "nowhere.png"))
    with pytest.raises(PictureError, match="there is no file"):
        next(iter(optimize_image(content, [style], settings)))


def test_a_given_starting_picture_beats_the_setting(content, style):
    given = np.full((10, 10, 3), 0.25, dtype=np.float32)
    shown = first_picture(content, style, init=given)
    np.testing.assert_allclose(shown, 0.25, atol=1e-6)


def test_missing_weights_are_an_error_at_the_first_step(content, style, tmp_path):
    settings = toy(weights=str(tmp_path / "nowhere.h5"))
    with pytest.raises(WeightsError):
        next(iter(optimize_image(content, [style], settings)))


def test_pictures_too_thin_are_an_error(content, style):
    with pytest.raises(PictureError, match="at least 16 pixels"):
        next(iter(optimize_image(content[:5], [style], toy())))
    with pytest.raises(PictureError, match="style picture"):
        next(iter(optimize_image(content, [style[:5]], toy())))


def test_a_loss_that_overflows_at_the_start_has_diverged_without_a_step(content, style):
    settings = toy(size=96, scales=1, style_weight=1e300)
    with pytest.raises(DivergedError, match="starting picture") as caught:
        list(optimize_image(content, [style], settings))
    assert caught.value.step is None


def test_a_loss_that_overflows_later_has_diverged_with_the_last_good_step(content, style):
    # At the photograph itself there is no content loss; one step away it exceeds float32.
    settings = toy(
        size=96,
        scales=1,
        iterations=40,
        normalization="none",
        content_weight=1e38,
        optimizer="adam",
        learning_rate=1.0,
        **SHALLOW,
    )
    steps = []
    with pytest.raises(DivergedError, match="not finite") as caught:
        steps.extend(optimize_image(content, [style], settings))
    step = caught.value.step
    assert step is not None
    assert math.isfinite(step.losses["total"])
    np.testing.assert_array_equal(step.image, resize(content, (64, 96)))


def test_rounds_share_the_iterations(content, style):
    settings = toy(size=48, scales=1, iterations=11, rounds=3, optimizer="adam", **SHALLOW)
    steps = list(optimize_image(content, [style], settings))
    ends = [(step.round, step.iteration) for step in steps if step.end_of_round]
    assert ends == [(1, 3), (2, 7), (3, 11)]


def test_the_classic_preset_runs_its_rounds_at_toy_size(content, style):
    settings = Settings(preset="classic", height=32, iterations=10, rounds=2)
    steps = list(optimize_image(content, [style], settings))
    assert all(step.size == (32, 48) for step in steps)
    ends = [step for step in steps if step.end_of_round]
    assert [step.round for step in ends] == [1, 2]
    assert ends[1].losses["total"] < ends[0].losses["total"] < steps[0].losses["total"]
    assert set(steps[0].losses) >= {"content/block5_conv2", "style/block5_conv1", "tv"}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_interrupt_amid_an_evaluation_yields_one_more_step(
    content, style, optimizer, monkeypatch
):
    evaluate_point, calls = optimize.evaluate_point, itertools.count(1)

    def interrupted(*arguments):
        if next(calls) == 5:
            raise KeyboardInterrupt  # as Ctrl-C does at any point
        return evaluate_point(*arguments)

    monkeypatch.setattr(optimize, "evaluate_point", interrupted)
    settings = toy(size=48, scales=1, iterations=20, optimizer=optimizer, **SHALLOW)
    steps = []
    with pytest.raises(KeyboardInterrupt):
        for step in optimize_image(content, [style], settings):
            steps.append(step)
    assert len(steps) >= 2
    assert not steps[-1].end_of_round
    assert steps[-1].losses["total"] < steps[0].losses["total"]
    assert np.abs(steps[-1].image - steps[0].image).max() > 0


def test_scipy_lowers_the_relative_loss_as_far_as_our_lbfgs(content, style):
    made = {
        optimizer: list(
            optimize_image(
                content, [style], toy(size=64, scales=1, iterations=40, optimizer=optimizer)
            )
        )[-1].losses["total"]
        for optimizer in ("scipy", "lbfgs")
    }
    assert made["scipy"] < 1.1 * made["lbfgs"]


def test_settings_of_one_loss_share_the_compiled_function():
    settings = Settings()
    function = objective.loss_and_gradient(settings)
    assert objective.loss_and_gradient(settings.changed(seed=3, optimizer="adam")) is function
    assert objective.loss_and_gradient(settings.changed(content_weight=1.0)) is not function
