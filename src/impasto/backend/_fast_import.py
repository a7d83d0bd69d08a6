"""Import Keras without the modules that painting does not need.

On PyTorch, Keras imports PyTorch's compiler for a decorator of its random numbers, JAX, if it is
installed, for a callback of its trainer, and Matplotlib for its galleries. Together they take half
of a program's start-up time. All can still be imported later.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_COMPILER = "torch._dynamo"
_NOT_NEEDED = ("jax", "matplotlib")


class _LazyCompiler(types.ModuleType):
    """A stub with the one decorator that is needed; any other attribute imports the compiler."""

    @staticmethod
    def disable(*_: Any, **__: Any) -> Callable[[Any], Any]:
        """Return a decorator that does nothing."""
        return lambda function: function

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(_COMPILER, None)
        return getattr(importlib.import_module(_COMPILER), name)


@contextmanager
def fast_import() -> Iterator[None]:
    """Block these imports within the context; import PyTorch before, as the stub would break it."""
    absent = [name for name in (_COMPILER, *_NOT_NEEDED) if name not in sys.modules]
    stand_ins: dict[str, Any] = dict.fromkeys(_NOT_NEEDED)
    stand_ins[_COMPILER] = _LazyCompiler(_COMPILER)
    sys.modules.update({name: stand_ins[name] for name in absent})
    try:
        yield
    finally:
        for name in absent:
            if sys.modules.get(name) is stand_ins[name]:
                sys.modules.pop(name, None)
