"""Share tasks among the processes of a cluster, and repeat those of processes that end."""

from __future__ import annotations

import secrets
import time
import traceback
import warnings
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ..errors import BackendError, ImpastoError
from ..images.temporary import remove_marked
from .attempt import Attempt, IsInput, Outcome
from .output_paths import Task

_AT_A_PROCESS = 2  # tasks: one at work, and one that waits, so that the process never does
_MOST_TRIES = 3  # of a task whose process ends
_MOST_LOSSES = 6  # processes of a machine that end one after the other without a picture
_LOOK_AGAIN = 10.0  # seconds between looks for machines that have joined
_LONGEST_ENDING = 5.0  # seconds to wait for the end of processes
_PATIENCE = 60.0  # seconds without any process, until a warning


class Ended(Exception):
    """A process of the cluster has ended."""


class Machine(NamedTuple):
    """A machine of a cluster.

    Attributes:
        name: Its name for the cluster.
        host: Its name for people.
        processes: Number of processes it is to have.
        threads: CPU threads of each.
        gpu: Whether each has a GPU of its own.
    """

    name: str
    host: str
    processes: int
    threads: int
    gpu: bool


class Cluster(Protocol):
    """What the pool needs of a cluster; see `cluster.RayCluster`."""

    def machines(self) -> list[Machine]: ...  # noqa: D102
    def start(self, machine: Machine, mark: str) -> tuple[Any, Any]: ...  # noqa: D102
    def send(self, process: Any, task: Task, is_input: bool) -> Any: ...  # noqa: D102
    def finished(  # noqa: D102
        self, promises: Sequence[Any], seconds: float, count: int = 1
    ) -> list[Any]: ...
    def answer(self, promise: Any) -> Attempt | ImpastoError | None: ...  # noqa: D102
    def end(self, process: Any) -> None: ...  # noqa: D102


@dataclass(eq=False)
class _Process:
    """A process: its handle, its machine, the mark of its files, and the tasks sent to it."""

    handle: Any
    machine: Machine
    mark: str
    started: bool = False
    sent: dict[Any, Task] = field(default_factory=dict)  # by promise, in order


class Pool:
    """The processes of a cluster and the tasks among them.

    Args:
        cluster: The cluster.
        is_input: Whether the path of a task's result is that of a photograph.
    """

    def __init__(self, cluster: Cluster, is_input: IsInput):
        self._cluster, self._is_input = cluster, is_input
        self._processes: list[_Process] = []
        self._of: dict[Any, _Process] = {}  # the process of each promise
        self._known: set[str] = set()  # machines
        self._losses, self._tries = Counter[str](), Counter[int]()
        self._repeated: deque[Task] = deque()
        self._looked, self._last_words = -_LOOK_AGAIN, ""

    def attempts(self, tasks: Sequence[Task]) -> Iterator[Attempt]:
        """Yield the attempt of each task, as it is finished; see `cluster.attempt_on_cluster`."""
        left = deque(tasks)
        began, warned = time.monotonic(), False
        while left or self._repeated or any(process.sent for process in self._processes):
            self._look_for_machines()
            if not self._processes:
                raise BackendError(f"no process of the cluster could paint{self._last_words}")
            self._send(left)
            kept = self._cluster.finished(list(self._of), _LOOK_AGAIN)
            for promise in kept:
                yield from self._receive(promise)
            ready = any(process.started for process in self._processes)
            if not (ready or warned) and time.monotonic() - began > _PATIENCE:
                warned = True
                warnings.warn("no process of the cluster has started yet", stacklevel=2)

    def stop(self) -> None:
        """End all processes, and remove what they were writing."""
        for process in self._processes:
            with suppress(Exception):  # the cluster may be gone
                self._cluster.end(process.handle)
        with suppress(Exception):
            if self._of:
                self._cluster.finished(list(self._of), _LONGEST_ENDING, len(self._of))
        for process in self._processes:
            _clean_up(process, list(process.sent.values()))
        self._processes.clear()
        self._of.clear()

    def _look_for_machines(self) -> None:
        """Start processes on machines that are new."""
        if time.monotonic() - self._looked < _LOOK_AGAIN:
            return
        for machine in self._cluster.machines():
            if machine.name not in self._known:
                self._known.add(machine.name)
                for _ in range(machine.processes):
                    self._start(machine)
        self._looked = time.monotonic()

    def _start(self, machine: Machine) -> None:
        mark = secrets.token_hex(4)
        handle, promise = self._cluster.start(machine, mark)
        process = _Process(handle, machine, mark)
        self._processes.append(process)
        self._of[promise] = process

    def _send(self, left: deque[Task]) -> None:
        """Send tasks to the processes that have fewest; near the end, none is to wait for one."""
        ready = [process for process in self._processes if process.started]
        for depth in range(_AT_A_PROCESS):
            for process in ready:
                tasks = self._repeated or left
                if not tasks or (depth and len(tasks) <= len(ready)):
                    return
                if len(process.sent) <= depth:
                    task = tasks.popleft()
                    is_input = self._is_input(task)
                    promise = self._cluster.send(process.handle, task, is_input)
                    process.sent[promise] = task
                    self._of[promise] = process

    def _receive(self, promise: Any) -> Iterator[Attempt]:
        """Yield the attempt that a promise stands for, if it is one."""
        process = self._of.pop(promise, None)
        if process is None:  # of a process that has ended
            return
        task = process.sent.pop(promise, None)
        try:
            answer = self._cluster.answer(promise)
        except Ended as error:
            yield from self._lose(process, task, error)
            return
        if isinstance(answer, ImpastoError):
            raise answer
        if answer is None:
            process.started = True
            return
        self._losses[process.machine.name] = 0
        yield answer

    def _lose(self, process: _Process, at_work: Task | None, error: Ended) -> Iterator[Attempt]:
        """Repeat the tasks of a process that has ended, and start another in its place.

        Args:
            process: The process.
            at_work: The task that it was at; None if it had not started.
            error: Why it ended.

        Yields:
            The failure of a task that has ended too many processes.
        """
        waiting = list(process.sent.values())
        _clean_up(process, [*waiting, *([at_work] if at_work else [])])
        self._of = {promise: of for promise, of in self._of.items() if of is not process}
        self._processes.remove(process)
        with suppress(Exception):  # it may only be out of reach
            self._cluster.end(process.handle)
        self._repeated.extendleft(reversed(waiting))
        machine, self._last_words = process.machine, f"; the last one ended: {error}"
        self._losses[machine.name] += 1
        up = {each.name for each in self._cluster.machines()}
        if machine.name not in up:
            self._known.discard(machine.name)
        elif self._losses[machine.name] < _MOST_LOSSES:
            self._start(machine)
        if at_work is None:
            return
        self._tries[at_work.number] += 1
        if self._tries[at_work.number] < _MOST_TRIES:
            self._repeated.appendleft(at_work)
            return
        yield _failure(at_work, machine, error)


def _clean_up(process: _Process, tasks: Sequence[Task]) -> None:
    """Remove the temporary files of a process that has ended."""
    for folder in {task.result.parent for task in tasks}:
        remove_marked(folder, process.mark)


def _failure(task: Task, machine: Machine, error: Ended) -> Attempt:
    reason = (
        f"the process that painted it ended {_MOST_TRIES} times, last on {machine.host}, perhaps "
        "out of memory; take a smaller --size or more threads for each process"
    )
    details = "".join(traceback.format_exception(error))
    return Attempt(
        Outcome(
            task.photograph, task.result, "failed", reason, 0.0, task.number, task.count, details
        )
    )
