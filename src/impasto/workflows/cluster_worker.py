"""What a process of a cluster does; `cluster` starts it. It does not know Ray."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import BackendError, ImpastoError
from ..images.metadata import made_with
from ..images.temporary import mark_temporary_files
from ..process import DEVICE_VARIABLE, tune_process
from .attempt import FATAL, Attempt, Form, Make, Work, attempt
from .output_paths import Task


class Order(NamedTuple):
    """What all processes of a cluster are given.

    Attributes:
        made_with: Name and version of the program that gives it.
        work: The pickled `Work`.
        form: How results are written.
        folder: The current folder, for relative paths.
        needs_folder: Whether there are any.
        witness: A file in the folder of the results, which every machine must see.
        environment: Variables to set.
    """

    made_with: str
    work: bytes
    form: Form
    folder: Path
    needs_folder: bool
    witness: Path
    environment: Mapping[str, str]


class Worker:
    """Makes pictures, one after the other; networks and paintings are loaded once.

    An `ImpastoError` that concerns all tasks is returned, so that it arrives as it is.

    Args:
        order: What to do.
        mark: Mark of its temporary files, see `mark_temporary_files`.
        threads: CPU threads.
        gpu: Whether it has a GPU.
    """

    def __init__(self, order: Order, mark: str, threads: int, gpu: bool):
        self._order, self._mark, self._threads, self._gpu = order, mark, threads, gpu
        self._work: Work | None = None
        self._make: Make | None = None

    def start(self) -> ImpastoError | None:
        """Set up the process and load the work."""
        order = self._order
        try:
            if order.made_with != made_with():
                raise BackendError(
                    f"a machine of the cluster has {made_with()}, expected {order.made_with}; "
                    "install the same version on all"
                )
            self._enter_folder()
            mark_temporary_files(self._mark)
            os.environ.update(order.environment)
            device = os.environ.get(DEVICE_VARIABLE, "")
            only = "cuda" if self._gpu and device else None  # Ray shows it no other
            tune_process(threads=self._threads, device=only)
            self._work = pickle.loads(order.work)
            self._make = self._work.start()
        except ImpastoError as error:
            return _placed(error)
        return None

    def attempt(self, task: Task, is_input: bool) -> Attempt | ImpastoError:
        """Make the picture of a task; see `attempt.attempt`."""
        if self._work is None or self._make is None:
            return BackendError("a process of the cluster was not started")
        try:
            return attempt(task, self._make, self._work, self._order.form, is_input=is_input)
        except FATAL as error:
            return _placed(error)

    def _enter_folder(self) -> None:
        order = self._order
        with contextlib.suppress(OSError):
            os.chdir(order.folder)
        lost = order.needs_folder and Path.cwd() != order.folder
        if lost or not order.witness.exists():
            place = order.folder if lost else order.witness.parent
            raise BackendError(
                f"a machine of the cluster does not see the folder {place}; photographs and "
                "results must be on storage that all machines have at the same path"
            )


def _placed(error: ImpastoError) -> ImpastoError:
    """Say on which machine an error occurred."""
    error.add_note(f"on the machine {socket.gethostname()} of the cluster")
    return error
