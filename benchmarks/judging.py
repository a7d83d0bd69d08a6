"""Judge pictures, whoever made them, by measures that belong to none of the competitors.

    python benchmarks/judging.py CONTENT STYLE PICTURE...

Prints JSON: for each picture its measures, 0 where nothing differs, each a squared distance divided
by the energy of its target:

- `style`: Gram matrices, divided by their number of positions, at the five usual layers, equally
  weighted; VGG19 with max pooling and zeros beyond the border.
- `held_out`: the same at five layers that no competitor optimises, with average pooling.
- `content`: features of the photograph at block4_conv2.
- `content_deep`: likewise at block5_conv2, where the classic procedure looks.

Two views of the painting: `neutral` shows it in its own shape with as many pixels as the picture,
smoothly resized; `classic` stretched to the picture's shape with nearest neighbours, as the
classic procedure sees it (photograph, too), so that its pictures can be judged on its own ground.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import impasto

impasto.tune_process()

from impasto.engines.iterative.problem import prepare_targets  # noqa: E402
from impasto.engines.pixels import to_pixels  # noqa: E402
from impasto.images.scales import resize  # noqa: E402
from impasto.perceptual import objective  # noqa: E402
from impasto.settings import STYLE_LAYERS  # noqa: E402
from impasto.types import Image, Size  # noqa: E402

HELD_OUT_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv2")
NETWORKS = {
    "stock": impasto.Settings(
        style_layers=STYLE_LAYERS,
        content_layers=("block4_conv2", "block5_conv2"),
        pooling="max",
        padding="zeros",
        normalization="relative",
        content_weight=1.0,
        style_weight=1.0,
        tv_weight=0.0,
    ),
    "held_out": impasto.Settings(
        style_layers=HELD_OUT_LAYERS,
        content_layers=("block4_conv2",),
        pooling="average",
        padding="zeros",
        normalization="relative",
        content_weight=0.0,
        style_weight=1.0,
        tv_weight=0.0,
    ),
}
VIEWS = ("neutral", "classic")

Measures = dict[str, float]


def judge(pictures: list[Image], content: Image, style: Image) -> list[dict[str, Measures]]:
    """Judge pictures of one size.

    Args:
        pictures: Each (H, W, 3), 0..1.
        content: The photograph, (h, w, 3), any size.
        style: The painting, (h, w, 3), any size.

    Returns:
        For each picture its measures, by view and name.
    """
    judged: list[dict[str, Measures]] = [{view: {} for view in VIEWS} for _ in pictures]
    size = pictures[0].shape[:2]
    for network, stock in NETWORKS.items():
        kernels = objective.load_kernels(stock)
        loss = objective.loss_and_gradient(stock)
        for view in VIEWS:
            seen = stock.changed(**see(view, style.shape[:2], size))
            targets = prepare_targets(content, [style], size, kernels, seen)
            for picture, row in zip(pictures, judged, strict=True):
                (_, parts), _ = loss(to_pixels(picture), targets, kernels)
                values = {name: float(part) for name, part in parts.items()}
                row[view] |= measures(network, values)
    return judged


def see(view: str, style: Size, picture: Size) -> dict[str, object]:
    """Return the settings that show a painting of size `style` in one of the views."""
    if view == "classic":
        return {"style_fit": "stretch", "style_scale": 1.0, "resampling": "nearest"}
    factor = math.sqrt(math.prod(picture) / math.prod(style))  # to equal numbers of pixels
    scale = factor * max(style) / max(picture)
    return {"style_fit": "keep", "style_scale": scale, "resampling": "lanczos"}


def measures(network: str, parts: dict[str, float]) -> Measures:
    """Name what one network's loss says."""
    if network == "held_out":
        return {"held_out": parts["style"]}
    count = len(NETWORKS[network].content_layers)  # each layer has its share of the weight
    return {
        "style": parts["style"],
        "content": count * parts["content/block4_conv2"],
        "content_deep": count * parts["content/block5_conv2"],
    }


def main() -> None:
    """Judge the pictures named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--size", type=int, nargs=2, help="height and width; the first's if absent")
    options = parser.parse_args()
    images = [impasto.read_image(path) for path in options.pictures]
    size = tuple(options.size or images[0].shape[:2])
    images = [resize(image, size) for image in images]
    content, style = impasto.read_image(options.content), impasto.read_image(options.style)
    judged = judge(images, content, style)
    names = [str(path) for path in options.pictures]
    print(json.dumps(dict(zip(names, judged, strict=True)), indent=2))


if __name__ == "__main__":
    main()
