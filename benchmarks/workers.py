"""Run each competitor in a process of its own, within a limit of memory.

A process of its own has its own framework, its own tuning or none, and its own peak of memory.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import machine

FOLDER = Path(__file__).parent
_LOOK_SECONDS = 0.3  # between two looks at the memory of a process
_SHARE_OF_MEMORY = 0.8  # of what is available, the limit where none is given


class WorkerError(Exception):
    """A process ended without its answer; the text says why."""


class Limit(Protocol):
    """Raises WorkerError when a process holds too much memory."""

    def __call__(self, process: subprocess.Popen[str]) -> None:
        """Look at the process once."""


def make_limit(gigabytes: float | None) -> Limit:
    """Make the guard of a process' memory.

    Args:
        gigabytes: 10^9 bytes; None for most of what is available now.
    """
    allowed = None if gigabytes is None else int(gigabytes * 1e9)
    if allowed is None and (available := machine.available_memory()) is not None:
        allowed = int(available * _SHARE_OF_MEMORY)

    def look(process: subprocess.Popen[str]) -> None:
        held = machine.resident_memory(process.pid)
        if allowed is not None and held is not None and held > allowed:
            raise WorkerError(f"needs more than {allowed / 1e9:.1f} GB of memory")

    return look


def run_json(
    script: str,
    *arguments: object,
    environment: dict[str, str] | None = None,
    limit_gb: float | None = None,
) -> Any:
    """Run a script of this folder and read the JSON that it prints.

    Raises:
        WorkerError: It failed, or passed the limit of memory.
    """
    look = make_limit(limit_gb)
    process = _start(script, arguments, environment)
    try:
        output = None
        while output is None:
            try:
                output, _ = process.communicate(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                look(process)
    finally:
        _end(process)
    if process.returncode:
        raise WorkerError(_failure(process.returncode))
    return json.loads(output)


class Worker:
    """A process that answers each line it is sent with a line of JSON."""

    def __init__(
        self,
        script: str,
        *arguments: object,
        environment: dict[str, str] | None = None,
        limit_gb: float | None = None,
    ):
        self._look = make_limit(limit_gb)
        self._process = _start(script, arguments, environment)
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put("")

    def answer(self) -> Any:
        """Wait for the next answer.

        Raises:
            WorkerError: There is none: the worker failed, or passed the limit of memory.
        """
        while True:
            try:
                line = self._answers.get(timeout=_LOOK_SECONDS)
                break
            except queue.Empty:
                self._look(self._process)
        if not line:
            raise WorkerError(_failure(self._process.wait()))
        answer = json.loads(line)
        if reason := answer.get("reason"):
            raise WorkerError(reason)
        return answer

    def ask(self, question: str) -> Any:
        """Send a line and wait for the answer.

        Raises:
            WorkerError: As `answer`.
        """
        try:
            print(question, file=self._process.stdin, flush=True)
        except OSError:
            raise WorkerError(_failure(self._process.wait())) from None
        return self.answer()

    def end(self) -> None:
        """Stop the process."""
        _end(self._process)


def serve(make: Callable[[], Callable[[str], dict[str, Any]]]) -> None:
    """Be the other end of a `Worker`: prepare, say so, and answer line by line.

    What libraries print goes to stderr, so that it does not come between the answers.

    Args:
        make: Prepares, and returns the function from a question to its answer.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        reply = make()
        print(json.dumps({"ready": True}), file=answers, flush=True)
        for question in sys.stdin:
            print(json.dumps(reply(question.strip())), file=answers, flush=True)
    except Exception as error:  # the parent reports it and goes on with the others
        text = f"{type(error).__name__}: {error}".split("\n")[0]
        print(json.dumps({"reason": text}), file=answers, flush=True)


def _start(
    script: str, arguments: tuple[object, ...], environment: dict[str, str] | None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(FOLDER / script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **(environment or {})},
    )


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def _failure(code: int) -> str:
    if code == -9:
        return "was killed, most likely for want of memory"
    return f"ended with code {code}; its last words are on stderr"
