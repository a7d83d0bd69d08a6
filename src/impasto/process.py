"""Tune a process for speed on a CPU.

Only a program that owns its process should call this (the command line does); importing
impasto never changes the environment. It must run before the framework is imported.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
_LARGE_MMAP_THRESHOLD, _SMALL_MMAP_THRESHOLD = 1 << 30, 8 << 20  # bytes
# Read by PyTorch, TensorFlow and JAX when they start.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")
_KEEP_FREE_BYTES = 256 << 20
# OpenMP's threads spin for some microseconds before they sleep. Without spinning, each of the many
# short operators on a small picture waits for threads to wake; the default of milliseconds takes
# the cores from NNPACK's threads.
_SPINS = "10000"
DEVICE_VARIABLE = "IMPASTO_DEVICE"  # read when the framework is loaded
DEVICES = "cpu, cuda, cuda:1 (or another number) or mps"  # for messages
_MEASURE_VARIABLE = "IMPASTO_MEASURE"  # 0: choose operators without timing them
_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?", re.ASCII)
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # flags of /proc/cpuinfo
_TUNED = threading.Event()


def tune_process(
    *, backend: str | None = None, threads: int | None = None, device: str | None = None
) -> None:
    """Configure the allocator, thread pools and framework of this process.

    Feature maps are tens of megabytes; by default glibc returns each to the system when it is
    freed and faults it in again at the next evaluation. OpenMP's threads spin between parallel
    regions, but not for long. Keras is imported without PyTorch's compiler, and without JAX
    beside PyTorch, so Keras functions compiled with `torch.compile` later may not work as Keras
    intends.

    Args:
        backend: `torch`, `jax` or `tensorflow`; None leaves the choice to Keras.
        threads: Number of CPU threads, at least 1; None uses all cores.
        device: `cpu`, `cuda`, `cuda:1` (or another number) or `mps`; None uses `IMPASTO_DEVICE`
            from the environment, else Keras' choice, a GPU if there is one.

    Example:
        >>> tune_process(threads=2)  # doctest: +SKIP
    """
    if backend:
        os.environ["KERAS_BACKEND"] = backend
    if threads:
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    if device:
        os.environ[DEVICE_VARIABLE] = device
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    _keep_freed_memory()
    _TUNED.set()


def threads_asked() -> int | None:
    """Return the number of CPU threads that `tune_process` or the environment asks for, if any."""
    value = os.environ.get(_THREAD_VARIABLES[0], "")
    return int(value) if value.isdecimal() and int(value) else None


def is_device(name: str) -> bool:
    """Return whether a name is a valid device name; the device need not exist.

    Example:
        >>> is_device("cuda:1"), is_device("gpu")
        (True, False)
    """
    return _DEVICE.fullmatch(name) is not None


def has_bfloat16() -> bool:
    """Return whether the CPU has bfloat16 arithmetic; without it, libraries emulate it."""
    words = _cpu_words()
    if not words:  # not Linux
        return platform.system() == "Darwin" and platform.machine() == "arm64"
    return not words.isdisjoint(_BFLOAT16)


def measures_operators() -> bool:
    """Return whether operators are chosen by timing them; IMPASTO_MEASURE=0 turns that off."""
    return os.environ.get(_MEASURE_VARIABLE) != "0"


def favours_nnpack() -> bool:
    """Return whether NNPACK is the fastest for 3x3 convolutions: x86-64 Linux without AVX-512."""
    words = _cpu_words()
    return platform.machine() == "x86_64" and bool(words) and "avx512f" not in words


@functools.cache
def _cpu_words() -> frozenset[str]:
    """Return the words of /proc/cpuinfo, including the CPU flags; empty outside Linux."""
    try:
        return frozenset(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return frozenset()


def process_is_tuned() -> bool:
    """Return whether `tune_process` was called."""
    return _TUNED.is_set()


def share_freed_memory() -> None:
    """Share freed memory between threads; call it before they start.

    For servers that handle each request in another thread: by default glibc gives each thread
    an arena of its own, which a tuned process never returns.

    Example:
        >>> share_freed_memory()  # doctest: +SKIP
    """
    _mallopt(_M_ARENA_MAX, 1)


@contextmanager
def returning_freed_memory() -> Iterator[None]:
    """Return large blocks to the system as soon as they are freed, in a tuned process.

    This avoids heap fragmentation, which takes a quarter of the memory of a tiled picture.
    """
    if not process_is_tuned():
        yield
        return
    _mallopt(_M_MMAP_THRESHOLD, _SMALL_MMAP_THRESHOLD)
    try:
        yield
    finally:
        _mallopt(_M_MMAP_THRESHOLD, _LARGE_MMAP_THRESHOLD)


def return_freed_memory() -> None:
    """Return freed memory to the system now; do nothing with other C libraries than glibc.

    Example:
        >>> return_freed_memory()
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _keep_freed_memory() -> None:
    """Make glibc reuse large blocks."""
    _mallopt(_M_MMAP_THRESHOLD, _LARGE_MMAP_THRESHOLD)
    _mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
    _mallopt(_M_TOP_PAD, _KEEP_FREE_BYTES)


def _mallopt(parameter: int, value: int) -> None:
    """Set a parameter of glibc's allocator; do nothing with other C libraries."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(parameter, value)
