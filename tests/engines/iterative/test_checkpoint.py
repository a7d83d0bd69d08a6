"""Checkpoint files: round trips, damaged files, and a full disk."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from impasto.engines.iterative import checkpoint
from impasto.engines.iterative.checkpoint import read_snapshot, write_snapshot
from impasto.errors import ModelError, PictureError
from impasto.types import Snapshot


@pytest.fixture
def snapshot(rng):
    arrays = {
        "x": rng.standard_normal((1, 7, 5, 3)).astype(np.float32),
        "odd": rng.random(3) > 0.5,
        "deep": rng.standard_normal((3, 4)),
        "turned": rng.random((4, 6), dtype=np.float32).T,
        "scalar": np.float32(0.1) * np.ones((), np.float32),
        "yes": np.array(True),
        "none": np.zeros((0, 3), np.float32),
        "count": np.arange(3),
        "odd numbers": np.array([np.nan, np.inf, -0.0, 1e-45], np.float32),
    }
    return Snapshot(arrays, {"value": 0.1 + 0.2, "left": None, "tree": [{"a": 1}, float("inf")]})


def same(snapshot, other):
    assert other.about == snapshot.about
    assert {*other.arrays} == {*snapshot.arrays}
    for name, array in snapshot.arrays.items():
        assert other.arrays[name].dtype == array.dtype
        assert other.arrays[name].shape == array.shape
        assert other.arrays[name].tobytes() == array.tobytes()


def test_a_snapshot_comes_back_bit_for_bit(snapshot, tmp_path):
    same(snapshot, read_snapshot(write_snapshot(tmp_path / "state", snapshot)))
    empty = Snapshot({}, {})
    same(empty, read_snapshot(write_snapshot(tmp_path / "state", empty)))


def test_the_file_is_one_that_the_library_reads(snapshot, tmp_path):
    with safe_open(write_snapshot(tmp_path / "state", snapshot), framework="numpy") as file:
        assert {*file.keys()} == {*snapshot.arrays}
        np.testing.assert_array_equal(file.get_tensor("turned"), snapshot.arrays["turned"])
        assert json.loads(file.metadata()["impasto-checkpoint"])["version"] == 1


@pytest.mark.parametrize("kept", [0, 4, 30, 400, -1])
def test_a_file_that_is_cut_off_is_refused(snapshot, tmp_path, kept):
    path = write_snapshot(tmp_path / "state", snapshot)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelError, match="damaged"):
        read_snapshot(path)


def test_a_byte_that_has_changed_is_found_wherever_it_is(snapshot, tmp_path):
    path = write_snapshot(tmp_path / "state", snapshot)
    good = path.read_bytes()
    for place in (*range(8, len(good) - 700, 41), *range(len(good) - 700, len(good), 97)):
        bad = bytearray(good)
        bad[place] ^= 1
        path.write_bytes(bad)
        try:
            same(snapshot, read_snapshot(path))  # a blank, perhaps
        except ModelError as error:
            assert "--force" in str(error)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "state"
    with pytest.raises(ModelError, match="there is no checkpoint"):
        read_snapshot(path)
    save_file({"x": np.zeros(3, np.float32)}, path)
    with pytest.raises(ModelError, match="not a checkpoint of Impasto"):
        read_snapshot(path)
    path.write_text("Dear diary")
    with pytest.raises(ModelError, match="not a checkpoint of Impasto"):
        read_snapshot(path)


def test_a_file_of_a_newer_version_is_refused(snapshot, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "VERSION", 2)
        path = write_snapshot(tmp_path / "state", snapshot)
    with pytest.raises(ModelError, match="newer Impasto"):
        read_snapshot(path)


def test_a_disk_that_fills_leaves_the_former_snapshot_whole(snapshot, tmp_path):
    resource = pytest.importorskip("resource")
    path = write_snapshot(tmp_path / "state", snapshot)
    larger = snapshot._replace(arrays={"x": np.ones(1_000_000, np.float32)})
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, former[1]))
    try:
        with pytest.raises(PictureError, match="free some space"):
            write_snapshot(path, larger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    same(snapshot, read_snapshot(path))
    assert os.listdir(tmp_path) == ["state"]  # noqa: PTH208  # hidden files, too


def test_file_and_folder_are_on_the_disk_before_the_run_continues(snapshot, tmp_path, monkeypatch):
    if os.name == "nt":
        pytest.skip("Windows settles no folders")
    settled, fsync = [], os.fsync

    def watch(descriptor):
        settled.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    write_snapshot(tmp_path / "state", snapshot)
    assert len(settled) == 2
    if os.path.exists("/proc/self/fd"):  # noqa: PTH110
        assert settled[1] == os.path.realpath(tmp_path)
