"""Make the pictures of a batch on a Ray cluster; no other module names Ray."""

from __future__ import annotations

import os
import pickle
import secrets
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import BackendError, ImpastoError
from ..images.metadata import made_with
from ..images.temporary import temporary_name
from ..process import DEVICE_VARIABLE, threads_asked
from .attempt import Attempt, Form, IsInput, Work
from .cluster_address import AUTO, check_address
from .cluster_pool import Ended, Machine, Pool
from .cluster_worker import Order, Worker
from .output_paths import Task

_PASSED_ON = ("KERAS_BACKEND", DEVICE_VARIABLE, "IMPASTO_MEASURE", "IMPASTO_VGG19")
_STORE_BYTES = 256 << 20  # what tasks share; larger paintings spill to the disk
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def attempt_on_cluster(
    address: str, tasks: Sequence[Task], work: Work, form: Form, is_input: IsInput
) -> Generator[Attempt]:
    """Make the pictures of tasks on a cluster.

    Each GPU of the cluster, or each group of `--threads` cores, or else each machine, gets a
    process, which takes the next task when it has finished one. If a process ends,
    its task is repeated elsewhere. Machines that join later are used as well.

    Args:
        address: `auto` to start Ray on this machine, or the address of a cluster.
        tasks: The tasks.
        work: Makes the picture of a task.
        form: How results are written.
        is_input: Whether the path of a task's result is that of a photograph.

    Yields:
        The attempt of each task, as it is finished.

    Raises:
        BackendError: Ray is missing, the cluster does not answer, or a machine cannot be used.
        SettingsError: The address has another form.
        ImpastoError: Settings, weights, a model or the backend are wrong for all tasks.

    Example:
        >>> next(attempt_on_cluster("auto", tasks, work, Form(), is_input))  # doctest: +SKIP
    """
    if not tasks:
        return
    with ExitStack() as stack:
        ray = stack.enter_context(_connected(address))
        order = _order(tasks, work, form, stack)
        cluster = RayCluster(ray, order)
        pool = Pool(cluster, is_input)
        stack.callback(pool.stop)
        try:
            yield from pool.attempts(tasks)
        except ConnectionError as error:
            raise BackendError(
                f"the connection to the cluster at {address} is lost; repeat the command to "
                "continue with the rest"
            ) from error


class RayCluster:
    """The machines and processes of a cluster, for `cluster_pool.Pool`.

    Args:
        ray: The package, connected.
        order: Input of each process.
    """

    def __init__(self, ray: ModuleType, order: Order):
        self._ray = ray
        self._order = ray.put(order)
        self._threads = threads_asked()
        self._device = os.environ.get(DEVICE_VARIABLE, "")

    def machines(self) -> list[Machine]:
        """Return the machines that are up, with the processes each is to have."""
        return [
            Machine(node["NodeID"], node["NodeManagerHostname"], *shape)
            for node in self._ray.nodes()
            if node["Alive"] and (shape := self._shape(node["Resources"])) is not None
        ]

    def _shape(self, resources: dict[str, float]) -> tuple[int, int, bool] | None:
        """Return the number of processes, the threads of each, and whether it gets a GPU."""
        cores, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
        if gpus and self._device != "cpu":
            share = max(1, cores // gpus)
            return gpus, min(self._threads or share, share), True
        if not cores or self._device.startswith("cuda"):
            return None
        threads = min(self._threads or cores, cores)
        return cores // threads, threads, False

    def start(self, machine: Machine, mark: str) -> tuple[Any, Any]:
        """Start a process on a machine, and return it and the promise that it has started."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options = {
            "num_cpus": 0 if machine.gpu else machine.threads,
            "num_gpus": int(machine.gpu),
            "max_restarts": 0,
            "max_task_retries": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(machine.name, soft=False),
        }
        made = self._ray.remote(Worker).options(**options)
        process = made.remote(self._order, mark, machine.threads, machine.gpu)
        return process, process.start.remote()

    def send(self, process: Any, task: Task, is_input: bool) -> Any:
        """Send a task to a process, and return the promise of its attempt."""
        return process.attempt.remote(task, is_input)

    def finished(self, promises: Sequence[Any], seconds: float, count: int = 1) -> list[Any]:
        """Wait for some promises, at most so many seconds, and return those that are kept."""
        wait = partial(self._ray.wait, fetch_local=False)
        wait(promises, num_returns=min(count, len(promises)), timeout=seconds)
        kept: list[Any] = wait(promises, num_returns=len(promises), timeout=0)[0]
        return kept

    def answer(self, promise: Any) -> Attempt | ImpastoError | None:
        """Return what a process answered.

        Raises:
            Ended: The process or its machine has ended.
            BackendError: The machine has no Impasto.
        """
        errors = self._ray.exceptions
        try:
            answer: Attempt | ImpastoError | None = self._ray.get(promise)
        except errors.RayTaskError as error:
            raise error.cause or error from None
        except errors.RayError as error:
            text = str(error)
            if "ModuleNotFoundError" in text:
                raise BackendError(
                    "a machine of the cluster has no Impasto, or not all that it needs "
                    f"({_line_with('ModuleNotFoundError', text)}); install it on all machines"
                ) from error
            raise Ended(text.split("\n")[0]) from error
        return answer

    def end(self, process: Any) -> None:
        """End a process at once."""
        self._ray.kill(process, no_restart=True)


def _line_with(word: str, text: str) -> str:
    return next(line for line in text.splitlines() if word in line).strip()


@contextmanager
def _connected(address: str) -> Iterator[ModuleType]:
    """Connect to a cluster; a connection that this process has is used and kept."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    with ExitStack() as stack:
        if address == AUTO:
            stack.enter_context(_token_of_its_own())
        ray = _load_ray()
        if ray.is_initialized():
            yield ray
            return
        if address == AUTO:
            folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
            address = "local"
            quiet |= {"_temp_dir": stack.enter_context(folder), "include_dashboard": False}
            quiet |= {"object_store_memory": _STORE_BYTES}
        else:
            check_address(address)
        stack.callback(ray.shutdown)
        try:
            ray.init(address, **quiet)
        except Exception as error:  # of many kinds
            reason = str(error).split("\n")[0]
            raise BackendError(
                f"cannot use the cluster at {address}: {reason}; if it asks for a token, set "
                "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
            ) from error
        _keep_off_standard_output(ray)
        yield ray


@contextmanager
def _token_of_its_own() -> Iterator[None]:
    """Let only this process use the Ray that it starts; else Ray keeps a token in the home.

    Ray reads the variables when it is imported.
    """
    given = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    if "ray" in sys.modules or any(name.startswith("RAY_AUTH_") for name in os.environ):
        given = {}
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(name, None)


def _load_ray() -> ModuleType:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return import_module("ray")
    except ImportError as error:
        raise BackendError('--cluster needs Ray; run pip install "impasto[cluster]"') from error


def _keep_off_standard_output(ray: ModuleType) -> None:
    """Stop the thread that prints messages about ended processes to standard output."""
    try:
        worker = ray._private.worker.global_worker
        worker.threads_stopped.set()
        worker.gcs_error_subscriber.close()
    except AttributeError:  # a client, which has no such thread, or another version
        return


def _order(tasks: Sequence[Task], work: Work, form: Form, stack: ExitStack) -> Order:
    """Return the input of each process; the file in the results' folder is removed at the end."""
    folder = tasks[0].result.absolute().parent
    while not folder.exists():
        folder = folder.parent
    witness = folder / temporary_name()
    witness.touch()
    stack.callback(witness.unlink, missing_ok=True)
    relative = any(
        not (task.photograph.is_absolute() and task.result.is_absolute()) for task in tasks
    )
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    data = pickle.dumps(work)
    return Order(made_with(), data, form, Path.cwd(), relative, witness, environment)
