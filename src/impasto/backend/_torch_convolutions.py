"""Frozen 3x3 convolutions on PyTorch: several operators, and which is fastest for a shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from keras import ops
from numpy.typing import NDArray
from torch.nn import functional

from .measurements import Seconds, Table, fastest, measure

NCHW, NHWC = torch.contiguous_format, torch.channels_last

# The call also initialises NNPACK: without it the operator fails with "updateOutput failed".
_HAS_NNPACK = torch.backends.nnpack.is_available() and hasattr(torch, "_nnpack_spatial_convolution")
_NNPACK_CHANNELS = 16
_WINOGRAD_CHANNELS = 128  # below, the transforms move more memory than the products save
_MOST_POSITIONS, _FEWEST_POSITIONS = 1 << 12, 1 << 6  # of the shapes that are measured


class Kernel(NamedTuple):
    """A frozen 3x3 convolution.

    Attributes:
        weight: (O, I, 3, 3).
        transposed: For the gradient in the input: flipped, channels swapped, (I, O, 3, 3).
        bias: (O,).
        forms: The same kernels as some operators want them, made when first needed.
    """

    weight: torch.Tensor
    transposed: torch.Tensor
    bias: torch.Tensor
    forms: dict[Any, torch.Tensor]

    def form(self, back: bool, name: str, dtype: torch.dtype) -> torch.Tensor:
        """Return the kernel, or its transpose for the way back, in one of `_FORMS`."""
        key = back, name, dtype
        if key not in self.forms:
            kernel = self.transposed if back else self.weight
            self.forms[key] = _FORMS[name](kernel.to(dtype))
        return self.forms[key]


def prepare_kernel(kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Kernel:
    """Bring a Keras kernel (3, 3, I, O) and bias (O,) into the form `conv3x3_relu` takes."""
    weight = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))  # (O, I, 3, 3)
    transposed = np.ascontiguousarray(weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))
    weights, back, biases = (
        ops.convert_to_tensor(a, dtype="float32") for a in (weight, transposed, bias)
    )
    return Kernel(weights, back, biases, forms={})


# Winograd's F(4x4, 3x3): Lavin and Gray (2016), "Fast algorithms for convolutional neural
# networks", section 4.3. Tiles of 6x6 inputs give 4x4 outputs with 36 products in place of 144.
_TILE, _OVERLAP = 4, 2
_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_KERNEL = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
_OUTPUT = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
)


@functools.lru_cache(maxsize=4)
def _transforms(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the transforms of whole tiles, (36, 36) and (16, 36)."""
    return tuple(
        torch.tensor(np.kron(m, m), dtype=torch.float32, device=device) for m in (_INPUT, _OUTPUT)
    )  # type: ignore[return-value]


def _winograd_form(kernel: torch.Tensor) -> torch.Tensor:
    """Transform a kernel (O, I, 3, 3) to the weights of 36 1x1 convolutions, (36 * O, I, 1, 1)."""
    matrix = torch.tensor(_KERNEL, device=kernel.device)
    products = torch.einsum("ai,ocij,bj->aboc", matrix, kernel.double(), matrix)
    return products.reshape(-1, kernel.shape[1], 1, 1).to(kernel.dtype).contiguous()


_FORMS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "plain": lambda kernel: kernel,
    "channels last": lambda kernel: kernel.contiguous(memory_format=NHWC),
    "packed": lambda kernel: torch._C._nn.mkldnn_reorder_conv2d_weight(
        kernel.contiguous(memory_format=NHWC).to_mkldnn(), [1, 1], [1, 1], [1, 1], 1
    ),
    "winograd": _winograd_form,
    "top": lambda kernel: kernel[:, :, :1].contiguous(),
    "bottom": lambda kernel: kernel[:, :, 2:].contiguous(),
    "left": lambda kernel: kernel[:, :, :, :1].contiguous(),
    "right": lambda kernel: kernel[:, :, :, 2:].contiguous(),
}


def _nnpack(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    weight = kernel.form(back, "plain", x.dtype)
    return torch._nnpack_spatial_convolution(
        x, weight, None if back else kernel.bias, padding=zeros
    )


def _stock(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    weight, bias = kernel.form(back, "plain", x.dtype), kernel.bias.to(x.dtype)
    return functional.conv2d(x, weight, None if back else bias, padding=zeros)


def _channels_last(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    weight, bias = kernel.form(back, "channels last", x.dtype), kernel.bias.to(x.dtype)
    return functional.conv2d(x, weight, None if back else bias, padding=zeros)


def _packed(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    """Convolve by oneDNN with the kernel reordered beforehand, as stock does at each call."""
    weight = kernel.form(back, "packed", x.dtype)
    bias = None if back else kernel.bias.to(x.dtype)
    sizes = [zeros, zeros], [1, 1], [1, 1]  # padding, stride, dilation
    y: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, weight, bias, *sizes, 1, "none", [], ""
    )
    return y


def _winograd(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    """Convolve by F(4x4, 3x3), the 36 products as one grouped 1x1 convolution."""
    weight = kernel.form(back, "winograd", x.dtype)
    into, out_of = _transforms(x.device)
    _, inputs, height, width = x.shape
    outputs = weight.shape[0] // 36
    height, width = height + 2 * zeros - 2, width + 2 * zeros - 2  # of the result
    down, across = -(-height // _TILE), -(-width // _TILE)
    rest = (zeros, across * _TILE - width + zeros, zeros, down * _TILE - height + zeros)
    padded = functional.pad(x.permute(0, 2, 3, 1)[0], (0, 0, *rest))  # (h', w', I)
    row, column, _ = padded.stride()
    tiles = padded.as_strided(
        (down, across, 6, 6, inputs), (_TILE * row, _TILE * column, row, column, 1)
    )
    spread = into @ tiles.reshape(-1, 36, inputs)  # (T, 36, I)
    spread = spread.view(1, -1, 1, 36 * inputs).permute(0, 3, 1, 2)  # (1, 36 I, T, 1)
    products = functional.conv2d(spread, weight, groups=36)  # (1, 36 O, T, 1)
    gathered = out_of @ products.permute(0, 2, 3, 1).reshape(-1, 36, outputs)  # (T, 16, O)
    y = gathered.view(down, across, _TILE, _TILE, outputs).transpose(1, 2)
    y = y.reshape(1, down * _TILE, across * _TILE, outputs)[:, :height, :width].permute(0, 3, 1, 2)
    y = y.contiguous(memory_format=NHWC)
    return y if back else y.add_(kernel.bias.view(1, -1, 1, 1))


class Operator(NamedTuple):
    """A way to convolve.

    Attributes:
        run: `(x, kernel, back, zeros)` convolves x with the kernel and adds the bias, or, `back`,
            convolves a gradient with the transposed kernel; `zeros` is the width of the border.
        memory_format: What it reads and writes.
    """

    run: Callable[[torch.Tensor, Kernel, bool, int], torch.Tensor]
    memory_format: torch.memory_format


OPERATORS = {
    "nnpack": Operator(_nnpack, NCHW),
    "stock": Operator(_stock, NCHW),
    "channels_last": Operator(_channels_last, NHWC),
    "packed": Operator(_packed, NHWC),
    "winograd": Operator(_winograd, NHWC),
}


def _candidates(x: torch.Tensor, kernel: Kernel) -> list[str]:
    channels = min(kernel.weight.shape[:2])
    names = ["stock", "channels_last"]
    if x.device.type == "cpu" and torch.backends.mkldnn.is_available():
        names.append("packed")
    if x.device.type == "cpu" and x.dtype == torch.float32 and len(x) == 1:
        if _HAS_NNPACK and channels >= _NNPACK_CHANNELS:
            names.append("nnpack")
        if channels >= _WINOGRAD_CHANNELS:
            names.append("winograd")
    return names


class Choice(NamedTuple):
    """The operators for a layer and the memory format that both work in."""

    forward: str
    backward: str
    memory_format: torch.memory_format


@functools.cache
def speeds() -> Table:
    """Return the times measured on this machine."""
    return Table(f"torch {torch.__version__}", torch.get_num_threads())


def choose(x: torch.Tensor, kernel: Kernel) -> Choice:
    """Choose the operators for features (N, I, h, w), given where they lie in memory.

    A change of the memory format on the way in, and back for the gradient, is counted.
    """
    outputs, inputs = kernel.weight.shape[:2]
    positions = _bucket(x.shape[0] * x.shape[2] * x.shape[3])
    present = memory_format(x)
    key = (inputs, outputs, positions, present, x.dtype, x.device, len(x) == 1)
    if key not in _CHOICES:
        _CHOICES[key] = _choose(x, kernel, positions, present)
    return _CHOICES[key]


_CHOICES: dict[Any, Choice] = {}


def _choose(
    x: torch.Tensor, kernel: Kernel, positions: int, present: torch.memory_format
) -> Choice:
    names = _candidates(x, kernel)
    ahead, back = (_seconds(x, kernel, positions, names, way) for way in (False, True))
    moves = _seconds_of_moves(x, positions)
    best: dict[torch.memory_format, tuple[float, Choice]] = {}
    for format_ in (NCHW, NHWC):
        there = [
            {n: s for n, s in times.items() if OPERATORS[n].memory_format == format_}
            for times in (ahead, back)
        ]
        if all(there):
            forward, backward = (fastest(times) for times in there)
            cost = ahead[forward] + back[backward] + (moves if format_ != present else 0.0)
            best[format_] = cost, Choice(forward, backward, format_)
    return min(best.values(), key=lambda costed: costed[0])[1]


def _bucket(positions: int) -> int:
    """Round to a power of four within the sizes that are measured."""
    nearest = 1 << 2 * round(math.log2(positions) / 2)
    return min(max(nearest, _FEWEST_POSITIONS), _MOST_POSITIONS)


def _sample(x: torch.Tensor, channels: int, positions: int) -> torch.Tensor:
    height = 1 << (positions.bit_length() - 1) // 2
    return torch.rand((1, channels, height, positions // height), dtype=x.dtype, device=x.device)


def _seconds(
    x: torch.Tensor, kernel: Kernel, positions: int, names: list[str], back: bool
) -> Seconds:
    channels = kernel.weight.shape[0 if back else 1]
    others = kernel.weight.shape[1 if back else 0]
    question = f"{x.device.type} {x.dtype} {channels} to {others} at {positions}: {','.join(names)}"

    def ask() -> Seconds:
        sample = _sample(x, channels, positions)
        return measure(
            {
                name: functools.partial(
                    OPERATORS[name].run,
                    sample.contiguous(memory_format=OPERATORS[name].memory_format),
                    kernel,
                    back,
                    1,
                )
                for name in names
            },
            wait=functools.partial(_wait, x.device),
        )

    with torch.no_grad():
        return speeds().look_up(question, ask)


def _seconds_of_moves(x: torch.Tensor, positions: int) -> float:
    """Return what it takes to bring features into the other format and their gradient back."""
    channels = x.shape[1]

    def ask() -> Seconds:
        sample = _sample(x, channels, positions)
        last = sample.contiguous(memory_format=NHWC)
        return measure(
            {
                "to channels last": lambda: sample.contiguous(memory_format=NHWC),
                "to channels first": lambda: last.contiguous(memory_format=NCHW),
            },
            wait=functools.partial(_wait, x.device),
        )

    with torch.no_grad():
        question = f"{x.device.type} {x.dtype} move {channels} at {positions}"
        return sum(speeds().look_up(question, ask).values())


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def memory_format(x: torch.Tensor) -> torch.memory_format:
    """Return how features (N, C, h, w) lie in memory."""
    return NCHW if x.is_contiguous() else NHWC
