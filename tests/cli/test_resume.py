"""`impasto resume`: a resumed run gives the same picture, however it ended."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from tests.toy import SHALLOW_OPTIONS

import impasto
from impasto.cli import stylize
from impasto.cli.main import main
from impasto.engines.iterative import optimize
from impasto.workflows import checkpointing
from impasto.workflows.run_folder import folder_of, lock_folder

TINY = (
    *("--size", "48", "--scales", "1", "--iterations", "12", "--tolerance", "0"),
    *SHALLOW_OPTIONS,
    "-q",
)
WORDS = ["stylize", "photo.png", "painting.png", *TINY]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Photograph, painting, and the result of an uninterrupted run."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name in ("photo.png", "painting.png"):
        colors = rng.integers(0, 256, (6, 6, 3)).repeat(8, axis=0).repeat(8, axis=1)
        impasto.write_image(folder / name, (colors / 255).astype(np.float32))
    out = folder / "out.png"
    inputs = [str(folder / "photo.png"), str(folder / "painting.png")]
    assert main(["stylize", *inputs, "-o", str(out), *TINY]) == 0
    return folder


@pytest.fixture(autouse=True)
def folder(pictures, tmp_path, monkeypatch):
    """Work in a folder with copies of the pictures; restore the environment afterwards."""
    for name in ("photo.png", "painting.png"):
        (tmp_path / name).write_bytes((pictures / name).read_bytes())
    before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def whole(pictures):
    return impasto.read_image(pictures / "out.png")


def names(folder):
    return {path.name for path in folder.iterdir()}


def interrupt(monkeypatch, at, end=KeyboardInterrupt):
    """Interrupt the next run at an evaluation; later runs are not affected."""
    real, calls = optimize.evaluate_point, 0

    def evaluate_point(*arguments):
        nonlocal calls
        calls += 1
        if calls == at:
            monkeypatch.setattr(optimize, "evaluate_point", real)
            raise end
        return real(*arguments)

    monkeypatch.setattr(optimize, "evaluate_point", evaluate_point)


def test_after_an_interrupt_resume_gives_the_same_picture(folder, whole, capsys, monkeypatch):
    interrupt(monkeypatch, 7)
    assert main([*WORDS, "-o", "out.png", "--checkpoint"]) == 130
    err = capsys.readouterr().err
    assert re.search(
        r"interrupted at evaluation 6 of 12; the picture so far, 48x48, is in out.png; "
        r"resume it with impasto resume out.png\n",
        err,
    )
    assert names(folder) == {"photo.png", "painting.png", "out.png", ".out.png.impasto"}
    early = impasto.read_image("out.png")
    assert early.shape == (48, 48, 3) and not np.array_equal(early, whole)
    assert main(["resume", "out.png", "-q"]) == 0
    assert capsys.readouterr() == ("out.png\n", "")
    np.testing.assert_array_equal(impasto.read_image("out.png"), whole)
    assert names(folder) == {"photo.png", "painting.png", "out.png"}
    assert impasto.read_record("out.png")["iterations"] == 12


def test_a_run_may_be_interrupted_again_and_again_from_any_folder(
    folder, whole, capsys, monkeypatch
):
    interrupt(monkeypatch, 4)
    assert main([*WORDS, "-o", "out.png", "--checkpoint"]) == 130
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    for path in ("../out.png", "../.out.png.impasto"):
        interrupt(monkeypatch, 4)
        assert main(["resume", path, "-q"]) == 130
        assert "impasto resume" in capsys.readouterr().err
    assert main(["resume", str(folder / "out.png"), "-q"]) == 0
    np.testing.assert_array_equal(impasto.read_image(folder / "out.png"), whole)


def test_an_error_that_ends_a_run_says_how_to_resume(folder, whole, capsys, monkeypatch):
    interrupt(monkeypatch, 5, MemoryError)
    assert main([*WORDS, "-o", "out.png", "--checkpoint"]) == 1
    err = capsys.readouterr().err
    assert "out of memory" in err
    assert err.endswith("the picture so far is in out.png; resume it with impasto resume out.png\n")
    assert main(["resume", "out.png", "-q"]) == 0
    np.testing.assert_array_equal(impasto.read_image("out.png"), whole)


def test_an_interrupt_before_there_is_a_picture_leaves_nothing(folder, capsys, monkeypatch):
    interrupt(monkeypatch, 1)
    assert main([*WORDS, "-o", "out.png", "--checkpoint"]) == 130
    assert "before the first picture" in capsys.readouterr().err
    assert names(folder) == {"photo.png", "painting.png"}


def test_the_options_of_the_command_stay(folder, capsys, monkeypatch):
    options = ("--save-every", "2", "--bits", "16", "--checkpoint")
    for name, output in (("whole", "whole.tif"), ("out", "out.tif")):
        if name == "out":
            interrupt(monkeypatch, 8)
        assert main([*WORDS, "-o", output, *options]) == (130 if name == "out" else 0)
        if name == "out":
            (folder / "out_at_iteration_4.png").write_bytes(b"mine now")
    assert main(["resume", "out.tif"]) == 0
    np.testing.assert_array_equal(*(impasto.read_image(f"{n}.tif") for n in ("out", "whole")))
    for number in (2, 6, 8, 10, 12):
        early = [impasto.read_image(f"{n}_at_iteration_{number}.png") for n in ("out", "whole")]
        np.testing.assert_array_equal(*early)
    assert (folder / "out_at_iteration_4.png").read_bytes() == b"mine now"  # was done before
    values = impasto.read_image("out.tif") * 255
    assert np.abs(values - np.round(values)).mean() > 0.1  # sixteen bits


def test_the_rounds_of_the_classic_preset_are_resumed(folder, capsys, monkeypatch):
    words = ["stylize", "photo.png", "painting.png", "--preset", "classic", "--height", "32"]
    words += ["--rounds", "3", "--iterations", "9", "--checkpoint"]
    assert main([*words, "-o", "whole.png"]) == 0
    interrupt(monkeypatch, 9)  # in the second round
    assert main([*words, "-o", "out.png"]) == 130
    capsys.readouterr()
    assert main(["resume", "out.png"]) == 0
    assert "round 1:" not in (err := capsys.readouterr().err) and "round 3:" in err
    for end in (".png", "_at_iteration_0.png", "_at_iteration_1.png", "_at_iteration_2.png"):
        np.testing.assert_array_equal(*(impasto.read_image(n + end) for n in ("out", "whole")))


def test_an_unfinished_run_is_not_begun_again_unasked(folder, whole, capsys, monkeypatch):
    interrupt(monkeypatch, 7)
    main([*WORDS, "-o", "out.png", "--checkpoint"])
    capsys.readouterr()
    for option in ("--checkpoint", "--no-checkpoint"):
        assert main([*WORDS, "-o", "out.png", option]) == 1
        err = capsys.readouterr().err
        assert "impasto resume out.png" in err and "--force" in err
    with lock_folder(folder_of(folder / "out.png")):
        assert main([*WORDS, "-o", "out.png", "--force"]) == 1
        assert "another process is using" in capsys.readouterr().err
        assert main(["resume", "out.png"]) == 1
        assert "another process is using" in capsys.readouterr().err
    assert main([*WORDS, "-o", "out.png", "--force"]) == 0
    np.testing.assert_array_equal(impasto.read_image("out.png"), whole)
    assert names(folder) == {"photo.png", "painting.png", "out.png"}


def test_where_nothing_is_unfinished_there_is_nothing_to_resume(folder, capsys):
    for path in ("out.png", "photo.png", ".", "absent/out.png"):
        assert main(["resume", path]) == 1
        assert "no unfinished run" in capsys.readouterr().err


def test_a_run_of_a_program_is_left_to_programs(folder, capsys):
    with lock_folder(folder / "run", {"inputs": {}}):
        pass
    assert main(["resume", "run"]) == 1
    assert "impasto.resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"options": {"wings": 2}},
        {"options": {"jpeg_quality": []}},
        {"options": {"bits": 9}},
        {"settings": {"size": 3}},
        {"backend": 0.5},
        {"threads": [1]},
        {"device": "gpu"},
    ],
)
def test_a_description_that_makes_no_sense_is_refused(folder, capsys, monkeypatch, change):
    interrupt(monkeypatch, 7)
    main([*WORDS, "-o", "out.png", "--checkpoint"])
    capsys.readouterr()
    path = folder / ".out.png.impasto/run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert main(["resume", "out.png"]) == 1
    assert "another version of Impasto, or damaged" in capsys.readouterr().err


def test_a_changed_photograph_is_named(folder, capsys, monkeypatch):
    interrupt(monkeypatch, 7)
    main([*WORDS, "-o", "out.png", "--checkpoint"])
    capsys.readouterr()
    (folder / "photo.png").write_bytes((folder / "painting.png").read_bytes())
    assert main(["resume", "out.png"]) == 1
    assert "photo.png (content) has changed since the run started" in capsys.readouterr().err


def test_a_long_run_keeps_checkpoints_unasked_and_a_short_one_none(folder, capsys, monkeypatch):
    interrupt(monkeypatch, 9)
    assert main([*WORDS, "-o", "out.png"]) == 130
    assert "resume" not in capsys.readouterr().err
    assert names(folder) == {"photo.png", "painting.png", "out.png"}
    monkeypatch.setattr(checkpointing, "LONG", 0.0)
    monkeypatch.setattr(checkpointing, "_LOOK_AFTER", 0.0)
    interrupt(monkeypatch, 9)
    assert main([*WORDS, "-o", "out.png", "--force"]) == 130
    assert "resume it with impasto resume out.png" in capsys.readouterr().err
    assert main(["resume", "out.png"]) == 0
    interrupt(monkeypatch, 9)
    assert main([*WORDS, "-o", "out.png", "--force", "--no-checkpoint"]) == 130
    assert "resume" not in capsys.readouterr().err


def test_a_run_that_is_forecast_to_be_long_keeps_checkpoints_from_the_start(
    folder, capsys, monkeypatch
):
    monkeypatch.setattr(stylize, "_expected_seconds", lambda job, settings: 121.0)
    interrupt(monkeypatch, 3)
    assert main([*WORDS[:-1], "-o", "out.png"]) == 130  # not quiet
    err = capsys.readouterr().err
    assert "about 2 min" in err and "resume it with impasto resume out.png" in err


def test_of_several_photographs_what_is_done_is_skipped_anyway(folder, capsys):
    (folder / "photos").mkdir()
    assert main(["stylize", "photos", "painting.png", "--checkpoint"]) == 2
    assert "--checkpoint is for one photograph" in capsys.readouterr().err


def test_one_cannot_ask_for_both(capsys):
    assert main([*WORDS, "--checkpoint", "--no-checkpoint"]) == 2
    assert "--no-checkpoint" in capsys.readouterr().err


# The installed command, with a checkpoint after each step.
OFTEN = (
    "import impasto.workflows.checkpointing as e; e._LEAST_PAUSE = e._SHARE = 0.0; "
    "from impasto.cli.main import entry; entry()"
)


# The installed command, killed while it writes a file of the run's folder.
KILLED = """
import contextlib, os, signal
import impasto.workflows.run_folder as folders, impasto.engines.iterative.checkpoint as states
write = folders.atomic_write
@contextlib.contextmanager
def killed(path):
    with write(path) as file:
        yield file
        file.flush()
        if path.name == "{name}":
            os.kill(os.getpid(), signal.SIGKILL)
folders.atomic_write = states.atomic_write = killed
from impasto.cli.main import entry
entry()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills otherwise")
@pytest.mark.parametrize("name", ["run.json", "state.safetensors"])
@pytest.mark.parametrize("then", ["resume", "stylize"])
def test_a_run_killed_in_its_first_checkpoint_leaves_nothing(folder, whole, capsys, name, then):
    words = [*WORDS, "-o", "out.png", "--checkpoint"]
    run = subprocess.run([sys.executable, "-c", KILLED.format(name=name), *words], check=False)
    assert run.returncode == -signal.SIGKILL
    assert list((folder / ".out.png.impasto").glob(".impasto-*.tmp"))
    if then == "resume":
        code = main(["resume", "out.png", "-q"])
        assert ("no unfinished run" in capsys.readouterr().err) == (name == "run.json") == code
    else:
        assert main([*WORDS, "-o", "out.png", "--force"]) == 0
    assert not (folder / ".out.png.impasto").exists()
    assert (folder / "out.png").exists() == (then == "stylize" or name != "run.json")


def killed_after(words, folder, seconds):
    """Run the command, and kill it some seconds after its first checkpoint."""
    state = folder / ".out.png.impasto/state.safetensors"
    former = state.stat().st_mtime_ns if state.exists() else 0
    with subprocess.Popen([sys.executable, "-c", OFTEN, *words], stderr=subprocess.PIPE) as run:
        while run.poll() is None:
            if state.exists() and state.stat().st_mtime_ns != former:
                time.sleep(seconds)
                run.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        return run.wait()


def check_kills(folder, number):
    long = [*WORDS, "--iterations", "50", "--size", "64"]
    assert main([*long, "-o", "whole.png"]) == 0
    rng = random.Random(1)
    words = [*long, "-o", "out.png", "--checkpoint"]
    for _ in range(number):
        if killed_after(words, folder, 0.4 * rng.random()) == 0:
            break
        words = ["resume", "out.png", "-q"]
    if not (folder / "out.png").exists():
        words = [sys.executable, "-c", OFTEN, *words]
        run = subprocess.run(words, check=False, capture_output=True)
        assert (run.returncode, run.stderr) == (0, b"")
    np.testing.assert_array_equal(*(impasto.read_image(f"{n}.png") for n in ("out", "whole")))
    assert ".out.png.impasto" not in names(folder)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills otherwise")
def test_a_killed_run_gives_the_same_picture(folder):
    check_kills(folder, 2)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills otherwise")
def test_a_run_that_is_killed_ten_times_gives_the_same_picture(folder):
    check_kills(folder, 10)
