"""Frozen 3x3 convolutions on PyTorch, with several operators."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from keras import ops
from numpy.typing import NDArray
from torch.nn import functional

from ..images.memory import FEW_POSITIONS
from ..process import has_bfloat16
from . import _nnpack as nnpack

NCHW, NHWC = torch.contiguous_format, torch.channels_last

# The call also initialises NNPACK: without it the operator fails with "updateOutput failed".
HAS_NNPACK = torch.backends.nnpack.is_available() and hasattr(torch, "_nnpack_spatial_convolution")
NNPACK_CHANNELS = 16  # from here on it is faster


def is_emulated(x: torch.Tensor) -> bool:
    """Return whether PyTorch would emulate the arithmetic of `x`, which takes minutes."""
    return x.dtype == torch.bfloat16 and x.device.type == "cpu" and not has_bfloat16()


def conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    padding: int | tuple[int, int] = 0,
) -> torch.Tensor:
    """Convolve with PyTorch's stock operator, in float32 if bfloat16 would be emulated."""
    dtype = x.dtype
    if is_emulated(x):
        x, weight = x.float(), weight.float()
    bias = None if bias is None else bias.to(x.dtype)
    return functional.conv2d(x, weight, bias, padding=padding).to(dtype)


class Kernel(NamedTuple):
    """A frozen 3x3 convolution.

    Attributes:
        weight: (O, I, 3, 3).
        transposed: Kernel of the gradient: flipped, channels swapped, (I, O, 3, 3).
        bias: (O,).
        keep_transformed: Whether to keep NNPACK's transformed kernels, 64 / 9 as large.
        forms: The kernels in the layouts of some operators, made on first use.
    """

    weight: torch.Tensor
    transposed: torch.Tensor
    bias: torch.Tensor
    keep_transformed: bool
    forms: dict[Any, torch.Tensor]

    def form(self, back: bool, name: str, dtype: torch.dtype) -> torch.Tensor:
        """Return the kernel, or its transpose for the backward pass, in one of `_FORMS`."""
        key = back, name, dtype
        if key not in self.forms:
            kernel = self.transposed if back else self.weight
            self.forms[key] = _FORMS[name](kernel.to(dtype))
        return self.forms[key]

    def transformed(self, back: bool, positions: int) -> torch.Tensor | None:
        """Return NNPACK's transformed kernel, or None if it is not kept."""
        if positions <= FEW_POSITIONS and self.keep_transformed and nnpack.is_available():
            return self.form(back, "transformed", torch.float32)
        self.forms.pop((back, "transformed", torch.float32), None)  # from a coarser scale
        return None


def prepare_kernel(
    kernel: NDArray[np.float32], bias: NDArray[np.float32], *, keep_transformed: bool = False
) -> Kernel:
    """Bring a Keras kernel (3, 3, I, O) and bias (O,) into the form `conv3x3_relu` takes."""
    weights, biases = (ops.convert_to_tensor(a, dtype="float32") for a in (kernel, bias))
    weights = weights.permute(3, 2, 0, 1).contiguous()  # (O, I, 3, 3)
    back = weights.flip(2, 3).transpose(0, 1).contiguous()
    return Kernel(weights, back, biases, keep_transformed, forms={})


_FORMS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "plain": lambda kernel: kernel,
    "channels last": lambda kernel: kernel.contiguous(memory_format=NHWC),
    "packed": lambda kernel: torch._C._nn.mkldnn_reorder_conv2d_weight(
        kernel.contiguous(memory_format=NHWC).to_mkldnn(), [1, 1], [1, 1], [1, 1], 1
    ),
    "transformed": nnpack.transform,
    "top": lambda kernel: kernel[:, :, :1].contiguous(),
    "bottom": lambda kernel: kernel[:, :, 2:].contiguous(),
    "left": lambda kernel: kernel[:, :, :, :1].contiguous(),
    "right": lambda kernel: kernel[:, :, :, 2:].contiguous(),
}


def _nnpack(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    """Convolve with NNPACK, which computes in float32 only."""
    weight, bias = kernel.form(back, "plain", torch.float32), None if back else kernel.bias
    convolve: Callable[[torch.Tensor], torch.Tensor] = functools.partial(
        torch._nnpack_spatial_convolution, weight=weight, bias=bias, padding=zeros
    )
    transformed = kernel.transformed(back, x.shape[2] * x.shape[3])
    if transformed is not None:
        bias = torch.zeros(len(weight)) if back else kernel.bias
        convolve = functools.partial(
            nnpack.convolve, transformed=transformed, bias=bias, zeros=zeros
        )
    pictures = x.float()
    done = [convolve(pictures[i : i + 1]) for i in range(len(x))]  # batches are slower
    return (done[0] if len(done) == 1 else torch.cat(done)).to(x.dtype)


def _stock(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    weight = kernel.form(back, "plain", x.dtype)
    return conv2d(x, weight, None if back else kernel.bias, zeros)


def _channels_last(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    weight, bias = kernel.form(back, "channels last", x.dtype), kernel.bias.to(x.dtype)
    return functional.conv2d(x, weight, None if back else bias, padding=zeros)


def _packed(x: torch.Tensor, kernel: Kernel, back: bool, zeros: int) -> torch.Tensor:
    """Convolve with oneDNN and a kernel reordered once; the stock operator reorders every time."""
    weight = kernel.form(back, "packed", x.dtype)
    bias = None if back else kernel.bias.to(x.dtype)
    sizes = [zeros, zeros], [1, 1], [1, 1]  # padding, stride, dilation
    y: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, weight, bias, *sizes, 1, "none", [], ""
    )
    return y


class Operator(NamedTuple):
    """An implementation of the convolution.

    Attributes:
        run: `(x, kernel, back, zeros)` convolves x with the kernel and adds the bias, or, with
            `back`, convolves a gradient with the transposed kernel; `zeros` is the padding.
        memory_format: Memory format of its input and output.
    """

    run: Callable[[torch.Tensor, Kernel, bool, int], torch.Tensor]
    memory_format: torch.memory_format


OPERATORS = {
    "nnpack": Operator(_nnpack, NCHW),
    "stock": Operator(_stock, NCHW),
    "channels_last": Operator(_channels_last, NHWC),
    "packed": Operator(_packed, NHWC),
}


def memory_format(x: torch.Tensor) -> torch.memory_format:
    """Return the memory format of features (N, C, h, w)."""
    return NCHW if x.is_contiguous() else NHWC
