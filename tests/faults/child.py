"""One run of the command line in a forked process, with limits, watched from outside.

What forks has loaded the frameworks already, so that a run costs what the command itself does,
and a crash, a hang or a hunger for memory ends that run alone.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

LONGEST, LONGEST_CPU = 90.0, 45  # seconds of a run, and of its processor; the machine may be busy
MOST_MEMORY = 4 << 30  # bytes that a run may ask for beyond what the frameworks have
BROKEN = 99  # exit code of a run that fell out of `entry`


class Outcome(NamedTuple):
    """How a run ended.

    Attributes:
        code: Exit code; minus the number of a signal.
        out: Standard output.
        err: Standard error.
        seconds: How long it took.
        cpu: Seconds of the processor.
        memory: Bytes of memory at most, beyond what the frameworks have.
        hung: Whether it was ended because it took too long.
        told: Whether it was sent the signal that it was to be sent.
    """

    code: int
    out: str
    err: str
    seconds: float
    cpu: float
    memory: int
    hung: bool
    told: bool


def run(
    words: Sequence[str],
    folder: Path,
    *,
    before: Callable[[], None] | None = None,
    send: tuple[int, float] | None = None,
) -> Outcome:
    """Run a command in a folder.

    Args:
        words: What follows `impasto`.
        folder: Where it runs.
        before: Called in the new process first, to take away its rights.
        send: A signal, and after how many seconds to send it.
    """
    readers, writers = zip(os.pipe(), os.pipe(), strict=True)
    sys.stdout.flush(), sys.stderr.flush()
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        _be_the_command(words, folder, writers, before)
    for writer in writers:
        os.close(writer)
    out, err, hung, told = _listen(pid, readers, started, send)
    _, status, used = os.wait4(pid, 0)
    memory = max(0, used.ru_maxrss * 1024 - psutil.Process().memory_info().rss)
    return Outcome(
        os.waitstatus_to_exitcode(status),
        os.fsdecode(out),
        os.fsdecode(err),
        time.perf_counter() - started,
        used.ru_utime + used.ru_stime,
        memory,
        hung or -os.waitstatus_to_exitcode(status) == signal.SIGXCPU,
        told,
    )


def _be_the_command(
    words: Sequence[str],
    folder: Path,
    writers: Sequence[int],
    before: Callable[[], None] | None,
) -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, writer in enumerate(writers, 1):
            os.dup2(writer, stream)
        os.closerange(3, 256)
        # The parent's may know of a file where there is a pipe now.
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
        os.chdir(folder)
        sys.argv = ["impasto", *words]
        space = psutil.Process().memory_info().vms + MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU, LONGEST_CPU + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if before is not None:
            before()
        from impasto.cli.main import entry

        entry()  # ends the process
    except BaseException:
        os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
    os._exit(BROKEN)


def _listen(
    pid: int, readers: Sequence[int], started: float, send: tuple[int, float] | None
) -> tuple[bytes, bytes, bool, bool]:
    """Collect what a process writes, until it ends or has taken too long."""
    texts = {reader: bytearray() for reader in readers}
    hung = told = False
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        while selector.get_map():
            spent = time.perf_counter() - started
            if send and not told and spent >= send[1]:
                os.kill(pid, send[0])
                told = True
            if spent > LONGEST and not hung:
                os.kill(pid, signal.SIGKILL)
                hung = True
            due = send[1] - spent if send and not told else LONGEST - spent
            for key, _ in selector.select(max(0.0, min(due, 1.0))):
                data = os.read(key.fd, 1 << 16)
                texts[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
    for reader in readers:
        os.close(reader)
    return bytes(texts[readers[0]]), bytes(texts[readers[1]]), hung, told
