"""Run folders, checkpoints, and resuming from them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from tests.toy import SHALLOW

import impasto
from impasto.engines.iterative.checkpoint import read_snapshot, write_snapshot
from impasto.errors import DivergedError, ModelError, PictureError, SettingsError, WeightsError
from impasto.images.scales import Scale
from impasto.settings import Settings
from impasto.types import Snapshot, Step
from impasto.workflows import checkpointing, run_record
from impasto.workflows.checkpointing import checkpointed, deferred_start, long_run_detector
from impasto.workflows.run_folder import (
    check_unfinished,
    find_folder,
    folder_of,
    lock_folder,
    read_run,
    remove,
)

TINY = {"size": 48, "scales": 1, "iterations": 12, "tolerance": 0.0, **SHALLOW}


class Stop(Exception):
    """An exception that ends a run from outside."""


def steps(count, rounds=()):
    """Steps whose snapshots hold their number."""
    for i in range(count):
        snapshot = Snapshot({"x": np.full(3, i, np.float32)}, {"seconds_left": None})
        yield Step(
            0, 1, (4, 4), i, count, 1, i in rounds, {}, lambda: None, lambda one=snapshot: one
        )


def written(folder):
    return int(read_snapshot(folder / "state.safetensors").arrays["x"][0])


@pytest.fixture
def clock(monkeypatch):
    """A clock advanced by the tests."""
    now = [100.0]
    monkeypatch.setattr(checkpointing.time, "perf_counter", lambda: now[0])
    return now


def test_checkpoints_come_at_once_then_every_ten_seconds_and_at_the_end_of_a_scale(tmp_path, clock):
    run, seen = checkpointed(steps(40, rounds=[30]), tmp_path, Settings()), []
    for step in run:
        clock[0] += 1
        seen.append(written(tmp_path) if step.iteration else None)
    assert seen[1:11] == [0] * 10
    assert {*seen[1:]} == {0, 10, 20, 30}
    assert seen[31] == 30  # the end of the scale
    assert seen[39] == 30


def test_a_slow_disk_has_fewer_checkpoints(tmp_path, clock, monkeypatch):
    count, write = [], checkpointing.write_snapshot

    def slow(path, snapshot):
        clock[0] += 2
        count.append(1)
        return write(path, snapshot)

    monkeypatch.setattr(checkpointing, "write_snapshot", slow)
    for _ in checkpointed(steps(100), tmp_path, Settings()):
        clock[0] += 1
    assert len(count) == 3  # forty seconds between them


@pytest.mark.parametrize("end", [Stop, KeyboardInterrupt, MemoryError])
def test_what_ends_a_run_writes_the_last_step_that_was_dealt_with(tmp_path, clock, end):
    def ended():
        yield from steps(5)
        raise end

    with pytest.raises(end):
        list(checkpointed(ended(), tmp_path, Settings()))
    assert written(tmp_path) == 4
    with (
        pytest.raises(end),
        contextlib.closing(checkpointed(steps(9), tmp_path, Settings())) as run,
    ):
        for step in run:
            if step.iteration == 6:
                raise end  # during the sixth step
    assert written(tmp_path) == 5


def test_a_run_that_diverges_keeps_nothing(tmp_path):
    def diverging():
        yield from steps(3)
        raise DivergedError("the loss is not finite")

    folder = tmp_path / "run"
    with lock_folder(folder, {}), pytest.raises(DivergedError):
        list(checkpointed(diverging(), folder, Settings()))
    assert not folder.exists()


def test_a_full_disk_costs_one_warning_and_no_run(tmp_path, clock, monkeypatch):
    next(run := checkpointed(steps(40), tmp_path, Settings()))
    next(run)  # the first is written

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.warns(UserWarning, match="the run continues.*No space left") as warned:
        for _ in run:
            clock[0] += 11
    assert len(warned) == 1
    assert written(tmp_path) == 0


def test_a_run_that_turns_out_to_be_long_begins_with_checkpoints(tmp_path, clock):
    long = long_run_detector([Scale((4, 4), 300)])
    folder, began = tmp_path / ".out.png.impasto", None
    with contextlib.ExitStack() as held:
        begin = deferred_start(held, folder, lambda: {"a": 1}, long)
        for step in checkpointed(steps(300), folder, Settings(), begin=begin):
            clock[0] += 1.5
            if began is None and folder.exists():
                began = step.iteration
    assert 12 < began < 16  # twenty seconds
    assert read_run(folder)["a"] == 1


def test_a_short_run_has_no_folder(tmp_path, clock):
    long, folder = long_run_detector([Scale((4, 4), 50)]), tmp_path / "run"
    with contextlib.ExitStack() as held:
        begin = deferred_start(held, folder, dict, long)
        for _ in checkpointed(steps(50), folder, Settings(), begin=begin):
            clock[0] += 1.5
    assert not folder.exists()


def test_work_still_to_come_is_counted_by_its_pixels(clock):
    long = long_run_detector([Scale((10, 10), 50), Scale((100, 100), 50)])
    step = next(itertools.islice(steps(50), 40, None))
    clock[0] += 21
    step = Step(0, 2, (10, 10), 40, 100, 0, False, {}, lambda: None)
    assert long(step)  # 40 of 5050 evaluations of that size
    last = Step(1, 2, (100, 100), 60, 100, 0, False, {}, lambda: None)
    assert not long(last)


def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path, clock):
    (tmp_path / "file").write_text("no folder")
    with contextlib.ExitStack() as held:
        begin = deferred_start(held, tmp_path / "file" / "run", dict, lambda step: True)
        run = checkpointed(steps(5), tmp_path / "file" / "run", Settings(), begin=begin)
        with pytest.warns(UserWarning, match="without checkpoints") as warned:
            assert len(list(run)) == 5
    assert len(warned) == 1


def test_two_processes_cannot_work_on_one_run(tmp_path):
    folder = tmp_path / "run"
    code = (
        "import sys, pathlib; from impasto.workflows.run_folder import lock_folder\n"
        f"with lock_folder(pathlib.Path({str(folder)!r}), {{}}):\n"
        "    print('held', flush=True); sys.stdin.readline()"
    )
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(ModelError, match="another process"), lock_folder(folder):
            pass
        other.kill()  # releases the lock
        other.wait()
    with lock_folder(folder):
        pass


def test_what_a_killed_process_was_writing_is_removed(tmp_path):
    (tmp_path / ".impasto-0123456789ab.tmp").write_bytes(b"half a checkpoint")
    with lock_folder(tmp_path, {}):
        assert {path.name for path in tmp_path.iterdir()} == {"lock", "run.json"}


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / "diary.txt").write_text("Dear diary")
    with lock_folder(tmp_path, {}):
        remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
    remove(tmp_path / "nowhere")


def test_an_unfinished_run_is_found_by_its_result_or_its_folder(tmp_path):
    output = tmp_path / "a b.png"
    with pytest.raises(ModelError, match="no unfinished run"):
        find_folder(output)
    folder = folder_of(output)
    with lock_folder(folder, {}):
        pass
    assert find_folder(output) == find_folder(folder) == folder
    with pytest.raises(ModelError, match=r"impasto resume '.*a b.png'.*--force"):
        check_unfinished(output, force=False)
    check_unfinished(tmp_path / "other.png", force=False)
    with lock_folder(folder), pytest.raises(ModelError, match="another process"):
        check_unfinished(output, force=True)
    check_unfinished(output, force=True)
    assert not folder.exists()


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"impasto-run": "x"}'])
def test_a_damaged_description_is_refused(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ModelError, match="damaged"):
        read_run(tmp_path)


def test_a_description_of_a_newer_version_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"impasto-run": 2}')
    with pytest.raises(ModelError, match="newer"):
        read_run(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Input files, and the result of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(0)
    paths = [folder / "photo.png", folder / "painting.png"]
    for path in paths:
        colors = rng.integers(0, 256, (6, 6, 3)).repeat(8, axis=0).repeat(8, axis=1)
        impasto.write_image(path, (colors / 255).astype(np.float32))
    return paths, impasto.stylize(*paths, **TINY).image


@pytest.fixture
def stopped(whole, tmp_path):
    """A folder with an interrupted run, and copies of its files."""
    paths = [tmp_path / path.name for path in whole[0]]
    for path, original in zip(paths, whole[0], strict=True):
        path.write_bytes(original.read_bytes())
    stop(tmp_path / "run", *paths)
    return tmp_path / "run", *paths


def stop(folder, *pictures, at=6, **changed):
    def end(step):
        if step.iteration == at:
            raise Stop

    with pytest.raises(Stop):
        impasto.stylize(*pictures, checkpoint=folder, on_step=end, **{**TINY, **changed})


def test_a_resumed_program_gives_the_same_picture(stopped, whole):
    folder, *_ = stopped
    assert {path.name for path in folder.iterdir()} == {"run.json", "state.safetensors", "lock"}
    seen = []
    result = impasto.resume(folder, on_step=lambda step: seen.append(step.iteration))
    np.testing.assert_array_equal(result.image, whole[1])
    assert seen == [*range(5, 12), 12]
    assert result.record["iterations"] == 12
    assert result.seconds > 0
    assert not folder.exists()


def test_a_run_that_is_done_leaves_no_folder(whole, tmp_path):
    made = impasto.stylize(*whole[0], checkpoint=tmp_path / "run", **TINY)
    np.testing.assert_array_equal(made.image, whole[1])
    assert not (tmp_path / "run").exists()


def test_arrays_must_be_given_again(whole, tmp_path):
    photo, painting = (impasto.read_image(path) for path in whole[0])
    stop(tmp_path / "run", photo, [painting, whole[0][0]])
    for given, hint in (
        ({}, "pass it as content="),
        ({"content": photo[:, ::-1], "style": painting}, "given content is not"),
        ({"content": photo}, "pass it as style="),
        ({"content": photo, "style": [photo, whole[0][0]]}, "given style is not"),
        ({"content": photo, "style": [painting]}, "given style is not"),
    ):
        with pytest.raises(PictureError, match=hint):
            impasto.resume(tmp_path / "run", **given)
    result = impasto.resume(tmp_path / "run", content=photo, style=[painting, whole[0][0]])
    same = impasto.stylize(photo, [painting, whole[0][0]], **TINY)
    np.testing.assert_array_equal(result.image, same.image)


def test_files_are_not_given_again(stopped):
    with pytest.raises(PictureError, match="leave content= out"):
        impasto.resume(stopped[0], content=stopped[1])


@pytest.mark.parametrize(("which", "role"), [(1, "content"), (2, "style 1")])
def test_an_input_that_is_gone_or_changed_is_refused(stopped, which, role, whole):
    original = stopped[which].read_bytes()
    stopped[which].unlink()
    with pytest.raises(PictureError, match=f"{stopped[which].name}.*missing"):
        impasto.resume(stopped[0])
    stopped[which].write_bytes(original + b" ")
    with pytest.raises(PictureError, match=f"{stopped[which].name}.*changed"):
        impasto.resume(stopped[0])
    stopped[which].write_bytes(original)
    np.testing.assert_array_equal(impasto.resume(stopped[0]).image, whole[1])


def test_other_weights_are_refused(stopped):
    path = stopped[0] / "run.json"
    run = json.loads(path.read_text())
    run["weights"] = "0" * 32
    path.write_text(json.dumps(run))
    with pytest.raises(WeightsError, match="started with weights of md5 0000"):
        impasto.resume(stopped[0])


def test_a_damaged_checkpoint_is_refused(stopped):
    state = stopped[0] / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-5])
    with pytest.raises(ModelError, match=r"damaged.*--force"):
        impasto.resume(stopped[0])


def test_another_environment_is_a_warning_and_the_run_continues(stopped, monkeypatch, whole):
    conditions = run_record.numerical_environment()
    monkeypatch.setattr(run_record, "numerical_environment", lambda: {**conditions, "threads": 77})
    with pytest.warns(UserWarning, match=r"may differ by rounding.*threads was \d+ and is 77"):
        result = impasto.resume(stopped[0])
    assert np.abs(result.image - whole[1]).mean() < 1e-3


def test_the_operators_are_those_that_the_run_chose(stopped, monkeypatch):
    from impasto.backend import operators, use_operators

    before = operators()
    assert any(names != "stock stock" for names in before.values())
    use_operators(dict.fromkeys(before, "stock stock"))
    impasto.resume(stopped[0])
    assert before.items() <= operators().items()


def test_a_checkpoint_without_operators_is_resumed_with_a_warning(stopped, whole):
    """Older checkpoints held measured times instead."""
    state = stopped[0] / "state.safetensors"
    snapshot = read_snapshot(state)
    about = {name: value for name, value in snapshot.about.items() if name != "operators"}
    write_snapshot(state, snapshot._replace(about={**about, "measured": {}}))
    with pytest.warns(UserWarning, match=r"may differ by rounding.*operators, which were not rec"):
        result = impasto.resume(stopped[0])
    assert np.abs(result.image - whole[1]).mean() < 1e-3


def test_the_rest_of_a_budget_is_reported(whole, tmp_path):
    stop(tmp_path / "run", *whole[0], budget=500.0)
    with pytest.warns(UserWarning, match=r"time budget with (4\d\d|500) s left"):
        result = impasto.resume(tmp_path / "run")
    assert result.image.shape == whole[1].shape


def test_a_run_stopped_before_its_first_checkpoint_begins_again(whole, tmp_path):
    stop(tmp_path / "run", *whole[0])
    (tmp_path / "run/state.safetensors").unlink()
    np.testing.assert_array_equal(impasto.resume(tmp_path / "run").image, whole[1])
    stop(tmp_path / "run", *whole[0], init=np.zeros((9, 9, 3), np.float32))
    (tmp_path / "run/state.safetensors").unlink()
    with pytest.raises(PictureError, match="before its first checkpoint"):
        impasto.resume(tmp_path / "run")


def test_a_starting_file_is_needed_only_before_the_first_checkpoint(whole, tmp_path):
    start = tmp_path / "start.png"
    start.write_bytes(whole[0][1].read_bytes())
    made = impasto.stylize(*whole[0], init=start, **TINY)
    stop(tmp_path / "run", *whole[0], init=start)
    start.unlink()
    np.testing.assert_array_equal(impasto.resume(tmp_path / "run").image, made.image)


def test_masks_are_kept_as_files_only(whole, tmp_path, monkeypatch):
    mask = np.zeros((48, 48, 3), np.float32)
    mask[:, 24:, 0] = 1
    impasto.write_image(tmp_path / "mask.png", mask)
    monkeypatch.chdir(tmp_path)
    changed = {"settings": Settings(masks=("mask.png#red", "rest"))}
    pictures = whole[0][0], [whole[0][1], whole[0][0]]
    made = impasto.stylize(*pictures, **TINY, **changed)
    stop(tmp_path / "run", *pictures, **changed)
    assert str(tmp_path / "mask.png#red") in (tmp_path / "run/run.json").read_text()
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(impasto.resume(tmp_path / "run").image, made.image)
    monkeypatch.chdir(tmp_path)
    stop(tmp_path / "run", *pictures, **changed)
    impasto.write_image(tmp_path / "mask.png", 1 - mask)
    with pytest.raises(PictureError, match=r"mask.png \(masks\) has changed"):
        impasto.resume(tmp_path / "run")


def test_masks_at_hand_are_refused(whole, tmp_path):
    from impasto.workflows.guidance import Masks

    masks = Masks(masks=[np.ones((48, 48), np.float32)])
    with pytest.raises(SettingsError, match="write them to files"):
        impasto.stylize(*whole[0], masks=masks, checkpoint=tmp_path / "run", **TINY)


def test_a_folder_with_an_unfinished_run_is_not_taken_for_another(stopped):
    folder, *pictures = stopped
    with pytest.raises(ModelError, match=r"impasto\.resume"):
        impasto.stylize(*pictures, checkpoint=folder, **TINY)
    assert (folder / "state.safetensors").is_file()


def test_a_folder_in_the_place_of_a_file_is_said(whole, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(PictureError, match="cannot create the folder"):
        impasto.stylize(*whole[0], checkpoint=tmp_path / "file/run", **TINY)


def test_time_continues_where_it_stopped(stopped):
    about = read_snapshot(stopped[0] / "state.safetensors").about
    assert about["seconds"] > 0
    began = time.perf_counter()
    result = impasto.resume(stopped[0])
    assert result.seconds >= about["seconds"]
    assert result.seconds <= about["seconds"] + time.perf_counter() - began
