"""Frozen 3x3 convolutions on PyTorch: several operators for the same."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from keras import ops
from numpy.typing import NDArray
from torch.nn import functional

NCHW, NHWC = torch.contiguous_format, torch.channels_last

# The call also initialises NNPACK: without it the operator fails with "updateOutput failed".
HAS_NNPACK = torch.backends.nnpack.is_available() and hasattr(torch, "_nnpack_spatial_convolution")


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


def memory_format(x: torch.Tensor) -> torch.memory_format:
    """Return how features (N, C, h, w) lie in memory."""
    return NCHW if x.is_contiguous() else NHWC
