"""Is the time forecast before a run the time that it takes?

    python benchmarks/forecast.py [--sizes 256 512 1024] [--tile 512] [--iterations 20] [--rounds 2]

For each size, and for the largest once more in tiles, the machine's speed is measured, the time
forecast, and a short run made, in turn. Prints JSON: seconds forecast and true, and the first by
the second; 1 is right, and above 1 too long. About three minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import time

import machine
import skimage.data

import impasto

impasto.tune_process()


def compare(settings: impasto.Settings) -> dict[str, object]:
    """Forecast one run and make it."""
    from impasto.backend import resolve_precision
    from impasto.engines.iterative import forecast

    settings = settings.changed(precision=resolve_precision(settings.precision))
    photograph, painting = skimage.data.rocket(), skimage.data.coffee()
    start = time.perf_counter()
    speed = forecast.speed(settings, remeasure=True)
    measuring = time.perf_counter() - start
    sizes = photograph.shape[:2], painting.shape[:2]
    expected = forecast.work_seconds(*sizes, settings, speed)
    start = time.perf_counter()
    impasto.stylize(photograph, painting, settings=settings)
    taken = time.perf_counter() - start
    found = {
        "size": settings.size,
        "tile": settings.tile,
        "precision": settings.precision,
        "seconds_to_measure": round(measuring, 2),
        "forecast": round(expected, 2),
        "true": round(taken, 2),
        "ratio": round(expected / taken, 3),
    }
    machine.progress(json.dumps(found))
    return found


def main() -> None:
    """Compare size by size, in rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precision", default="auto")
    options = parser.parse_args()
    common = {"iterations": options.iterations, "tolerance": 0, "precision": options.precision}
    cases = [impasto.Settings(size=size, **common) for size in options.sizes]
    cases.append(cases[-1].changed(tile=options.tile))
    compare(cases[0])  # warms up
    runs = [compare(case) for _ in range(options.rounds) for case in cases]
    print(json.dumps({**machine.describe(), "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
