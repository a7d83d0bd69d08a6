"""The forecast of a run's time, with given speeds; nothing is timed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.engines.iterative import forecast
from impasto.engines.iterative.forecast import Speed, forecast_seconds, work_seconds
from impasto.errors import PictureError
from impasto.images.scales import plan
from impasto.perceptual.receptive_field import grid
from impasto.settings import Settings

SQUARE = (256, 256)
PIXEL = Speed(call=0.0, pixel=1e-6, look=0.5)
START = forecast._START
sides = st.integers(64, 1500)


@pytest.fixture
def at_speed(monkeypatch):
    """Replace measurements by a fixed speed, and count them."""
    asked = []

    def measure(settings, *, remeasure=False):
        asked.append(remeasure)
        return PIXEL

    monkeypatch.setattr(forecast, "speed", measure)
    return asked


def run(**words):
    return Settings(**{"precision": "float32", "memory": 64, "history": 1, **words})


def test_one_scale_is_its_evaluations_and_two_looks():
    settings = run(size=256, scales=1, iterations=20, optimizer="adam")
    evaluation = 256 * 256 * 1e-6
    wanted = START + (20 + 1 + 2 * 0.5) * evaluation  # the first counts twice
    assert work_seconds(SQUARE, SQUARE, settings, PIXEL) == pytest.approx(wanted)


def test_scales_add_up():
    settings = run(size=256, iterations=100, optimizer="adam")
    stages = plan(SQUARE, SQUARE, settings)
    assert len(stages) == 3
    wanted = START + sum(
        (stage.iterations + 2) * (0.01 + stage.size[0] * stage.size[1] * 1e-6) + 0.3
        for stage in stages
    )
    speed = Speed(call=0.01, pixel=1e-6, look=0.5, compile=0.3)
    assert work_seconds(SQUARE, SQUARE, settings, speed) == pytest.approx(wanted)


def test_the_painting_counts_by_its_own_size():
    settings = run(size=256, scales=1, iterations=20, style_scale=2.0)
    larger = work_seconds(SQUARE, SQUARE, settings, PIXEL)
    small = work_seconds(SQUARE, SQUARE, settings.changed(style_scale=1.0), PIXEL)
    assert larger - small == pytest.approx(3 * 256 * 256 * 0.5e-6)


def test_tiles_cost_their_margins_and_a_second_look():
    settings = run(size=256, scales=1, iterations=20, optimizer="adam")
    tiles = grid(SQUARE, 128, 80)
    assert len(tiles) == 4
    seen = sum((t.outer.bottom - t.outer.top) * (t.outer.right - t.outer.left) for t in tiles)
    wanted = START + (21 * 1.5 + 2 * 0.5) * seen * 1e-6
    found = work_seconds(SQUARE, SQUARE, settings.changed(tile=128), PIXEL)
    assert found == pytest.approx(wanted)


def test_a_longer_history_takes_a_little_more_time():
    settings = run(size=256, scales=1, iterations=100)
    short = work_seconds(SQUARE, SQUARE, settings, PIXEL)
    longer = work_seconds(SQUARE, SQUARE, settings.changed(history=10), PIXEL)
    assert short < longer < 1.2 * short


@given(sides, sides, st.integers(1, 300), st.integers(1, 300))
def test_more_pixels_and_more_iterations_take_longer(side, other, few, more):
    def seconds(size, iterations):
        return work_seconds(SQUARE, SQUARE, run(size=size, iterations=iterations), PIXEL)

    small, large = sorted((side, other))
    few, more = sorted((few, more))
    assert seconds(small, more) <= seconds(large, more)
    assert seconds(large, few) <= seconds(large, more)


def test_a_budget_is_the_longest_forecast(at_speed):
    assert forecast_seconds(SQUARE, SQUARE, run(size=512, budget="3s")) == 3.0
    free = forecast_seconds(SQUARE, SQUARE, run(size=512))
    assert forecast_seconds(SQUARE, SQUARE, run(size=512, budget=50, quality="good")) == free


@pytest.mark.parametrize("changes", [{"color": "palette"}, {"strength": 0.0}])
def test_what_needs_no_optimisation_is_one_look_at_one_scale(at_speed, changes):
    settings = run(size=512, iterations=200, **changes)
    look = work_seconds(SQUARE, SQUARE, settings.changed(iterations=0, scales=1), PIXEL)
    assert forecast_seconds(SQUARE, SQUARE, settings) == pytest.approx(look)
    assert forecast_seconds(SQUARE, SQUARE, run(size=512, iterations=200)) > 20 * look


def test_only_a_long_run_is_worth_a_fresh_measurement(at_speed):
    forecast_seconds(SQUARE, SQUARE, run(size=256))
    assert at_speed == [False]
    forecast_seconds(SQUARE, SQUARE, run(size=2048))
    assert at_speed == [False, False, True]


def test_a_picture_that_does_not_fit_is_refused(at_speed):
    with pytest.raises(PictureError, match="memory"):
        forecast_seconds((6000, 6000), SQUARE, run(size=6000, memory=0.7))


def test_this_machine_can_be_measured(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(forecast, "_SIDES", (32, 48))
    forecast._table.cache_clear()
    settings = run(content_layers=("block2_conv1",), style_layers=("block1_conv1",))
    found = forecast.speed(settings)
    assert found.pixel > 0
    assert found.call >= 0
    assert found.look > 0
    assert found.compile >= 0
    assert forecast.speed(settings) == found
    forecast._table.cache_clear()
