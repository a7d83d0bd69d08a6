"""How near the predictor comes to paintings that it has never seen, beside the styles with names.

    python benchmarks/unseen_paintings.py PHOTOS PAINTINGS [--model FILE] [--every 12] [--sheet F]

PAINTINGS is the folder that `training/paintings.py` taught the predictor with; each twelfth was
kept back, and those are judged here. Each is guessed and painted on one of PHOTOS, photographs that
the network has not seen, and so is each style with a name from its own painting. Distances are
those of `impasto score`, by layer. Prints JSON: medians of both, and `ratio`, of the unseen by the
named. `--sheet` writes ten of the paintings, each beside a photograph painted after it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import machine

import impasto

impasto.tune_process()

from impasto.images.listing import list_pictures  # noqa: E402
from impasto.images.scales import at_long_side  # noqa: E402
from impasto.images.sheet import contact_sheet  # noqa: E402
from impasto.workflows.score import compute_losses  # noqa: E402

_ON_SHEET = 10


def distances(picture: Any, photograph: Any, painting: Any, style_size: int) -> dict[str, float]:
    """Return the content distance and the style distance of each layer."""
    size = max(photograph.shape[:2])
    settings = impasto.Settings(
        size=size, style_scale=style_size / size, content_weight=1.0, precision="float32"
    )
    found = compute_losses(picture, photograph, painting, settings)
    layers = {name: found[f"style/{name}"] * 5 for name in settings.style_layers}
    return {"content": found["content"], **layers}


def medians(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each distance."""
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def main() -> None:
    """Judge all of them, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--every", type=int, default=12)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--style-size", type=int, default=512, help="as in its training")
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    photographs = [
        at_long_side(image, arguments.size)
        for image in map(impasto.read_image, list_pictures(arguments.photographs))
    ]

    def judge(painting: Path, style: Any, number: int) -> tuple[Any, dict[str, float]]:
        photograph = photographs[number % len(photographs)]
        painted = impasto.paint(photograph, style, model=arguments.model).image
        image = impasto.read_image(painting)
        return painted, distances(painted, photograph, image, arguments.style_size)

    kept_back = sorted(list_pictures(arguments.paintings))[:: arguments.every]
    unseen, cells = [], []
    for number, path in enumerate(kept_back):
        painted, found = judge(path, path, number)
        unseen.append(found)
        if number % (len(kept_back) // _ON_SHEET) == 0 and len(cells) < 2 * _ON_SHEET:
            cells += [impasto.read_image(path), painted]
        print(number, path.name, found, file=sys.stderr, flush=True)
    named = [
        judge(place, name, number)[1]
        for number, name in enumerate(impasto.styles(arguments.model))
        if (place := impasto.style_painting(name)) is not None
    ]
    if arguments.sheet:
        impasto.write_image(arguments.sheet, contact_sheet(cells, 240))
    both = {"unseen": medians(unseen), "named": medians(named)}
    ratio = {name: both["unseen"][name] / both["named"][name] for name in both["named"]}
    print(json.dumps({**machine.describe(), "paintings": len(unseen), **both, "ratio": ratio}))


if __name__ == "__main__":
    main()
