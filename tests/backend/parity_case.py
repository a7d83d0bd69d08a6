"""Run on one framework and write the results: `python parity_case.py FOLDER OUTPUT.npz`.

A script of its own, since a process can load only one framework: `test_parity.py` runs it with
`KERAS_BACKEND` set. FOLDER holds the pictures, so that all frameworks see the same bits.

JAX and TensorFlow compile a loss once for each size of picture, which takes most of the time, so
the short runs have the size and the loss of `default`.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

from impasto.backend import BACKEND, DATA_FORMAT, ops
from impasto.engines.iterative.optimize import optimize_image
from impasto.engines.network.model import Architecture, PaintingModel, neutral_style
from impasto.engines.network.trunk import load_network, make_network
from impasto.engines.pixels import to_pixels
from impasto.errors import PictureError
from impasto.images.files import read_image
from impasto.images.masks import read_mask
from impasto.perceptual import features, objective, tiles, weights
from impasto.presets import STYLE_LOSSES
from impasto.settings import Settings
from impasto.types import Guidance

EVALUATIONS = 3
SHALLOW = Settings(
    style_layers=("block1_conv1", "block2_conv1"),
    content_layers=("block2_conv2",),
    precision="float32",
)  # with margins so small that tiles do not see the whole picture

TRUNKS = {
    "plain trunk": Architecture((4, 5, 6, 7), blocks=2),
    "rich trunk": Architecture((4, 5, 6, 7, 9), blocks=1, up_blocks=(2, 1, 0, 1), noise=True),
}


def evaluate(pictures, name, settings, tile=None, guidance=objective.UNGUIDED):
    """Loss, parts and gradient of an objective, of the whole or in tiles."""
    kernels = objective.load_kernels(settings)
    content, style = (to_pixels(pictures[name]) for name in ("content", "style"))
    if tile:
        targets = tiles.make_targets(content, [style], kernels, settings, tile, guidance)
        loss = tiles.loss_and_gradient(settings, tile)
    else:
        targets = objective.make_targets(content, [style], kernels, settings, guidance)
        loss = objective.loss_and_gradient(settings)
    (total, parts), gradient = loss(to_pixels(pictures["picture"]), targets, kernels)
    yield f"{name}/gradient", ops.convert_to_numpy(gradient)[0]
    for key, part in {"total": total, **parts}.items():
        yield f"{name}/parts/{key}", float(part)


def look(pictures, name):
    """Features of average pooling, which the objectives above do not use."""
    kernels = features.prepare(weights.load(weights.find()), [name])
    pixels = to_pixels(pictures["picture"])
    options = {"pooling": "average", "padding": "replicate"}
    seen = features.vgg19(pixels, kernels, [name], **options)
    yield f"average/{name}", ops.convert_to_numpy(seen[name])[0]


def paint_in_one_pass(pictures, name):
    """The content painted by a trunk with random weights, the same on all frameworks."""
    architecture = TRUNKS[name]
    rng = np.random.default_rng(13)
    shapes = [tuple(weight.shape) for weight in make_network(architecture).weights]
    trunk = [np.float32(rng.standard_normal(s) / np.sqrt(np.prod(s[:-1]))) for s in shapes]
    network = load_network(PaintingModel(architecture, tuple(trunk), {}))
    vector = neutral_style(architecture)
    vector += 0.3 * rng.standard_normal(len(vector)).astype(np.float32)
    tensors = [to_pixels(pictures["content"]), ops.convert_to_tensor(vector[None])]
    yield f"{name}/whole", ops.convert_to_numpy(network(tuple(tensors)))[0]
    offsets = ops.convert_to_tensor(np.array([[250, 70]]))
    yield f"{name}/moved", ops.convert_to_numpy(network((*tensors, offsets)))[0]


def read_tensors(pictures):
    """Tensors as pictures and masks, and the calls that mend those that are refused."""
    tensor = to_pixels(pictures["content"])
    half = ops.cast(tensor, "bfloat16")
    yield "read/batch of one", read_image(tensor)
    yield "read/bfloat16", read_image(half[0])
    yield "read/bfloat16 expected", ops.convert_to_numpy(ops.cast(half[0], "float32"))
    yield "read/mask", read_mask(tensor[0, ..., 0] > 0.5)
    for name, refused in (
        ("channels first", ops.transpose(tensor[0], (2, 0, 1))),
        ("0..255", tensor[0] * 255),
    ):
        call = message_of(refused).replace(": ", "; pass ").rpartition("; pass ")[2]
        names = {"numpy": np, "array": refused, "tensor": refused}
        yield f"read/{name}", read_image(eval(call, names))


def message_of(refused):
    try:
        read_image(refused)
    except PictureError as error:
        return str(error)
    raise AssertionError("it was read")


def paint(pictures, optimizer):
    """A very short run, its picture and its losses."""
    settings = Settings(
        size=max(pictures["content"].shape),
        scales=1,
        iterations=EVALUATIONS,
        optimizer=optimizer,
        precision="float32",
    )
    steps = list(optimize_image(pictures["content"], [pictures["style"]], settings))
    yield f"{optimizer}/losses", [step.losses["total"] for step in steps]
    yield f"{optimizer}/image", steps[-1].image


def count_traces(pictures):
    """How often a first and a second picture are traced, whole and then in tiles.

    Run it before `evaluate`, which compiles the same for whole pictures.
    """
    traced, counts = 0, []
    look = features.features_and_grams

    def counted(*arguments, **options):
        nonlocal traced
        traced += 1
        return look(*arguments, **options)

    features.features_and_grams = counted
    for size, tile in ((max(pictures["content"].shape), None), (128, 64)):
        for name in ("content", "picture"):
            before = traced
            settings = SHALLOW.changed(
                size=size, scales=1, iterations=4, tile=tile, seed=len(counts)
            )
            *_, step = optimize_image(pictures[name], [pictures["style"]], settings)
            assert np.isfinite(step.losses["total"])
            counts.append(traced - before)
    features.features_and_grams = look
    yield "traces", counts


def main(folder: Path, output: Path) -> None:
    pictures = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    results = {"backend": BACKEND, "data_format": DATA_FORMAT}
    for preset in ("classic", "default"):
        results |= evaluate(pictures, preset, Settings(preset=preset, precision="float32"))
    for optimizer in ("lbfgs", "adam"):
        results |= paint(pictures, optimizer)
    results |= count_traces(pictures)
    results |= evaluate(pictures, "whole", SHALLOW)
    results |= evaluate(pictures, "tiled", SHALLOW, tile=32)
    left = np.zeros(pictures["content"].shape[:2], np.float32)
    left[:, : left.shape[1] // 2] = 1
    for style_loss in STYLE_LOSSES:
        settings = SHALLOW.changed(style_loss=style_loss)
        results |= evaluate(pictures, f"region {style_loss}", settings, None, Guidance((), (left,)))
    results |= look(pictures, "block3_conv1")
    results |= read_tensors(pictures)
    for name in TRUNKS:
        results |= paint_in_one_pass(pictures, name)
    np.savez(output, **results)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
