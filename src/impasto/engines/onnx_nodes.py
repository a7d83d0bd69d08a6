"""Nodes and constants of an ONNX graph, for `onnx_graph`: it adds them one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Kind
from .painting_model import Array


class Nodes:
    """What a graph is made of so far.

    Values are named by the node that makes them, and the methods that add a node return its name.

    Attributes:
        kind: How the numbers of the network are stored.
        nodes: The nodes in the order in which they run.
        constants: The initializers.
        onnx_type: ONNX's number for the type of the arithmetic.
    """

    def __init__(self, kind: Kind):
        from onnx import TensorProto

        self.kind = kind
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.onnx_type = TensorProto.FLOAT16 if kind == "float16" else TensorProto.FLOAT

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Store an array as it is."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def whole(self, name: str, *values: int) -> str:
        """Store a vector of whole numbers."""
        return self.constant(name, np.array(values, np.int64))

    def weights(self, name: str, value: Array) -> str:
        """Store numbers of the network in the type of the arithmetic."""
        return self.constant(name, value.astype("float16" if self.kind == "float16" else "float32"))

    def weights_in_8_bits(self, name: str, value: Array) -> str:
        """Store (D, C, h, w) as whole numbers, -127..127, and a factor for each D."""
        largest = np.abs(value).max(axis=(1, 2, 3))
        factors: NDArray[Any] = np.where(largest > 0, largest, 1).astype(np.float32) / 127
        whole = np.rint(value / factors[:, None, None, None]).astype(np.int8)
        parts = [self.constant(f"{name}/whole", whole), self.constant(f"{name}/factors", factors)]
        return self.add("DequantizeLinear", name, parts, axis=0)

    def add(self, kind: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node that makes one value."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [name], f"{name}/op", **attributes))
        return name

    def split(self, name: str, lengths: Sequence[int]) -> list[str]:
        """Split a vector into parts of these lengths."""
        from onnx import helper

        parts = [f"{name}/{i}" for i in range(len(lengths))]
        where = self.whole(f"{name}/lengths", *lengths)
        self.nodes.append(helper.make_node("Split", [name, where], parts, f"{name}/split", axis=0))
        return parts

    def convert(self, name: str, x: str, onnx_type: int) -> str:
        """Change the type of numbers where it is not float32 throughout."""
        return self.add("Cast", name, [x], to=onnx_type) if self.kind == "float16" else x
