"""Jobs survive the end of their process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from tests.toy import SHALLOW

import impasto
from impasto.errors import ImpastoError
from impasto.images.files import free_path
from impasto.settings import Settings
from impasto.studio.jobs.job_file import ORDER, JobSpec, read_entry, write_entry
from impasto.studio.jobs.service import JobService

TINY = {"size": 48, "scales": 1, "iterations": 12, "tolerance": 0.0, **SHALLOW}
PATIENCE = 120  # seconds before a test fails
# Loads the jobs of a gallery, and prints their evaluations until all are done.
SERVER = """
import sys, time
from pathlib import Path
from impasto.process import tune_process

tune_process()  # before the framework is imported, which then takes half the time

from impasto.studio.jobs.service import JobService
from impasto.images.files import free_path

def main(gallery):
    def keep(folder, result, name):
        return result.save(free_path(folder / f"{name}.png"))
    jobs = JobService(lambda user: gallery, keep)
    jobs.start([""])
    while any(view.status in ("waiting", "running") for view in jobs.jobs_of("")):
        print(*[view.iteration for view in jobs.jobs_of("")], flush=True)
        time.sleep(0.01)
    jobs.close()

main(Path(sys.argv[1]))
"""


def keep(folder, result, name):
    return result.save(free_path(folder / f"{name}.png"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name in ("photo.png", "wave.png"):
        colors = rng.integers(0, 256, (6, 6, 3)).repeat(8, axis=0).repeat(8, axis=1)
        impasto.write_image(folder / name, (colors / 255).astype(np.float32))
    return folder


@pytest.fixture
def spec(pictures):
    def make(name="photo_wave", **settings):
        settings = Settings(**{**TINY, **settings})
        return JobSpec(pictures / "photo.png", (pictures / "wave.png",), settings, name=name)

    return make


@pytest.fixture
def studio(tmp_path):
    made = []

    def make(started=True):
        jobs = JobService(lambda user: tmp_path, keep)
        made.append(jobs)
        if started:
            jobs.start([""])
        return jobs

    yield make
    for jobs in made:
        jobs.close()


def until(jobs, job, wanted):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        view = jobs.view("", job)
        if wanted(view):
            return view
        time.sleep(0.005)
    raise AssertionError(f"timed out: {view}")


def done(view):
    return view.status == "done"


def left(folder):
    return sorted(path.name for path in (folder / ".studio/runs").iterdir() if path.is_dir())


def same(spec, path):
    """Return whether a picture equals the result of an uninterrupted job at 8 bits."""
    result = impasto.stylize(spec.content, spec.styles[0], settings=spec.settings)
    whole = result.save(path.with_name("whole.tmp.png"))
    equal = np.array_equal(impasto.read_image(path), impasto.read_image(whole))
    whole.unlink()
    return equal


def test_jobs_resume_in_order_after_a_restart(studio, spec, tmp_path):
    jobs = studio()
    asked = [spec(iterations=40), spec("b", seed=1), spec("c")]
    ids = [jobs.add("", one) for one in asked]
    until(jobs, ids[0], lambda view: view.iteration >= 3)
    jobs.pause("", ids[2])
    jobs.close()
    assert left(tmp_path) == sorted(ids)
    jobs = studio(started=False)
    jobs._open("")
    views = jobs.jobs_of("")
    assert [view.id for view in views] == ids[::-1]
    assert [view.status for view in views] == ["paused", "waiting", "waiting"]
    assert [view.place for view in views] == [0, 2, 1]
    assert views[2].iteration >= 3 and views[2].curve and views[2].version == 1
    assert jobs.preview("", ids[0]).startswith(b"\xff\xd8")
    jobs.start([""])
    until(jobs, ids[1], done)
    jobs.resume("", ids[2])
    until(jobs, ids[2], done)
    assert same(asked[0], tmp_path / "photo_wave.png")


# The second scale starts at evaluation 24 and has a checkpoint to resume from.
@pytest.mark.parametrize(
    "reaches", [(24, 32), pytest.param((3, 24, 28, 32), marks=pytest.mark.slow)], ids=str
)
def test_a_repeatedly_killed_job_gives_the_same_picture(studio, spec, tmp_path, reaches):
    asked = spec(size=96, scales=2, iterations=50)
    jobs = studio(started=False)
    jobs.add("", asked)
    jobs.add("", spec("second"))
    jobs.close()
    seen = []
    for reach in reaches:
        with server(tmp_path) as process:
            seen.append([])
            for line in process.stdout:
                seen[-1].append(int(line.split()[1]))
                if seen[-1][-1] >= reach:
                    break
            process.send_signal(signal.SIGKILL)
    assert [max(one) < 50 for one in seen] == [True] * len(reaches) and not list(
        tmp_path.glob("*.png")
    )
    begun = reaches.index(24) + 1
    assert all({*one} & {*range(1, 20)} == set() for one in seen[begun:])  # not repeated
    with server(tmp_path) as process:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert {path.name for path in tmp_path.glob("*.png")} == {"photo_wave.png", "second.png"}
    assert same(asked, tmp_path / "photo_wave.png")
    assert left(tmp_path) == []


def server(gallery):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, str(gallery)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_a_change_and_a_stop_survive_a_restart(studio, spec, tmp_path):
    jobs = studio()
    ids = [jobs.add("", spec(name, iterations=100_000)) for name in ("changed", "stopped")]
    for job in ids:
        until(jobs, job, lambda view: view.iteration >= 3)
        jobs.pause("", job)
    jobs.change("", ids[0], strength=0.6, iterations=9)
    until(jobs, ids[1], lambda view: jobs._queue.jobs[view.id].active is False)
    jobs.close()
    for job, state in zip(ids, ("go", "stop"), strict=True):  # as if requested just before the end
        folder = tmp_path / ".studio/runs" / job
        write_entry(folder, replace(read_entry(folder), state=state))
    jobs = studio()
    view = until(jobs, ids[1], lambda view: view.status == "stopped")
    assert view.picture == "stopped.png"
    view = until(jobs, ids[0], done)
    assert view.settings.strength == 0.6 and 9 < view.iterations < 100_000
    assert impasto.read_record(tmp_path / "changed.png")["settings"]["strength"] == 0.6


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"impasto-studio-run": 1}', b"\xff\xfe", None]
)
def test_a_damaged_job_file_fails_only_its_job(studio, spec, tmp_path, text):
    jobs = studio(started=False)
    bad, good = jobs.add("", spec("bad")), jobs.add("", spec("good"))
    jobs.close()
    path = tmp_path / ".studio/runs" / bad / ORDER
    if text is None:
        text = path.read_bytes().replace(b'"size": 48', b'"size": "\\u0000"')
    path.write_bytes(text)
    jobs = studio()
    until(jobs, good, done)
    view = jobs.view("", bad)
    assert view.status == "failed" and "order.json is damaged" in view.error
    assert "\n" not in view.error
    for call in (jobs.resume, lambda *one: jobs.change(*one, strength=1.0)):
        with pytest.raises(ImpastoError, match="damaged"):
            call("", bad)
    jobs.pause("", bad)
    jobs.stop("", bad)
    assert path.read_bytes() == text
    jobs.delete("", bad)
    assert left(tmp_path) == []


def test_a_job_file_of_a_newer_version_stays(studio, spec, tmp_path):
    jobs = studio(started=False)
    job = jobs.add("", spec())
    jobs.close()
    path = tmp_path / ".studio/runs" / job / ORDER
    path.write_bytes(path.read_bytes().replace(b'run": 1', b'run": 2'))
    jobs = studio()
    assert "newer Impasto" in jobs.view("", job).error
    assert left(tmp_path) == [job]


def test_a_job_with_a_damaged_checkpoint_restarts(studio, spec, tmp_path, caplog):
    jobs = studio()
    asked = spec(iterations=40)
    job = jobs.add("", asked)
    until(jobs, job, lambda view: view.iteration >= 3)
    jobs.close()
    state = tmp_path / ".studio/runs" / job / "run-1/state.safetensors"
    state.write_bytes(state.read_bytes()[:-100])
    (tmp_path / ".studio/runs" / job / "progress.json").write_bytes(b"{")
    jobs = studio()
    view = until(jobs, job, done)
    assert same(asked, tmp_path / view.picture)
    assert "a job restarts" in caplog.text


def test_incomplete_jobs_of_a_killed_process_are_removed(studio, spec, tmp_path):
    home = tmp_path / ".studio/runs"
    (home / "0123456789abcdef0123456789abcdef/inputs/1").mkdir(parents=True)
    (home / "mine").mkdir()
    (home / "fedcba9876543210fedcba9876543210").symlink_to(tmp_path)
    jobs = studio()
    assert jobs.jobs_of("") == []
    assert left(tmp_path) == ["fedcba9876543210fedcba9876543210", "mine"]


def test_a_job_that_repeatedly_crashes_fails(studio, spec, tmp_path):
    jobs = studio(started=False)
    job = jobs.add("", spec())
    jobs.close()
    folder = tmp_path / ".studio/runs" / job
    write_entry(folder, replace(read_entry(folder), tries=5))  # as after five killed processes
    jobs = studio()
    view = until(jobs, job, lambda view: view.status == "failed")
    assert "ended 5 times" in view.error
    jobs.resume("", job)
    until(jobs, job, done)


def test_a_failed_job_is_listed_after_a_restart(studio, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    jobs = studio()
    job = jobs.add("", JobSpec(bad, (bad,), Settings(**TINY), name="bad"))
    error = until(jobs, job, lambda view: view.status == "failed").error
    jobs.close()
    jobs = studio()
    view = jobs.view("", job)
    assert (view.status, view.error, view.name) == ("failed", error, "bad")
