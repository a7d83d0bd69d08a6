"""Legs of a run: painted, left, and followed by others."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest

import impasto
from impasto.settings import Settings
from impasto.studio.jobs.job_file import Entry, Order, first_leg
from impasto.studio.jobs.stage import begin, has_picture, next_leg, result_of, so_far

TINY = {"size": 96, "scales": 2, "iterations": 14, "tolerance": 0.0}


@pytest.fixture
def entry(tmp_path, rng):
    (tmp_path / "inputs").mkdir()
    for name in ("photo.png", "wave.png"):
        colors = rng.random((6, 6, 3), dtype=np.float32).repeat(16, axis=0).repeat(16, axis=1)
        impasto.write_image(tmp_path / name, colors)

    def make(**settings):
        settings = Settings(**{**TINY, **settings})
        order = Order(tmp_path / "photo.png", (tmp_path / "wave.png",), settings, name="n")
        return Entry(order, first_leg(order), 1)

    return make


def painted(folder, entry, until=None):
    """Paint a leg until something is true of a step; the job and its last step."""
    with contextlib.ExitStack() as held:
        job = begin(held, folder, entry)
        for step in job.steps:
            if until is not None and until(step):
                break
    return job, step


def changed(entry, **settings):
    return replace(
        entry, order=replace(entry.order, settings=entry.order.settings.changed(**settings))
    )


def test_a_leg_left_and_begun_again_comes_to_what_stylize_makes(tmp_path, entry):
    asked = entry()
    assert not has_picture(tmp_path, asked)
    for scale, iteration in ((0, 1), (0, 4), (1, 9), (1, 12)):
        painted(
            tmp_path,
            asked,
            lambda step, here=(scale, iteration): (step.scale, step.iteration) >= here,
        )
    assert has_picture(tmp_path, asked)
    job, step = painted(tmp_path, asked)
    whole = impasto.stylize(
        asked.order.content, asked.order.styles[0], settings=asked.order.settings
    )
    np.testing.assert_array_equal(result_of(job, step).image, whole.image)
    assert result_of(job, step).record["iterations"] == whole.record["iterations"]


@pytest.mark.parametrize("color", ["style", "luminance", "keep", "histogram"])
def test_the_next_leg_starts_from_the_picture_as_it_is_optimised(tmp_path, entry, color):
    before = entry(color=color)
    job, step = painted(tmp_path, before, lambda step: (step.scale, step.iteration) >= (1, 9))
    after = changed(before, strength=0.4)
    leg = next_leg(tmp_path, job, step, after.order.settings)
    assert (leg.number, leg.scale, leg.iteration) == (2, 1, step.iteration)
    assert (leg.settings.scales, leg.settings.iterations, leg.settings.strength) == (1, 8, 0.4)
    after = replace(after, leg=leg)
    started, first = painted(tmp_path, after, lambda step: True)
    assert started.entry.leg == leg and first.size == (96, 96)
    unmixed = impasto.read_image(so_far(tmp_path, 2))
    assert np.abs(unmixed - impasto.read_image(before.order.content)).max() > 0.02


def test_a_picture_handed_on_is_as_good_as_the_former(tmp_path, entry):
    before = entry()
    job, step = painted(tmp_path, before, lambda step: (step.scale, step.iteration) >= (1, 11))
    leg = next_leg(tmp_path, job, step, before.order.settings)
    _, first = painted(tmp_path, replace(before, leg=leg), lambda step: True)
    # Not the same: numbers outside 0..1 are clipped, and the file has sixteen bits.
    assert first.losses["total"] == pytest.approx(step.losses["total"], rel=0.02)


@pytest.mark.parametrize("color", ["style", "luminance"])
def test_a_leg_that_has_come_to_its_end_can_be_followed_by_another(tmp_path, entry, color):
    before = entry(color=color)
    job, step = painted(tmp_path, before)
    after = changed(before, strength=0.4)
    leg = next_leg(tmp_path, job, step, after.order.settings)
    assert (leg.number, leg.iteration) == (2, step.iteration)
    _, last = painted(tmp_path, replace(after, leg=leg))
    assert last.size == (96, 96)


def test_a_larger_size_takes_the_scales_from_the_picture_on(tmp_path, entry):
    before = entry(size=64, scales=1)
    job, step = painted(tmp_path, before, lambda step: step.iteration >= 3)
    asked = changed(before, size=256, scales=3, iterations=20).order.settings
    leg = next_leg(tmp_path, job, step, asked)
    assert leg.settings.scales == 3
    leg = next_leg(tmp_path, job, replace(step, size=(128, 128)), asked)
    assert (leg.settings.scales, leg.settings.iterations) == (2, 14)
    leg = next_leg(tmp_path, job, replace(step, size=(500, 500)), asked)
    assert (leg.settings.scales, leg.settings.iterations) == (1, 8)


@pytest.mark.parametrize("iterations", [0, 1, 2])
def test_rounds_fit_the_evaluations_that_are_left(tmp_path, entry, iterations):
    job, step = painted(tmp_path, entry(), lambda step: step.iteration >= 2)
    asked = Settings(**{**TINY, "rounds": 1 if iterations == 0 else iterations})
    asked = asked.changed(iterations=iterations)
    leg = next_leg(tmp_path, job, step, asked)
    assert leg.settings.rounds <= max(1, leg.settings.iterations)


@pytest.mark.filterwarnings("ignore:the run has a budget")
def test_a_budget_is_for_all_legs_together(tmp_path, entry):
    asked = entry(budget=1000)
    job, step = painted(tmp_path, asked, lambda step: step.iteration >= 3)
    job = replace(job, started=job.started - 600)  # as if ten minutes had passed
    leg = next_leg(tmp_path, job, step, asked.order.settings)
    assert 300 < leg.settings.seconds < 400 < 600 < leg.seconds
    again, step = painted(tmp_path, replace(asked, leg=leg), lambda step: step.iteration >= 3)
    assert result_of(again, step).seconds > 600
    again, _ = painted(tmp_path, replace(asked, leg=leg), lambda step: True)
    assert again.settings.seconds < 400


def test_settings_changed_before_a_leg_began_are_taken(tmp_path, entry):
    asked = changed(entry(), size=64)
    job, step = painted(tmp_path, asked, lambda step: step.scale == 1)
    assert job.entry.leg.asked.size == 64 and step.size == (64, 64)
    leg = next_leg(tmp_path, job, step, asked.order.settings.changed(content_weight=1e38))
    mended = changed(replace(asked, leg=leg), strength=1.2)
    job, step = painted(tmp_path, mended)
    assert job.entry.leg.number == 2 and job.entry.leg.asked.strength == 1.2
    assert job.entry.leg.settings.content_weight == 0.15 and step.size == (64, 64)
