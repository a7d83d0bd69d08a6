"""How much of a trained style's drop in loss `impasto learn` reaches, and in what time.

    python benchmarks/learning.py PHOTOS STYLES mosaic scream wave [--model FILE.impasto]

STYLES is a folder of the paintings that the network learned, named after its styles. Each named
style is taken out of the network and learned again as a user would learn it, by the command's own
steps, rate and sample photographs. The loss is that of training, on the photographs of PHOTOS, 256
pixels long, none of which either has seen. Prints JSON: for each style the loss of the photographs
unpainted, of the nearest style that was left, learned, and fully trained; `share`, the part of the
drop from unpainted to fully trained that was reached; and the seconds of the whole command. The
network itself was trained on the painting, so the share is the most to be expected of another.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import machine

import impasto

impasto.tune_process()

from impasto.images.listing import list_pictures  # noqa: E402
from impasto.images.scales import at_long_side  # noqa: E402
from impasto.workflows.paint import shipped_model  # noqa: E402
from impasto.workflows.score import compute_losses  # noqa: E402

_SIZE = 256
COMMAND = "from impasto.cli.main import entry; entry()"


def losses_of(photographs, painting, pictures) -> float:
    """Return the mean loss of pictures made from photographs."""
    training = impasto.TrainingSettings()
    settings = training.loss_settings("float32").changed(
        size=_SIZE, style_scale=training.style_size / _SIZE
    )
    pairs = zip(pictures, photographs, strict=True)
    return statistics.fmean(compute_losses(a, b, painting, settings)["total"] for a, b in pairs)


def learn(model, painting: Path, name: str, folder: Path) -> tuple[object, float]:
    """Learn a painting by the command, for a network that does not know it."""
    styles = {other: vector for other, vector in model.styles.items() if other != name}
    left = impasto.save_model(replace(model, styles=styles), folder / "left.impasto")
    output = folder / f"{name}.impasto"
    words = ["learn", str(painting), "-o", str(output), "--model", str(left), "--quiet"]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", COMMAND, *words], check=True, stdout=subprocess.DEVNULL)
    return impasto.load_model(output), time.perf_counter() - start


def compare(model, name: str, painting: Path, photographs) -> dict[str, object]:
    """Learn a style anew, and compare it with the trained one."""
    target = impasto.read_image(painting)

    def loss(network, style: str) -> float:
        painted = [impasto.paint(p, style, model=network).image for p in photographs]
        return losses_of(photographs, target, painted)

    with tempfile.TemporaryDirectory() as folder:
        learned, seconds = learn(model, painting, name, Path(folder))
    left = [other for other in model.styles if other not in (name, "photograph")]
    found = {
        "unpainted": losses_of(photographs, target, photographs),
        "nearest": min(loss(model, other) for other in left),
        "learned": loss(learned, painting.stem),
        "trained": loss(model, name),
    }
    drop = found["unpainted"] - found["trained"]
    share = (found["unpainted"] - found["learned"]) / drop
    return {"style": name, "losses": found, "share": share, "seconds": seconds}


def main() -> None:
    """Learn each style, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path)
    parser.add_argument("styles", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    model = impasto.load_model(options.model) if options.model else shipped_model()
    images = [impasto.read_image(path) for path in list_pictures(options.photographs)]
    photographs = [at_long_side(image, _SIZE) for image in images]
    paintings = {path.stem: path for path in list_pictures(options.styles)}
    found = []
    for name in options.names:
        found.append(compare(model, name, paintings[name], photographs))
        print(found[-1], file=sys.stderr, flush=True)
    print(json.dumps({"machine": machine.describe(), "styles": found}, indent=1))


if __name__ == "__main__":
    main()
