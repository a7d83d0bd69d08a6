"""Call NNPACK through its C interface, which PyTorch's shared library exports on Linux.

PyTorch's operator transforms the kernel at each call. Here a frozen kernel is transformed once,
which saves up to half the time of layers with many channels and few positions. Results are equal
bit for bit.
"""

from __future__ import annotations

import ctypes
import functools
import os
from ctypes import POINTER, Structure, byref, c_int, c_size_t, c_void_p
from pathlib import Path

import torch

# nnpack.h
_WINOGRAD_8X8, _PRECOMPUTE, _REUSE, _IDENTITY = 3, 2, 3, 0


class _Size(Structure):
    _fields_ = (("width", c_size_t), ("height", c_size_t))


class _Padding(Structure):
    _fields_ = tuple((side, c_size_t) for side in ("top", "right", "bottom", "left"))


_ARGUMENTS = (
    c_int, c_int,  # algorithm, strategy
    c_size_t, c_size_t,  # channels in and out
    _Size, _Padding, _Size, _Size,  # of the input, its padding, the kernel, the stride
    c_void_p, c_void_p, c_void_p, c_void_p,  # input, kernel, bias, output
    c_void_p, POINTER(c_size_t),  # workspace and its bytes
    c_int, c_void_p,  # activation and its parameters
    c_void_p, c_void_p,  # threads, profile
)  # fmt: skip


@functools.cache
def is_available() -> bool:
    """Return whether transformed kernels can be kept on this machine."""
    try:
        _library()
    except (OSError, AttributeError):  # another system, or another build of PyTorch
        return False
    return bool(torch.backends.nnpack.is_available())


def transform(kernel: torch.Tensor) -> torch.Tensor:
    """Transform a kernel (O, I, 3, 3), float32, for `convolve`; 64 / 9 as large."""
    outputs, inputs = kernel.shape[:2]
    x, y = torch.zeros(1, inputs, 3, 3), torch.empty(1, outputs, 3, 3)
    return _run(_PRECOMPUTE, x, kernel.contiguous(), torch.zeros(outputs), y, 1)


def convolve(
    x: torch.Tensor, transformed: torch.Tensor, bias: torch.Tensor, zeros: int
) -> torch.Tensor:
    """Convolve and add the bias.

    Args:
        x: Features, (1, I, h, w), float32.
        transformed: Kernel from `transform`.
        bias: (O,), float32.
        zeros: Width of the zero padding, 0 to 2.

    Returns:
        (1, O, h + 2 zeros - 2, w + 2 zeros - 2).
    """
    height, width = (side + 2 * zeros - 2 for side in x.shape[2:])
    y = torch.empty(1, len(bias), height, width)
    _run(_REUSE, x.contiguous(), transformed, bias, y, zeros)
    return y


def _run(
    strategy: int,
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor,
    y: torch.Tensor,
    zeros: int,
) -> torch.Tensor:
    """Call NNPACK, and return its workspace: the transformed kernel with `_PRECOMPUTE`."""
    needed = c_size_t(0)

    def call(workspace: torch.Tensor | None) -> None:
        status = _library().nnp_convolution_inference(
            _WINOGRAD_8X8,
            strategy,
            x.shape[1],
            y.shape[1],
            _Size(x.shape[3], x.shape[2]),
            _Padding(zeros, zeros, zeros, zeros),
            _Size(3, 3),
            _Size(1, 1),
            x.data_ptr(),
            kernel.data_ptr(),
            bias.data_ptr(),
            y.data_ptr(),
            None if workspace is None else workspace.data_ptr(),
            byref(needed),
            _IDENTITY,
            None,
            _threads(os.getpid(), torch.get_num_threads()),
            None,
        )
        if status:
            raise RuntimeError(f"NNPACK failed with status {status}")

    call(None)  # returns only the size of the workspace
    workspace = torch.empty(-(-needed.value // 4))
    call(workspace)
    return workspace


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
    library.nnp_convolution_inference.argtypes = _ARGUMENTS
    library.pthreadpool_create.argtypes = (c_size_t,)
    library.pthreadpool_create.restype = c_void_p
    return library


@functools.cache
def _threads(process: int, count: int) -> int:
    """Start threads for NNPACK, kept until the process ends; a fork starts its own."""
    pool: int = _library().pthreadpool_create(count)
    return pool
