"""The table of speeds: cached, shared between processes, and never required."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from impasto.backend.measurements import Table, Timing, fastest, measure


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "impasto"


def steady(**seconds):
    return Timing(seconds, True)


def never():
    raise AssertionError("asked again")


def test_what_was_measured_is_kept_for_other_processes(cache):
    Table("torch 1", 2).look_up("question", "ab", lambda: steady(a=2.0, b=1.0))
    kept = Table("torch 1", 2).look_up("question", "ab", never)
    assert fastest(kept) == "b"
    (file,) = cache.iterdir()
    assert json.loads(file.read_text()) == {"question": {"a": 2.0, "b": 1.0}}


def test_other_versions_and_thread_counts_have_tables_of_their_own():
    Table("torch 1", 2).look_up("question", "a", lambda: steady(a=1.0))
    for version, threads in (("torch 2", 2), ("torch 1", 4)):
        assert Table(version, threads).look_up("question", "c", lambda: steady(c=1.0)) == {"c": 1.0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"question": 3}',
        '{"question": {"a": "x"}}',
        '{"question": {"b": -1}}',
        '{"question": {"b": NaN}}',
        '{"question": {"b": Infinity}}',
        '{"question": {"b": 0}}',
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"question": {"b": 1' + 400 * "0" + "}}",
        "\x00",
    ],
)
def test_a_damaged_table_is_measured_again(cache, text):
    Table("torch 1", 2).look_up("question", "a", lambda: steady(a=1.0))
    (file,) = cache.iterdir()
    file.write_text(text)
    assert Table("torch 1", 2).look_up("question", "b", lambda: steady(b=1.0)) == {"b": 1.0}
    assert json.loads(file.read_text()) == {"question": {"b": 1.0}}


def test_another_version_of_the_program_measures_again(monkeypatch):
    Table("torch 1", 2).look_up("question", "a", lambda: steady(a=1.0))
    monkeypatch.setattr("impasto.backend.measurements.made_with", lambda: "impasto 99")
    assert Table("torch 1", 2).look_up("question", "a", lambda: steady(a=2.0)) == {"a": 2.0}


def test_an_entry_with_other_names_is_measured_again():
    Table("torch 1", 2).look_up("question", "a", lambda: steady(a=1.0))
    anew = Table("torch 1", 2).look_up("question", "ab", lambda: steady(a=3.0, b=2.0))
    assert anew == {"a": 3.0, "b": 2.0}


def test_nothing_is_left_where_the_disk_is_full(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    Table("torch 1", 2).look_up("question", "a", lambda: steady(a=1.0))
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_only_the_measurement(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    table = Table("torch 1", 2)
    assert table.look_up("question", "a", lambda: steady(a=1.0)) == {"a": 1.0}
    assert table.look_up("question", "a", never) == {"a": 1.0}


def _ask_many(folder, name):
    os.environ["XDG_CACHE_HOME"] = folder
    table = Table("torch 1", 2)
    for number in range(40):
        table.look_up(f"{name} {number}", "a", lambda: steady(a=1.0))


def test_processes_that_write_at_once_leave_a_whole_file(cache):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_ask_many, args=(str(cache.parent), n)) for n in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    (file,) = cache.iterdir()  # no temporary file is left
    assert len(json.loads(file.read_text())) >= 40


def test_a_way_that_fails_takes_for_ever_and_the_faster_one_wins():
    def broken():
        raise RuntimeError("not in this build")

    def slow():
        sum(range(200_000))

    seconds, _ = measure({"broken": broken, "slow": slow, "quick": lambda: None})
    assert seconds["broken"] == math.inf
    assert fastest(seconds) == "quick"


def test_what_a_busy_machine_took_serves_this_process_alone(cache):
    table = Table("torch 1", 2)
    assert table.look_up("question", "a", lambda: Timing({"a": 9.0}, False)) == {"a": 9.0}
    assert table.look_up("question", "a", never) == {"a": 9.0}
    table.look_up("another", "a", lambda: steady(a=1.0))
    (file,) = cache.iterdir()
    assert json.loads(file.read_text()) == {"another": {"a": 1.0}}
    later = Table("torch 1", 2)
    assert later.look_up("question", "a", lambda: steady(a=1.0)) == {"a": 1.0}


class Clock:
    """A clock that only advances when an implementation runs."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def way(self, *seconds):
        """Take these times in order, and then the last repeatedly."""
        left = list(seconds)

        def run():
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


def test_times_are_the_least_and_steady_once_they_come_again(monkeypatch):
    clock = Clock(monkeypatch)
    warm = 5.0
    ways = {"a": clock.way(warm, 0.020, 0.011, 0.010), "b": clock.way(warm, 0.012, 0.040, 0.012)}
    seconds, steady = measure(ways)
    assert steady
    assert seconds == pytest.approx({"a": 0.010, "b": 0.012})


def test_times_that_never_come_again_are_not_steady(monkeypatch):
    clock = Clock(monkeypatch)
    halved = [5.0] + [0.3 / 2**n for n in range(30)]
    seconds, steady = measure({"a": clock.way(*halved)})
    assert not steady
    assert seconds["a"] <= 0.2


@pytest.mark.parametrize(("seconds", "runs"), [(0.3, 2), (0.6, 1)])
def test_a_hopeless_way_is_timed_once_and_a_lost_one_only_warms_up(monkeypatch, seconds, runs):
    clock = Clock(monkeypatch)
    slow = clock.way(seconds)
    ran = []
    measure({"slow": lambda: (ran.append(1), slow()), "quick": clock.way(0.1, 0.01)})
    assert len(ran) == runs
