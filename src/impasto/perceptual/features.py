"""VGG19 features.

Reference: Simonyan and Zisserman (2015), "Very deep convolutional networks for large-scale image
recognition", configuration E. Layers have Keras' names; features are taken after the ReLU, so
`block4_conv2` is relu4_2 in papers.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from ..backend import (
    DATA_FORMAT,
    conv3x3_relu,
    gram_each,
    ops,
    pool2x2,
    prepare_kernel,
    with_gram,
)
from ..settings import LAYER_NAMES
from ..types import Tensor
from .weights import Layers

IMAGENET_BGR = (103.939, 116.779, 123.68)  # means of the training data, blue green red

Kernels = Mapping[str, Tensor]


class Gram(NamedTuple):
    """A Gram matrix (C, C), summed over positions, and their number."""

    second: Tensor
    positions: int


def prepare(layers: Layers, names: Collection[str], *, keep_transformed: bool = False) -> Kernels:
    """Copy the kernels as far as the deepest layer of `names` to the device.

    Args:
        layers: Kernels and biases from `weights.load`.
        names: Layers whose features are needed.
        keep_transformed: From `images.memory.keeps_transformed_kernels`.

    Returns:
        The prepared kernels by layer, in order of execution.
    """
    deepest = max(LAYER_NAMES.index(name) for name in names)
    return {
        name: prepare_kernel(*layers[name], keep_transformed=keep_transformed)
        for name in LAYER_NAMES[: deepest + 1]
    }


def vgg19(
    pixels: Tensor,
    kernels: Kernels,
    names: Collection[str],
    *,
    pooling: str = "max",
    padding: str = "zeros",
    precision: str = "float32",
) -> dict[str, Tensor]:
    """Run the network as far as the deepest requested layer.

    Args:
        pixels: Pictures (N, H, W, 3), sRGB, 0..1, both sides at least 16.
        kernels: From `prepare`, at least as deep as `names`.
        names: Layers whose features are returned.
        pooling: `max`, or `average` as Gatys et al. preferred.
        padding: `zeros` as in training, or `replicate` (the border's values), which leaves no frame
            in an optimised picture. With `replicate`, pooling also keeps an odd last row or column;
            otherwise the deeper layers would not see the last pixels of a picture.
        precision: `bfloat16` for all layers but the first; else float32.

    Returns:
        Features after the ReLU by layer name, each (N, h, w, C), float32.
    """
    features, _ = features_and_grams(
        pixels, kernels, names, (), pooling=pooling, padding=padding, precision=precision
    )
    return features


def features_and_grams(
    pixels: Tensor,
    kernels: Kernels,
    names: Collection[str],
    gram_names: Collection[str],
    *,
    pooling: str,
    padding: str,
    precision: str,
) -> tuple[dict[str, Tensor], dict[str, Gram]]:
    """Run the network for the features of some layers and the Gram matrices of others.

    Args:
        pixels: As for `vgg19`.
        kernels: As for `vgg19`.
        names: Layers whose features are returned.
        gram_names: Layers whose Gram matrices are returned.
        pooling: As for `vgg19`.
        padding: As for `vgg19`.
        precision: As for `vgg19`.

    Returns:
        Features and Gram matrices by layer name.
    """
    features, grams = {}, {}
    x = _to_network(pixels)
    for name in _until((*names, *gram_names)):
        x = _layer(x, name, kernels, pooling, padding, precision)
        if name in gram_names:
            x, second = with_gram(x)
            grams[name] = Gram(second, math.prod(pixels.shape[:1] + _spatial(x)))
        if name in names:
            features[name] = ops.cast(_channels_last(x), "float32")
    return features, grams


def features_and_grams_each(
    pixels: Tensor,
    kernels: Kernels,
    names: Collection[str],
    gram_names: Collection[str],
    *,
    pooling: str,
    padding: str,
    precision: str,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Run the network once for a batch, with a Gram matrix for each picture.

    Args:
        pixels: As for `vgg19`.
        kernels: As for `vgg19`.
        names: Layers whose features are returned, in the precision of the computation.
        gram_names: Layers whose Gram matrices are returned.
        pooling: As for `vgg19`.
        padding: As for `vgg19`.
        precision: As for `vgg19`.

    Returns:
        Features (N, h, w, C), and Gram matrices divided by positions, (N, C, C), float32.
    """
    features, grams = {}, {}
    x = _to_network(pixels)
    for name in _until((*names, *gram_names)):
        x = _layer(x, name, kernels, pooling, padding, precision)
        if name in gram_names:
            grams[name] = gram_each(x) / math.prod(_spatial(x))
        if name in names:
            features[name] = _channels_last(x)
    return features, grams


def _to_network(pixels: Tensor) -> Tensor:
    """Convert pixels to VGG19's input: blue green red, 0..255 minus the means.

    The means are made on the device, since a recorded step on a GPU cannot copy from the host.
    """
    means = ops.stack([mean * ops.ones(()) for mean in IMAGENET_BGR])
    x = ops.flip(pixels, axis=-1) * 255.0 - means
    return ops.transpose(x, (0, 3, 1, 2)) if DATA_FORMAT == "channels_first" else x


def _until(names: Collection[str]) -> tuple[str, ...]:
    """Return all layers as far as the deepest of these."""
    return LAYER_NAMES[: max(LAYER_NAMES.index(name) for name in names) + 1]


def _layer(
    x: Tensor, name: str, kernels: Kernels, pooling: str, padding: str, precision: str
) -> Tensor:
    """Run one convolution, and the pooling before it if any."""
    if name != "block1_conv1" and name.endswith("conv1"):
        x = pool2x2(x, pooling, "same" if padding == "replicate" else "valid")
    x = conv3x3_relu(x, kernels[name], padding)
    # The first layer stays in float32: bfloat16 has too few levels for pixels.
    return ops.cast(x, "bfloat16") if precision == "bfloat16" else x


def _spatial(x: Tensor) -> tuple[int, ...]:
    return tuple(x.shape[2:] if DATA_FORMAT == "channels_first" else x.shape[1:3])


def _channels_last(x: Tensor) -> Tensor:
    return ops.transpose(x, (0, 2, 3, 1)) if DATA_FORMAT == "channels_first" else x
