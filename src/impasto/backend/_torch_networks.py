"""Layers of the painting networks on PyTorch.

Tensors are (N, H, W, C) for the caller; inside, operators work on (N, C, H, W) views in their
preferred memory format.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ._channels_last import NORM_EPSILON
from ._torch_convolutions import HAS_NNPACK, NHWC

# Channels from which on NNPACK's Winograd convolution is faster than oneDNN's without AVX-512: 128
# channels at 128x128, two threads, AVX2: 23 ms instead of 64.
_WINOGRAD_CHANNELS = 64
_WINOGRAD_POSITIONS = 1500  # NNPACK transforms kernels at each call, too costly for small maps
_FIRST, _LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def _has_wide_vectors() -> bool:
    return "AVX512" in torch.backends.cpu.get_cpu_capability()


class _Pad(torch.autograd.Function):
    """Pad by one position, by reflection (`distance` 1) or replication (0), channels last.

    PyTorch's own padding on a GPU returns channels first, which convolutions then convert.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, distance: int) -> torch.Tensor:
        n, c, h, w = x.shape
        ctx.distance = distance
        y = torch.empty((n, c, h + 2, w + 2), dtype=x.dtype, device=x.device, memory_format=NHWC)
        y[:, :, 1:-1, 1:-1] = x
        y[:, :, 0, 1:-1] = x[:, :, distance]
        y[:, :, -1, 1:-1] = x[:, :, h - 1 - distance]
        y[:, :, :, 0] = y[:, :, :, 1 + distance]
        y[:, :, :, -1] = y[:, :, :, w - distance]
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        g, distance = gradients[0], ctx.distance
        height, width = g.shape[2] - 2, g.shape[3] - 2
        inner = g[:, :, :, 1:-1].clone(memory_format=NHWC)
        inner[:, :, :, distance] += g[:, :, :, 0]
        inner[:, :, :, width - 1 - distance] += g[:, :, :, -1]
        result = inner[:, :, 1:-1].clone(memory_format=NHWC)
        result[:, :, distance] += inner[:, :, 0]
        result[:, :, height - 1 - distance] += inner[:, :, -1]
        return result, None


def pad(x: torch.Tensor, mode: str) -> torch.Tensor:
    """Pad (N, C, H, W) by one position on each side, by `reflect` or `replicate`."""
    if x.device.type == "cuda":
        y: torch.Tensor = _Pad.apply(x, 1 if mode == "reflect" else 0)
        return y
    return functional.pad(x, (1, 1, 1, 1), mode=mode)


def reflect_pad(x: torch.Tensor) -> torch.Tensor:
    """Mirror (N, H, W, C) by one position beyond its border: (N, H + 2, W + 2, C)."""
    return pad(x.permute(_FIRST), "reflect").permute(_LAST)


def conv3x3(x: torch.Tensor, kernel: torch.Tensor, stride: int) -> torch.Tensor:
    """Convolve (N, H, W, I) with a kernel (3, 3, I, O), without padding.

    Keras would copy the input twice here.
    """
    x, kernel = x.permute(_FIRST), kernel.permute(3, 2, 0, 1)
    if _takes_winograd(x, kernel, stride):
        y = torch._nnpack_spatial_convolution(x.contiguous(), kernel.contiguous(), None, padding=0)
    else:
        y = functional.conv2d(x, kernel, stride=stride)
    return y.permute(_LAST)


def _takes_winograd(x: torch.Tensor, kernel: torch.Tensor, stride: int) -> bool:
    return (
        HAS_NNPACK
        and stride == 1
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and len(x) == 1
        and not (torch.is_grad_enabled() and (x.requires_grad or kernel.requires_grad))
        and min(kernel.shape[:2]) >= _WINOGRAD_CHANNELS
        and x.shape[2] * x.shape[3] >= _WINOGRAD_POSITIONS
        and not _has_wide_vectors()
    )


def enlarge2x2(x: torch.Tensor) -> torch.Tensor:
    """Upsample (N, H, W, C) by 2 with nearest neighbours."""
    y = functional.interpolate(x.permute(_FIRST), scale_factor=2, mode="nearest")
    return y.permute(_LAST)


def enlarge_conv3x3(x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Upsample (N, H, W, I) by 2 and convolve it; see `backend.enlarge_conv3x3`.

    Of the nine values under a kernel in the upsampled map, at most four differ. So the kernel
    (3, 3, I, O) is summed to 2x2 for each of the four places in a square of the result, which takes
    16 products instead of 36, and the upsampled map is never written.
    """
    n, h, w = x.shape[:3]
    outputs = kernel.shape[3]
    small = torch.stack(  # by the row and the column of the place, (4, 2, 2, I, O)
        [
            torch.stack(list(_summed(torch.stack(list(_summed(kernel, 0, p))), 1, q)), dim=1)
            for p in (0, 1)
            for q in (0, 1)
        ]
    )
    small = small.permute(0, 4, 3, 1, 2).flatten(0, 1).contiguous(memory_format=NHWC)
    y = functional.conv2d(pad(x.permute(_FIRST), "replicate"), small)
    y = y.permute(_LAST).unflatten(3, (2, 2, outputs))  # (N, h + 1, w + 1, 2, 2, O)
    result = y.new_empty((n, h, 2, w, 2, outputs))
    for p in (0, 1):
        for q in (0, 1):
            result[:, :, p, :, q] = y[:, p : p + h, q : q + w, p, q]
    whole: torch.Tensor = result.reshape(n, 2 * h, 2 * w, outputs)
    return whole


def _summed(kernel: torch.Tensor, axis: int, place: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum the taps of a kernel along an axis that cover the same value of the smaller map."""
    first, second, third = kernel.unbind(axis)
    return (first, second + third) if place == 0 else (first + second, third)


def instance_norm(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Normalise each channel of each picture (N, H, W, C); see `backend.instance_norm`.

    For a single picture this equals batch normalisation, which PyTorch computes in two passes; its
    instance normalisation would copy channels-last tensors.
    """
    x = x.permute(_FIRST)
    if x.device.type == "cuda":
        return _whole_batch_norm(x.float(), scale, shift).permute(_LAST)
    done = [
        functional.batch_norm(x[i : i + 1], None, None, scale[i], shift[i], True, 0.0, NORM_EPSILON)
        for i in range(len(x))
    ]
    return (done[0] if len(done) == 1 else torch.cat(done)).permute(_LAST)


def _whole_batch_norm(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Normalise (N, C, H, W) with few kernel launches."""
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    factor = torch.rsqrt(variance + NORM_EPSILON) * scale[:, :, None, None]
    return torch.addcmul(shift[:, :, None, None] - mean * factor, x, factor)
