"""Seconds per evaluation and peak of memory of the default objective, from small to large pictures.

    python benchmarks/scaling.py [--max-size 4096] [--factor 2] [--set scales=1] [--limit-gb 20]

For each long side a short run at that size alone, in a fresh process. Prints JSON; a size that
needs more memory than there is gets null and the reason, and larger ones are not tried. A short run
has not yet filled the memory of L-BFGS: `peak_memory_of_long_run` adds what is missing of its
`history` pairs of pictures. A few minutes on two cores up to 2048, about ten up to 4096.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import machine
import skimage.data
import work
import workers

import impasto

SMALLEST = 128
_BYTES_OF_PIXEL = 12  # three float32


def sizes(smallest: int, largest: int, factor: float) -> list[int]:
    """List the long sides.

    Example:
        >>> sizes(128, 512, 2)
        [128, 256, 512]
    """
    found, exact = [], float(smallest)
    while round(exact) <= largest:
        found.append(round(exact))
        exact *= factor
    return found


def measure(
    size: int, pictures: tuple[Path, Path], changes: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    """Make a short run at one size."""
    words = (f"size={size}", "scales=1", f"iterations={options.evaluations}", *changes)
    machine.progress(f"long side {size}")
    try:
        run = workers.run_json(
            "ours.py", *pictures, "--every", 1, "--set", *words, limit_gb=options.limit_gb
        )
    except workers.WorkerError as error:
        machine.progress(str(error))
        return {"long_side": size, "seconds_per_evaluation": None, "reason": str(error)}
    settings = impasto.Settings(**run["settings"])
    height, width = run["size"]
    seconds, gflop = run["seconds_per_evaluation"], work.gflop(height, width, settings)
    missing = max(0, settings.history - options.evaluations + 1)
    return {
        "long_side": size,
        "size": run["size"],
        "megapixels": height * width / 1e6,
        "precision": run["precision"],
        "seconds_per_evaluation": seconds,
        "seconds_of_whole_run": run["times"][-1]["seconds"],
        "gflops": gflop / seconds,
        "peak_memory": run["peak_memory"],
        "peak_memory_of_long_run": run["peak_memory"]
        + 2 * missing * height * width * _BYTES_OF_PIXEL,
    }


def main() -> None:
    """Measure size by size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--min-size", type=int, default=SMALLEST)
    parser.add_argument("--max-size", type=int, default=4096)
    parser.add_argument("--factor", type=float, default=2**0.5, help="from one size to the next")
    parser.add_argument("--evaluations", type=int, default=4, help="of the short run")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON", help="settings")
    parser.add_argument("--limit-gb", type=float, help="memory of a run; most of what is available")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "content.png", Path(folder) / "style.png"
        impasto.write_image(pictures[0], (skimage.data.coffee() / 255.0).astype("float32"))
        impasto.write_image(pictures[1], impasto.sample_style("swirls", size=1024))
        for size in sizes(options.min_size, options.max_size, options.factor):
            rows.append(measure(size, pictures, options.set, options))
            if "reason" in rows[-1]:
                break
    peaks = workers.run_json("machine.py")["peak_gflops"]
    for row in rows:
        if "gflops" in row:
            row["share_of_peak"] = row["gflops"] / peaks.get(row["precision"], peaks["float32"])
    report = {
        "benchmark": "scaling",
        **machine.describe(),
        "peak_gflops": peaks,
        "settings": options.set,
        "sizes": rows,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
