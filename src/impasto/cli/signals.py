"""Signals that end a command: Ctrl-C, SIGTERM, and SIGHUP when the terminal closes.

Each raises `KeyboardInterrupt`, on which commands save what they have. The exit code is 128 plus
the number of the signal. A signal that is ignored when the command starts, as by `nohup`, stays so.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

_NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_HANGUP = getattr(signal, "SIGHUP", None)  # Windows has none
_STREAMS = 1, 2  # standard output and standard error
_BASE = 128  # of the exit code
_received: list[int] = []
_terminals: list[int] = []  # streams that are terminals


def exit_on_signals() -> None:
    """Exit with one line on a signal, until `raise_on_signals`; for the time of the imports."""
    for number in _NUMBERS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _exit)


def raise_on_signals() -> None:
    """Raise `KeyboardInterrupt` on a signal."""
    _terminals[:] = [stream for stream in _STREAMS if os.isatty(stream)]
    for number in _NUMBERS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler, _exit):
            signal.signal(number, _raise)


def exit_code() -> int:
    """Return the exit code of an interrupted command: 130 after Ctrl-C."""
    return _BASE + (_received[-1] if _received else signal.SIGINT)


def _exit(number: int, _: FrameType | None) -> None:
    sys.stderr.write("impasto: interrupted before the start\n")
    os._exit(_BASE + number)


def _raise(number: int, _: FrameType | None) -> None:
    _received.append(number)
    if number == _HANGUP:
        _detach()
    raise KeyboardInterrupt


def _detach() -> None:
    """Discard what is written to a terminal, since the terminal may be closed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in _terminals:
        os.dup2(nowhere, stream)
    os.close(nowhere)
