"""The network that others paint with at once, to compare with: its size and its operators.

Johnson, Alahi and Fei-Fei (2016), in the form that is most used (instance normalisation, nearest
up-sampling, reflection): 9x9 kernels at both ends, 32, 64 and 128 channels, five residual blocks
at a quarter of the size. Weights are random; speed does not depend on them.
"""

from __future__ import annotations

import torch
from torch import nn

_WIDTHS = (32, 64, 128)
_BLOCKS = 5


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Return a reflection and a convolution."""
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride)]


def normalised(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Return a convolution with its normalisation."""
    norm = nn.InstanceNorm2d(outputs, affine=True)
    return [*convolution(inputs, outputs, kernel, stride), norm]


class Residual(nn.Module):
    """Two convolutions whose result is added to what they were given."""

    def __init__(self, width: int):
        super().__init__()
        layers = [*normalised(width, width, 3), nn.ReLU(), *normalised(width, width, 3)]
        self.inner = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to (N, C, H, W)."""
        return x + self.inner(x)


def make_network() -> nn.Sequential:
    """Build it: pictures (N, 3, H, W) in and out, both sides multiples of 4."""
    small, middle, large = _WIDTHS
    return nn.Sequential(
        *normalised(3, small, 9),
        nn.ReLU(),
        *normalised(small, middle, 3, 2),
        nn.ReLU(),
        *normalised(middle, large, 3, 2),
        nn.ReLU(),
        *(Residual(large) for _ in range(_BLOCKS)),
        nn.Upsample(scale_factor=2),
        *normalised(large, middle, 3),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        *normalised(middle, small, 3),
        nn.ReLU(),
        *convolution(small, 3, 9),
    ).eval()
