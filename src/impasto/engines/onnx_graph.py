"""A painting network as an ONNX graph, written from its architecture.

It is written by hand instead of traced: it is then small, open to pictures of any size, and the
same whichever framework Keras runs on. Between transpositions at its ends channels come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend import NORM_EPSILON
from ..types import Kind
from .painting_model import Array, PaintingModel, norm_widths, style_size

OPSET = 17  # of 2022, which all runtimes of today read
_IR_VERSION = 8
_AT_AN_EIGHTH = ("block", "eighth/", "to_quarter/")  # how the names of these convolutions begin
_CHANNELS_FIRST, _CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def painting_graph(model: PaintingModel, vector: Array | None, kind: Kind = "float32") -> Any:
    """Write the network as an ONNX model.

    Args:
        model: The network.
        vector: The style to bake in, (style size,); None makes it an input.
        kind: `float32`; `float16` for weights and arithmetic of 16 bits; or `int8`, where the
            weights of the convolutions at an eighth of the picture's size, nearly all there are,
            have 8 bits, and the arithmetic 32. In 8 bits the others would make most of the
            difference, and to count in 8 bits made it three to ten times as large.

    Returns:
        An `onnx.ModelProto` with the input `picture`, (1, height, width, 3), 0..1, both sides at
        least 16; the input `style`, (1, style size), where none is baked in; and the output
        `painted`, of the picture's shape, 0..1. All are float32, whatever the kind.
    """
    from onnx import TensorProto, checker, helper, shape_inference

    graph = _Graph(kind)
    _write_trunk(graph, model, vector)
    shape = [1, "height", "width", 3]
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)]
    if vector is None:
        styles = [1, style_size(model.architecture)]
        inputs.append(helper.make_tensor_value_info("style", TensorProto.FLOAT, styles))
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "trunk",
            inputs,
            [helper.make_tensor_value_info("painted", TensorProto.FLOAT, shape)],
            graph.constants,
        ),
        producer_name="impasto",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    checker.check_model(made, full_check=True)
    return shape_inference.infer_shapes(made)


class _Graph:
    """Nodes and constants so far; features are named by what makes them."""

    def __init__(self, kind: Kind):
        from onnx import TensorProto

        self.kind = kind
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.onnx_type = TensorProto.FLOAT16 if kind == "float16" else TensorProto.FLOAT
        self.pads = self.constant("pads", np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
        self.scales = self.constant("twice", np.array([1, 1, 2, 2], np.float32))
        self.first = self.constant("first", np.zeros(2, np.int64))
        self.sides = self.constant("sides", np.array([2, 3], np.int64))

    def constant(self, name: str, value: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weights(self, name: str, value: Array) -> str:
        return self.constant(name, value.astype("float16" if self.kind == "float16" else "float32"))

    def weights_in_8_bits(self, name: str, value: Array) -> str:
        """Store (D, C, 3, 3) as whole numbers, -127..127, and a factor for each D."""
        largest = np.abs(value).max(axis=(1, 2, 3))
        factors: NDArray[Any] = np.where(largest > 0, largest, 1).astype(np.float32) / 127
        whole = np.rint(value / factors[:, None, None, None]).astype(np.int8)
        parts = [self.constant(f"{name}/whole", whole), self.constant(f"{name}/factors", factors)]
        return self.add("DequantizeLinear", name, parts, axis=0)

    def add(self, kind: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [name], f"{name}/op", **attributes))
        return name

    def split(self, name: str, lengths: Sequence[int]) -> list[str]:
        from onnx import helper

        parts = [f"{name}/{i}" for i in range(len(lengths))]
        where = self.constant(f"{name}/lengths", np.array(lengths, np.int64))
        self.nodes.append(helper.make_node("Split", [name, where], parts, f"{name}/split", axis=0))
        return parts

    def convert(self, name: str, x: str, onnx_type: int) -> str:
        """Change the type of numbers where it is not float32 throughout."""
        return self.add("Cast", name, [x], to=onnx_type) if self.kind == "float16" else x

    def pad(self, name: str, x: str) -> str:
        return self.add("Pad", f"{name}/pad", [x, self.pads], mode="reflect")

    def enlarge(self, name: str, x: str, beside: str) -> str:
        """Enlarge twice by nearest neighbours, cut to the size of `beside`."""
        how = {"mode": "nearest", "nearest_mode": "floor"}
        how["coordinate_transformation_mode"] = "asymmetric"
        x = self.add("Resize", f"{name}/twice", [x, "", self.scales], **how)
        size = self.add("Shape", f"{name}/size", [beside], start=2)
        return self.add("Slice", f"{name}/cut", [x, self.first, size, self.sides])


def _write_trunk(graph: _Graph, model: PaintingModel, vector: Array | None) -> None:
    """Write what `Trunk.call` computes, step by step the same."""
    from onnx import TensorProto

    arrays = iter(model.trunk)
    norms = _norms(graph, model, vector)
    separable = model.architecture.separable

    def convolve(x: str, name: str, *, stride: int = 1, parts: int = 1) -> str:
        x = graph.pad(name, x)
        x = _convolve(graph, x, name, list(islice(arrays, parts)), stride)
        inputs = [x, *next(norms)]
        return graph.add("InstanceNormalization", f"{name}/norm", inputs, epsilon=NORM_EPSILON)

    x = graph.convert("picture/number", "picture", graph.onnx_type)
    x = graph.add("Transpose", "picture/first", [x], perm=_CHANNELS_FIRST)
    sizes = []
    for stride, name in [(1, "full"), (2, "half"), (2, "quarter"), (2, "eighth")]:
        sizes.append(x := graph.add("Relu", name, [convolve(x, f"{name}/in", stride=stride)]))
    for i in range(model.architecture.blocks):
        inner = convolve(x, f"block{i}/1", parts=1 + separable)
        inner = graph.add("Relu", f"block{i}/1/relu", [inner])
        x = graph.add("Add", f"block{i}", [x, convolve(inner, f"block{i}/2", parts=1 + separable)])
    for name, beside in zip(["to_quarter", "to_half", "to_full"], sizes[2::-1], strict=True):
        x = graph.add("Relu", name, [convolve(graph.enlarge(name, x, beside), f"{name}/in")])
        if beside is sizes[2]:
            x = graph.add("Add", f"{name}/both", [x, beside])
    x = graph.pad("last", x)
    kernel, bias = arrays
    x = graph.add("Conv", "last", [x, *_kernel(graph, "last", kernel, bias)], kernel_shape=[3, 3])
    x = graph.convert("last/number", x, TensorProto.FLOAT)
    x = graph.add("Sigmoid", "painted/first", [x])
    graph.add("Transpose", "painted", [x], perm=_CHANNELS_LAST)


def _convolve(graph: _Graph, x: str, name: str, arrays: Sequence[Array], stride: int) -> str:
    """Convolve with a kernel, or with a depth-wise kernel and then a 1x1 kernel."""
    if len(arrays) == 2:
        depthwise, pointwise = arrays  # (3, 3, C, 1) and (1, 1, C, D)
        each = _kernel(graph, f"{name}/each", depthwise.swapaxes(2, 3))
        channels = depthwise.shape[2]
        how: dict[str, Any] = {"kernel_shape": [3, 3], "group": channels}
        x = graph.add("Conv", f"{name}/each", [x, *each], **how)
        kernel, side = _kernel(graph, name, pointwise), 1
    else:
        kernel, side = _kernel(graph, name, arrays[0]), 3
    how = {"kernel_shape": [side, side], "strides": [stride, stride]}
    return graph.add("Conv", name, [x, *kernel], **how)


def _kernel(graph: _Graph, name: str, kernel: Array, *bias: Array) -> list[str]:
    """Store (3, 3, C, D) as ONNX wants it, (D, C, 3, 3)."""
    small = graph.kind == "int8" and name.startswith(_AT_AN_EIGHTH)
    store = graph.weights_in_8_bits if small else graph.weights
    names = [store(f"{name}/kernel", kernel.transpose(3, 2, 0, 1))]
    return names + [graph.weights(f"{name}/bias", value) for value in bias]


def _norms(graph: _Graph, model: PaintingModel, vector: Array | None) -> Iterator[tuple[str, str]]:
    """Return the names of each normalisation's scales and shifts, (C,) each."""
    lengths = [width for width in norm_widths(model.architecture) for _ in range(2)]
    if vector is None:
        axis = graph.constant("style/axis", np.zeros(1, np.int64))
        graph.add("Squeeze", "style/vector", ["style", axis])
        number = graph.convert("style/number", "style/vector", graph.onnx_type)
        names = graph.split(number, lengths)
    else:
        ends = [0, *np.cumsum(lengths)]
        parts = [vector[start:end] for start, end in pairwise(ends)]
        names = [graph.weights(f"style/{i}", part) for i, part in enumerate(parts)]
    return zip(names[::2], names[1::2], strict=True)
