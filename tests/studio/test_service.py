"""Job service: queue, pause, resume, stop, change, delete."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from tests.toy import SHALLOW

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

TINY = {"size": 48, "scales": 1, "iterations": 12, "tolerance": 0.0, **SHALLOW}
LONG = {**TINY, "iterations": 100_000}
PATIENCE = 120  # seconds before a test fails


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
    """Result of an uninterrupted job with `TINY`."""
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
    """Create job services on one gallery, and close them."""
    made = []

    def make(users=("",), started=True, **limits):
        jobs = JobService(lambda user: tmp_path / user if user else tmp_path, keep, **limits)
        made.append(jobs)
        if started:
            jobs.start(users)
        return jobs

    yield make
    for jobs in made:
        jobs.close()


def until(jobs, job, wanted, user=""):
    """Wait until the status of a job meets a condition, and return it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        view = jobs.view(user, job)
        if wanted(view):
            return view
        assert view.status != "failed" or "failed" in wanted.__code__.co_consts, view.error
        time.sleep(0.005)
    raise AssertionError(f"timed out: {view}")


def done(view):
    return view.status == "done"


def begun(view):
    return view.status == "running" and view.iteration >= 3


def left(folder):
    """Return the folders of jobs on disk."""
    return sorted(path.name for path in (folder / ".studio/runs").iterdir() if path.is_dir())


def test_a_job_equals_stylize(studio, spec, whole, tmp_path):
    jobs = studio()
    job = jobs.add("", spec())
    view = until(jobs, job, done)
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
    assert jobs.preview("", job).startswith(b"\xff\xd8")
    assert left(tmp_path) == []


def test_waiting_jobs_report_their_place_over_all_users(studio, spec, tmp_path):
    jobs = studio(("ada", "bob"))
    first = jobs.add("ada", spec(iterations=100_000))
    until(jobs, first, begun, "ada")
    second, third = jobs.add("bob", spec("b")), jobs.add("ada", spec("c"))
    assert [jobs.view("bob", second).place, jobs.view("ada", third).place] == [1, 2]
    assert jobs.view("bob", second).waiting == 2
    assert jobs.view("ada", first).place == 0
    assert [view.id for view in jobs.jobs_of("ada")] == [third, first]
    assert [view.id for view in jobs.jobs_of("bob")] == [second]
    jobs.stop("ada", first)
    for user, job in (("ada", third), ("bob", second)):
        until(jobs, job, done, user)
    assert jobs.view("ada", first).status == "stopped"
    assert (tmp_path / "ada/photo_wave.png").exists() and (tmp_path / "ada/c.png").exists()
    assert (tmp_path / "bob/b.png").exists()


def test_users_take_turns(studio, spec, tmp_path):
    jobs = studio(("ada", "bob", "eva"))
    first = jobs.add("ada", spec("first", **LONG))
    until(jobs, first, begun, "ada")
    asked = [("ada", "a2"), ("ada", "a3"), ("bob", "b1"), ("eva", "e1"), ("bob", "b2")]
    made = [(user, jobs.add(user, spec(name))) for user, name in asked]
    assert [jobs.view(*one).place for one in made] == [3, 5, 1, 2, 4]
    jobs.stop("ada", first)
    for user, job in made:
        until(jobs, job, done, user)
    files = [tmp_path / user / f"{name}.png" for user, name in asked]
    names = [path.stem for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]
    assert names == ["b1", "e1", "a2", "b2", "a3"]


def test_a_job_interrupted_to_stop_another_runs_next(studio, spec):
    jobs = studio(("ada", "bob"))
    paused = jobs.add("bob", spec("paused", **LONG))
    until(jobs, paused, begun, "bob")
    jobs.pause("bob", paused)
    running = jobs.add("ada", spec("at work", **LONG))
    until(jobs, running, begun, "ada")
    waiting = jobs.add("bob", spec("waiting"))
    jobs.stop("bob", paused)
    until(jobs, paused, lambda view: view.status == "stopped", "bob")
    view = until(jobs, running, begun, "ada")
    until(jobs, running, lambda now: now.iteration > view.iteration, "ada")
    assert jobs.view("bob", waiting).place == 1


def test_a_waiting_job_with_a_picture_can_be_stopped(studio, spec, tmp_path):
    jobs = studio()
    first = jobs.add("", spec("first", **LONG))
    assert until(jobs, first, begun).begun
    jobs.pause("", first)
    second = jobs.add("", spec("second", **LONG))
    until(jobs, second, begun)
    third = jobs.add("", spec("third"))
    jobs.resume("", first)
    view = jobs.view("", first)
    assert (view.status, view.begun) == ("waiting", True)
    assert not jobs.view("", third).begun
    jobs.stop("", first)
    view = until(jobs, first, lambda view: view.status == "stopped")
    assert (view.picture, view.begun) == ("first.png", True)
    assert (tmp_path / "first.png").exists()


@pytest.fixture
def held(tmp_path):
    """A job service that waits for `release` before it keeps results."""
    arrived, release = threading.Event(), threading.Event()

    def keep_later(folder, result, name):
        arrived.set()
        assert release.wait(PATIENCE)
        return keep(folder, result, name)

    jobs = JobService(lambda user: tmp_path, keep_later)
    jobs.start([""])
    yield jobs, arrived, release
    release.set()
    jobs.close()


def test_a_finishing_job_cannot_change(held, spec):
    jobs, arrived, release = held
    job = jobs.add("", spec())
    assert arrived.wait(PATIENCE)
    with pytest.raises(RunError, match="has ended"):
        jobs.change("", job, strength=0.4)
    jobs.pause("", job)
    jobs.stop("", job)
    assert jobs.view("", job).status == "running"
    release.set()
    view = until(jobs, job, done)
    assert view.settings.strength == 1


def test_a_stopping_job_neither_resumes_nor_changes(held, spec, tmp_path):
    jobs, arrived, release = held
    paused = jobs.add("", spec("paused", **LONG))
    until(jobs, paused, begun)
    jobs.pause("", paused)
    jobs.add("", spec("other"))
    assert arrived.wait(PATIENCE)
    jobs.stop("", paused)  # takes effect when the other job is kept
    for call in (jobs.resume, lambda *one: jobs.change(*one, strength=0.4)):
        with pytest.raises(RunError, match="has ended"):
            call("", paused)
    jobs.pause("", paused)
    release.set()
    view = until(jobs, paused, lambda view: view.status == "stopped")
    assert view.picture == "paused.png" and view.settings.strength == 1


def test_a_change_just_before_the_end_applies(studio, spec):
    jobs = studio(started=False)
    job = jobs.add("", spec())
    queue = jobs._queue
    found = queue.find("", job)
    jobs.change("", job, strength=0.4)  # after the worker's last check
    with queue.changed:
        assert queue.last_reason(found) == "change" and not found.finishing
        queue.alter(found, stage=replace(found.entry.stage, asked=found.entry.spec.settings))
        assert queue.last_reason(found) == "done" and found.finishing


def test_a_job_of_another_user_looks_missing(studio, spec):
    jobs = studio(("ada", "bob"), started=False)
    job = jobs.add("ada", spec())
    messages = set()
    calls = (jobs.view, jobs.preview, jobs.pause, jobs.resume, jobs.stop, jobs.delete, jobs.change)
    for call in calls:
        for name in (job, "0" * 32, "", "../..", job[:-1]):
            with pytest.raises(ImpastoError, match="no such job") as error:
                call("bob", name)
            messages.add(str(error.value))
    assert len(messages) == 1
    assert jobs.view("ada", job).status == "waiting"
    assert jobs.jobs_of("bob") == []


def test_a_paused_job_yields_and_resumes_bit_for_bit(studio, spec, whole, tmp_path):
    jobs = studio()
    first = jobs.add("", spec("first"))
    until(jobs, first, begun)
    jobs.pause("", first)
    assert jobs.view("", first).status == "paused"
    second = jobs.add("", spec("second", seed=1))
    until(jobs, second, done)
    assert jobs.view("", first).status == "paused"
    assert jobs.preview("", first) is not None
    jobs.resume("", first)
    view = until(jobs, first, done)
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_a_job_can_be_paused_and_resumed_at_any_time(studio, spec, tmp_path):
    jobs, asked = studio(started=False), spec(iterations=40)
    job = jobs.add("", asked)
    jobs.pause("", job)  # before the worker starts
    jobs.start([""])
    assert jobs.view("", job).status == "paused"
    for wait, steps in ((0, 0), (0, 0), (0.01, 0), (0, 1), (0, 2), (0, 2)):
        jobs.resume("", job)
        time.sleep(wait)  # perhaps before the first step
        reached = jobs.view("", job).iteration + steps
        until(jobs, job, lambda view, reached=reached: view.iteration >= reached)
        jobs.pause("", job)
        jobs.pause("", job)
    jobs.resume("", job)
    jobs.resume("", job)
    view = until(jobs, job, done)
    jobs.pause("", job)
    assert jobs.view("", job).status == "done"
    with pytest.raises(ImpastoError, match="has ended"):
        jobs.resume("", job)
    result = impasto.stylize(asked.content, asked.styles[0], settings=asked.settings)
    whole = impasto.read_image(result.save(tmp_path / "whole.png"))
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_stop_keeps_the_current_picture(studio, spec, whole, tmp_path):
    jobs = studio()
    job = jobs.add("", spec(**LONG))
    until(jobs, job, begun)
    jobs.stop("", job)
    view = until(jobs, job, lambda view: view.status == "stopped")
    record = impasto.read_record(tmp_path / view.picture)
    assert 3 <= record["iterations"] == view.iteration < 100_000
    jobs.stop("", job)  # again
    assert left(tmp_path) == []


def test_stop_of_a_paused_job_does_not_wait_for_the_running_one(studio, spec, tmp_path):
    jobs = studio()
    paused = jobs.add("", spec("paused", **LONG))
    until(jobs, paused, begun)
    jobs.pause("", paused)
    other = jobs.add("", spec("other", **LONG))
    before = until(jobs, other, begun).iteration
    jobs.stop("", paused)
    view = until(jobs, paused, lambda view: view.status == "stopped")
    assert view.picture == "paused.png" and (tmp_path / "paused.png").exists()
    until(jobs, other, lambda view: view.status == "running" and view.iteration > before)


def test_stop_of_a_job_that_has_not_started_ends_it(studio, spec, tmp_path):
    jobs = studio(started=False)
    job = jobs.add("", spec())
    jobs.stop("", job)
    view = jobs.view("", job)
    assert (view.status, view.picture) == ("stopped", None)
    assert left(tmp_path) == []


def test_a_deleted_job_leaves_nothing(studio, spec, tmp_path):
    jobs = studio()
    running, waiting = jobs.add("", spec(**LONG)), jobs.add("", spec())
    until(jobs, running, begun)
    jobs.delete("", waiting)
    assert left(tmp_path) == [running]
    jobs.delete("", running)
    assert jobs.jobs_of("") == []
    after = jobs.add("", spec("after"))
    until(jobs, after, done)
    jobs.delete("", after)
    assert left(tmp_path) == []
    assert [path.name for path in tmp_path.glob("*.png")] == ["after.png"]


def test_a_change_continues_from_the_current_picture(studio, spec, tmp_path):
    jobs = studio()
    job = jobs.add("", spec(**LONG))
    before = until(jobs, job, lambda view: view.iteration >= 8)
    jobs.change("", job, strength=1.6, iterations=20)
    changed = until(jobs, job, lambda view: view.iterations < 100_000)
    assert changed.iteration >= before.iteration and changed.settings.strength == 1.6
    assert changed.iterations - 20 >= before.iteration
    view = until(jobs, job, done)
    assert view.iteration == view.iterations == changed.iterations
    record = impasto.read_record(tmp_path / view.picture)
    assert record["settings"]["strength"] == 1.6 and record["iterations"] == view.iteration
    assert left(tmp_path) == []


def test_a_change_uses_the_remaining_scales(studio, spec):
    jobs = studio()
    job = jobs.add("", spec(size=96, scales=2, iterations=700))
    until(jobs, job, lambda view: view.scale == 1 and view.iteration > 2)
    jobs.change("", job, strength=0.7, iterations=14)
    view = until(jobs, job, lambda view: view.iterations < 700)
    assert view.scales == 2
    jobs.change("", job, iterations=120)
    until(jobs, job, lambda view: view.scale == 2)
    jobs.change("", job, strength=1.5, iterations=7)
    view = until(jobs, job, done)
    assert (view.scale, view.scales, view.size) == (2, 2, (96, 96))


@pytest.mark.parametrize("color", ["keep", "luminance", "palette", "match"])
def test_changes_at_any_time(studio, spec, color, tmp_path):
    jobs = studio(started=False)
    job = jobs.add("", spec(**LONG))
    jobs.change("", job, color=color)  # before the worker starts
    jobs.start([""])
    jobs.change("", job, iterations=9_000)  # perhaps before the first step
    jobs.pause("", job)
    jobs.change("", job, iterations=8)
    jobs.resume("", job)
    jobs.change("", job, strength=0.3)
    view = until(jobs, job, done)
    assert view.settings.color == color and view.settings.strength == 0.3
    with pytest.raises(ImpastoError, match="has ended"):
        jobs.change("", job, strength=1.0)


def test_strength_can_change_to_zero(studio, spec):
    jobs = studio()
    job = jobs.add("", spec(**LONG))
    until(jobs, job, begun)
    jobs.change("", job, strength=0.0)
    assert until(jobs, job, done).settings.strength == 0


def test_an_invalid_change_is_refused_and_the_job_continues(studio, spec, whole, tmp_path):
    jobs = studio()
    job = jobs.add("", spec())
    for change, words in (
        ({"strength": 7}, "strength"),
        ({"strenght": 1}, "no setting"),
        ({"masks": ("/etc/passwd",)}, "masks cannot change"),
        ({"init": "/etc/passwd"}, "init cannot change"),
        ({"weights": "x.h5"}, "weights cannot change"),
    ):
        with pytest.raises(SettingsError, match=words):
            jobs.change("", job, **change)
    view = until(jobs, job, done)
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_all_inputs_are_copied(studio, spec, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    jobs = studio()
    mask, start = source / "a#red.impasto", source / "start"
    made = spec()
    for path in (made.content, made.styles[0], made.content.with_name("mask.png")):
        (source / path.name).write_bytes(path.read_bytes())
    mask.write_bytes((source / "mask.png").read_bytes())
    start.write_bytes((source / "mask.png").read_bytes())
    settings = Settings(**TINY, masks=("all",), protect=str(mask), init=str(start))
    job = jobs.add(
        "",
        JobSpec(source / "photo.png", (source / "wave.png",), settings, name="n"),
    )
    for path in source.iterdir():
        path.unlink()
    view = until(jobs, job, done)
    record = impasto.read_record(tmp_path / view.picture)
    assert [entry["role"] for entry in record["inputs"]] == ["content", "style", "init", "protect"]


def test_unreadable_inputs_are_refused_or_fail_the_job(studio, spec, tmp_path):
    jobs = studio()
    with pytest.raises(PictureError, match="no file"):
        jobs.add("", JobSpec(tmp_path / "none.png", (tmp_path / "none.png",)))
    with pytest.raises(SettingsError, match="at least one"):
        jobs.add("", JobSpec(tmp_path / "none.png", ()))
    assert left(tmp_path) == []
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    job = jobs.add("", JobSpec(bad, (bad,), Settings(**TINY), name="bad"))
    other = jobs.add("", spec())
    until(jobs, other, done)
    view = jobs.view("", job)
    assert view.status == "failed" and view.error.startswith("bad.png is damaged")
    assert str(tmp_path) not in view.error
    assert view.picture is None
    jobs.delete("", job)
    assert left(tmp_path) == []


def test_a_job_that_fails_after_a_change_can_be_changed_and_resumed(studio, spec, tmp_path):
    jobs = studio()
    job = jobs.add("", spec(**LONG))
    until(jobs, job, begun)
    jobs.change("", job, content_weight=1e38, style_weight=1e38, normalization="none")
    view = until(jobs, job, lambda view: view.status == "failed")
    assert "not finite; lower content_weight" in view.error
    first = impasto.read_record(tmp_path / view.picture)  # the current picture is kept
    assert 3 <= first["iterations"] < 100_000 and first["settings"]["style_weight"] == 1
    jobs.change("", job, content_weight=0.15, style_weight=1.0, iterations=9)
    jobs.change("", job, normalization="relative")
    jobs.resume("", job)
    view = until(jobs, job, done)
    assert view.iterations - 9 >= first["iterations"] - 1
    assert view.picture == "photo_wave-2.png"


def test_a_job_too_large_for_memory_can_be_changed_and_resumed(studio, spec):
    jobs = studio()
    job = jobs.add("", spec(size=8000, memory=1.5))
    view = until(jobs, job, lambda view: view.status == "failed")
    assert view.picture is None and "memory" in view.error
    jobs.change("", job, size=48)
    jobs.resume("", job)
    assert until(jobs, job, done).size == (48, 48)


def test_a_job_that_fails_on_a_full_disk_can_be_retried(spec, whole, tmp_path):
    full = [True]

    def keep_if_there_is_room(folder, result, name):
        if full[0]:
            raise PictureError("cannot write: no space left; free some space")
        return keep(folder, result, name)

    jobs = JobService(lambda user: tmp_path, keep_if_there_is_room)
    jobs.start([""])
    try:
        job = jobs.add("", spec())
        view = until(jobs, job, lambda view: view.status == "failed")
        assert view.error == "cannot write: no space left; free some space"
        full[0] = False
        jobs.resume("", job)
        view = until(jobs, job, done)
        np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)
        assert view.error == ""
    finally:
        jobs.close()


def test_a_full_queue_reports_the_number_of_waiting_jobs(studio, spec):
    jobs = studio(("ada", "bob"), started=False, most_each=2, most=3)
    first, _ = jobs.add("ada", spec()), jobs.add("ada", spec())
    with pytest.raises(BusyError, match=r"you have 2 unfinished jobs.* \(2 wait in all\)"):
        jobs.add("ada", spec())
    jobs.add("bob", spec())
    with pytest.raises(BusyError, match="3 jobs wait"):
        jobs.add("bob", spec())
    jobs.pause("ada", first)
    with pytest.raises(BusyError):  # paused jobs count
        jobs.add("ada", spec())
    jobs.delete("ada", first)
    jobs.add("ada", spec())


def test_many_concurrent_users_are_served_or_refused(studio, spec):
    users = [f"user{n}" for n in range(12)]
    jobs = studio(users, started=False, most_each=2, most=15)
    added, refused, wrong = [], [], []

    def ask(user):
        try:
            for _ in range(3):
                added.append((user, jobs.add(user, spec(iterations=1))))
                jobs.jobs_of(user)
        except BusyError as error:
            refused.append(str(error))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(added) == 15 and refused
    assert sorted(jobs.view(user, job).place for user, job in added) == list(range(1, 16))
    jobs.start(users)
    for user, job in added:
        until(jobs, job, done, user)


def call_at_random(jobs, job, seed, end, wrong):
    """Call methods of a job at random for a while, and collect unexpected errors."""
    rng = np.random.default_rng(seed)
    while time.monotonic() < end:
        try:
            rng.choice([jobs.pause, jobs.resume, jobs.view, jobs.preview])("", job)
            jobs.jobs_of("")
        except Exception as error:
            wrong += [] if "has ended" in str(error) else [error]
        time.sleep(0.01)


def use(jobs, user, spec, seed, end, wrong):
    """Use the service at random for a while, and collect unexpected errors."""
    rng = np.random.default_rng(seed)
    calls = [jobs.pause, jobs.resume, jobs.stop, jobs.delete, jobs.view, jobs.preview]
    calls.append(lambda *one: jobs.change(*one, strength=float(rng.choice([0.0, 0.4, 1.3]))))
    while time.monotonic() < end:
        try:
            views = jobs.jobs_of(user)
            if len(views) < 3 or rng.random() < 0.1:
                jobs.add(user, spec(f"{user}{seed}", iterations=int(rng.integers(0, 60))))
            if views:
                rng.choice(calls)(user, views[rng.integers(0, len(views))].id)
        except RunError:
            pass
        except Exception as error:
            wrong.append(error)
        time.sleep(float(rng.choice([0.0, 0.01, 0.1])))


def use_all(jobs, users, spec, seconds, seed):
    """Run `use` in two threads for each user; return unexpected errors."""
    wrong, end = [], time.monotonic() + seconds
    threads = [
        threading.Thread(target=use, args=(jobs, user, spec, seed + number, end, wrong))
        for number, user in enumerate(users * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def finish_all(jobs, user):
    for view in jobs.jobs_of(user):
        if view.status == "paused":
            jobs.resume(user, view.id)
    return [until(jobs, view.id, over, user) for view in jobs.jobs_of(user)]


@pytest.mark.parametrize("restarts", [0, 2])
def test_random_use_loses_nothing_and_leaves_nothing(studio, spec, tmp_path, restarts):
    users = ["ada", "bob"]
    for turn in range(restarts):
        jobs = studio(users)
        assert use_all(jobs, users, spec, 2, 10 * turn) == []
        before = {view.id for user in users for view in jobs.jobs_of(user) if not over(view)}
        jobs.close()
        assert {name for user in users for name in left(tmp_path / user)} <= before
    jobs = studio(users)
    assert use_all(jobs, users, spec, 3, 100) == []
    for user in users:
        views = finish_all(jobs, user)
        assert left(tmp_path / user) == []
        pictures = {path.name for path in (tmp_path / user).glob("*.png")}
        assert {view.picture for view in views if view.picture} <= pictures
        assert all(view.picture for view in views if view.status == "done")


def over(view):
    return view.status in ("done", "stopped")


def test_concurrent_calls_on_one_job_are_safe(studio, spec, whole, tmp_path):
    jobs = studio()
    job, end, wrong = jobs.add("", spec()), time.monotonic() + 4, []
    threads = [
        threading.Thread(target=call_at_random, args=(jobs, job, seed, end, wrong))
        for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    if jobs.view("", job).status == "paused":
        jobs.resume("", job)
    view = until(jobs, job, done)
    np.testing.assert_array_equal(impasto.read_image(tmp_path / view.picture), whole)


def test_the_number_of_finished_jobs_is_bounded(studio, spec, tmp_path):
    jobs = studio(("", "ada"), started=False)
    kept = jobs.add("ada", spec())
    for _ in range(30):
        jobs.stop("", jobs.add("", spec()))
    assert len(jobs.jobs_of("")) == 20
    assert [view.id for view in jobs.jobs_of("ada")] == [kept]


def test_one_gallery_has_one_studio(studio, spec):
    studio()
    with pytest.raises(ModelError, match="another process"):
        studio()


def test_a_closed_service_accepts_no_jobs(studio, spec):
    jobs = studio()
    jobs.close()
    with pytest.raises(BusyError, match="closing"):
        jobs.add("", spec())
