"""On a GPU: an evaluation as one recorded program (a CUDA graph).

An evaluation of loss and gradient starts hundreds of small kernels, which takes the host longer
than a GPU needs to run them. At the third call in a row with the same constants (targets and
weights of the network) it is recorded, and from then on replayed with new pixels.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch.utils import _pytree

_CALLS_BEFORE = 2  # in which operators are chosen and memory is laid out
_TOLERANCE = 1e-2  # relative difference that 16 bits and another order of sums may bring
_ALL: weakref.WeakSet[Recorded] = weakref.WeakSet()


class Graph(Protocol):
    """A program that can be run again: `torch.cuda.CUDAGraph`, or what tests put in its place."""

    def record(self, function: Callable[[], Any]) -> Any:
        """Run the function, remember what it does, and return its result."""

    def replay(self) -> None:
        """Do it again; the result comes into the same memory."""


class CudaGraph:
    """A CUDA graph that records on a stream of its own, as it must."""

    def __init__(self) -> None:
        self._graph = torch.cuda.CUDAGraph()

    def record(self, function: Callable[[], Any]) -> Any:
        """Record the function; nothing is computed before the first replay."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            function()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.empty_cache()  # the recording has memory of its own
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            return function()

    def replay(self) -> None:
        """Run what was recorded."""
        self._graph.replay()


class Recorded:
    """A function of pixels and constants that records itself where that pays.

    Args:
        function: `(x, *constants) -> tensors in tuples and dictionaries`.
        make_graph: Makes what records it.
    """

    def __init__(self, function: Callable[..., Any], make_graph: Callable[[], Graph] = CudaGraph):
        self._function, self._make_graph = function, make_graph
        self._usable = True
        self.forget()
        _ALL.add(self)

    def forget(self) -> None:
        """Let go of the recording, its memory and the constants."""
        self._constants: tuple[Any, ...] = ()
        self._calls = 0
        self._shape: torch.Size | None = None
        self._program: tuple[torch.Tensor, Graph] | None = None
        self._found: Any = None

    def __call__(self, x: torch.Tensor, *constants: Any) -> Any:
        """Return what the function returns, in memory of its own."""
        if not self._usable:
            return self._function(x, *constants)
        if not self._same(x, constants):
            self.forget()
            self._constants, self._shape = constants, x.shape
        self._calls += 1
        if self._calls <= _CALLS_BEFORE:
            return self._function(x, *constants)
        if self._program is None:
            return self._record(x)
        return self._replay(x, *self._program)

    def _same(self, x: torch.Tensor, constants: tuple[Any, ...]) -> bool:
        return (
            self._shape == x.shape
            and len(constants) == len(self._constants)
            and all(a is b for a, b in zip(constants, self._constants, strict=True))
        )

    def _record(self, x: torch.Tensor) -> Any:
        """Record, and compare a replay with the function itself; without success, never again."""
        expected = self._function(x, *self._constants)
        place, constants = x.clone(), self._constants
        graph = self._make_graph()
        try:
            self._found = graph.record(lambda: self._function(place, *constants))
            self._program = place, graph
            _check(self._replay(x, place, graph), expected)
        except RuntimeError as error:
            self.forget()
            self._usable = False
            why = str(error).strip().split("\n")[0]
            warnings.warn(
                f"evaluations cannot be recorded on this GPU ({why}), so they take longer",
                stacklevel=2,
            )
        return expected

    def _replay(self, x: torch.Tensor, place: torch.Tensor, graph: Graph) -> Any:
        place.copy_(x)
        graph.replay()
        return _pytree.tree_map(torch.clone, self._found)


def forget_recordings() -> None:
    """Let go of all recordings, with the memory that they hold."""
    for recorded in _ALL:
        recorded.forget()


def _check(found: Any, expected: Any) -> None:
    """Refuse a recording that computes something else.

    Raises:
        RuntimeError: A tensor differs by more than rounding.
    """
    for ours, theirs in zip(*map(_pytree.tree_leaves, (found, expected)), strict=True):
        usual = torch.nan_to_num(theirs.float())
        difference = torch.linalg.vector_norm(torch.nan_to_num(ours.float()) - usual)
        if difference > _TOLERANCE * torch.linalg.vector_norm(usual):
            raise RuntimeError("a recording gave another result")
