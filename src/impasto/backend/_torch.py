"""The PyTorch backend."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ._torch_choice import operators, resolve_precision, use_operators
from ._torch_convolutions import prepare_kernel
from ._torch_graph import Recorded
from ._torch_layers import conv3x3_relu, gram_each, pool2x2, with_gram
from ._torch_networks import conv3x3, enlarge2x2, enlarge_conv3x3, instance_norm, reflect_pad
from ._torch_training import make_update

__all__ = [
    "DATA_FORMAT",
    "VERSION",
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

DATA_FORMAT = "channels_first"
VERSION = torch.__version__


def value_and_grad(fn: Callable[..., Any], *, tf32: bool = False) -> Callable[..., Any]:
    """Return a function giving `((value, parts), gradient)`, the gradient in the first argument."""

    def evaluate(x: torch.Tensor, *rest: Any) -> Any:
        with torch.enable_grad(), _tf32(tf32):
            x = x.detach().requires_grad_(True)
            value, parts = fn(x, *rest)
            (gradient,) = torch.autograd.grad(value, x)
        return (
            value.detach(),
            {name: part.detach() for name, part in parts.items()},
        ), gradient.contiguous()

    return evaluate


def recorded(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function, recorded as one program on a CUDA device."""
    return Recorded(fn) if devices()[0].startswith("cuda") else fn


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Enable or disable TF32 matrix products on CUDA within the context."""
    switches: tuple[Any, ...] = torch.backends.cuda.matmul, torch.backends.cudnn
    former = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = allowed
    try:
        yield
    finally:
        for switch, value in zip(switches, former, strict=True):
            switch.allow_tf32 = value


def free_memory() -> None:
    """Return unused memory to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device_memory() -> float | None:
    """Return the free bytes of the CUDA device in use; None without one."""
    if not devices()[0].startswith("cuda"):
        return None
    return float(torch.cuda.mem_get_info()[0])


def devices() -> list[str]:
    """Name the devices, the one in use first."""
    names = [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    names.append("cpu")
    asked = os.environ.get("KERAS_TORCH_DEVICE", "")
    return sorted(names, key=lambda name: not name.startswith(asked))


def prepare_to_train() -> None:
    """Load PyTorch's compiler, which Keras needs in training, before Keras loads TensorFlow.

    If both are installed, the compiler's library (Triton) crashes if TensorFlow is loaded first.
    """
    import torch._dynamo  # noqa: F401


def threads() -> int:
    """Return the number of CPU threads that one operator uses."""
    return torch.get_num_threads()


def continue_after_fork() -> bool:
    """Compute with one thread in a forked process; return False if that needs a GPU."""
    if devices()[0] != "cpu":
        return False
    torch.set_num_threads(1)
    return True


def compiled(fn: Callable[..., Any], *, tf32: bool = False) -> Callable[..., Any]:
    """Return the function with gradients disabled; it is not compiled."""

    def evaluate(*arguments: Any) -> Any:
        with torch.no_grad(), _tf32(tf32):
            return fn(*arguments)

    return evaluate


def on_gpu() -> bool:
    """Return whether training runs on a CUDA device."""
    return torch.cuda.is_available()
