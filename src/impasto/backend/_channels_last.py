"""Operators shared by JAX and TensorFlow, through Keras, channels last."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from numpy.typing import NDArray

DATA_FORMAT = "channels_last"
NORM_EPSILON = 1e-5

Tensor = Any


class Kernel(NamedTuple):
    """A frozen 3x3 convolution: weight (3, 3, I, O) and bias (O,)."""

    weight: Tensor
    bias: Tensor


def prepare_kernel(
    kernel: NDArray[np.float32], bias: NDArray[np.float32], *, keep_transformed: bool = False
) -> Kernel:
    """Bring a Keras kernel (3, 3, I, O) and bias (O,) into the form `conv3x3_relu` takes."""
    return Kernel(*(ops.convert_to_tensor(a, dtype="float32") for a in (kernel, bias)))


def conv3x3_relu(x: Tensor, kernel: Kernel, padding: str) -> Tensor:
    """Return relu(conv(x) + bias), x (N, h, w, I) padded with `zeros` or by `replicate`."""
    weight, bias = (ops.cast(array, x.dtype) for array in kernel)
    if padding == "replicate":
        x = ops.pad(
            x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric"
        )  # equals replicate at width 1
    mode = "valid" if padding == "replicate" else "same"
    return ops.relu(ops.conv(x, weight, padding=mode, data_format=DATA_FORMAT) + bias)


def pool2x2(x: Tensor, kind: str, edge: str) -> Tensor:
    """Pool features (N, h, w, C) by `max` or `average`; see `backend.pool2x2`."""
    pool = ops.max_pool if kind == "max" else ops.average_pool
    return pool(x, 2, 2, padding=edge, data_format=DATA_FORMAT)


def gram_each(x: Tensor) -> Tensor:
    """Return the Gram matrix of each of the features (N, h, w, C): (N, C, C), float32."""
    number, height, width, channels = x.shape
    columns = ops.cast(ops.reshape(x, (number, height * width, channels)), "float32")
    return ops.matmul(ops.transpose(columns, (0, 2, 1)), columns)


def with_gram(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return features (N, h, w, C) and their Gram matrix (C, C), float32."""
    columns = ops.cast(ops.reshape(x, (-1, x.shape[-1])), "float32")  # (Nhw, C)
    return x, ops.matmul(ops.transpose(columns), columns)


def resolve_precision(precision: str) -> str:
    """Return the precision; `auto` is float32 here, see `backend.resolve_precision`."""
    return "float32" if precision == "auto" else precision


def prepare_to_train() -> None:
    """Do nothing: only PyTorch needs it."""


def recorded(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function unchanged: only PyTorch records."""
    return fn


def free_memory() -> None:
    """Drop unreachable tensors; the framework keeps its own pool."""
    gc.collect()


def device_memory() -> None:
    """Return None: the framework reserves the GPU's memory and does not report the rest."""


def reflect_pad(x: Tensor) -> Tensor:
    """Mirror (N, H, W, C) by one position beyond its border: (N, H + 2, W + 2, C)."""
    return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")


def conv3x3(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Convolve (N, H, W, I) with a kernel (3, 3, I, O), without padding."""
    return ops.conv(x, kernel, strides=stride, padding="valid", data_format=DATA_FORMAT)


def enlarge2x2(x: Tensor) -> Tensor:
    """Upsample (N, H, W, C) by 2 with nearest neighbours."""
    number, height, width, channels = ops.shape(
        x
    )  # `repeat` would lose the static value of C in a graph
    wide = ops.reshape(ops.concatenate([x, x], axis=3), (number, height, 2 * width, channels))
    rows = ops.concatenate([wide, wide], axis=2)
    return ops.reshape(rows, (number, 2 * height, 2 * width, channels))


def enlarge_conv3x3(x: Tensor, kernel: Tensor) -> Tensor:
    """Upsample (N, H, W, I) by 2 and convolve it; see `backend.enlarge_conv3x3`."""
    x = ops.pad(enlarge2x2(x), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")  # repeats it
    return conv3x3(x, kernel, 1)


def instance_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Normalise each channel of each picture (N, H, W, C); see `backend.instance_norm`."""
    mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
    factor = scale[:, None, None] * ops.rsqrt(variance + NORM_EPSILON)
    return x * factor + (shift[:, None, None] - mean * factor)


def operators() -> dict[str, str]:
    """Return an empty mapping: no operator is chosen by measurement."""
    return {}


def use_operators(chosen: Mapping[str, str]) -> None:
    """Do nothing; see `operators`."""
