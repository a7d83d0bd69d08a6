"""Hold back interrupts while something must not be cut in the middle.

An interrupt is a signal whose handler raises `KeyboardInterrupt`: Ctrl-C, and with the command line
also SIGTERM and SIGHUP. Signals without a handler keep their default action.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

NUMBERS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[tuple[Callable[[], None], list[int]]]:
    """Let interrupts be noted instead of raised.

    Yields:
        A function that starts this, and the signals noted so far. After the block the handlers of
        before are back; what was noted is not raised. Outside the main thread, which alone receives
        signals, nothing is changed.
    """
    noted: list[int] = []
    former: dict[int, Callable[[int, FrameType | None], object]] = {}

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        with contextlib.suppress(KeyboardInterrupt):
            former[number](number, frame)

    def start() -> None:
        if former or threading.current_thread() is not threading.main_thread():
            return
        for number in NUMBERS:
            handler = signal.getsignal(number)
            if callable(handler):
                former[number] = handler
                signal.signal(number, note)

    try:
        yield start, noted
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def hold_interrupts(*, drop: bool = False) -> Iterator[None]:
    """Hold back interrupts during a block, as while a file is written.

    Args:
        drop: Forget them, where the block is the end of the work; otherwise they are raised after
            the block, unless it raises an error, which precedes them.

    Raises:
        KeyboardInterrupt: Interrupted during the block.

    Example:
        >>> with hold_interrupts():
        ...     number = 1
        >>> number
        1
    """
    with deferred_interrupts() as (start, noted):
        start()
        yield
    if noted and not drop:
        raise KeyboardInterrupt
