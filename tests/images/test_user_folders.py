"""The user's folders, also of a user who has none."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs
import pytest

from impasto.images.user_folders import cache_folder, home_folder, redirect_libraries

needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, and a user who has no other."""

    def unknown(*_, **__):
        raise RuntimeError("could not determine the home directory")

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(platformdirs, "user_cache_dir", unknown)
    monkeypatch.setattr(Path, "home", unknown)
    for name in ("KERAS_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "temporary"


def test_a_home_is_preferred(tmp_path, monkeypatch):
    own = tmp_path / "home" / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(own))
    assert cache_folder() == own and own.is_dir()
    redirect_libraries()
    assert "KERAS_HOME" not in os.environ


def test_without_home_caches_are_in_the_temporary_folder(temporary):
    assert home_folder() is None
    folder = cache_folder()
    assert folder is not None and folder.parent == temporary and folder.is_dir()
    redirect_libraries()
    assert os.environ["KERAS_HOME"] == str(folder / "keras")


def test_with_a_home_that_cannot_be_written_too(temporary, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "file/x"))
    assert cache_folder().parent == temporary


@needs_posix
def test_a_folder_that_others_can_write_is_not_used(temporary):
    folder = cache_folder()
    folder.chmod(0o777)
    assert cache_folder() is None
    folder.rmdir()
    (temporary / "elsewhere").mkdir()
    folder.symlink_to(temporary / "elsewhere")  # somebody else may have made the link
    assert cache_folder() is None


def test_without_any_folder_nothing_is_cached(monkeypatch):
    from impasto.backend.measurements import Table, Timing

    def none():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert cache_folder() is None
    table = Table("torch 1", 2)
    assert table.look_up("question", "a", lambda: Timing({"a": 1.0}, True)) == {"a": 1.0}
