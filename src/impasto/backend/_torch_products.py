"""Gram products on PyTorch in float32, with the faster of two libraries.

On processors that are not Intel's, the BLAS in PyTorch's wheels (MKL) reaches a third of the speed
of oneDNN, which stock convolutions use; there a product runs as a 1x1 convolution or linear layer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ._torch_choice import choose_other
from ._torch_convolutions import NCHW, conv2d, memory_format

_SAMPLE = 64, 1 << 14  # channels and positions of the timed products


def gram(x: torch.Tensor) -> torch.Tensor:
    """Return F F^T, float32 (C, C), of features (N, C, h, w); N is 1 with channels first."""
    x = x.float()
    channels = x.shape[1]
    if memory_format(x) == NCHW:
        rows = x.reshape(channels, -1)  # (C, hw)
        return _linear(rows, rows) if _by_onednn(x.device.type) else rows @ rows.t()
    if _by_onednn(x.device.type):
        like = x.new_empty((channels, channels, 1, 1))  # only its shape matters
        _, weight, _ = torch.ops.aten.convolution_backward(
            x, x, like, None, (1, 1), (0, 0), (1, 1), False, (0, 0), 1, (False, True, False)
        )
        second: torch.Tensor = weight.reshape(channels, channels)
        return second
    columns = x.permute(0, 2, 3, 1).reshape(-1, channels)  # (Nhw, C)
    return columns.t() @ columns


def mix(x: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Return `matrix` (C, C), symmetric, times each position of features (N, C, h, w)."""
    matrix = matrix.to(x.dtype)
    channels = x.shape[1]
    if not _by_onednn(x.device.type) or x.dtype != torch.float32:
        return conv2d(x, matrix[:, :, None, None])
    if memory_format(x) == NCHW:
        return _linear(matrix, x.reshape(channels, -1).t()).reshape(x.shape)
    return conv2d(x, matrix[:, :, None, None])


def _linear(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return a @ b.T, computed by oneDNN."""
    y: torch.Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
    return y


def _by_onednn(device: str) -> bool:
    if device != "cpu":
        return False

    with torch.no_grad():
        return choose_other("products", _products) == "onednn"


def _products() -> dict[str, Callable[[], torch.Tensor]]:
    rows = torch.rand(_SAMPLE)
    return {"blas": lambda: rows @ rows.t(), "onednn": lambda: _linear(rows, rows)}
