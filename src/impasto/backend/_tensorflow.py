"""TensorFlow."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

DATA_FORMAT = "channels_last"
VERSION = tf.__version__


class Kernel(NamedTuple):
    """A frozen 3x3 convolution: weight (3, 3, I, O) and bias (O,)."""

    weight: tf.Tensor
    bias: tf.Tensor


def value_and_grad(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function giving `((value, parts), gradient)`, the gradient in the first argument."""

    def evaluate(x: tf.Tensor, *rest: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value, parts = fn(x, *rest)
        return (value, parts), tape.gradient(value, x)

    compiled: Callable[..., Any] = tf.function(evaluate)
    return compiled


def prepare_kernel(kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Kernel:
    """Bring a Keras kernel (3, 3, I, O) and bias (O,) into the form `conv3x3_relu` takes."""
    return Kernel(*(ops.convert_to_tensor(a, dtype="float32") for a in (kernel, bias)))


def conv3x3_relu(x: tf.Tensor, kernel: Kernel, padding: str) -> tf.Tensor:
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
    found = tf.config.list_physical_devices()
    found.sort(key=lambda device: device.device_type == "CPU")
    return [device.name.removeprefix("/physical_device:") for device in found]


def threads() -> int:
    """Return the number of CPU threads that one operator uses."""
    asked = tf.config.threading.get_intra_op_parallelism_threads()
    return asked or int(os.environ.get("TF_NUM_INTRAOP_THREADS", "0")) or os.cpu_count() or 1
