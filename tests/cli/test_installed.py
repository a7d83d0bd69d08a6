"""The installed command, run as a subprocess from another folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PIL
from tests.images.odd_files import set_tag
from tests.toy import SHALLOW_OPTIONS

import impasto

COMMAND = shutil.which("impasto", path=str(Path(sys.executable).parent))
FRAMEWORKS = ["keras", "torch", "jax", "tensorflow"]
SLOW_RUN = ["--size", "64", "--scales", "1", "--iterations", "100000", "--optimizer", "adam"]
SLOW_RUN += SHALLOW_OPTIONS


@pytest.fixture
def folder(tmp_path):
    """A folder with a photograph and a painting."""
    rng = np.random.default_rng(0)
    for name in ("photo.png", "painting.png"):
        colors = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        PIL.fromarray(colors.repeat(20, axis=0).repeat(20, axis=1)).save(tmp_path / name)
    return tmp_path


def run(*words, folder, command=(COMMAND,), **options):
    assert COMMAND, "the package is not installed beside this Python"
    return subprocess.run(
        [*command, *words],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def evaluate(code, folder):
    """Run a program and return what it prints as JSON."""
    done = run("-c", code, folder=folder, command=(sys.executable,))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_libraries_that_read_pictures_stay_silent(folder):
    path = folder / "photo.tif"
    PIL.open(folder / "photo.png").save(path)
    set_tag(path, struct.pack("<H", 277), 32515)  # samples per pixel
    done = run("paint", path.name, "--style", "wave", folder=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("impasto: photo.tif is damaged or cut off")
    assert done.stderr.count("\n") == 1


def test_it_paints_a_picture_from_another_folder(folder):
    words = ["stylize", "photo.png", "painting.png", "--size", "48", "--iterations", "4"]
    done = run(*words, *SHALLOW_OPTIONS, "--threads", "1", folder=folder)
    assert (done.returncode, done.stdout) == (0, "photo_painting.png\n"), done.stderr
    assert "Traceback" not in done.stderr and "warning" not in done.stderr.lower()
    assert impasto.read_image(folder / "photo_painting.png").shape == (36, 48, 3)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT to send to a process")
def test_an_interrupt_leaves_the_picture_so_far(folder):
    words = [COMMAND, "stylize", "photo.png", "painting.png", "-o", "out.png", *SLOW_RUN]
    with subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            plan = process.stderr.readline()
            progress = process.stderr.readline()  # waits until the run has begun
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()  # no effect if it has ended
    assert plan.startswith("64x48 in 1 scale") and "evaluation 0/100000" in progress
    assert process.returncode == 130
    assert out == ""
    message = err.splitlines()[-1]
    assert message.startswith("impasto: interrupted at evaluation ")
    assert message.endswith("of 100000; the picture so far, 64x48, is in out.png")
    assert "Traceback" not in err
    assert impasto.read_image(folder / "out.png").shape == (48, 64, 3)
    assert {path.name for path in folder.iterdir()} == {"photo.png", "painting.png", "out.png"}


def test_help_and_version_load_no_framework(folder):
    code = f"""
import contextlib, io, json, sys
from impasto.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    codes = [main(words) for words in (["--help"], ["stylize", "--help"], ["--version"])]
print(json.dumps([codes, sorted({{*sys.modules}} & {{*{FRAMEWORKS}}})]))
"""
    assert evaluate(code, folder) == [[0, 0, 0], []]


def test_what_cannot_be_is_refused_before_any_framework_is_loaded(folder):
    wrong = {
        "absent.jpg painting.png": 1,
        "photo.png painting.png -o absent/out.png": 1,
        "photo.png painting.png -o out.gif": 1,
        "photo.png painting.png -o photo.png": 1,
        "photo.png painting.png --size 3": 2,
    }
    code = f"""
import json, sys
from impasto.cli.main import main
codes = [main(["stylize", *words.split()]) for words in {list(wrong)}]
print(json.dumps([codes, sorted({{*sys.modules}} & {{*{FRAMEWORKS}}})]))
"""
    assert evaluate(code, folder) == [list(wrong.values()), []]


def test_importing_loads_no_framework_and_leaves_the_environment_and_the_disk_alone(folder):
    code = """
import json, os, sys
before = dict(os.environ)
import impasto
names = dir(impasto)
print(json.dumps([sorted(sys.modules), before == dict(os.environ)]))
"""
    modules, same_environment = evaluate(code, folder)
    assert not {*FRAMEWORKS, "numpy", "PIL", "pydantic"} & {*modules}
    assert same_environment
    assert {path.name for path in folder.iterdir()} == {"photo.png", "painting.png"}


def test_help_and_version_are_printed(folder):
    done = run("--help", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "stylize" in done.stdout
    done = run("--version", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("impasto ")


@pytest.mark.parametrize(
    ("words", "code"),
    [(["stylize"], 2), (["paint"], 2), (["stylize", "absent.png", "painting.png"], 1)],
)
def test_the_exit_code_reaches_the_shell(folder, words, code):
    done = run(*words, folder=folder)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe whose reader is gone")
@pytest.mark.parametrize("words", [["--help"], ["--version"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_is_no_reason_for_a_traceback(folder, words, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [COMMAND, *words],
            check=False,
            cwd=folder,
            stdout=writer,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            text=True,
            timeout=60,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are text")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_are_no_text_are_printed_as_they_are_on_the_disk(folder, encoding):
    name = "밤 “night”".encode() + b"\xe9.png"
    done = subprocess.run(
        [os.fsencode(COMMAND), b"sample-style", b"swirls", b"--size", b"64", b"-o", name],
        check=False,
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, name + b"\n", b"")
    assert (folder / os.fsdecode(name)).is_file()


def test_names_may_begin_with_a_dash(folder):
    (folder / "photo.png").rename(folder / "-photo.png")
    done = run("stylize", "./-photo.png", "painting.png", "-o", "out.gif", folder=folder)
    assert done.returncode == 1
    assert "out.gif ends in" in done.stderr


def test_a_backend_that_cannot_paint_is_refused_with_those_that_can(folder):
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    done = run("stylize", "photo.png", "painting.png", folder=folder, env=environment)
    assert done.returncode == 1
    assert "it has no gradients" in done.stderr and "torch, jax, tensorflow" in done.stderr
    assert "Traceback" not in done.stderr
