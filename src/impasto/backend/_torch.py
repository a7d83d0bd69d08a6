"""PyTorch."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from keras import ops
from numpy.typing import NDArray

DATA_FORMAT = "channels_first"
VERSION = torch.__version__

# Below this many positions NNPACK's transform of the kernel costs more than it saves.
_NNPACK_POSITIONS = 1500
_NNPACK_CHANNELS = 16
# The call also initialises NNPACK: without it the operator fails with "updateOutput failed".
_HAS_NNPACK = torch.backends.nnpack.is_available() and hasattr(torch, "_nnpack_spatial_convolution")


class Kernel(NamedTuple):
    """A frozen 3x3 convolution: weight (O, I, 3, 3), its transpose for the gradient, bias (O,)."""

    weight: torch.Tensor
    transposed: torch.Tensor
    bias: torch.Tensor


def value_and_grad(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function giving `((value, parts), gradient)`, the gradient in the first argument."""

    def evaluate(x: torch.Tensor, *rest: Any) -> Any:
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            value, parts = fn(x, *rest)
            (gradient,) = torch.autograd.grad(value, x)
        return (
            value.detach(),
            {name: part.detach() for name, part in parts.items()},
        ), gradient.contiguous()

    return evaluate


def prepare_kernel(kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Kernel:
    """Bring a Keras kernel (3, 3, I, O) and bias (O,) into the form `conv3x3_relu` takes."""
    weight = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))  # (O, I, 3, 3)
    transposed = np.ascontiguousarray(weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))
    return Kernel(*(ops.convert_to_tensor(a, dtype="float32") for a in (weight, transposed, bias)))


def _conv3x3(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, zeros: int
) -> torch.Tensor:
    """Convolve, with a border of `zeros`, by NNPACK or the stock operator, whichever is faster."""
    outputs, inputs = weight.shape[:2]
    if (
        _HAS_NNPACK
        and x.device.type == "cpu"
        and min(inputs, outputs) >= _NNPACK_CHANNELS
        and x.shape[2] * x.shape[3] >= _NNPACK_POSITIONS
    ):
        return torch._nnpack_spatial_convolution(x.contiguous(), weight, bias, padding=zeros)
    return torch.nn.functional.conv2d(x, weight, bias, padding=zeros)


class _Conv3x3Relu(torch.autograd.Function):
    """relu(x * weight + bias); only x has a gradient, since the network is frozen."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, kernel: Kernel, padding: str) -> torch.Tensor:
        ctx.replicate = padding == "replicate"
        if ctx.replicate:
            x = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
        y = _conv3x3(x, kernel.weight, kernel.bias, 0 if ctx.replicate else 1).relu_()
        ctx.save_for_backward(y)
        ctx.transposed = kernel.transposed
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (y,) = ctx.saved_tensors
        gradient = torch.ops.aten.threshold_backward(gradients[0], y, 0)
        if not ctx.replicate:
            return _conv3x3(gradient, ctx.transposed, None, 1), None, None
        wide = _conv3x3(gradient, ctx.transposed, None, 2)  # (N, I, h + 2, w + 2)
        wide[:, :, 1] += wide[:, :, 0]
        wide[:, :, -2] += wide[:, :, -1]
        wide[:, :, :, 1] += wide[:, :, :, 0]
        wide[:, :, :, -2] += wide[:, :, :, -1]
        return wide[:, :, 1:-1, 1:-1].contiguous(), None, None


def conv3x3_relu(x: torch.Tensor, kernel: Kernel, padding: str) -> torch.Tensor:
    """Return relu(conv(x) + bias), x (N, I, h, w) padded with `zeros` or by `replicate`."""
    y: torch.Tensor = _Conv3x3Relu.apply(x, kernel, padding)
    return y


def free_memory() -> None:
    """Give unused memory back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def devices() -> list[str]:
    """Name the devices, the one in use first."""
    names = [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def threads() -> int:
    """Return the number of CPU threads that one operator uses."""
    return torch.get_num_threads()
