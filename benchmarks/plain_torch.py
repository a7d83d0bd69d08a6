"""The classic objective as plain PyTorch: stock operators, autograd, targets computed once.

What a careful user of PyTorch writes without more ado. Nothing is tuned.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from impasto.perceptual import weights
from impasto.settings import LAYER_NAMES, Settings

CLASSIC = Settings(preset="classic")
_DEEPEST = LAYER_NAMES.index("block5_conv2")

Kernels = dict[str, tuple[torch.Tensor, torch.Tensor]]
Features = dict[str, torch.Tensor]


def load_kernels() -> Kernels:
    """Read the weights: (O, I, 3, 3) and (O,) for each layer."""
    layers = weights.load(weights.find())
    return {
        name: (
            torch.from_numpy(layers[name][0]).permute(3, 2, 0, 1).contiguous(),
            torch.from_numpy(layers[name][1]),
        )
        for name in LAYER_NAMES[: _DEEPEST + 1]
    }


def vgg19(x: torch.Tensor, kernels: Kernels) -> Features:
    """Run the network over a picture (1, 3, H, W), BGR minus the means."""
    features: Features = {}
    for name, (kernel, bias) in kernels.items():
        if name.endswith("conv1") and name != "block1_conv1":
            x = functional.max_pool2d(x, 2)
        x = features[name] = functional.relu(functional.conv2d(x, kernel, bias, padding=1))
    return features


def gram(features: torch.Tensor) -> torch.Tensor:
    """Multiply features (1, C, h, w) with themselves: (C, C)."""
    rows = features.flatten(2)[0]
    return rows @ rows.T


def total_variation(x: torch.Tensor) -> torch.Tensor:
    """Sum up what neighbours of the picture (1, 3, H, W) differ by."""
    corner = x[:, :, :-1, :-1]
    down, right = corner - x[:, :, 1:, :-1], corner - x[:, :, :-1, 1:]
    return (down.square() + right.square()).pow(1.25).sum()


def make_evaluation(
    content: torch.Tensor, style: torch.Tensor
) -> Callable[[torch.Tensor], tuple[float, torch.Tensor]]:
    """Prepare the loss and its gradient.

    Args:
        content: The photograph, (1, 3, H, W), BGR minus the means.
        style: The painting, of the same shape.

    Returns:
        `f(picture) -> (loss, gradient)`, picture and gradient of the same shape.
    """
    kernels = load_kernels()
    (content_layer,) = CLASSIC.content_layers
    with torch.no_grad():
        photograph = vgg19(content, kernels)[content_layer]
        painting = vgg19(style, kernels)
        grams = {name: gram(painting[name]) for name in CLASSIC.style_layers}
    del painting
    divisor = 4 * 3**2 * float(content.shape[2] * content.shape[3]) ** 2
    share = CLASSIC.style_weight / len(grams)

    def evaluate(picture: torch.Tensor) -> tuple[float, torch.Tensor]:
        x = picture.detach().requires_grad_(True)
        features = vgg19(x, kernels)
        loss = CLASSIC.content_weight * (features[content_layer] - photograph).square().sum()
        for name, wanted in grams.items():
            loss = loss + share * (gram(features[name]) - wanted).square().sum() / divisor
        loss = loss + CLASSIC.tv_weight * total_variation(x)
        (gradient,) = torch.autograd.grad(loss, x)
        return float(loss.detach()), gradient

    return evaluate
