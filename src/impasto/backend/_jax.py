"""JAX."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from keras import ops
from numpy.typing import NDArray

DATA_FORMAT = "channels_last"
VERSION = jax.__version__


class Kernel(NamedTuple):
    """A frozen 3x3 convolution: weight (3, 3, I, O) and bias (O,)."""

    weight: jax.Array
    bias: jax.Array


def value_and_grad(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function giving `((value, parts), gradient)`, the gradient in the first argument."""
    evaluate: Callable[..., Any] = jax.jit(jax.value_and_grad(fn, has_aux=True))
    return evaluate


def prepare_kernel(kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Kernel:
    """Bring a Keras kernel (3, 3, I, O) and bias (O,) into the form `conv3x3_relu` takes."""
    return Kernel(*(ops.convert_to_tensor(a, dtype="float32") for a in (kernel, bias)))


def conv3x3_relu(x: jax.Array, kernel: Kernel, padding: str) -> jax.Array:
    """Return relu(conv(x) + bias), x (N, h, w, I) padded with `zeros` or by `replicate`."""
    if padding == "replicate":
        x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")  # 1 wide: the same
    mode = "valid" if padding == "replicate" else "same"
    return ops.relu(ops.conv(x, kernel.weight, padding=mode, data_format=DATA_FORMAT) + kernel.bias)


def free_memory() -> None:
    """Give unused memory back to the device."""
    gc.collect()


def devices() -> list[str]:
    """Name the devices, the one in use first."""
    return [f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices()]


def threads() -> int:
    """Return the number of CPU threads that one operator uses."""
    return int(os.environ.get("NPROC", "0")) or os.cpu_count() or 1
