"""The progress display of a run."""

import io

from rich.console import Console

from impasto.cli.progress import progress
from impasto.images.scales import Scale
from impasto.types import Step

PLAN = [Scale((1536, 2048), 120), Scale((3072, 4096), 60)]
LOSSES = {"total": 123456.7, "content": 12345.6, "style": 1234.5, "tv": 123.4}


def step(scale, iteration):
    return Step(scale, 2, PLAN[scale].size, iteration, 180, 0, False, LOSSES, lambda: None)


def shown(*, terminal):
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=terminal)
    with progress(console, PLAN, quiet=False) as show:
        for scale, iteration in ((0, 0), (0, 1), (0, 119), (1, 120), (1, 179)):
            show(step(scale, iteration))
    return out.getvalue()


def test_bar_speed_time_left_and_losses_fit_a_terminal_of_80_columns():
    text = shown(terminal=True)
    assert "…" not in text
    assert "━" in text
    assert "evaluation 179/180" in text
    assert "s each, 0:00 left" in text
    assert "loss 1.235e+05 (content 1.23e+04, style 1.23e+03, tv 123)" in text


def test_each_scale_has_a_plain_line_where_there_is_no_terminal():
    lines = shown(terminal=False).splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "scale 1/2 2048x1536",
        "scale 2/2 4096x3072",
    ]
