"""Signals that end a command: what is printed, the exit code, and the picture so far."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as PIL
from tests.toy import SHALLOW_OPTIONS

import impasto

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows cannot send such signals")

SLOW = ("--size", "64", "--scales", "1", "--iterations", "100000", "--optimizer", "adam")
WORDS = ("stylize", "photo.png", "painting.png", "-o", "out.png", *SLOW, *SHALLOW_OPTIONS)
# Sends a signal when a module is imported.
DURING_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "{module}":
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Finder())
from impasto.__main__ import entry
entry()
"""
# Sends a signal when a picture is written.
DURING_SAVE = """
import os, signal
from impasto.images import files
write = files.encode.write_common
def interrupted(*words):
    os.kill(os.getpid(), signal.SIGINT)
    return write(*words)
files.encode.write_common = interrupted
from impasto.__main__ import entry
entry()
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a photograph and a painting."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for name in ("photo.png", "painting.png"):
        PIL.fromarray(pixels.repeat(20, axis=0).repeat(20, axis=1)).save(tmp_path / name)
    return tmp_path


def run(code, *words, folder):
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("module", ["tyro", "torch"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_during_the_imports_is_one_line(folder, module, name):
    done = run(DURING_IMPORT.format(module=module, name=name), *WORDS, folder=folder)
    assert done.returncode == 128 + getattr(signal, name)
    assert done.stderr.startswith("impasto: interrupted before the ")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_picture_so_far_is_kept(folder, name):
    words = [sys.executable, "-m", "impasto", *WORDS]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            process.stderr.readline()
            process.stderr.readline()  # waits until the run has begun
            process.send_signal(getattr(signal, name))
            _, err = process.communicate(timeout=120)
        finally:
            process.kill()  # no effect if it has ended
    assert process.returncode == 128 + getattr(signal, name)
    assert err.splitlines()[-1].startswith("impasto: interrupted at evaluation ")
    assert impasto.read_image(folder / "out.png").shape == (48, 64, 3)


def test_the_picture_so_far_is_kept_when_the_terminal_closes(folder):
    pty = pytest.importorskip("pty")
    terminal, side = pty.openpty()
    begin = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    begin += "from impasto.__main__ import entry; entry()"
    with subprocess.Popen(
        [sys.executable, "-c", begin, *WORDS],
        cwd=folder,
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    ) as process:
        os.close(side)
        try:
            seen = b""
            while b"evaluation 1" not in seen:
                seen += os.read(terminal, 4096)
            os.close(terminal)
            process.wait(120)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGHUP, seen
    assert impasto.read_image(folder / "out.png").shape == (48, 64, 3)


def test_a_picture_that_is_being_saved_is_kept(folder):
    words = ("paint", "photo.png", "--style", "wave", "--size", "64", "-o", "out.png")
    done = run(DURING_SAVE, *words, folder=folder)
    assert (done.returncode, done.stdout) == (0, "out.png\n"), done.stderr
    assert impasto.read_image(folder / "out.png").shape == (48, 64, 3)


def test_of_several_those_that_are_finished_are_kept(folder):
    words = ("paint", "photo.png", "painting.png", "--style", "wave", "--size", "64", "-o", "out")
    done = run(DURING_SAVE, *words, folder=folder)
    assert done.returncode == 130 and "Traceback" not in done.stderr
    assert [path.name[:5] for path in (folder / "out").iterdir()] == ["photo"]
