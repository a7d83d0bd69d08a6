"""Batches on a Ray cluster of two processes on this machine."""

import errno
import importlib.util
import os
import secrets
import socket
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import psutil
import pytest
import skimage.data
from tests.toy import SHALLOW
from tests.workflows.cluster_work import Negative

import impasto
from impasto.cli.main import main
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style
from impasto.engines.network.trunk import make_network
from impasto.workflows import cluster, cluster_address, cluster_worker
from impasto.workflows import paint as paint_workflow
from impasto.workflows.attempt import Form
from impasto.workflows.batch import run_tasks
from impasto.workflows.cluster_pool import Ended, Machine, Pool
from impasto.workflows.output_paths import Task

if importlib.util.find_spec("ray") is None:
    pytest.skip('needs pip install "impasto[cluster]"', allow_module_level=True)

QUICK = impasto.Settings(size=48, iterations=3, scales=1, precision="float32", **SHALLOW)
TINY = Architecture((4, 4, 6, 8), blocks=1)
CHANGING = {"seconds", "made_at", "threads", "operators"}  # of a record, by process


@pytest.fixture(scope="module")
def cores():
    """A cluster of one machine with two cores; it is what `auto` finds in this process."""
    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("RAY_AUTH_MODE", "token")  # else Ray keeps a token in the home; read on import
    patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # of a short name, for its sockets
        ray.init(
            "local",
            num_cpus=2,
            object_store_memory=80 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            _temp_dir=folder,
        )
        yield
        ray.shutdown()
    patch.undo()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    Path("photos/deeper").mkdir(parents=True)
    astronaut = skimage.data.astronaut() / np.float32(255)
    for i, name in enumerate(("a.png", "b.png", "deeper/a.png")):
        impasto.write_image(f"photos/{name}", astronaut[60 * i : 60 * i + 60, 150:230])
    Path("photos/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    impasto.write_image("style.png", impasto.sample_style("woodcut", 64))
    return tmp_path


def statuses(outcomes):
    return [each.status for each in sorted(outcomes, key=lambda each: each.number)]


def assert_same_results(first, second):
    """Compare the pictures and records of two folders."""
    names = sorted(path.relative_to(first) for path in first.rglob("*.png"))
    assert names == sorted(path.relative_to(second) for path in second.rglob("*.png"))
    for name in names:
        one, other = (impasto.read_image(place / name) for place in (first, second))
        assert np.abs(one - other).max() < 1.5 / 255
        one, other = (dict(impasto.read_record(place / name)) for place in (first, second))
        losses = [record.pop("losses", {}) for record in (one, other)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-3)
        assert {k: one[k] for k in one.keys() - CHANGING} == {
            k: other[k] for k in other.keys() - CHANGING
        }


def test_pictures_records_and_failures_are_those_of_one_process(cores, folder):
    def run(to, **options):
        return list(impasto.stylize_all("photos", "style.png", to, QUICK, **options))

    alone, together = run("alone"), run("together", cluster="auto")
    assert statuses(alone) == statuses(together) == ["done", "done", "failed", "done"]
    (bad,) = (each for each in together if each.status == "failed")
    assert bad.photograph == Path("photos/broken.png") and "damaged or cut off" in bad.reason
    assert "Traceback" in bad.details and all(each.count == 4 for each in together)
    assert_same_results(folder / "alone", folder / "together")
    Path("together/b.png").unlink()
    assert statuses(run("together", cluster="auto")) == ["skipped", "done", "failed", "skipped"]


def test_paint_sends_its_network_and_skips_what_is_finished(cores, folder, monkeypatch, capsys):
    styles = {"photograph": neutral_style(TINY), "wave": neutral_style(TINY) * np.float32(1.5)}
    model = PaintingModel(TINY, tuple(make_network(TINY).get_weights()), styles)
    monkeypatch.setattr(paint_workflow, "shipped_model", lambda: model)
    Path("photos/broken.png").unlink()
    words = ["paint", "photos", "--style", "wave", "-o"]
    assert main([*words, "alone"]) == 0
    assert main([*words, "together", "--cluster", "auto"]) == 0
    out, err = capsys.readouterr()
    made = [line for line in out.splitlines() if line.startswith("together")]
    assert sorted(made) == [f"together/{name}_wave.png" for name in ("a", "b", "deeper/a")]
    assert err.count("3 done, 0 skipped, 0 failed") == 2
    assert_same_results(folder / "alone", folder / "together")
    assert main([*words, "together"]) == 0
    assert "0 done, 3 skipped" in capsys.readouterr().err
    assert main([*words, "together", "--strength", "0.5"]) == 1
    assert "with other settings (strength)" in capsys.readouterr().err


def test_pairs_are_made_and_noted_in_the_manifest(cores, folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # one process
    Path("photos/broken.png").unlink()

    def run(to, **options):
        return list(impasto.make_pairs("photos", "style.png", to, QUICK, **options))

    assert statuses(run("pairs", cluster="auto")) == ["done"] * 3
    assert statuses(run("pairs")) == ["skipped"] * 3


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "out").mkdir()
    found = []
    for number in range(1, 7):
        photograph = tmp_path / f"{number}.png"
        impasto.write_image(photograph, np.full((8, 8, 3), number / 10, np.float32))
        found.append(Task(photograph, tmp_path / f"out/{number}.png", number, 6))
    return found


def failures(outcomes):
    """Return which failed; a repeated task may find its picture finished, and be skipped."""
    assert len(outcomes) == 6
    return [each.number for each in outcomes if each.status == "failed"]


def negatives(tasks, **deeds):
    notes = tasks[0].photograph.parent
    numbers = {number: deed for deed, those in deeds.items() for number in those}
    return run_tasks(tasks, Negative(notes, numbers, os.getpid()), Form(), "auto")


def left_in(tasks):
    return sorted(path.name for path in tasks[0].result.parent.iterdir())


def processes(tasks):
    return [*map(int, (tasks[0].photograph.parent / "started").read_text().split())]


def test_the_tasks_of_killed_processes_are_repeated(cores, tasks):
    assert not failures(list(negatives(tasks, die_once=[1, 2, 5])))
    assert left_in(tasks) == [f"{number}.png" for number in range(1, 7)]
    for task in tasks:
        expected = np.full((8, 8, 3), 1 - task.number / 10)
        np.testing.assert_allclose(impasto.read_image(task.result), expected, atol=0.01)
    assert len(processes(tasks)) >= 3 + 1


def test_a_picture_that_kills_each_process_fails_alone(cores, tasks):
    outcomes = list(negatives(tasks, die=[3]))
    assert failures(outcomes) == [3]
    (failed,) = (each for each in outcomes if each.status == "failed")
    assert "ended 3 times" in failed.reason and "3.png" not in left_in(tasks)
    assert len(left_in(tasks)) == 5


def test_an_interrupt_ends_the_processes_and_leaves_nothing_half(cores, tasks):
    with pytest.raises(KeyboardInterrupt):
        list(negatives(tasks, interrupt=[4]))
    _, alive = psutil.wait_procs([*map(process, processes(tasks))], timeout=30)
    assert not alive
    assert set(left_in(tasks)) <= {f"{number}.png" for number in (1, 2, 3, 5, 6)}


def process(number):
    try:
        return psutil.Process(number)
    except psutil.NoSuchProcess:
        return psutil.Popen([sys.executable, "-c", ""])  # one that ends as well


def test_a_full_disk_ends_the_batch(cores, tasks):
    outcomes = list(negatives(tasks, fill_the_disk=[1]))
    assert outcomes[-1].status == "failed" and "no space" in outcomes[-1].reason
    assert statuses(outcomes[:-1]) == ["done"] * (len(outcomes) - 1) and len(outcomes) < 6


def test_what_is_wrong_for_all_ends_the_batch_and_names_the_machine(cores, tasks):
    with pytest.raises(impasto.WeightsError, match="there are no weights") as caught:
        list(negatives(tasks, lack_weights=[1]))
    assert f"machine {socket.gethostname()}" in caught.value.__notes__[0]


def test_a_machine_without_the_package_is_named(cores, tasks, monkeypatch):
    elsewhere = types.ModuleType("impasto_that_is_here_alone")
    base = (cluster_worker.Worker,)
    elsewhere.Worker = type("Worker", base, {"__module__": elsewhere.__name__})
    monkeypatch.setitem(sys.modules, elsewhere.__name__, elsewhere)
    monkeypatch.setattr(cluster, "Worker", elsewhere.Worker)
    with pytest.raises(impasto.BackendError, match="has no Impasto, or not all that it needs"):
        list(negatives(tasks))
    assert not left_in(tasks)


def test_without_ray_a_sentence_says_what_to_install(tasks, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(impasto.BackendError, match=r'pip install "impasto\[cluster\]"'):
        list(negatives(tasks))


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_without_a_cluster_is_named_in_time(monkeypatch, scheme):
    monkeypatch.setattr(cluster_address, "_LONGEST_WAIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"{scheme}127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(impasto.BackendError, match=f"no Ray cluster answers at {address}"):
            cluster_address.check_address(address)
    with pytest.raises(impasto.BackendError, match=os.strerror(errno.ECONNREFUSED)):
        cluster_address.check_address(address)


@pytest.mark.parametrize("address", ["", "here", "ray://host", "host:", "host:port", ":6379"])
def test_other_addresses_are_refused(address):
    with pytest.raises(impasto.SettingsError, match="--cluster must be auto"):
        cluster_address.check_address(address)


def test_one_photograph_needs_no_cluster(folder, capsys):
    assert main(["stylize", "photos/a.png", "style.png", "--cluster", "auto"]) == 2
    assert "--cluster is for several photographs" in capsys.readouterr().err


def order(tmp_path, **changes):
    witness = tmp_path / "witness"
    witness.touch()
    given = cluster_worker.Order(
        cluster_worker.made_with(), b"", Form(), Path.cwd(), True, witness, {}
    )
    return given._replace(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"made_with": "impasto 0.0.1"}, "expected impasto 0.0.1; install the same version"),
        ({"witness": Path("nowhere/witness")}, "does not see the folder nowhere"),
        ({"folder": Path("/nowhere")}, "does not see the folder /nowhere"),
    ],
)
def test_a_machine_that_does_not_fit_is_named(tmp_path, changes, words):
    error = cluster_worker.Worker(order(tmp_path, **changes), "0" * 8, 1, False).start()
    assert isinstance(error, impasto.BackendError) and words in str(error)


class Machines:
    """A cluster of two machines without processes; the first is lost with the first task."""

    def __init__(self, lost_for_ever=False):
        self.up = [Machine(name, name, 1, 1, False) for name in "ab"]
        self.asked, self.lost_for_ever = {}, lost_for_ever

    def machines(self):
        return self.up

    def start(self, machine, mark):
        return machine, self.promise(machine, None)

    def send(self, process, task, is_input):
        return self.promise(process, task)

    def promise(self, machine, task):
        promise = object()
        self.asked[promise] = machine, task
        return promise

    def finished(self, promises, seconds, count=1):
        return promises

    def answer(self, promise):
        machine, task = self.asked.pop(promise)
        if task is None:
            return None
        if machine.name == "a" or self.lost_for_ever:
            self.up = [each for each in self.up if each is not machine]
            raise Ended("the machine is lost")
        done = (task.photograph, task.result, "done", "", 0.1, task.number, task.count)
        return cluster_worker.Attempt(impasto.Outcome(*done))

    def end(self, process):
        pass


def test_the_tasks_of_a_lost_machine_go_to_another(tasks):
    attempts = list(Pool(Machines(), lambda task: False).attempts(tasks))
    assert statuses([each.outcome for each in attempts]) == ["done"] * 6


def test_without_any_machine_left_the_batch_ends(tasks):
    with pytest.raises(impasto.BackendError, match="no process of the cluster could paint"):
        list(Pool(Machines(lost_for_ever=True), lambda task: False).attempts(tasks))


@pytest.mark.parametrize(
    ("device", "threads", "resources", "shape"),
    [
        ("", "", {"CPU": 8.0}, (1, 8, False)),
        ("", "2", {"CPU": 9.0}, (4, 2, False)),
        ("", "16", {"CPU": 8.0}, (1, 8, False)),
        ("", "", {"CPU": 8.0, "GPU": 2.0}, (2, 4, True)),
        ("cpu", "", {"CPU": 8.0, "GPU": 2.0}, (1, 8, False)),
        ("cuda:1", "", {"CPU": 8.0}, None),
        ("", "", {"memory": 1.0}, None),
    ],
)
def test_each_gpu_or_group_of_cores_gets_a_process(monkeypatch, device, threads, resources, shape):
    monkeypatch.setenv("IMPASTO_DEVICE", device)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    here = types.SimpleNamespace(put=lambda order: order)
    assert cluster.RayCluster(here, None)._shape(resources) == shape
