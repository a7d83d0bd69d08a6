"""The JAX backend."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import jax

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

VERSION = jax.__version__


def value_and_grad(fn: Callable[..., Any], *, tf32: bool = False) -> Callable[..., Any]:
    """Return a function giving `((value, parts), gradient)`, the gradient in the first argument."""
    return _program(jax.value_and_grad(fn, has_aux=True), tf32)


def compiled(fn: Callable[..., Any], *, tf32: bool = False) -> Callable[..., Any]:
    """Return the function compiled; it waits for its result, so calls do not run concurrently."""
    program = _program(fn, tf32)
    return lambda *arguments: jax.block_until_ready(program(*arguments))


def _program(fn: Callable[..., Any], tf32: bool) -> Callable[..., Any]:
    program = jax.jit(fn)

    def evaluate(*arguments: Any) -> Any:
        with jax.default_matmul_precision("tensorfloat32" if tf32 else "float32"):
            return program(*arguments)

    return evaluate


def devices() -> list[str]:
    """Name the devices, the one in use first."""
    return [f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices()]


def threads() -> int:
    """Return the number of CPU threads that one operator uses."""
    return int(os.environ.get("NPROC", "0")) or os.cpu_count() or 1


def continue_after_fork() -> bool:
    """Return False: JAX's threads do not survive a fork."""
    return False


def on_gpu() -> bool:
    """Return False; see `backend.on_gpu`."""
    return False
