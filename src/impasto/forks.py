"""Record which frameworks a process had loaded when it was forked.

A forked process is a copy without the threads of its parent. `impasto` imports this module, so
that the record is kept even if the framework is loaded and used by other code.
"""

from __future__ import annotations

import os
import sys

_FRAMEWORKS = ("torch", "jax", "tensorflow")
_copied: set[str] = set()


def _record() -> None:
    _copied.update(name for name in _FRAMEWORKS if name in sys.modules)


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_record)


def is_copied(framework: str) -> bool:
    """Return whether this process was forked from one that had loaded a framework.

    Example:
        >>> is_copied("torch")
        False
    """
    return framework in _copied


def mark_usable(framework: str) -> None:
    """Record that a copied framework has been prepared for use, until the next fork."""
    _copied.discard(framework)
