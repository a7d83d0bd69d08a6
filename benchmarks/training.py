"""Pictures a second that training a network takes in.

    python benchmarks/training.py [--seconds 60] [--set '{"batch": 16}']

Trains on scikit-image's sample photographs and two sample paintings, on the GPU if there is one,
with the settings of `training/paintings.py` for that device, and those that `--set` gives as JSON.
The first fifth of the time, in which operators are chosen and the step is recorded, is left out.
Prints JSON: `pictures_a_second`, `steps`, the `device` and the settings.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import machine

import impasto

impasto.tune_process()

from impasto.backend import devices, on_gpu  # noqa: E402
from impasto.images.sample_styles import sample_style  # noqa: E402
from impasto.workflows.learn import sample_photographs  # noqa: E402

_LEFT_OUT = 0.2
GPU = {"batch": 16, "crop": 256}
CPU = {"batch": 4, "crop": 192}


def measure(settings: impasto.TrainingSettings, folder: Path) -> dict[str, float]:
    """Train, and return the steps that were counted and how many pictures a second they took in."""
    photographs = folder / "photos"
    photographs.mkdir()
    for path in sample_photographs():
        (photographs / path.name).symlink_to(path)
    for kind in ("swirls", "mosaic"):
        impasto.write_image(folder / f"{kind}.png", sample_style(kind, 512))
    styles = [folder / f"{kind}.png" for kind in ("swirls", "mosaic")]
    training = impasto.make_training(photographs, styles, folder / "run", settings)
    seen = [
        (done.step, done.seconds)
        for done in impasto.train_model(training, save_every=10**9, preview_every=10**9)
        if done.done > _LEFT_OUT
    ]
    (first, begun), (last, ended) = seen[0], seen[-1]
    rate = (last - first) * settings.batch / max(ended - begun, 1e-9)
    return {"pictures_a_second": round(rate, 2), "steps": last - first}


def main() -> None:
    """Measure, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--set", default="{}", help="training settings, JSON")
    arguments = parser.parse_args()
    chosen = {**(GPU if on_gpu() else CPU), **json.loads(arguments.set)}
    settings = impasto.TrainingSettings(budget=arguments.seconds, **chosen)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(settings, Path(folder))
    report = {**machine.describe(), **found, "device": devices()[0], "settings": chosen}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
