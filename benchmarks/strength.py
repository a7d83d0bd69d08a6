"""Are the steps of strength even?

    python benchmarks/strength.py PHOTO=PAINTING=STYLE ... [--size 256] [--factors | --strengths]

Paints each photograph by the slow route and by the network's style of that name, and measures how
far each picture is from the photograph as VGG19 sees it: the mean distance of unit features at
the first convolution of each block (Zhang et al. 2018, "The unreasonable effectiveness of deep
features as a perceptual metric", without their learned weights), divided by that of strength 1.
With `--factors` the weights of style are tried from which the table in `engines/strength.py`, and
the mixtures from which that of `engines/feed_forward.py`, was read off. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys

import machine
import numpy as np

import impasto

impasto.tune_process()

from impasto.backend import ops  # noqa: E402
from impasto.engines.network.predict import mix, paint_image  # noqa: E402
from impasto.engines.pixels import to_pixels  # noqa: E402
from impasto.images.oklab import to_oklab  # noqa: E402
from impasto.images.scales import at_long_side  # noqa: E402
from impasto.perceptual import features, objective  # noqa: E402
from impasto.settings import STYLE_LAYERS, Settings  # noqa: E402
from impasto.types import Image  # noqa: E402

STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
FACTORS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
MIXTURES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0)


Distances = tuple[float, float]  # of features, and of colours


def distance(one: Image, other: Image, kernels: features.Kernels) -> Distances:
    """Return how far two pictures of one size are from each other."""
    seen = [
        features.vgg19(to_pixels(image), kernels, STYLE_LAYERS, padding="replicate")
        for image in (one, other)
    ]
    layers = []
    for name in STYLE_LAYERS:
        unit = [ops.convert_to_numpy(each[name])[0] for each in seen]
        unit = [x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-8) for x in unit]
        layers.append(np.linalg.norm(unit[0] - unit[1], axis=-1).mean())
    colors = np.linalg.norm(to_oklab(one) - to_oklab(other), axis=-1).mean()
    return float(np.mean(layers)), float(colors)


def slow(photo: Image, painting: str, values: tuple[float, ...], name: str) -> list[Distances]:
    """Paint by the slow route with each value, and return the distances."""
    kernels = objective.load_kernels(Settings())
    found = []
    for value in values:
        usual = Settings(size=max(photo.shape))
        changed = (
            {"strength": value}
            if name == "strengths"
            else {"content_weight": usual.content_weight / value}
        )
        image = impasto.stylize(photo, painting, settings=usual, **changed).image
        found.append(distance(image, photo, kernels))
        print(painting, name, value, np.round(found[-1], 4), file=sys.stderr, flush=True)
    return found


def fast(photo: Image, style: str, values: tuple[float, ...], name: str) -> list[Distances]:
    """Paint by the network with each value, and return the distances."""
    kernels = objective.load_kernels(Settings())
    model = impasto.shipped_model()
    found = []
    for value in values:
        if name == "strengths":
            image = impasto.paint(photo, style, strength=value).image
        else:
            image = paint_image(photo, mix(model.styles, {style: 1.0}, value), model)
            if value < 1:
                plain = paint_image(photo, model.styles["photograph"], model)
                image = np.clip(image + (1 - value) * (photo - plain), 0, 1)
        found.append(distance(image, photo, kernels))
    return found


def main() -> None:
    """Measure all pairs, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", metavar="PHOTO=PAINTING=STYLE")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--factors", action="store_true")
    options = parser.parse_args()
    name = "factors" if options.factors else "strengths"
    ways = {
        "slow": (slow, FACTORS if options.factors else STRENGTHS),
        "fast": (fast, MIXTURES if options.factors else STRENGTHS),
    }
    report: dict[str, object] = {"machine": machine.describe(), "size": options.size}
    for way, (run, values) in ways.items():
        rows = []
        for pair in options.pairs:
            photo, painting, style = pair.split("=")
            image = at_long_side(impasto.read_image(photo), options.size)
            found = run(image, painting if way == "slow" else style, values, name)
            relative = np.array(found) / found[values.index(1.0)]
            rows.append([float(value) for value in relative.mean(axis=1)])
        middle = np.median(rows, axis=0)
        report[way] = {
            name: values,
            "distances": [round(float(x), 3) for x in middle],
            "pairs": [[round(x, 3) for x in row] for row in rows],
        }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
