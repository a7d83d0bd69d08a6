"""Compare runs that start from a blend with longer ones that start from the photograph.

    python benchmarks/start.py --contents ... --styles ... -o OUT [--size 304] [--pairs 64]

Contents and styles are folders or single pictures. Each pair is painted from the photograph and
from the blend, with the evaluations that `good` has for each, and judged by the loss that both
minimise, in float32, and by the measures of `judging.py`. Pairs that are in OUT are not painted
again. Prints JSON: for each measure the geometric mean and the largest of the ratios; below 1 the
blend is better.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import judging
import machine
import numpy as np
import quality

import impasto

impasto.tune_process()

from impasto.presets import QUALITIES, WITHOUT_BLEND  # noqa: E402

FLOAT32 = impasto.Settings(precision="float32")
STARTS = {"content": WITHOUT_BLEND["good"], "blend": QUALITIES["good"]}


def compare(content: Path, style: Path, folder: Path, size: int) -> dict[str, float]:
    """Paint a pair in both ways, and return the blend's measures by the other's."""
    rows = []
    for name, start in STARTS.items():
        path = folder / f"{content.stem}_{style.stem}_{name}.png"
        began = time.perf_counter()
        result = impasto.stylize(content, style, size=size, **start)
        seconds = time.perf_counter() - began
        result.save(path)
        own = impasto.score(result.image, content, style, settings=FLOAT32).total
        rows.append((result.image, {"seconds": seconds, "own": own}))
    contents, styles = impasto.read_image(content), impasto.read_image(style)
    judged = judging.judge([image for image, _ in rows], contents, styles)
    before, after = (
        {**row, **each["neutral"]} for (_, row), each in zip(rows, judged, strict=True)
    )
    return {name: round(after[name] / before[name], 4) for name in after}


def main() -> None:
    """Run all pairs, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contents", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    parser.add_argument("--size", type=int, default=304)
    parser.add_argument("--pairs", type=int, help="how many, spread over contents and styles")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    contents, styles = quality.pictures(options.contents), quality.pictures(options.styles)
    count, ratios = len(contents), []
    pairs = [
        (n % count, (n % count + n // count) % len(styles)) for n in range(count * len(styles))
    ]
    for c, s in pairs[: options.pairs]:
        kept = options.output / f"{contents[c].stem}_{styles[s].stem}.json"
        if not kept.exists():
            kept.write_text(
                json.dumps(compare(contents[c], styles[s], options.output, options.size))
            )
        ratios.append(json.loads(kept.read_text()))
        print(kept.stem, ratios[-1], file=sys.stderr, flush=True)
    report = {
        name: {
            "mean": round(float(np.exp(np.mean([np.log(each[name]) for each in ratios]))), 3),
            "largest": max(each[name] for each in ratios),
        }
        for name in ratios[0]
    }
    print(json.dumps({"machine": machine.describe(), "pairs": len(ratios), **report}, indent=1))


if __name__ == "__main__":
    main()
