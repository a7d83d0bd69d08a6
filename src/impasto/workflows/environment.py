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
from .record import Record, WeightsUsed, plain


def surroundings() -> dict[str, Any]:
    """Return what computes here: `backend`, `versions`, `device`, `threads` and `operators`.

    Example:
        >>> sorted(surroundings())
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
    """Say which file of VGG19's weights is used; None if it has gone since.

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
    """Warn if VGG19's weights are not those that the record tells of."""
    recorded, here = record.weights, weights_used(given)
    if recorded is not None and here is not None and recorded.md5 != here.md5:
        warn(
            f"{path} was made with VGG19's weights of the md5 {plain(recorded.md5)}, and "
            f"here are those of {here.md5} ({here.known or here.kind}), so the picture may differ"
        )


def compare_surroundings(precision: str, record: Record, path: Path) -> None:
    """Warn if what computes here is not what computed then."""
    here = surroundings()
    then: dict[str, object] = {"": record.made_with, **record.versions, "on": record.device}
    then |= {"backend": record.backend, "threads": record.threads, "precision": record.precision}
    now = {"": made_with(), **here["versions"], "on": here["device"]}
    now |= {"backend": here["backend"], "threads": here["threads"], "precision": precision}
    differing = [
        f"{name} {plain(then[name])} (here {now[name]})".strip()
        for name in now
        if name != "python" and then.get(name) and then[name] != now[name]
    ]
    if differing:
        warn(
            f"{path} was made with {', '.join(differing)}, so the picture may not be the "
            "same to the bit"
        )


@contextmanager
def operators_of(record: Record) -> Iterator[None]:
    """Use the operators that a picture was computed with, as far as this machine has them."""
    from ..backend import operators, use_operators

    own = operators()
    use_operators(record.operators)
    try:
        yield
    finally:
        use_operators(own)


def warn(text: str) -> None:
    """Warn of what may make the picture another."""
    warnings.warn(text, stacklevel=4)
