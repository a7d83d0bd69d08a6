"""What the networks that we train need beside Keras' layers, on PyTorch."""

from __future__ import annotations

import torch
from torch.nn import functional

from ._channels_last import NORM_EPSILON


def reflect_pad(x: torch.Tensor) -> torch.Tensor:
    """Mirror (N, H, W, C) by one position beyond its border: (N, H + 2, W + 2, C)."""
    wide = functional.pad(x.permute(0, 3, 1, 2), (1, 1, 1, 1), mode="reflect")
    return wide.permute(0, 2, 3, 1)


def conv3x3(x: torch.Tensor, kernel: torch.Tensor, stride: int) -> torch.Tensor:
    """Slide a kernel (3, 3, I, O) over (N, H, W, I); nothing is seen beyond the border.

    Keras' own way copies its input twice here.
    """
    y = functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), stride=stride)
    return y.permute(0, 2, 3, 1)


def enlarge2x2(x: torch.Tensor) -> torch.Tensor:
    """Enlarge (N, H, W, C) twice by nearest neighbours."""
    y = functional.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode="nearest")
    return y.permute(0, 2, 3, 1)


def instance_norm(x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Normalise each channel of each of (N, H, W, C); see `backend.instance_norm`.

    For a single picture this is what batch normalisation does, which PyTorch does in two passes;
    its own instance normalisation copies channels that come last.
    """
    x = x.permute(0, 3, 1, 2)
    done = [
        functional.batch_norm(x[i : i + 1], None, None, scale[i], shift[i], True, 0.0, NORM_EPSILON)
        for i in range(len(x))
    ]
    return (done[0] if len(done) == 1 else torch.cat(done)).permute(0, 2, 3, 1)
