"""How near the network's pictures come to their paintings, beside the slow route's.

    python benchmarks/style_distance.py PHOTOS STYLES [--model FILE.impasto] [--size 256]

STYLES is a folder of the paintings that the network learned, named after its styles; PHOTOS holds
photographs that it has not seen. Each style is painted on one photograph by the network, and by
`stylize` (quality `good`) with several content weights. Distances are those of `impasto score`:
squared distance of the Gram matrices (or features) by the energy of the painting's (or the
photograph's), each layer. The slow route's style distance is interpolated, on logarithmic scales,
at the network's content distance. Prints JSON: each style's distances, and `ratio`, the network's
style distance by the slow route's, the median over styles, by layer, of all five layers' mean
(`style`), and of the mean of those that networks are trained on (`trained`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

import machine
import numpy as np

import impasto

impasto.tune_process()

from impasto.images.listing import list_pictures  # noqa: E402
from impasto.images.scales import at_long_side  # noqa: E402

WEIGHTS = (0.05, 0.2, 0.8)  # of the slow route's content loss


def distances(picture, photograph, painting, settings) -> dict[str, float]:
    """Return the style distance by layer and its means, and the content distance."""
    found = impasto.score(picture, photograph, painting, settings=settings).distances
    layers = found["style"]
    means = {
        "style": statistics.fmean(layers.values()),
        "trained": statistics.fmean(
            layers[name] for name in impasto.TrainingSettings().style_layers
        ),
    }
    return {"content": sum(found["content"].values()), **means, **layers}


def at_content(curve: list[dict[str, float]], content: float) -> dict[str, float]:
    """Interpolate the slow route's distances at a content distance; its ends are held."""
    curve = sorted(curve, key=lambda point: point["content"])
    x = np.log([point["content"] for point in curve])
    return {
        name: float(np.exp(np.interp(np.log(content), x, np.log([p[name] for p in curve]))))
        for name in curve[0]
    }


def compare(photograph, painting, style, model, size, style_size) -> dict[str, object]:
    """Paint a photograph both ways."""
    photograph = at_long_side(photograph, size)
    settings = impasto.Settings(size=size, style_scale=style_size / size)
    network = distances(
        impasto.paint(photograph, style, model=model).image, photograph, painting, settings
    )
    curve = []
    for weight in WEIGHTS:
        image = impasto.stylize(
            photograph, painting, settings=settings, content_weight=weight
        ).image
        curve.append(distances(image, photograph, painting, settings))
    slow = at_content(curve, network["content"])
    ratio = {name: network[name] / slow[name] for name in network if name != "content"}
    return {"style": style, "network": network, "curve": curve, "slow": slow, "ratio": ratio}


def main() -> None:
    """Compare each style, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("styles", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--style-size", type=int, default=512, help="as in its training")
    arguments = parser.parse_args()
    photographs = list_pictures(arguments.photographs)
    found = []
    for number, path in enumerate(list_pictures(arguments.styles)):
        photograph = impasto.read_image(photographs[number % len(photographs)])
        painting = impasto.read_image(path)
        found.append(
            compare(
                photograph,
                painting,
                path.stem,
                arguments.model,
                arguments.size,
                arguments.style_size,
            )
        )
        print(path.stem, found[-1]["ratio"], file=sys.stderr, flush=True)
    names = found[0]["ratio"]
    ratio = {name: statistics.median(each["ratio"][name] for each in found) for name in names}
    print(json.dumps({"machine": machine.describe(), "ratio": ratio, "styles": found}, indent=1))


if __name__ == "__main__":
    main()
