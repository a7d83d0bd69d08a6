"""Write a painting network as an ONNX graph.

The graph is built by hand instead of traced, which makes it small, valid for pictures of any size,
and independent of Keras' framework. Inside the graph, channels come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ...backend import NORM_EPSILON
from ...types import Kind
from .model import (
    NOISE,
    Array,
    Layer,
    PaintingModel,
    arrays_by_layer,
    layers,
    norm_widths,
    style_size,
    up_blocks,
)
from .noise import COARSE, DEVIATION, FINE, MIDDLE, noise_bytes
from .onnx_nodes import Nodes
from .trunk import WITHOUT_DETAIL

OPSET = 17  # of 2022, supported by all current runtimes
_IR_VERSION = 8
# Prefixes of the names of the layers with most of the weights. Errors at a quarter of the size are
# visible, so the layers there get 16 bits.
_IN_16_BITS = ("quarter", "eighth", "to_quarter_block", "to_half")
_IN_8_BITS = ("block", "sixteenth", "to_eighth", "to_quarter")
_CHANNELS_FIRST, _CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
# On a map upsampled by 2, a 3x3 kernel covers at most 2x2 different values. This maps its rows or
# columns to them: (place in a pair, tap of 2, tap of 3). The pairs begin one position before the
# map, which DepthToSpace then shifts into place.
_SUMS = np.array([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]], np.float32)


def painting_graph(model: PaintingModel, vector: Array | None, kind: Kind = "float32") -> Any:
    """Write the network as an ONNX model.

    Args:
        model: The network.
        vector: The style to bake in, (style size,); None makes it an input.
        kind: `float32`; `float16` for weights and arithmetic in 16 bits; or `int8`: 8 bits for
            the weights of the convolutions at an eighth and a sixteenth of the picture's size (most
            of the weights), 16 for those around a quarter, and arithmetic in 32. In 8 bits the
            other weights would cause most of the error, and arithmetic in 8 bits made it three to
            ten times as large.

    Returns:
        An `onnx.ModelProto` with the input `picture`, (1, height, width, 3), 0..1, both sides at
        least 16 (17 for networks of five sizes); the input `style`, (1, style size), if none is
        baked in; and the output `painted`, of the picture's shape, 0..1. All are float32.
    """
    from onnx import TensorProto, checker, helper, shape_inference

    nodes = Nodes(kind)
    _Trunk(nodes, model, vector).write()
    shape = [1, "height", "width", 3]
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)]
    if vector is None:
        styles = [1, style_size(model.architecture)]
        inputs.append(helper.make_tensor_value_info("style", TensorProto.FLOAT, styles))
    made = helper.make_model(
        helper.make_graph(
            nodes.nodes,
            "trunk",
            inputs,
            [helper.make_tensor_value_info("painted", TensorProto.FLOAT, shape)],
            nodes.constants,
        ),
        producer_name="impasto",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    checker.check_model(made, full_check=True)
    return shape_inference.infer_shapes(made)


class _Trunk:
    """Writes the computation of `trunk.Trunk.call`, step by step."""

    def __init__(self, nodes: Nodes, model: PaintingModel, vector: Array | None):
        self.nodes = nodes
        self.architecture = model.architecture
        self.arrays = arrays_by_layer(model)
        self.layers = iter(layers(model.architecture))
        self.norms = _norms(nodes, model, vector)
        self.border = nodes.whole("border", 0, 0, 1, 1, 0, 0, 1, 1)
        self.sides = nodes.whole("sides", 2, 3)
        self.first = nodes.whole("first", 1, 1)

    def write(self) -> None:
        from onnx import TensorProto

        add = self.nodes.add
        x = self.nodes.convert("input/number", "picture", self.nodes.onnx_type)
        sizes = self._down(add("Transpose", "input/first", [x], perm=_CHANNELS_FIRST))
        x = sizes.pop()
        if self.architecture.noise:
            x = self._moved_by_noise(x)
        x = self._blocks(x, self.architecture.blocks)
        for step, beside in enumerate(reversed(sizes)):
            x = self._relu(self._convolve(x, beside))
            if len(sizes) - step > WITHOUT_DETAIL:
                x = add("Add", f"{x}/both", [x, beside])
            x = self._blocks(x, up_blocks(self.architecture, step))
        x = self._apply(next(self.layers), x)
        x = self.nodes.convert("output/number", x, TensorProto.FLOAT)
        add("Transpose", "painted", [add("Sigmoid", "output/first", [x])], perm=_CHANNELS_LAST)

    def _down(self, x: str) -> list[str]:
        """Return the feature maps of the encoder, largest first."""
        if self.architecture.noise:
            x = self.nodes.add("Concat", "input/both", [x, self._noise("fine", FINE, x)], axis=1)
        sizes = [self._relu(self._convolve(x))]
        for _ in self.architecture.widths[1:]:
            sizes.append(self._relu(self._convolve(sizes[-1])))
        return sizes

    def _moved_by_noise(self, x: str) -> str:
        """Add the noise at the smallest size."""
        (weights,) = self.arrays[NOISE]
        each = self.nodes.weights("coarse/weights", weights[None, :, None, None])
        change = self.nodes.add("Mul", "coarse/each", [self._noise("coarse", COARSE, x), each])
        return self.nodes.add("Add", "coarse/both", [x, change])

    def _noise(self, name: str, side: int, like: str) -> str:
        """Write `noise_map`, (1, 1, H, W); constant subexpressions come first."""
        from onnx import TensorProto

        nodes = self.nodes
        x = nodes.constant(f"{name}/bytes", noise_bytes(side))
        x = nodes.add("Cast", f"{name}/numbers", [x], to=TensorProto.FLOAT)
        for kind, number in [("Sub", MIDDLE), ("Div", DEVIATION)]:
            by = nodes.constant(f"{name}/{kind}/by", np.array(number, np.float32))
            x = nodes.add(kind, f"{name}/{kind}", [x, by])
        x = nodes.convert(f"{name}/number", x, nodes.onnx_type)
        begin, step, period = (
            nodes.constant(f"{name}/{word}", np.array(number, np.int64))
            for word, number in [("begin", 0), ("step", 1), ("period", side)]
        )
        size = nodes.add("Shape", f"{name}/size", [like])
        for axis in (1, 0):  # columns first: they are copied one by one, rows in one piece
            which = nodes.constant(f"{name}/{axis}/side", np.array(2 + axis, np.int64))
            length = nodes.add("Gather", f"{name}/{axis}/length", [size, which])
            places = nodes.add("Range", f"{name}/{axis}/range", [begin, length, step])
            places = nodes.add("Mod", f"{name}/{axis}/places", [places, period])
            x = nodes.add("Gather", f"{name}/{axis}", [x, places], axis=axis)
        return nodes.add("Unsqueeze", f"{name}/map", [x, nodes.whole(f"{name}/axes", 0, 1)])

    def _blocks(self, x: str, count: int) -> str:
        for _ in range(count):
            y = self._convolve(self._relu(self._convolve(x)))
            x = self.nodes.add("Add", f"{y}/both", [x, y])
        return x

    def _relu(self, x: str) -> str:
        return self.nodes.add("Relu", f"{x}/relu", [x])

    def _convolve(self, x: str, beside: str | None = None) -> str:
        """Apply the next layer and normalise, after upsampling to the size of `beside` if given."""
        layer = next(self.layers)
        x = self._apply(layer, x) if beside is None else self._enlarge(layer, x, beside)
        name, inputs = f"{layer.name}/norm", [x, *next(self.norms)]
        return self.nodes.add("InstanceNormalization", name, inputs, epsilon=NORM_EPSILON)

    def _apply(self, layer: Layer, x: str) -> str:
        """Convolve with a kernel, or with a depth-wise kernel and then a 1x1 kernel."""
        name, arrays = layer.name, self.arrays[layer.name]
        x = self.nodes.add("Pad", f"{name}/pad", [x, self.border], mode="reflect")
        if self.architecture.separable and layer.inner:
            each = self._kernel(f"{name}/each", _first(arrays[0].swapaxes(2, 3)))
            how = {"kernel_shape": [3, 3], "group": layer.inputs}
            x = self.nodes.add("Conv", f"{name}/each", [x, each], **how)
            arrays = arrays[1:]
        inputs = [x, self._kernel(name, _first(arrays[0]))]
        inputs += [self.nodes.weights(f"{name}/bias", bias) for bias in arrays[1:]]
        how = {"kernel_shape": arrays[0].shape[:2], "strides": [layer.stride] * 2}
        return self.nodes.add("Conv", f"{name}/conv", inputs, **how)

    def _enlarge(self, layer: Layer, x: str, beside: str) -> str:
        """Write `enlarge_conv3x3`, cropped to the size of `beside`.

        The map is not upsampled, see `_SUMS`. Compared with Resize and a 3x3 convolution this saves
        an eighth of the network's time (16 to 160 channels, 512x512 pixels, one thread, AVX2: 959
        instead of 1091 ms; in a browser 1947 instead of 2227), for a file 4 to 7 % larger.
        """
        name, add, (kernel,) = layer.name, self.nodes.add, self.arrays[layer.name]
        if self.nodes.kind == "int8":
            folded = self._folded(layer, kernel)
        else:
            small = np.einsum("pay,qbx,yxio->pqoiab", _SUMS, _SUMS, kernel)
            folded = self._kernel(name, small.reshape(4 * layer.filters, layer.inputs, 2, 2))
        x = add("Pad", f"{name}/pad", [x, self.border], mode="edge")
        x = add("Conv", f"{name}/conv", [x, folded], kernel_shape=[2, 2])
        x = add("DepthToSpace", f"{name}/enlarged", [x], blocksize=2)
        size = add("Shape", f"{name}/size", [beside], start=2)
        end = add("Add", f"{name}/end", [size, self.first])
        return add("Slice", f"{name}/cut", [x, self.first, end, self.sides])

    def _folded(self, layer: Layer, kernel: Array) -> str:
        """Store a quantised kernel, and fold it in the graph.

        Rounding after folding would give the four pixels of a position different errors, visible as
        a grid of dots.
        """
        name, add, whole = layer.name, self.nodes.add, self.nodes.whole
        sums = np.einsum("pay,qbx->yxpqab", _SUMS, _SUMS).reshape(9, 16)
        stored = self._kernel(name, _first(kernel))  # (D, C, 3, 3)
        taps = whole(f"{name}/taps", layer.filters, layer.inputs, 9)
        x = add("Reshape", f"{name}/flat", [stored, taps])
        x = add("MatMul", f"{name}/summed", [x, self.nodes.weights(f"{name}/sums", sums)])
        places = whole(f"{name}/places", layer.filters, layer.inputs, 2, 2, 2, 2)
        x = add("Reshape", f"{name}/by_place", [x, places])
        x = add("Transpose", f"{name}/in_order", [x], perm=[2, 3, 0, 1, 4, 5])
        small = whole(f"{name}/small", 4 * layer.filters, layer.inputs, 2, 2)
        return add("Reshape", f"{name}/folded", [x, small])

    def _kernel(self, name: str, kernel: Array) -> str:
        """Store a kernel in ONNX layout, (D, C, h, w)."""
        store = self.nodes.weights
        if self.nodes.kind == "int8" and name.startswith(_IN_16_BITS):
            store = self.nodes.weights_in_16_bits
        elif self.nodes.kind == "int8" and name.startswith(_IN_8_BITS):
            store = self.nodes.weights_in_8_bits
        return store(f"{name}/kernel", kernel)


def _first(kernel: Array) -> Array:
    """Transpose (h, w, C, D) to (D, C, h, w)."""
    return kernel.transpose(3, 2, 0, 1)


def _norms(nodes: Nodes, model: PaintingModel, vector: Array | None) -> Iterator[tuple[str, str]]:
    """Return the names of each normalisation's scales and shifts, (C,) each."""
    lengths = [width for width in norm_widths(model.architecture) for _ in range(2)]
    if vector is None:
        nodes.add("Squeeze", "style/vector", ["style", nodes.whole("style/axis", 0)])
        names = nodes.split(nodes.convert("style/number", "style/vector", nodes.onnx_type), lengths)
    else:
        ends = [0, *np.cumsum(lengths)]
        parts = [vector[start:end] for start, end in pairwise(ends)]
        names = [nodes.weights(f"style/{i}", part) for i, part in enumerate(parts)]
    return zip(names[::2], names[1::2], strict=True)
