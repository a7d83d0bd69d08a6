"""Pictures without a network, made by processes of a cluster that can be told to misbehave."""

import errno
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import PictureError, WeightsError
from impasto.images.files import atomic_write, read_picture
from impasto.paint_settings import PaintSettings
from impasto.workflows.result import Result


@dataclass(frozen=True)
class Negative:
    """Makes a photograph's negative, and does something else for the tasks of some numbers.

    Attributes:
        notes: A folder; the file `start` gets a line from each process that starts.
        deeds: What to do, by the number of the task: the name of a method.
        caller: The process that runs the test.
    """

    notes: Path
    deeds: dict[int, str]
    caller: int

    def start(self):
        with (self.notes / "started").open("a") as file:
            file.write(f"{os.getpid()}\n")
        return self.make

    def make(self, task):
        photograph = read_picture(task.photograph)
        if task.number in self.deeds:
            getattr(self, self.deeds[task.number])(task)
        record = {"settings": {}, "inputs": []}
        return Result(1 - photograph.image, None, None, PaintSettings(), (), 0.0, record)

    def differing(self, task, record):
        return []

    def die_once(self, task):
        try:
            (self.notes / f"died-{task.number}").touch(exist_ok=False)
        except FileExistsError:
            return
        self.die(task)

    def die(self, task):
        with atomic_write(task.result) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def interrupt(self, task):
        with atomic_write(task.result) as file:
            file.write(b"half")
            file.flush()
            os.kill(self.caller, signal.SIGINT)
            time.sleep(600)  # it is ended long before

    def lack_weights(self, task):
        raise WeightsError("there are no weights")

    def fill_the_disk(self, task):
        cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise PictureError(f"cannot write {task.result}: no space") from cause
