"""Available memory within control groups, with made-up trees of system files."""

import psutil
import pytest

from impasto.images.available_memory import available_memory

MEGABYTE = 1 << 20


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def version_2(root, group, limit, used, cache=0):
    write(root / "proc/self", cgroup=f"0::/{group}")
    write(
        root / "sys/fs/cgroup" / group,
        memory__max=limit,
        memory__current=used,
        memory__stat=f"anon 5\ninactive_file {cache}\nactive_file 7",
    )


def version_1(root, group, limit, used, cache=0, seen=None):
    write(root / "proc/self", cgroup=f"11:cpu,cpuacct:/x\n4:memory:/{group}\n1:name=systemd:/x")
    write(
        root / "sys/fs/cgroup/memory" / (group if seen is None else seen),
        memory__limit_in_bytes=limit,
        memory__usage_in_bytes=used,
        memory__stat=f"inactive_file 1\ntotal_inactive_file {cache}",
    )


@pytest.mark.parametrize("make", [version_2, version_1])
@pytest.mark.parametrize("group", ["", "docker/abc"])
def test_the_limit_of_a_group_counts_and_caches_of_files_are_free(tmp_path, make, group):
    make(tmp_path, group, 100 * MEGABYTE, 60 * MEGABYTE, cache=20 * MEGABYTE)
    assert available_memory(tmp_path) == 60 * MEGABYTE


@pytest.mark.parametrize("make", [version_2, version_1])
def test_a_group_that_uses_more_than_it_may_has_nothing_left(tmp_path, make):
    make(tmp_path, "", 10 * MEGABYTE, 12 * MEGABYTE)
    assert available_memory(tmp_path) == 0


def test_the_limit_of_a_group_above_counts_too(tmp_path):
    version_2(tmp_path, "slice/unit", "max", 5 * MEGABYTE)
    version_2(tmp_path, "slice", 50 * MEGABYTE, 10 * MEGABYTE)
    version_2(tmp_path, "slice/unit", "max", 5 * MEGABYTE)
    assert available_memory(tmp_path) == 40 * MEGABYTE


@pytest.mark.parametrize(("high", "left"), [("max", 40), (30 * MEGABYTE, 20), ("odd", 40)])
def test_the_limit_from_which_a_group_is_slowed_down_counts_too(tmp_path, high, left):
    version_2(tmp_path, "slice", 50 * MEGABYTE, 10 * MEGABYTE)
    write(tmp_path / "sys/fs/cgroup/slice", memory__high=high)
    assert available_memory(tmp_path) == left * MEGABYTE


def test_that_of_a_group_without_a_hard_limit_too(tmp_path):
    version_2(tmp_path, "slice/unit", "max", 10 * MEGABYTE)
    write(tmp_path / "sys/fs/cgroup/slice/unit", memory__high=30 * MEGABYTE)
    version_2(tmp_path, "slice", "max", 10 * MEGABYTE)
    write(tmp_path / "proc/self", cgroup="0::/slice/unit")
    assert available_memory(tmp_path) == 20 * MEGABYTE


@pytest.mark.parametrize("files", ["memory.current", "memory.stat", "memory.max"])
def test_files_that_make_no_sense_are_no_limit(tmp_path, files):
    version_2(tmp_path, "slice", 50 * MEGABYTE, 10 * MEGABYTE)
    (tmp_path / "sys/fs/cgroup/slice" / files).write_text("inactive_file x\n")
    assert available_memory(tmp_path) <= psutil.virtual_memory().total


def test_the_limits_of_the_process_count_too(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = psutil.Process().memory_info().vms + 300 * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        left = available_memory(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert 200 * MEGABYTE < left <= 300 * MEGABYTE


def test_a_container_may_see_its_group_in_the_place_of_the_root(tmp_path):
    version_1(tmp_path, "docker/abc", 80 * MEGABYTE, 30 * MEGABYTE, seen="")
    assert available_memory(tmp_path) == 50 * MEGABYTE


@pytest.mark.parametrize("limit", ["max", 1 << 62])
def test_without_a_limit_the_machine_counts(tmp_path, monkeypatch, limit):
    class Machine:
        available = 3 << 30

    monkeypatch.setattr(psutil, "virtual_memory", Machine)
    version_2(tmp_path, "a", limit, 5 * MEGABYTE)
    assert available_memory(tmp_path) == 3 << 30
    assert available_memory(tmp_path / "no such system") == 3 << 30
