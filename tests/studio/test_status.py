"""Progress and preview of a job."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PIL

from impasto.settings import Settings
from impasto.studio.jobs.job_file import Stage
from impasto.studio.jobs.status import (
    Progress,
    advance,
    make_preview,
    read_progress,
    write_progress,
)
from impasto.types import Step

STAGE = Stage(Settings(), Settings())


def step(iteration, loss=1.0, scale=0):
    return Step(scale, 2, (4, 6), iteration, 9, 0, False, {"total": loss}, lambda: None)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=900))
def test_a_curve_is_bounded_and_spans_the_job(gaps):
    progress, iterations = Progress(), np.cumsum(gaps).tolist()
    for iteration in iterations:
        progress = advance(progress, step(iteration, float(iteration)), STAGE)
    places = [point[0] for point in progress.curve]
    assert 1 <= len(places) <= 200 and places == sorted({*places})
    assert places[0] == iterations[0]
    assert iterations[-1] - places[-1] <= progress.every + max(gaps)
    assert all(place == loss for place, loss in progress.curve)


def test_repeated_steps_of_a_resumed_job_count_once():
    progress = Progress()
    for iteration in (0, 1, 2, 3, 4, 2, 3):
        progress = advance(progress, step(iteration, 10.0 + iteration), STAGE)
    assert progress.curve == ((0, 10.0), (1, 11.0), (2, 12.0), (3, 13.0))


def test_a_later_stage_continues_the_count():
    stage = Stage(Settings(), Settings(), 2, scale=1, iteration=30)
    progress = advance(Progress(), step(5, scale=1), stage)
    assert (progress.scale, progress.scales, progress.iteration, progress.iterations) == (
        3,
        3,
        35,
        39,
    )


def test_non_finite_losses_are_skipped():
    assert advance(Progress(), step(1, float("nan")), STAGE).curve == ()


@pytest.mark.parametrize("size", [(4, 6), (2000, 30), (1, 5000)])
def test_a_preview_is_a_small_jpeg(size, rng):
    preview = PIL.open(io.BytesIO(make_preview(rng.random((*size, 3), dtype=np.float32))))
    assert preview.format == "JPEG" and max(preview.size) <= 1024
    wanted = min(1, 1024 / max(size))
    assert preview.size == (max(1, round(size[1] * wanted)), max(1, round(size[0] * wanted)))


def test_a_preview_clips_all_values():
    image = np.full((8, 8, 3), (1.5, 0.5, np.nan), np.float32)
    pixel = np.asarray(PIL.open(io.BytesIO(make_preview(image))))[4, 4]
    assert np.abs(pixel.astype(int) - (255, 128, 0)).max() <= 4


def test_progress_round_trips_and_damaged_files_are_ignored(tmp_path):
    progress = Progress(1, 2, (4, 6), 5, 9, ((0, 1.5), (4, 0.5)), 2)
    write_progress(tmp_path, progress, b"jpeg")
    assert read_progress(tmp_path) == (progress, b"jpeg")
    (tmp_path / "progress.json").write_bytes(b"{}x")
    assert read_progress(tmp_path) == (Progress(), b"jpeg")
