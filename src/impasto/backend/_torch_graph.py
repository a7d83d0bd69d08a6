"""Record steps as CUDA graphs.

A step of the optimizer, with its evaluation of loss and gradient, launches a thousand small
kernels, which takes the host longer than the GPU needs to run them. So a step is recorded once and
then replayed with new values.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch.utils import _pytree

_CALLS_BEFORE = 1  # for the choice of operators; recording is not worthwhile for one step
_TOLERANCE = 1e-2  # relative difference due to 16 bits and another order of summation

Tensors = list[torch.Tensor]


class Graph(Protocol):
    """A replayable program: `torch.cuda.CUDAGraph`, or a fake in tests."""

    def rehearse(self, function: Callable[[], Any]) -> Any:
        """Run the function under the conditions of a recording, and return its result."""

    def record(self, function: Callable[[], Any]) -> Any:
        """Record the function, and return its result."""

    def replay(self) -> None:
        """Replay the function; the result is written to the same memory."""


class CudaGraph:
    """A CUDA graph; it records on a stream of its own, as CUDA requires."""

    def __init__(self) -> None:
        self._graph = torch.cuda.CUDAGraph()
        self._stream = _stream_to_record_on()

    def rehearse(self, function: Callable[[], Any]) -> Any:
        """Run the function on the recording stream."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            found = function()
        torch.cuda.current_stream().wait_stream(self._stream)
        return found

    def record(self, function: Callable[[], Any]) -> Any:
        """Record the function without computing anything."""
        torch.cuda.empty_cache()  # the recording allocates its own memory
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            return function()

    def replay(self) -> None:
        """Run the recording."""
        self._graph.replay()


@functools.cache
def _stream_to_record_on() -> torch.cuda.Stream:
    """Return one stream for all recordings, since cuBLAS keeps memory for each stream."""
    return torch.cuda.Stream()


class Recorded:
    """A function of tensors that records itself at its second call with the same shapes.

    Args:
        function: From tensors to tensors, both in tuples and dictionaries; everything else that it
            uses must stay the same.
        make_graph: Makes the graph.
    """

    def __init__(self, function: Callable[[Any], Any], make_graph: Callable[[], Graph] = CudaGraph):
        self._function, self._make_graph = function, make_graph
        self._usable = True
        self._forget()

    def _forget(self) -> None:
        """Drop the recording and its memory."""
        self._calls = 0
        self._shapes: Any = None
        self._program: _Program | None = None

    def __call__(self, given: Any) -> Any:
        """Return the result of the function; it shares no memory with later results."""
        if not self._usable:
            return self._function(given)
        tensors, tree = _pytree.tree_flatten(given)
        shapes = [tensor.shape for tensor in tensors], tree
        if shapes != self._shapes:
            self._forget()
            self._shapes = shapes
        self._calls += 1
        if self._calls <= _CALLS_BEFORE:
            return self._function(given)
        if self._program is not None:
            return self._program.run(tensors)
        return self._record(tensors, tree)

    def _record(self, tensors: Tensors, tree: Any) -> Any:
        """Record, and compare a replay with the function; after a failure never record again."""
        places = [tensor.clone() for tensor in tensors]
        graph = self._make_graph()

        def run() -> Any:
            return self._function(_pytree.tree_unflatten(places, tree))

        expected = graph.rehearse(run)
        try:
            program = _Program(graph, places, graph.record(run))
            found = program.run(tensors)
            _check(found, expected)
        except RuntimeError as error:
            self._forget()
            self._usable = False
            why = str(error).strip().split("\n")[0]
            warnings.warn(
                f"steps cannot be recorded on this GPU ({why}), so they take longer",
                stacklevel=2,
            )
            return self._function(_pytree.tree_unflatten(tensors, tree))
        self._program = program
        return found


class _Program:
    """A recording with its input and output memory."""

    def __init__(self, graph: Graph, places: Tensors, found: Any):
        self._graph, self._places = graph, places
        self._found, self._tree = _pytree.tree_flatten(found)
        here = {id(place): i for i, place in enumerate(places)}
        self._unchanged = [here.get(id(tensor)) for tensor in self._found]

    def run(self, tensors: Tensors) -> Any:
        """Replay it with these tensors; outputs that are inputs are not copied."""
        torch._foreach_copy_(self._places, tensors)
        self._graph.replay()
        results = [
            found.clone() if source is None else tensors[source]
            for found, source in zip(self._found, self._unchanged, strict=True)
        ]
        return _pytree.tree_unflatten(results, self._tree)


def _check(found: Any, expected: Any) -> None:
    """Compare the result of a recording with the expected one.

    Raises:
        RuntimeError: A tensor differs by more than rounding.
    """
    for ours, theirs in zip(*map(_pytree.tree_leaves, (found, expected)), strict=True):
        usual = torch.nan_to_num(theirs.float())
        difference = torch.linalg.vector_norm(torch.nan_to_num(ours.float()) - usual)
        if difference > _TOLERANCE * torch.linalg.vector_norm(usual):
            raise RuntimeError("a recording gave a different result")
