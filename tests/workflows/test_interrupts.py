"""Interrupts are held back while something must not be cut in the middle."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from impasto.workflows.interrupts import NUMBERS, deferred_interrupts, hold_interrupts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows cannot send such signals")


def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def _handlers():
    """Let all three signals raise, and check that the handlers are restored."""
    former = {number: signal.getsignal(number) for number in NUMBERS}
    for number in NUMBERS:
        signal.signal(number, signal.default_int_handler)
    yield
    assert all(signal.getsignal(number) is signal.default_int_handler for number in NUMBERS)
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupt_is_raised_after_the_block(number):
    done = False
    with pytest.raises(KeyboardInterrupt), hold_interrupts():
        interrupt(number)
        done = True
    assert done


def test_it_is_forgotten_where_the_block_is_the_end():
    with hold_interrupts(drop=True):
        interrupt()


def test_interrupts_are_noted_from_the_start_on():
    with deferred_interrupts() as (defer, noted):
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        defer()
        defer()
        interrupt(signal.SIGTERM)
        assert noted == [signal.SIGTERM]


def test_an_error_is_not_hidden():
    with pytest.raises(ValueError, match="broken"), hold_interrupts():
        interrupt()
        raise ValueError("broken")


def test_the_former_handler_is_called_at_once():
    heard = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    with hold_interrupts(drop=True):
        interrupt(signal.SIGTERM)
        assert heard == [signal.SIGTERM]
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def test_a_signal_that_is_ignored_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with hold_interrupts():
        interrupt()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_other_threads_change_nothing():
    def work():
        with hold_interrupts():
            found.append(signal.getsignal(signal.SIGINT))

    found = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
