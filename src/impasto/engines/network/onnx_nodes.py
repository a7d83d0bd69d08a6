"""Build nodes and constants of an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import Kind
from .model import Array


class Nodes:
    """The nodes and constants of a graph.

    Values are named after the node that computes them; methods that add a node return its name.

    Attributes:
        kind: Number format of the network.
        nodes: The nodes in order of execution.
        constants: The initializers.
        onnx_type: ONNX's code of the type of the arithmetic.
    """

    def __init__(self, kind: Kind):
        from onnx import TensorProto

        self.kind = kind
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.onnx_type = TensorProto.FLOAT16 if kind == "float16" else TensorProto.FLOAT

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Store an array unchanged."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def whole(self, name: str, *values: int) -> str:
        """Store a vector of integers."""
        return self.constant(name, np.array(values, np.int64))

    def weights(self, name: str, value: Array) -> str:
        """Store weights in the type of the arithmetic."""
        return self.constant(name, value.astype("float16" if self.kind == "float16" else "float32"))

    def weights_in_16_bits(self, name: str, value: Array) -> str:
        """Store weights as float16; the arithmetic stays in float32."""
        from onnx import TensorProto

        stored = self.constant(f"{name}/stored", value.astype("float16"))
        return self.add("Cast", name, [stored], to=TensorProto.FLOAT)

    def weights_in_8_bits(self, name: str, value: Array) -> str:
        """Store (D, C, h, w) as integers, -127..127, with a step size for each kernel (h, w).

        The step sizes are integers, 0..255, with a factor for each D.
        """
        kernels = value.reshape(*value.shape[:2], -1)
        # The smallest steps that cover all values, (D, C).
        largest = np.abs(kernels).max(axis=2) / 127
        factors: NDArray[Any] = (largest.max(axis=1) / 255).astype(np.float32)
        factors[factors == 0] = 1
        counts: NDArray[Any] = np.ceil(largest / factors[:, None]).clip(1, 255)
        exact = kernels / (counts * factors[:, None])[..., None]
        whole = _round(exact.clip(-127, 127)).astype(np.int8)

        stored = self.constant(f"{name}/steps/factors", factors)
        steps = self._dequantize(f"{name}/steps", counts.astype(np.uint8), stored)
        steps = self.add("Reshape", f"{name}/each_step", [steps, self.whole(f"{name}/each", -1)])
        x = self._dequantize(f"{name}/flat", whole.reshape(-1, kernels.shape[2]), steps)
        return self.add("Reshape", name, [x, self.whole(f"{name}/shape", *value.shape)])

    def _dequantize(self, name: str, whole: NDArray[Any], steps: str) -> str:
        """Store integers; each row is multiplied by its step size, from another node."""
        inputs = [self.constant(f"{name}/whole", whole), steps]
        return self.add("DequantizeLinear", name, inputs, axis=0)

    def add(self, kind: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output."""
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
        """Add a cast, unless the arithmetic is float32 throughout."""
        return self.add("Cast", name, [x], to=onnx_type) if self.kind == "float16" else x


def _round(values: Array) -> Array:
    """Round (D, C, taps), -127..127, so that the sum of each kernel is within a half, too.

    Feature maps are smooth, so the error of a kernel's sum matters most. The values closest to a
    tie are rounded the other way until the sum is right.
    """
    whole = np.rint(values)
    left = values - whole  # -0.5..0.5
    missing = np.rint(left.sum(axis=2, keepdims=True))
    place = left.argsort(axis=2).argsort(axis=2)
    whole += (missing > 0) & (place >= values.shape[2] - missing) & (whole < 127)
    whole -= (missing < 0) & (place < -missing) & (whole > -127)
    return whole
