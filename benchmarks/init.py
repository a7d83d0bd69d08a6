"""Does it save time to begin the slow route with what the network paints?

    python benchmarks/init.py PHOTO=STYLE.impasto/NAME=PAINTING ... [--size 512]

Each pair is painted from the photograph and from the network's picture, in all scales and in the
finest alone, with fewer and fewer evaluations. Prints JSON: for each run its seconds and the loss
of its last picture by the loss of the default run's; below 1 is nearer to the painting than that.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import machine

import impasto

impasto.tune_process()

RUNS: dict[str, dict[str, object]] = {
    "content": {},
    "paint": {"init": "paint"},
    "content, 2 scales, 90": {"scales": 2, "iterations": 90},
    "paint, 2 scales, 90": {"init": "paint", "scales": 2, "iterations": 90},
    "content, 1 scale, 45": {"scales": 1, "iterations": 45},
    "paint, 1 scale, 45": {"init": "paint", "scales": 1, "iterations": 45},
}


def compare(photograph: str, style: str, painting: str, size: int) -> dict[str, object]:
    """Run one pair in all ways."""
    found: dict[str, object] = {"photograph": photograph, "painting": painting}
    default = None
    for name, changes in RUNS.items():
        named = {key: style if value == "paint" else value for key, value in changes.items()}
        start = time.perf_counter()
        result = impasto.stylize(photograph, painting, size=size, **named)
        seconds = time.perf_counter() - start
        loss = impasto.score(result.image, photograph, painting).total
        default = default or loss
        found[name] = {"seconds": round(seconds, 1), "loss": round(loss / default, 3)}
        print(painting, name, found[name], file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Run all pairs, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", metavar="PHOTO=STYLE=PAINTING")
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    pairs = [compare(*pair.split("="), options.size) for pair in options.pairs]
    print(json.dumps({"machine": machine.describe(), "pairs": pairs}, indent=1))


if __name__ == "__main__":
    main()
