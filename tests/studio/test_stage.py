"""Stages of a job: start, interrupt, resume, next stage."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from tests.toy import SHALLOW

import impasto
from impasto.settings import Settings
from impasto.studio.jobs.job_file import JobEntry, JobSpec, first_stage
from impasto.studio.jobs.stage import has_picture, next_stage, result_of, start_picture, start_stage

TINY = {"size": 96, "scales": 2, "iterations": 14, "tolerance": 0.0, **SHALLOW}


@pytest.fixture
def entry(tmp_path, rng):
    (tmp_path / "inputs").mkdir()
    for name in ("photo.png", "wave.png"):
        colors = rng.random((6, 6, 3), dtype=np.float32).repeat(16, axis=0).repeat(16, axis=1)
        impasto.write_image(tmp_path / name, colors)

    def make(**settings):
        settings = Settings(**{**TINY, **settings})
        spec = JobSpec(tmp_path / "photo.png", (tmp_path / "wave.png",), settings, name="n")
        return JobEntry(spec, first_stage(spec), 1)

    return make


def painted(folder, entry, until=None):
    """Run a stage until a condition on a step; return the running stage and the last step."""
    with contextlib.ExitStack() as held:
        running = start_stage(held, folder, entry)
        for step in running.steps:
            if until is not None and until(step):
                break
    return running, step


def changed(entry, **settings):
    return replace(
        entry, spec=replace(entry.spec, settings=entry.spec.settings.changed(**settings))
    )


def test_an_interrupted_stage_equals_stylize(tmp_path, entry):
    asked = entry()
    assert not has_picture(tmp_path, asked)
    for scale, iteration in ((0, 1), (0, 4), (1, 9), (1, 12)):
        painted(
            tmp_path,
            asked,
            lambda step, here=(scale, iteration): (step.scale, step.iteration) >= here,
        )
    assert has_picture(tmp_path, asked)
    running, step = painted(tmp_path, asked)
    whole = impasto.stylize(asked.spec.content, asked.spec.styles[0], settings=asked.spec.settings)
    np.testing.assert_array_equal(result_of(running, step).image, whole.image)
    assert result_of(running, step).record["iterations"] == whole.record["iterations"]


@pytest.mark.parametrize("color", ["style", "luminance", "keep", "histogram"])
def test_the_next_stage_starts_from_the_optimised_picture(tmp_path, entry, color):
    before = entry(color=color)
    running, step = painted(tmp_path, before, lambda step: (step.scale, step.iteration) >= (1, 9))
    after = changed(before, strength=0.4)
    stage = next_stage(tmp_path, running, step, after.spec.settings)
    assert (stage.number, stage.scale, stage.iteration) == (2, 1, step.iteration)
    assert (stage.settings.scales, stage.settings.iterations, stage.settings.strength) == (
        1,
        8,
        0.4,
    )
    after = replace(after, stage=stage)
    started, first = painted(tmp_path, after, lambda step: True)
    assert started.entry.stage == stage and first.size == (96, 96)
    unmixed = impasto.read_image(start_picture(tmp_path, 2))
    assert np.abs(unmixed - impasto.read_image(before.spec.content)).max() > 0.02


def test_the_next_stage_starts_at_the_same_loss(tmp_path, entry):
    before = entry()
    running, step = painted(tmp_path, before, lambda step: (step.scale, step.iteration) >= (1, 11))
    stage = next_stage(tmp_path, running, step, before.spec.settings)
    _, first = painted(tmp_path, replace(before, stage=stage), lambda step: True)
    # Not identical: values outside 0..1 are clipped, and the file has 16 bits.
    assert first.losses["total"] == pytest.approx(step.losses["total"], rel=0.02)


@pytest.mark.parametrize("color", ["style", "luminance"])
def test_a_finished_stage_can_be_followed_by_another(tmp_path, entry, color):
    before = entry(color=color)
    running, step = painted(tmp_path, before)
    after = changed(before, strength=0.4)
    stage = next_stage(tmp_path, running, step, after.spec.settings)
    assert (stage.number, stage.iteration) == (2, step.iteration)
    _, last = painted(tmp_path, replace(after, stage=stage))
    assert last.size == (96, 96)


def test_a_larger_size_adds_the_scales_above_the_picture(tmp_path, entry):
    before = entry(size=64, scales=1)
    running, step = painted(tmp_path, before, lambda step: step.iteration >= 3)
    asked = changed(before, size=256, scales=3, iterations=20).spec.settings
    stage = next_stage(tmp_path, running, step, asked)
    assert stage.settings.scales == 3
    stage = next_stage(tmp_path, running, replace(step, size=(128, 128)), asked)
    assert (stage.settings.scales, stage.settings.iterations) == (2, 14)
    stage = next_stage(tmp_path, running, replace(step, size=(500, 500)), asked)
    assert (stage.settings.scales, stage.settings.iterations) == (1, 8)


@pytest.mark.parametrize("iterations", [0, 1, 2])
def test_rounds_fit_the_remaining_evaluations(tmp_path, entry, iterations):
    running, step = painted(tmp_path, entry(), lambda step: step.iteration >= 2)
    asked = Settings(**{**TINY, "rounds": 1 if iterations == 0 else iterations})
    asked = asked.changed(iterations=iterations)
    stage = next_stage(tmp_path, running, step, asked)
    assert stage.settings.rounds <= max(1, stage.settings.iterations)


@pytest.mark.filterwarnings("ignore:the run has a time budget")
def test_a_budget_covers_all_stages(tmp_path, entry):
    asked = entry(budget=1000)
    running, step = painted(tmp_path, asked, lambda step: step.iteration >= 3)
    running = replace(running, started=running.started - 600)  # as if 10 minutes had passed
    stage = next_stage(tmp_path, running, step, asked.spec.settings)
    assert 300 < stage.settings.seconds < 400 < 600 < stage.seconds
    again, step = painted(tmp_path, replace(asked, stage=stage), lambda step: step.iteration >= 3)
    assert result_of(again, step).seconds > 600
    again, _ = painted(tmp_path, replace(asked, stage=stage), lambda step: True)
    assert again.settings.seconds < 400


def test_settings_changed_before_a_stage_starts_apply(tmp_path, entry):
    asked = changed(entry(), size=64)
    running, step = painted(tmp_path, asked, lambda step: step.scale == 1)
    assert running.entry.stage.asked.size == 64 and step.size == (64, 64)
    stage = next_stage(tmp_path, running, step, asked.spec.settings.changed(content_weight=1e38))
    mended = changed(replace(asked, stage=stage), strength=1.2)
    running, step = painted(tmp_path, mended)
    assert running.entry.stage.number == 2 and running.entry.stage.asked.strength == 1.2
    assert running.entry.stage.settings.content_weight == 0.15 and step.size == (64, 64)
