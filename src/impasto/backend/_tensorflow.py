"""The TensorFlow backend."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ._channels_last import (
    DATA_FORMAT,
    conv3x3,
    conv3x3_relu,
    device_memory,
    enlarge2x2,
    enlarge_conv3x3,
    free_memory,
    gram_each,
    instance_norm,
    operators,
    pool2x2,
    prepare_kernel,
    prepare_to_train,
    recorded,
    reflect_pad,
    resolve_precision,
    use_operators,
    with_gram,
)
from .training_update import make_update

__all__ = [
    "DATA_FORMAT",
    "VERSION",
    "compiled",
    "continue_after_fork",
    "conv3x3",
    "conv3x3_relu",
    "device_memory",
    "devices",
    "enlarge2x2",
    "enlarge_conv3x3",
    "free_memory",
    "gram_each",
    "instance_norm",
    "make_update",
    "on_gpu",
    "operators",
    "pool2x2",
    "prepare_kernel",
    "prepare_to_train",
    "recorded",
    "reflect_pad",
    "resolve_precision",
    "threads",
    "use_operators",
    "value_and_grad",
    "with_gram",
]

VERSION = tf.__version__


def value_and_grad(fn: Callable[..., Any], *, tf32: bool = False) -> Callable[..., Any]:
    """Return a function giving `((value, parts), gradient)`, the gradient in the first argument."""

    def evaluate(x: tf.Tensor, *rest: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value, parts = fn(x, *rest)
        return (value, parts), tape.gradient(value, x)

    return compiled(evaluate, tf32=tf32)


def compiled(fn: Callable[..., Any], *, tf32: bool = False) -> Callable[..., Any]:
    """Return the function compiled."""
    program = tf.function(fn)
    # One program for each size or kind of tile is intended; silence TensorFlow's warning.
    program._omit_frequent_tracing_warning = True

    def precisely(*arguments: Any) -> Any:
        former = tf.config.experimental.tensor_float_32_execution_enabled()
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
        try:
            return program(*arguments)
        finally:
            tf.config.experimental.enable_tensor_float_32_execution(former)

    return precisely


def devices() -> list[str]:
    """Name the devices, the one in use first."""
    found = tf.config.list_physical_devices()
    found.sort(key=lambda device: device.device_type == "CPU")
    return [device.name.removeprefix("/physical_device:") for device in found]


def threads() -> int:
    """Return the number of CPU threads that one operator uses."""
    asked = tf.config.threading.get_intra_op_parallelism_threads()
    return asked or int(os.environ.get("TF_NUM_INTRAOP_THREADS", "0")) or os.cpu_count() or 1


def continue_after_fork() -> bool:
    """Return False: TensorFlow's threads do not survive a fork."""
    return False


def on_gpu() -> bool:
    """Return False; see `backend.on_gpu`."""
    return False
