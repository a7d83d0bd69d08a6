"""The environment of a run (versions, weights, operators) for records."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from ..errors import WeightsError
from ..images.metadata import made_with
from .record import Record, WeightsUsed, quote


def describe_environment() -> dict[str, Any]:
    """Return `backend`, `versions`, `device`, `threads` and `operators` of this process.

    Example:
        >>> sorted(describe_environment())
        ['backend', 'device', 'operators', 'threads', 'versions']
    """
    from .. import backend

    return {
        "backend": backend.BACKEND,
        "versions": {
            "python": platform.python_version(),
            "keras": backend.keras.__version__,
            backend.BACKEND: backend.VERSION,
            "numpy": np.__version__,
            "pillow": PIL.__version__,
        },
        "device": backend.devices()[0],
        "threads": backend.threads(),
        "operators": backend.operators(),
    }


def weights_used(given: str | None = None) -> WeightsUsed | None:
    """Return the file of VGG19's weights in use; None if it no longer exists.

    Args:
        given: As `Settings.weights`.
    """
    from ..perceptual import weights

    try:
        source = weights.find(given)
    except WeightsError:
        return None
    return WeightsUsed(kind=source.kind, md5=source.md5, known=source.known)


def compare_weights(given: str | None, record: Record, path: Path) -> None:
    """Warn if VGG19's weights are not the recorded ones."""
    recorded, here = record.weights, weights_used(given)
    if recorded is not None and here is not None and recorded.md5 != here.md5:
        warn(
            f"{path} was made with VGG19 weights of md5 {quote(recorded.md5)}, but this machine "
            f"uses md5 {here.md5} ({here.known or here.kind}), so the picture may differ"
        )


def compare_environment(precision: str, record: Record, path: Path) -> None:
    """Warn if this environment differs from the recorded one."""
    here = describe_environment()
    then: dict[str, object] = {"": record.made_with, **record.versions, "on": record.device}
    then |= {"backend": record.backend, "threads": record.threads, "precision": record.precision}
    now = {"": made_with(), **here["versions"], "on": here["device"]}
    now |= {"backend": here["backend"], "threads": here["threads"], "precision": precision}
    differing = [
        f"{name} {quote(then[name])} (here {now[name]})".strip()
        for name in now
        if name != "python" and then.get(name) and then[name] != now[name]
    ]
    if differing:
        warn(
            f"{path} was made with {', '.join(differing)}, so the picture may not be bit-identical"
        )


@contextmanager
def use_recorded_operators(record: Record) -> Iterator[None]:
    """Use the recorded operators, as far as this machine has them."""
    from ..backend import operators, use_operators

    own = operators()
    use_operators(record.operators)
    try:
        yield
    finally:
        use_operators(own)


def warn(text: str) -> None:
    """Warn that the picture may differ."""
    warnings.warn(text, stacklevel=4)
