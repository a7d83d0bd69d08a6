"""Status of a job as HTML."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import pytest

from impasto.settings import Settings
from impasto.studio.jobs.status import JobView
from impasto.studio.page.job_status import curve, progress_panel, status_line

VIEW = JobView(
    id="1",
    name="cat_wave",
    titles=("Wave",),
    status="running",
    place=0,
    waiting=0,
    scale=2,
    scales=3,
    size=(192, 256),
    iteration=45,
    iterations=135,
    seconds_left=75.0,
    curve=((1, 0.9), (20, 0.5), (45, 0.2)),
    version=3,
    picture=None,
    error="",
    settings=Settings(),
    created="2026-11-24T00:00:00+00:00",
)


def like(**changes):
    return dataclasses.replace(VIEW, **changes)


@pytest.mark.parametrize(
    ("view", "line"),
    [
        (VIEW, "Size 256x192: 2 of 3, evaluation 45 of 135, 75 s left"),
        (like(iteration=0), "Starting: analysing the pictures"),
        (like(status="waiting", place=2, waiting=4), "Waiting: number 2 of 4"),
        (like(status="paused"), "Paused at evaluation 45 of 135"),
        (like(status="done", picture="a.png"), "Done. Saved as a.png."),
        (like(status="stopped"), "Stopped before there was a picture."),
        (like(status="failed", error="the disk is full"), "The job failed: the disk is full"),
    ],
)
def test_status_line(view, line):
    assert status_line(view, "en") == line
    assert re.search("[\uac00-\ud7a3]", status_line(view, "ko"))


def test_without_a_job_the_panel_is_empty():
    assert progress_panel(None, "en") == ""


def test_the_progress_bar_is_accessible():
    panel = progress_panel(VIEW, "en")
    assert 'role="progressbar"' in panel
    assert 'aria-valuenow="33"' in panel
    assert "progressbar" not in progress_panel(like(status="done", picture="a.png"), "en")


def test_the_announcement_changes_with_each_tenth():
    def announcement_key(view):
        return re.search('data-announce="([^"]*)"', progress_panel(view, "en")).group(1)

    assert announcement_key(VIEW) == announcement_key(like(iteration=46))
    assert (
        len(
            {
                announcement_key(VIEW),
                announcement_key(like(iteration=60)),
                announcement_key(like(status="paused")),
            }
        )
        == 3
    )


def test_errors_are_escaped():
    view = like(status="failed", error="<script>alert(1)</script> & more")
    assert "<script>" not in progress_panel(view, "en")


def test_the_curve_is_well_formed_and_within_its_box():
    figure = ElementTree.fromstring(curve(VIEW.curve, "en"))
    points = figure.find(".//polyline").get("points").split()
    across = [float(point.split(",")[0]) for point in points]
    down = [float(point.split(",")[1]) for point in points]
    assert across == sorted(across)
    assert (across[0], across[-1]) == (0, 480)
    assert down == sorted(down)  # losses fall, and y = 0 is the top
    assert min(down) >= 0
    assert max(down) <= 120
    assert figure.find("figcaption").text == "Loss, from 0.9 to 0.2"


@pytest.mark.parametrize("points", [[(0, 1.0), (0, 1.0)], [(1, 0.0), (2, 0.0)], [(3, 1e9), (4, 1)]])
def test_degenerate_curves_are_drawn(points):
    ElementTree.fromstring(curve(points, "ko"))
