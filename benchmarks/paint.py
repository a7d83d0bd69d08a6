"""Seconds of one pass of the feed-forward network, beside the network that others use.

    python benchmarks/paint.py [--size 1024] [--rounds 9] [--style NAME]

Both paint the same square picture in turns in this process, prepared as the command line does; the
other (`johnson.py`) in whichever memory format is faster for it. Prints JSON: `seconds_1024` (of
the size given), `ratio_fast_neural_style` (its seconds by ours), both medians, and
`seconds_command`, from the start of `impasto paint` to the saved picture, the median of three.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np
import skimage.data

import impasto

impasto.tune_process()

from impasto.engines.network.predict import paint_image  # noqa: E402
from impasto.images.scales import resize  # noqa: E402
from impasto.workflows.paint import Painter, make_painter  # noqa: E402

_COMMANDS = 3
COMMAND = "from impasto.cli.main import entry; entry()"


def take_turns(image: Any, painter: Painter, rounds: int) -> dict[str, list[float]]:
    """Paint by turns; the first round warms up and is left out."""
    import johnson
    import torch

    picture = torch.from_numpy(image).permute(2, 0, 1)[None].contiguous()
    last = picture.contiguous(memory_format=torch.channels_last)
    first_network, last_network = johnson.make_network(), johnson.make_network()
    last_network = last_network.to(memory_format=torch.channels_last)

    def theirs(network: Any, x: Any) -> None:
        with torch.inference_mode():
            network(x)

    runs = {
        "ours": lambda: paint_image(image, painter.vector, painter.model),
        "theirs": lambda: theirs(first_network, picture),
        "theirs_channels_last": lambda: theirs(last_network, last),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if i:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def time_command(image: Any, style: str) -> float:
    """Return the seconds of `impasto paint` from its start to the saved picture."""
    with tempfile.TemporaryDirectory() as folder:
        photograph, output = Path(folder) / "photo.jpg", Path(folder) / "painted.png"
        impasto.write_image(photograph, image)
        words = ["paint", str(photograph), "--style", style, "-o", str(output), "-q", "-f"]
        found = []
        for _ in range(_COMMANDS):
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", COMMAND, *words], check=True, stdout=subprocess.DEVNULL
            )
            found.append(time.perf_counter() - start)
    return statistics.median(found)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=1024, help="side of the picture, pixels")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--style", default="wave", help="a style's name, or FILE.impasto/NAME")
    options = parser.parse_args()
    photograph = (skimage.data.astronaut() / 255).astype(np.float32)
    image = np.clip(resize(photograph, (options.size, options.size)), 0, 1)
    painter = make_painter(options.style, impasto.PaintSettings())
    seconds = take_turns(image, painter, options.rounds)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    theirs = min(medians["theirs"], medians["theirs_channels_last"])
    report = {
        "benchmark": "paint",
        **machine.describe(),
        "size": options.size,
        "seconds_1024": medians["ours"],
        "ratio_fast_neural_style": theirs / medians["ours"],
        "seconds_command": time_command(image, options.style),
        "medians": medians,
        "rounds": seconds,
        "peak_memory": machine.peak_memory(),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
