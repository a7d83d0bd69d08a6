"""Build nodes and constants of an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import Kind
from .model import Array


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

    def weights_in_16_bits(self, name: str, value: Array) -> str:
        """Store weights as float16; the arithmetic stays in float32."""
        from onnx import TensorProto

        stored = self.constant(f"{name}/stored", value.astype("float16"))
        return self.add("Cast", name, [stored], to=TensorProto.FLOAT)

    def weights_in_8_bits(self, name: str, value: Array) -> str:
        """Store (D, C, h, w) as whole numbers, -127..127, with a factor for each kernel (h, w)."""
        from onnx import TensorProto

        flat = value.reshape(-1, value.shape[2] * value.shape[3])
        largest = np.abs(flat).max(axis=1)
        steps = np.where(largest > 0, largest, 1) / 127
        factors: NDArray[Any] = np.nextafter(steps.astype(np.float16), np.float16(np.inf))
        whole = _round(value / factors.astype(np.float32).reshape(*value.shape[:2], 1, 1))
        stored = [
            self.constant(f"{name}/whole", whole.reshape(flat.shape).astype(np.int8)),
            self.add(
                "Cast",
                f"{name}/factors",
                [self.constant(f"{name}/steps", factors)],
                to=TensorProto.FLOAT,
            ),
        ]
        kernels = self.add("DequantizeLinear", f"{name}/flat_kernels", stored, axis=0)
        return self.add("Reshape", name, [kernels, self.whole(f"{name}/shape", *value.shape)])

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


def _round(values: Array) -> Array:
    """Round (D, C, h, w), -127..127, so that the sum of each kernel (h, w) is within a half, too.

    Feature maps are smooth, so the error of a kernel's sum matters most. The values closest to a
    tie are rounded the other way until the sum is right.
    """
    depth, channels = values.shape[:2]
    flat = values.reshape(depth, channels, -1)
    whole = np.rint(flat)
    left = flat - whole  # -0.5..0.5
    missing = np.rint(left.sum(axis=2, keepdims=True))
    place = left.argsort(axis=2).argsort(axis=2)
    whole += (missing > 0) & (place >= flat.shape[2] - missing) & (whole < 127)
    whole -= (missing < 0) & (place < -missing) & (whole > -127)
    return whole.reshape(values.shape)
