"""VGG19, as far as it is needed: pixels to features.

Reference: Simonyan and Zisserman (2015), "Very deep convolutional networks for large-scale image
recognition", configuration E. Layer names are Keras'; the features are taken after the ReLU, so
`block4_conv2` is what papers call relu4_2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..backend import DATA_FORMAT, conv3x3_relu, ops, prepare_kernel
from ..settings import LAYER_NAMES
from ..types import Tensor
from .weights import Layers

IMAGENET_BGR = (103.939, 116.779, 123.68)  # means that VGG19 was trained with, blue green red

Kernels = Mapping[str, Tensor]


def prepare(layers: Layers, names: Collection[str]) -> Kernels:
    """Bring the kernels down to the deepest layer of `names` onto the device.

    Args:
        layers: Kernels and biases from `weights.load`.
        names: Layers whose features will be asked for.

    Returns:
        The prepared kernels by layer, in the order of the network.
    """
    deepest = max(LAYER_NAMES.index(name) for name in names)
    return {name: prepare_kernel(*layers[name]) for name in LAYER_NAMES[: deepest + 1]}


def vgg19(
    pixels: Tensor,
    kernels: Kernels,
    names: Collection[str],
    *,
    pooling: str = "max",
    padding: str = "zeros",
) -> dict[str, Tensor]:
    """Run the network as far as the deepest of the layers asked for.

    Args:
        pixels: Pictures (N, H, W, 3), sRGB, 0..1, both sides at least 16.
        kernels: From `prepare`, at least as deep as `names`.
        names: Layers whose features are returned.
        pooling: `max`, or `average` as Gatys et al. preferred.
        padding: What each layer sees beyond the border: `zeros` as in training, or `replicate`,
            the border's own values, which leaves no frame in a picture that is optimised.
            With `replicate`, pooling keeps an odd last row or column too; else it drops them,
            and the last pixels of a picture would escape the deeper layers.

    Returns:
        Features after the ReLU by layer name, each (N, h, w, C).
    """
    pool = ops.max_pool if pooling == "max" else ops.average_pool
    edge = "same" if padding == "replicate" else "valid"
    x = ops.flip(pixels, axis=-1) * 255.0 - ops.convert_to_tensor(IMAGENET_BGR, dtype="float32")
    if DATA_FORMAT == "channels_first":
        x = ops.transpose(x, (0, 3, 1, 2))
    features = {}
    for name, kernel in kernels.items():
        if name != "block1_conv1" and name.endswith("conv1"):
            x = pool(x, 2, 2, padding=edge, data_format=DATA_FORMAT)
        x = conv3x3_relu(x, kernel, padding)
        if name in names:
            features[name] = _channels_last(x)
    return features


def _channels_last(x: Tensor) -> Tensor:
    return ops.transpose(x, (0, 2, 3, 1)) if DATA_FORMAT == "channels_first" else x
