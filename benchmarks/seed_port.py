"""The text that the project starts from, as Keras 3 code: its structure, without its mistakes.

    KERAS_BACKEND=tensorflow python benchmarks/seed_port.py CONTENT STYLE --height 400

Prints JSON with the seconds of each evaluation of loss and gradient; also for KERAS_BACKEND=torch.

Kept as in the text: photograph, painting and picture go through the network as one batch of three
at every evaluation; the network's weights stay trainable; the loss adds up the same terms, and the
gradient in the picture comes with it. Put right: the names, the second difference of the total
variation, the two functions in place of one, the loss as a variable. The layers are those of
`keras.applications.vgg19`, built here so that nothing is downloaded. What `K.function` and
`K.gradients` did is a `tf.function` with a gradient tape in TensorFlow; PyTorch runs eagerly and
asks its autograd for the gradient in the picture alone, as `K.gradients` did. `--backward` calls
`loss.backward()` instead, as most PyTorch code does, which computes the gradients of the trainable
weights, too, and takes twice as long.

The process is left as a user of the text finds it: nothing is tuned.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import machine
import numpy as np
from keras import ops
from numpy.typing import NDArray

Array = NDArray[np.float32]
Evaluation = Callable[[Array], tuple[float, Array]]

CONTENT_LAYER = "block5_conv2"
STYLE_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")
TOTAL_VARIATION_WEIGHT, STYLE_WEIGHT, CONTENT_WEIGHT = 1e-4, 1.0, 0.025
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))  # convolutions and channels
LAST = "channels_last"


def preprocess_image(path: Path, size: tuple[int, int]) -> Array:
    """Read a picture at (height, width) as the text does: (1, H, W, 3), BGR minus the means."""
    image = keras.utils.load_img(path, target_size=size)
    batch = np.expand_dims(keras.utils.img_to_array(image), axis=0)
    return keras.applications.vgg19.preprocess_input(batch)


def vgg19() -> keras.Model:
    """Build `keras.applications.VGG19(include_top=False)`, giving the features of our layers."""
    from impasto.perceptual import weights

    x = inputs = keras.Input((None, None, 3))
    outputs = {}
    for block, (convolutions, channels) in enumerate(BLOCKS, start=1):
        for i in range(1, convolutions + 1):
            name = f"block{block}_conv{i}"
            layer = keras.layers.Conv2D(
                channels, 3, activation="relu", padding="same", name=name, data_format=LAST
            )
            x = outputs[name] = layer(x)
        x = keras.layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool", data_format=LAST)(x)
    whole = keras.Model(inputs, x)
    for name, arrays in weights.load(weights.find()).items():
        whole.get_layer(name).set_weights(arrays)
    return keras.Model(inputs, {name: outputs[name] for name in (*STYLE_LAYERS, CONTENT_LAYER)})


def content_loss(base: Any, combination: Any) -> Any:
    """Compare features (h, w, C)."""
    return ops.sum(ops.square(combination - base))


def gram_matrix(x: Any) -> Any:
    """Multiply features (h, w, C) with themselves: (C, C)."""
    features = ops.reshape(ops.transpose(x, (2, 0, 1)), (x.shape[2], -1))
    return ops.dot(features, ops.transpose(features))


def style_loss(style: Any, combination: Any, size: int) -> Any:
    """Compare the Gram matrices of features (h, w, C); size is the picture's H * W."""
    distance = ops.sum(ops.square(gram_matrix(style) - gram_matrix(combination)))
    return distance / (4.0 * 3**2 * float(size) ** 2)


def total_variation_loss(x: Any) -> Any:
    """Sum up what neighbours of the picture (1, H, W, 3) differ by."""
    a = ops.square(x[:, :-1, :-1, :] - x[:, 1:, :-1, :])
    b = ops.square(x[:, :-1, :-1, :] - x[:, :-1, 1:, :])
    return ops.sum(ops.power(a + b, 1.25))


def make_evaluation(content: Array, style: Array, *, backward: bool = False) -> Evaluation:
    """Prepare the loss and its gradient.

    Args:
        content: The photograph from `preprocess_image`, (1, H, W, 3).
        style: The painting, of the same shape.
        backward: With PyTorch, compute the gradients of the trainable weights, too.

    Returns:
        `f(picture) -> (loss, gradient)`; picture and gradient (1, H, W, 3), BGR minus the means.
    """
    model = vgg19()
    target_image, style_reference = ops.convert_to_tensor(content), ops.convert_to_tensor(style)
    size = content.shape[1] * content.shape[2]

    def total(combination: Any) -> Any:
        batch = ops.concatenate([target_image, style_reference, combination], axis=0)
        outputs = model(batch)
        features = outputs[CONTENT_LAYER]  # (3, h, w, C)
        loss = CONTENT_WEIGHT * content_loss(features[0], features[2])
        for name in STYLE_LAYERS:
            features = outputs[name]
            share = STYLE_WEIGHT / len(STYLE_LAYERS)
            loss = loss + share * style_loss(features[1], features[2], size)
        return loss + TOTAL_VARIATION_WEIGHT * total_variation_loss(combination)

    if keras.backend.backend() == "tensorflow":
        return _tensorflow_gradient(total)
    return _torch_gradient(total, backward)


def _tensorflow_gradient(total: Callable[[Any], Any]) -> Evaluation:
    import tensorflow as tf

    @tf.function
    def loss_and_gradient(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = total(x)
        return loss, tape.gradient(loss, x)

    def evaluate(picture: Array) -> tuple[float, Array]:
        loss, gradient = loss_and_gradient(tf.constant(picture))
        return float(loss), gradient.numpy()

    return evaluate


def _torch_gradient(total: Callable[[Any], Any], backward: bool) -> Evaluation:
    import torch

    def evaluate(picture: Array) -> tuple[float, Array]:
        x = ops.convert_to_tensor(picture).requires_grad_(True)
        loss = total(x)
        if backward:
            loss.backward()
        else:
            (x.grad,) = torch.autograd.grad(loss, x)
        return float(loss.detach()), x.grad.cpu().numpy()

    return evaluate


def main() -> None:
    """Time evaluations."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--height", type=int, default=400)
    parser.add_argument("--width", type=int, help="by the content's shape if not given")
    parser.add_argument("--evaluations", type=int, default=4, help="after one to warm up")
    parser.add_argument("--backward", action="store_true", help="gradients of the weights, too")
    options = parser.parse_args()
    width, height = keras.utils.load_img(options.content).size
    size = options.height, options.width or int(width * options.height / height)
    content, style = (preprocess_image(path, size) for path in (options.content, options.style))
    evaluate = make_evaluation(content, style, backward=options.backward)
    seconds = []
    for _ in range(options.evaluations + 1):
        start = time.perf_counter()
        evaluate(content)
        seconds.append(time.perf_counter() - start)
        machine.progress(f"seed on {keras.backend.backend()}: {seconds[-1]:.2f} s")
    report = {
        **machine.describe(),
        "backend": keras.backend.backend(),
        "size": list(size),
        "first_seconds": seconds[0],
        "seconds": seconds[1:],
        "peak_memory": machine.peak_memory(),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
