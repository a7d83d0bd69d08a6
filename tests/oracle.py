"""The perceptual loss written a second time, plainly, to compare the package with.

NumPy in float64, one picture at a time, no batch axis, no gradients, no cleverness: each formula
is the textbook's (Simonyan and Zisserman 2015 for VGG19, Gatys et al. 2016 for the losses), typed
from the equations and not from the package. It imports nothing of the package. Pictures are
(H, W, 3), red green blue, 0..1; features are (h, w, C); kernels are Keras' (3, 3, I, O).
"""

from __future__ import annotations

import numpy as np

BLOCKS = ((1, 2), (2, 2), (3, 4), (4, 4), (5, 4))
NAMES = [f"block{block}_conv{conv + 1}" for block, count in BLOCKS for conv in range(count)]
STYLE = ["block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"]


def preprocess(picture):
    """Red green blue 0..1 to blue green red 0..255 less the means of ImageNet."""
    red, green, blue = np.moveaxis(np.asarray(picture, dtype=np.float64) * 255, -1, 0)
    return np.stack([blue - 103.939, green - 116.779, red - 123.68], axis=-1)


def convolve(x, kernel, bias, padding="zeros"):
    """Cross-correlate with a 3x3 kernel, the size staying the same: nine shifted copies."""
    height, width = x.shape[:2]
    mode = {"zeros": "constant", "replicate": "edge"}[padding]
    wide = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode=mode)
    y = np.zeros((height, width, kernel.shape[3])) + np.asarray(bias, dtype=np.float64)
    for i in range(3):
        for j in range(3):
            tap = np.asarray(kernel[i, j], dtype=np.float64)
            shifted = wide[i : i + height, j : j + width]
            y += np.einsum("hwi,io->hwo", shifted, tap, optimize=True)
    return y


def pool(x, pooling="max", padding="zeros"):
    """Largest or mean value of each 2x2 square; an odd last row or column is dropped.

    Under `replicate` padding it is repeated instead, so that no pixel is lost.
    """
    if padding == "replicate":
        x = np.pad(x, ((0, x.shape[0] % 2), (0, x.shape[1] % 2), (0, 0)), mode="edge")
    height, width = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
    four = [x[i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]
    return np.maximum.reduce(four) if pooling == "max" else sum(four) / 4


def vgg19(picture, layers, *, pooling="max", padding="zeros", deepest="block5_conv4"):
    """Features after the ReLU of all layers down to the deepest."""
    x = preprocess(picture)
    features = {}
    for name in NAMES[: NAMES.index(deepest) + 1]:
        if name.endswith("conv1") and name != "block1_conv1":
            x = pool(x, pooling, padding)
        kernel, bias = layers[name]
        x = np.maximum(convolve(x, kernel, bias, padding), 0)
        features[name] = x
    return features


def gram(features):
    """G = F F^T with F of shape (channels, pixels)."""
    flat = features.reshape(-1, features.shape[-1]).T
    return flat @ flat.T


def total_variation(picture, power=1.25, least=0.0):
    """Sum of (a + b)^power, a and b the squared differences to the pixel below and to the right.

    With a `least` difference it is (a + b + least^2)^power - least^(2 power).
    """
    x = np.asarray(picture, dtype=np.float64)
    a = (x[:-1, :-1] - x[1:, :-1]) ** 2
    b = (x[:-1, :-1] - x[:-1, 1:]) ** 2
    return np.sum((a + b + least**2) ** power - least ** (2 * power))


def classic_objective(picture, content, style, layers):
    """The reference procedure's loss and its parts; pictures and style of one size."""
    look = {"deepest": "block5_conv2"}
    seen, wanted, painted = (vgg19(x, layers, **look) for x in (picture, content, style))
    height, width = picture.shape[:2]
    parts = {
        "content/block5_conv2": 0.025 * np.sum((seen["block5_conv2"] - wanted["block5_conv2"]) ** 2)
    }
    for name in STYLE:
        distance = np.sum((gram(seen[name]) - gram(painted[name])) ** 2)
        parts[f"style/{name}"] = 1.0 / 5 * distance / (4 * 3**2 * (height * width) ** 2)
    parts["content"] = parts["content/block5_conv2"]
    parts["style"] = sum(parts[f"style/{name}"] for name in STYLE)
    parts["tv"] = 1e-4 * total_variation(np.asarray(picture, dtype=np.float64) * 255)
    parts["total"] = parts["content"] + parts["style"] + parts["tv"]
    return parts


def relative_objective(
    picture,
    content,
    style,
    layers,
    *,
    content_layers=("block4_conv2",),
    content_weight,
    style_layers=tuple(STYLE),
    style_layer_weights=(1, 1, 1, 1, 1),
    style_weight,
    tv_weight,
    tv_power=0.75,
    pooling="max",
    padding="zeros",
):
    """The normalised loss: each term relative to its target's energy, Grams per position."""
    deepest = max((*content_layers, *style_layers), key=NAMES.index)
    look = {"pooling": pooling, "padding": padding, "deepest": deepest}
    seen, wanted, painted = (vgg19(x, layers, **look) for x in (picture, content, style))
    parts = {}
    for name in content_layers:
        distance = np.sum((seen[name] - wanted[name]) ** 2) / np.sum(wanted[name] ** 2)
        parts[f"content/{name}"] = content_weight / len(content_layers) * distance
    for name, weight in zip(style_layers, style_layer_weights, strict=True):
        here = gram(seen[name]) / (seen[name].shape[0] * seen[name].shape[1])
        there = gram(painted[name]) / (painted[name].shape[0] * painted[name].shape[1])
        distance = np.sum((here - there) ** 2) / np.sum(there**2)
        parts[f"style/{name}"] = style_weight * weight / sum(style_layer_weights) * distance
    parts["content"] = sum(parts[f"content/{name}"] for name in content_layers)
    parts["style"] = sum(parts[f"style/{name}"] for name in style_layers)
    repeated = np.pad(picture, ((0, 1), (0, 1), (0, 0)), mode="edge")  # no difference beyond it
    least = 0.005 if tv_power < 1 else 0.0
    parts["tv"] = tv_weight * total_variation(repeated, tv_power, least) / picture.size
    parts["total"] = parts["content"] + parts["style"] + parts["tv"]
    return parts
