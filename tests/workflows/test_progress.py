"""The bar that `progress=True` shows on a terminal and in a notebook."""

from __future__ import annotations

import builtins
import re
import sys
import types

import numpy as np
import pytest
from tests.toy import SHALLOW

import impasto
from impasto.types import Step
from impasto.workflows.progress import progress_shown

TINY = impasto.Settings(size=32, scales=1, iterations=3, init="content", **SHALLOW)


def step(iteration):
    losses = {"total": 10.0 - iteration}
    return Step(0, 2, (24, 32), iteration, 8, 0, False, losses, lambda: None)


@pytest.fixture
def shown(monkeypatch):
    """What a notebook shows: the cell's output, and each change of it."""
    outputs = []

    class Handle:
        def update(self, bundle, *, raw):
            assert raw
            outputs.append(bundle)

    def display(bundle, *, raw, display_id):
        assert raw
        assert display_id
        outputs.append(bundle)
        return Handle()

    class ZMQInteractiveShell:
        """By this name programs recognise a notebook."""

    notebook, shows = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    shows.display = display
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", shows)
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    return outputs


def test_a_notebook_shows_the_first_and_the_last_state(shown, capsys):
    with progress_shown(None, progress=True) as on_step:
        assert [each["text/plain"] for each in shown] == ["starting"]
        for iteration in range(9):
            on_step(step(iteration))
    text = "scale 1/2 32x24  evaluation 8/8  loss 2"
    assert shown[-1]["text/plain"] == text
    assert re.fullmatch(
        rf"<progress value=8 max=8 [^<>]*></progress> <code>{text}</code>", shown[-1]["text/html"]
    )
    assert capsys.readouterr() == ("", "")


def test_a_notebook_is_not_sent_every_step(shown):
    with progress_shown(None, progress=True) as on_step:
        for _ in range(1000):
            on_step(step(1))
    assert len(shown) < 20


def test_a_failed_run_leaves_the_last_state(shown):
    with pytest.raises(ZeroDivisionError), progress_shown(None, progress=True) as on_step:
        on_step(step(5))
        raise ZeroDivisionError
    assert "evaluation 5/8" in shown[-1]["text/plain"]


def test_without_it_the_callback_is_passed_on():
    for callback in (None, print):
        with progress_shown(callback, progress=False) as on_step:
            assert on_step is callback


def test_elsewhere_the_bar_is_written_to_standard_error(capsys):
    seen = []
    photo, painting = np.zeros((24, 32, 3), np.uint8), impasto.sample_style("mosaic", 64)
    impasto.stylize(photo, painting, settings=TINY, on_step=seen.append, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "evaluation 3/3" in err
    assert [each.iteration for each in seen][-1] == 3


def test_textures_and_resumed_and_repeated_runs_show_it_too(tmp_path, capsys):
    photo, painting = tmp_path / "photo.png", impasto.sample_style("mosaic", 64)
    impasto.write_image(photo, np.full((24, 32, 3), 0.5))
    impasto.texture(painting, settings=TINY, progress=True)
    with pytest.raises(KeyboardInterrupt):
        impasto.stylize(
            photo, painting, settings=TINY, checkpoint=tmp_path / "run", on_step=interrupt
        )
    resumed = impasto.resume(tmp_path / "run", style=painting, progress=True)
    impasto.again(resumed.save(tmp_path / "a.png"), styles=[painting], content=photo, progress=True)
    assert len(re.findall("evaluation 3/3", capsys.readouterr().err)) == 3


def interrupt(step):
    if step.iteration == 2:
        raise KeyboardInterrupt
