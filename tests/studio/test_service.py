"""The runs of the studio: queue, pause, stop, change, and going on after a restart."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import impasto
from impasto.errors import (
    BusyError,
    ImpastoError,
    ModelError,
    PictureError,
    RunError,
    SettingsError,
)
from impasto.images.files import free_path
from impasto.settings import Settings
from impasto.studio.jobs.job_file import JobSpec
from impasto.studio.jobs.service import JobService

TINY = {"size": 48, "scales": 1, "iterations": 12, "tolerance": 0.0}
LONG = {**TINY, "iterations": 100_000}
PATIENCE = 120  # seconds after which a test gives up


def keep(folder, result, name):
    return result.save(free_path(folder / f"{name}.png"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A photograph, two paintings and a mask."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name in ("photo.png", "wave.png", "swirls.png"):
        colors = rng.integers(0, 256, (6, 6, 3)).repeat(8, axis=0).repeat(8, axis=1)
        impasto.write_image(folder / name, (colors / 255).astype(np.float32))
    mask = np.zeros((48, 48, 3), np.float32)
    mask[:, :24] = 1
    impasto.write_image(folder / "mask.png", mask)
    return folder


@pytest.fixture(scope="module")
def whole(pictures):
    """What an uninterrupted run of `TINY` makes."""
    result = impasto.stylize(
        pictures / "photo.png", pictures / "wave.png", settings=Settings(**TINY)
    )
    path = pictures / "whole.png"
    result.save(path)
    return impasto.read_image(path)


@pytest.fixture
def spec(pictures):
    def make(name="photo_wave", styles=("wave.png",), **settings):
        return JobSpec(
            pictures / "photo.png",
            tuple(pictures / style for style in styles),
            Settings(**{**TINY, **settings}),
            name=name,
            titles=("Wave",),
        )

    return make


@pytest.fixture
def studio(tmp_path):
    """Makes studios over one gallery, and closes them."""
    made = []

    def make(users=("",), started=True, **limits):
        runs = JobService(lambda user: tmp_path / user if user else tmp_path, keep, **limits)
        made.append(runs)
        if started:
            runs.start(users)
        return runs

    yield make
    for runs in made:
        runs.close()


def until(runs, run, wanted, user=""):
    """Wait for a view on which something is true, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        view = runs.view(user, run)
        if wanted(view):
            return view
        assert view.status != "failed" or "failed" in wanted.__code__.co_consts, view.error
        time.sleep(0.005)
    raise AssertionError(f"nothing came of it: {view}")


def done(view):
    return view.status == "done"


def begun(view):
    return view.status == "running" and view.iteration >= 3


def left(folder):
    """What there is of runs on the disk."""
    return sorted(path.name for path in (folder / ".studio/runs").iterdir() if path.is_dir())


def test_a_run_makes_the_picture_that_stylize_makes(studio, spec, whole, tmp_path):
    runs = studio()
    run = runs.add("", spec())
    view = until(runs, run, done)
    assert view.picture == "photo_wave.png" and view.error == ""
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)
    record = impasto.read_record(tmp_path / view.picture)
    assert (record["content"], record["style"], record["iterations"]) == (
        "photo.png",
        "wave.png",
        12,
    )
    assert (view.scale, view.scales, view.size) == (1, 1, (48, 48))
    assert (view.iteration, view.iterations, view.place) == (12, 12, 0)
    assert [point[0] for point in view.curve] == sorted({point[0] for point in view.curve})
    assert view.curve[-1][1] < view.curve[0][1]
    assert runs.preview("", run).startswith(b"\xff\xd8")
    assert left(tmp_path) == []


def test_runs_wait_in_line_over_all_people_and_tell_their_place(studio, spec, tmp_path):
    runs = studio(("ada", "bob"))
    first = runs.add("ada", spec(iterations=100_000))
    until(runs, first, begun, "ada")
    second, third = runs.add("bob", spec("b")), runs.add("ada", spec("c"))
    assert [runs.view("bob", second).place, runs.view("ada", third).place] == [1, 2]
    assert runs.view("bob", second).waiting == 2
    assert runs.view("ada", first).place == 0
    assert [view.id for view in runs.of("ada")] == [third, first]
    assert [view.id for view in runs.of("bob")] == [second]
    runs.stop("ada", first)
    for user, run in (("ada", third), ("bob", second)):
        until(runs, run, done, user)
    assert runs.view("ada", first).status == "stopped"
    assert (tmp_path / "ada/photo_wave.png").exists() and (tmp_path / "ada/c.png").exists()
    assert (tmp_path / "bob/b.png").exists()


def test_people_take_turns(studio, spec, tmp_path):
    runs = studio(("ada", "bob", "eva"))
    first = runs.add("ada", spec("first", **LONG))
    until(runs, first, begun, "ada")
    asked = [("ada", "a2"), ("ada", "a3"), ("bob", "b1"), ("eva", "e1"), ("bob", "b2")]
    made = [(user, runs.add(user, spec(name))) for user, name in asked]
    assert [runs.view(*one).place for one in made] == [3, 5, 1, 2, 4]
    runs.stop("ada", first)
    for user, run in made:
        until(runs, run, done, user)
    files = [tmp_path / user / f"{name}.png" for user, name in asked]
    names = [path.stem for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]
    assert names == ["b1", "e1", "a2", "b2", "a3"]


def test_a_run_that_gives_way_to_the_end_of_another_is_not_set_back(studio, spec):
    runs = studio(("ada", "bob"))
    paused = runs.add("bob", spec("paused", **LONG))
    until(runs, paused, begun, "bob")
    runs.pause("bob", paused)
    at_work = runs.add("ada", spec("at work", **LONG))
    until(runs, at_work, begun, "ada")
    waiting = runs.add("bob", spec("waiting"))
    runs.stop("bob", paused)
    until(runs, paused, lambda view: view.status == "stopped", "bob")
    view = until(runs, at_work, begun, "ada")
    until(runs, at_work, lambda now: now.iteration > view.iteration, "ada")
    assert runs.view("bob", waiting).place == 1


def test_a_waiting_run_with_a_picture_says_so_and_can_be_stopped(studio, spec, tmp_path):
    runs = studio()
    first = runs.add("", spec("first", **LONG))
    assert until(runs, first, begun).begun
    runs.pause("", first)
    second = runs.add("", spec("second", **LONG))
    until(runs, second, begun)
    third = runs.add("", spec("third"))
    runs.go_on("", first)
    view = runs.view("", first)
    assert (view.status, view.begun) == ("waiting", True)
    assert not runs.view("", third).begun
    runs.stop("", first)
    view = until(runs, first, lambda view: view.status == "stopped")
    assert (view.picture, view.begun) == ("first.png", True)
    assert (tmp_path / "first.png").exists()


@pytest.fixture
def held(tmp_path):
    """JobService whose results are not kept before they are told to be."""
    arrived, release = threading.Event(), threading.Event()

    def keep_later(folder, result, name):
        arrived.set()
        assert release.wait(PATIENCE)
        return keep(folder, result, name)

    runs = JobService(lambda user: tmp_path, keep_later)
    runs.start([""])
    yield runs, arrived, release
    release.set()
    runs.close()


def test_nothing_changes_a_run_whose_last_step_is_done(held, spec):
    runs, arrived, release = held
    run = runs.add("", spec())
    assert arrived.wait(PATIENCE)
    with pytest.raises(RunError, match="has ended"):
        runs.change("", run, strength=0.4)
    runs.pause("", run)
    runs.stop("", run)
    assert runs.view("", run).status == "running"
    release.set()
    view = until(runs, run, done)
    assert view.settings.strength == 1


def test_a_run_that_is_being_stopped_neither_goes_on_nor_changes(held, spec, tmp_path):
    runs, arrived, release = held
    paused = runs.add("", spec("paused", **LONG))
    until(runs, paused, begun)
    runs.pause("", paused)
    runs.add("", spec("other"))
    assert arrived.wait(PATIENCE)
    runs.stop("", paused)  # which waits until the other is kept
    for call in (runs.go_on, lambda *one: runs.change(*one, strength=0.4)):
        with pytest.raises(RunError, match="has ended"):
            call("", paused)
    runs.pause("", paused)
    release.set()
    view = until(runs, paused, lambda view: view.status == "stopped")
    assert view.picture == "paused.png" and view.settings.strength == 1


def test_a_change_just_before_the_end_is_heeded(studio, spec):
    runs = studio(started=False)
    run = runs.add("", spec())
    queue = runs._queue
    found = queue.find("", run)
    runs.change("", run, strength=0.4)  # after the last look at it, as far as the worker sees
    with queue.changed:
        assert queue.last_reason(found) == "change" and not found.ending
        queue.alter(found, stage=replace(found.entry.stage, asked=found.entry.spec.settings))
        assert queue.last_reason(found) == "done" and found.ending


def test_another_persons_run_is_as_unknown_as_one_that_never_was(studio, spec):
    runs = studio(("ada", "bob"), started=False)
    run = runs.add("ada", spec())
    messages = set()
    calls = (runs.view, runs.preview, runs.pause, runs.go_on, runs.stop, runs.drop, runs.change)
    for call in calls:
        for name in (run, "0" * 32, "", "../..", run[:-1]):
            with pytest.raises(ImpastoError, match="no such job") as error:
                call("bob", name)
            messages.add(str(error.value))
    assert len(messages) == 1
    assert runs.view("ada", run).status == "waiting"
    assert runs.of("bob") == []


def test_a_paused_run_lets_the_next_work_and_goes_on_bit_for_bit(studio, spec, whole, tmp_path):
    runs = studio()
    first = runs.add("", spec("first"))
    until(runs, first, begun)
    runs.pause("", first)
    assert runs.view("", first).status == "paused"
    second = runs.add("", spec("second", seed=1))
    until(runs, second, done)
    assert runs.view("", first).status == "paused"
    assert runs.preview("", first) is not None
    runs.go_on("", first)
    view = until(runs, first, done)
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_a_run_can_be_paused_and_gone_on_with_at_any_moment(studio, spec, tmp_path):
    runs, asked = studio(started=False), spec(iterations=200)
    run = runs.add("", asked)
    runs.pause("", run)  # before the worker is there
    runs.start([""])
    assert runs.view("", run).status == "paused"
    for wait in (0, 0, 0.01, 0.1, 0.2, 0.2):
        runs.go_on("", run)
        time.sleep(wait)  # perhaps before the first step
        runs.pause("", run)
        runs.pause("", run)
    runs.go_on("", run)
    runs.go_on("", run)
    view = until(runs, run, done)
    runs.pause("", run)
    assert runs.view("", run).status == "done"
    with pytest.raises(ImpastoError, match="has ended"):
        runs.go_on("", run)
    result = impasto.stylize(asked.content, asked.styles[0], settings=asked.settings)
    whole = impasto.read_image(result.save(tmp_path / "whole.png"))
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_stop_keeps_the_picture_so_far(studio, spec, whole, tmp_path):
    runs = studio()
    run = runs.add("", spec(**LONG))
    until(runs, run, begun)
    runs.stop("", run)
    view = until(runs, run, lambda view: view.status == "stopped")
    record = impasto.read_record(tmp_path / view.picture)
    assert 3 <= record["iterations"] == view.iteration < 100_000
    runs.stop("", run)  # again
    assert left(tmp_path) == []


def test_stop_of_a_paused_run_does_not_wait_for_the_one_at_work(studio, spec, tmp_path):
    runs = studio()
    paused = runs.add("", spec("paused", **LONG))
    until(runs, paused, begun)
    runs.pause("", paused)
    other = runs.add("", spec("other", **LONG))
    before = until(runs, other, begun).iteration
    runs.stop("", paused)
    view = until(runs, paused, lambda view: view.status == "stopped")
    assert view.picture == "paused.png" and (tmp_path / "paused.png").exists()
    until(runs, other, lambda view: view.status == "running" and view.iteration > before)


def test_stop_of_a_run_that_has_not_begun_just_ends_it(studio, spec, tmp_path):
    runs = studio(started=False)
    run = runs.add("", spec())
    runs.stop("", run)
    view = runs.view("", run)
    assert (view.status, view.picture) == ("stopped", None)
    assert left(tmp_path) == []


def test_a_dropped_run_leaves_nothing(studio, spec, tmp_path):
    runs = studio()
    at_work, waiting = runs.add("", spec(**LONG)), runs.add("", spec())
    until(runs, at_work, begun)
    runs.drop("", waiting)
    assert left(tmp_path) == [at_work]
    runs.drop("", at_work)
    assert runs.of("") == []
    after = runs.add("", spec("after"))
    until(runs, after, done)
    runs.drop("", after)
    assert left(tmp_path) == []
    assert [path.name for path in tmp_path.glob("*.png")] == ["after.png"]


def test_a_change_goes_on_from_the_picture_so_far(studio, spec, tmp_path):
    runs = studio()
    run = runs.add("", spec(**LONG))
    before = until(runs, run, lambda view: view.iteration >= 8)
    runs.change("", run, strength=1.6, iterations=20)
    changed = until(runs, run, lambda view: view.iterations < 100_000)
    assert changed.iteration >= before.iteration and changed.settings.strength == 1.6
    assert changed.iterations - 20 >= before.iteration
    view = until(runs, run, done)
    assert view.iteration == view.iterations == changed.iterations
    record = impasto.read_record(tmp_path / view.picture)
    assert record["settings"]["strength"] == 1.6 and record["iterations"] == view.iteration
    assert left(tmp_path) == []


def test_a_change_takes_the_scales_that_are_left(studio, spec):
    runs = studio()
    run = runs.add("", spec(size=96, scales=2, iterations=700))
    until(runs, run, lambda view: view.scale == 1 and view.iteration > 2)
    runs.change("", run, strength=0.7, iterations=14)
    view = until(runs, run, lambda view: view.iterations < 700)
    assert view.scales == 2
    runs.change("", run, iterations=700)
    until(runs, run, lambda view: view.scale == 2)
    runs.change("", run, strength=1.5, iterations=7)
    view = until(runs, run, done)
    assert (view.scale, view.scales, view.size) == (2, 2, (96, 96))


@pytest.mark.parametrize("color", ["keep", "luminance", "palette", "match"])
def test_changes_at_awkward_moments(studio, spec, color, tmp_path):
    runs = studio(started=False)
    run = runs.add("", spec(**LONG))
    runs.change("", run, color=color)  # before the worker is there
    runs.start([""])
    runs.change("", run, iterations=9_000)  # perhaps before the first step
    runs.pause("", run)
    runs.change("", run, iterations=8)
    runs.go_on("", run)
    runs.change("", run, strength=0.3)
    view = until(runs, run, done)
    assert view.settings.color == color and view.settings.strength == 0.3
    with pytest.raises(ImpastoError, match="has ended"):
        runs.change("", run, strength=1.0)


def test_strength_nought_and_back(studio, spec):
    runs = studio()
    run = runs.add("", spec(**LONG))
    until(runs, run, begun)
    runs.change("", run, strength=0.0)
    assert until(runs, run, done).settings.strength == 0


def test_a_bad_change_is_refused_and_the_run_goes_on(studio, spec, whole, tmp_path):
    runs = studio()
    run = runs.add("", spec())
    for change, words in (
        ({"strength": 7}, "strength"),
        ({"strenght": 1}, "no setting"),
        ({"masks": ("/etc/passwd",)}, "masks cannot change"),
        ({"init": "/etc/passwd"}, "init cannot change"),
        ({"weights": "x.h5"}, "weights cannot change"),
    ):
        with pytest.raises(SettingsError, match=words):
            runs.change("", run, **change)
    view = until(runs, run, done)
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_inputs_are_copies_and_masks_and_a_starting_picture_go_along(studio, spec, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    runs = studio()
    mask, start = source / "a#red.impasto", source / "start"
    made = spec()
    for path in (made.content, made.styles[0], made.content.with_name("mask.png")):
        (source / path.name).write_bytes(path.read_bytes())
    mask.write_bytes((source / "mask.png").read_bytes())
    start.write_bytes((source / "mask.png").read_bytes())
    settings = Settings(**TINY, masks=("all",), protect=str(mask), init=str(start))
    run = runs.add(
        "",
        JobSpec(source / "photo.png", (source / "wave.png",), settings, name="n"),
    )
    for path in source.iterdir():
        path.unlink()
    view = until(runs, run, done)
    record = impasto.read_record(tmp_path / view.picture)
    assert [entry["role"] for entry in record["inputs"]] == ["content", "style", "init", "protect"]


def test_what_cannot_be_read_is_said_at_once_or_fails_the_run(studio, spec, tmp_path):
    runs = studio()
    with pytest.raises(PictureError, match="no file"):
        runs.add("", JobSpec(tmp_path / "none.png", (tmp_path / "none.png",)))
    with pytest.raises(SettingsError, match="at least one"):
        runs.add("", JobSpec(tmp_path / "none.png", ()))
    assert left(tmp_path) == []
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    run = runs.add("", JobSpec(bad, (bad,), Settings(**TINY), name="bad"))
    other = runs.add("", spec())
    until(runs, other, done)
    view = runs.view("", run)
    assert view.status == "failed" and view.error.startswith("bad.png is damaged")
    assert str(tmp_path) not in view.error
    assert view.picture is None
    runs.drop("", run)
    assert left(tmp_path) == []


def test_a_change_that_cannot_be_is_told_and_another_mends_it(studio, spec, tmp_path):
    runs = studio()
    run = runs.add("", spec(**LONG))
    until(runs, run, begun)
    runs.change("", run, content_weight=1e38, style_weight=1e38, normalization="none")
    view = until(runs, run, lambda view: view.status == "failed")
    assert "not finite; lower content_weight" in view.error
    first = impasto.read_record(tmp_path / view.picture)  # the picture so far is kept
    assert 3 <= first["iterations"] < 100_000 and first["settings"]["style_weight"] == 1
    runs.change("", run, content_weight=0.15, style_weight=1.0, iterations=9)
    runs.change("", run, normalization="relative")
    runs.go_on("", run)
    view = until(runs, run, done)
    assert view.iterations - 9 >= first["iterations"] - 1
    assert view.picture == "photo_wave-2.png"


def test_a_run_too_large_for_the_memory_fails_and_a_change_mends_it(studio, spec):
    runs = studio()
    run = runs.add("", spec(size=8000, memory=1.5))
    view = until(runs, run, lambda view: view.status == "failed")
    assert view.picture is None and "memory" in view.error
    runs.change("", run, size=48)
    runs.go_on("", run)
    assert until(runs, run, done).size == (48, 48)


def test_a_full_disk_fails_the_run_which_can_be_tried_again(spec, whole, tmp_path):
    full = [True]

    def keep_if_there_is_room(folder, result, name):
        if full[0]:
            raise PictureError("cannot write: no space left; free some space")
        return keep(folder, result, name)

    runs = JobService(lambda user: tmp_path, keep_if_there_is_room)
    runs.start([""])
    try:
        run = runs.add("", spec())
        view = until(runs, run, lambda view: view.status == "failed")
        assert view.error == "cannot write: no space left; free some space"
        full[0] = False
        runs.go_on("", run)
        view = until(runs, run, done)
        np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)
        assert view.error == ""
    finally:
        runs.close()


def test_a_full_queue_tells_how_many_wait(studio, spec):
    runs = studio(("ada", "bob"), started=False, most_each=2, most=3)
    first, _ = runs.add("ada", spec()), runs.add("ada", spec())
    with pytest.raises(BusyError, match=r"2 of your jobs .* \(2 wait in all\)"):
        runs.add("ada", spec())
    runs.add("bob", spec())
    with pytest.raises(BusyError, match="3 jobs wait"):
        runs.add("bob", spec())
    runs.pause("ada", first)
    with pytest.raises(BusyError):  # it still has a place
        runs.add("ada", spec())
    runs.drop("ada", first)
    runs.add("ada", spec())


def test_many_people_at_once_are_served_or_told(studio, spec):
    users = [f"user{n}" for n in range(12)]
    runs = studio(users, started=False, most_each=2, most=15)
    got, told, wrong = [], [], []

    def ask(user):
        try:
            for _ in range(3):
                got.append((user, runs.add(user, spec(iterations=1))))
                runs.of(user)
        except BusyError as error:
            told.append(str(error))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(got) == 15 and told
    assert sorted(runs.view(user, run).place for user, run in got) == list(range(1, 16))
    runs.start(users)
    for user, run in got:
        until(runs, run, done, user)


def meddle(runs, run, seed, end, wrong):
    """Call a run's methods at random for a while, and note what should not have been raised."""
    rng = np.random.default_rng(seed)
    while time.monotonic() < end:
        try:
            rng.choice([runs.pause, runs.go_on, runs.view, runs.preview])("", run)
            runs.of("")
        except Exception as error:
            wrong += [] if "has ended" in str(error) else [error]
        time.sleep(0.01)


def use(runs, user, spec, seed, end, wrong):
    """Do at random what a user does, for a while, and note what should not have been raised."""
    rng = np.random.default_rng(seed)
    calls = [runs.pause, runs.go_on, runs.stop, runs.drop, runs.view, runs.preview]
    calls.append(lambda *one: runs.change(*one, strength=float(rng.choice([0.0, 0.4, 1.3]))))
    while time.monotonic() < end:
        try:
            views = runs.of(user)
            if len(views) < 3 or rng.random() < 0.1:
                runs.add(user, spec(f"{user}{seed}", iterations=int(rng.integers(0, 60))))
            if views:
                rng.choice(calls)(user, views[rng.integers(0, len(views))].id)
        except RunError:
            pass
        except Exception as error:
            wrong.append(error)
        time.sleep(float(rng.choice([0.0, 0.01, 0.1])))


def use_all(runs, users, spec, seconds, seed):
    """Let two threads for each user use the studio; what should not have been raised."""
    wrong, end = [], time.monotonic() + seconds
    threads = [
        threading.Thread(target=use, args=(runs, user, spec, seed + number, end, wrong))
        for number, user in enumerate(users * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def finish_all(runs, user):
    for view in runs.of(user):
        if view.status == "paused":
            runs.go_on(user, view.id)
    return [until(runs, view.id, over, user) for view in runs.of(user)]


@pytest.mark.parametrize("restarts", [0, 2])
def test_whatever_people_do_nothing_is_lost_or_left_behind(studio, spec, tmp_path, restarts):
    users = ["ada", "bob"]
    for turn in range(restarts):
        runs = studio(users)
        assert use_all(runs, users, spec, 2, 10 * turn) == []
        before = {view.id for user in users for view in runs.of(user) if not over(view)}
        runs.close()
        assert {name for user in users for name in left(tmp_path / user)} <= before
    runs = studio(users)
    assert use_all(runs, users, spec, 3, 100) == []
    for user in users:
        views = finish_all(runs, user)
        assert left(tmp_path / user) == []
        pictures = {path.name for path in (tmp_path / user).glob("*.png")}
        assert {view.picture for view in views if view.picture} <= pictures
        assert all(view.picture for view in views if view.status == "done")


def over(view):
    return view.status in ("done", "stopped")


def test_calls_of_many_threads_on_one_run_leave_it_whole(studio, spec, whole, tmp_path):
    runs = studio()
    run, end, wrong = runs.add("", spec()), time.monotonic() + 4, []
    threads = [
        threading.Thread(target=meddle, args=(runs, run, seed, end, wrong)) for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    if runs.view("", run).status == "paused":
        runs.go_on("", run)
    view = until(runs, run, done)
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_the_memory_of_finished_runs_is_bounded(studio, spec, tmp_path):
    runs = studio(("", "ada"), started=False)
    kept = runs.add("ada", spec())
    for _ in range(30):
        runs.stop("", runs.add("", spec()))
    assert len(runs.of("")) == 20
    assert [view.id for view in runs.of("ada")] == [kept]


def test_one_gallery_has_one_studio(studio, spec):
    studio()
    with pytest.raises(ModelError, match="another process"):
        studio()


def test_close_takes_no_more_runs(studio, spec):
    runs = studio()
    runs.close()
    with pytest.raises(BusyError, match="closing"):
        runs.add("", spec())
