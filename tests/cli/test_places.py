"""The command in unusual places: without home, locale, temporary folder or permission."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PIL
from tests.toy import SHALLOW_OPTIONS

QUICK = ("--size", "32", "--scales", "1", "--iterations", "1", *SHALLOW_OPTIONS)
RUN = ("stylize", "photo.png", "painting.png", *QUICK)
# As for a user id without an entry in the password file.
UNKNOWN_USER = """
import pwd, sys
def unknown(user):
    raise KeyError(f"getpwuid(): uid not found: {user}")
pwd.getpwuid = unknown
from impasto.cli.main import entry
entry()
"""
BINDS = "setpriv"  # its capabilities let another user read this folder, but not write
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which(BINDS) is None,
    reason="needs root and setpriv",
)
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")


@pytest.fixture
def folder(tmp_path):
    """A folder with a photograph and a painting."""
    (tmp_path / "work").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for name in ("photo.png", "painting.png"):
        PIL.fromarray(pixels.repeat(8, axis=0).repeat(8, axis=1)).save(tmp_path / "work" / name)
    return tmp_path / "work"


def run(*words, folder, start=(sys.executable, "-m", "impasto"), without=(), **variables):
    environment = {name: value for name, value in os.environ.items() if name not in without}
    return subprocess.run(
        [*start, *words],
        check=False,
        cwd=folder,
        capture_output=True,
        timeout=300,
        env={**environment, **variables},
    )


def names(folder):
    return sorted(os.fsencode(path.name) for path in folder.iterdir())


@needs_posix
def test_a_user_without_home_caches_in_the_temporary_folder(folder, tmp_path):
    place = tmp_path / "temporary"
    place.mkdir()
    start = (sys.executable, "-c", UNKNOWN_USER)
    hidden = ("HOME", "XDG_CACHE_HOME", "KERAS_HOME")
    done = run(*RUN, folder=folder, start=start, without=hidden, TMPDIR=str(place))
    assert (done.returncode, done.stdout) == (0, b"photo_painting.png\n"), done.stderr
    (caches,) = place.glob("impasto-*")
    assert caches.stat().st_mode & 0o077 == 0
    found = {path.name.split("-")[0] for path in caches.iterdir()}
    assert {"claims", "keras"} <= found <= {"claims", "keras", "speeds"}  # none of a busy machine
    assert names(folder) == [b"painting.png", b"photo.png", b"photo_painting.png"]


@needs_posix
def test_the_studio_of_a_user_without_home_asks_for_a_gallery(folder):
    start = (sys.executable, "-c", UNKNOWN_USER)
    done = run("studio", folder=folder, start=start, without=("HOME",))
    assert done.returncode == 2
    assert done.stderr.decode().startswith("impasto: there is no home folder for the gallery")
    assert b"--gallery" in done.stderr and done.stderr.count(b"\n") == 1


@needs_root
def test_in_a_folder_without_permission_it_names_the_option(folder):
    if folder.stat().st_uid != 0:
        pytest.skip("the folder does not belong to root")
    reads = "-all,+dac_read_search"
    start = (BINDS, "--reuid", "12345", "--regid", "12345", "--clear-groups")
    start += (f"--inh-caps={reads}", f"--ambient-caps={reads}", sys.executable, "-m", "impasto")
    folder.chmod(0o555)
    done = run(*RUN, folder=folder, start=start, HOME=str(folder))
    assert done.returncode == 1
    assert done.stderr == b"impasto: the folder . cannot be written; choose another with -o\n"
    assert names(folder) == [b"painting.png", b"photo.png"]


@needs_posix
def test_without_locale_names_may_be_any_bytes(folder):
    photo = folder / os.fsdecode(b"a\xff\xc3\xb6.png")
    try:
        shutil.copy(folder / "photo.png", photo)
    except OSError:
        pytest.skip("the file system has names of Unicode alone")
    plain = {"LANG": "C", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = ("stylize", photo.name, "painting.png", *QUICK, "--checkpoint")
    done = run(*words, folder=folder, TMPDIR="/no/such/folder", **plain)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"a\xff\xc3\xb6_painting.png\n"
    assert done.stdout.strip() in names(folder)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_on_one_core(folder):
    code = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
    code += "from impasto.cli.main import entry; entry()"
    done = run(*RUN, "-q", folder=folder, start=(sys.executable, "-c", code))
    assert (done.returncode, done.stdout) == (0, b"photo_painting.png\n"), done.stderr


def test_a_clock_that_jumps_does_not_change_a_budget(monkeypatch):
    import time

    from impasto.cli.stylize import _with_time_left
    from impasto.settings import Settings

    before = _with_time_left(Settings(budget=1e6)).budget
    for jump in (-1e6, 1e6):
        now = time.time() + jump
        monkeypatch.setattr(time, "time", lambda now=now: now)
        assert abs(_with_time_left(Settings(budget=1e6)).budget - before) < 60


def test_no_usable_temporary_folder_is_explained():
    from impasto.errors import explain

    error = FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
    assert "set TMPDIR" in explain(error)


def test_module_and_command_are_the_same(folder):
    done = run("--version", folder=folder)
    assert done.returncode == 0 and done.stdout.startswith(b"impasto ")
    assert Path(sys.executable).exists()
