"""Paint one pair with Impasto in this process, timed from its start, keeping pictures on the way.

    python benchmarks/ours.py CONTENT STYLE --set size=384 --every 10 -o FOLDER

Prepares the process as the command line does. Prints JSON: the seconds at each step since
`--started` (a UNIX time; the start of this script if not given), imports and weights included, the
seconds per evaluation, the peak of memory, and the pictures, all at the size of the result: those
of coarser scales are enlarged. Pictures are written when the run is over, outside its time.
"""

from __future__ import annotations

import time

STARTED = time.time()

import argparse  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import impasto  # noqa: E402

impasto.tune_process()

import machine  # noqa: E402

from impasto.images.scales import resize  # noqa: E402


class Kept(NamedTuple):
    """A picture on the way."""

    iteration: int
    image: Any  # (h, w, 3)


def parse_settings(words: list[str]) -> impasto.Settings:
    """Read settings from words like `size=384`, `height=null` or `preset="classic"`."""
    return impasto.Settings(**{n: json.loads(v) for n, v in (word.split("=", 1) for word in words)})


def paint(
    content: Path, style: Path, settings: impasto.Settings, every: int | None, started: float
) -> tuple[list[dict[str, float]], list[Kept]]:
    """Paint, and keep the picture every so many evaluations and the last one.

    Args:
        content: The photograph.
        style: The painting.
        settings: All knobs.
        every: Evaluations from one picture kept to the next; None keeps the last one alone.
        started: UNIX time from which the seconds count.

    Returns:
        For each step its iteration, scale and seconds; and the pictures.
    """
    times: list[dict[str, float]] = []
    kept: list[Kept] = []
    due = every
    for step in impasto.make_stylizer(style, settings)(content):
        if every and due is not None and step.iteration >= due:
            kept.append(Kept(step.iteration, step.image))  # waits for the device, if it is ahead
            due = step.iteration + every
        seconds = time.time() - started
        times.append({"iteration": step.iteration, "scale": step.scale, "seconds": seconds})
    before = [row for row in kept if row.iteration < step.iteration]
    return times, [*before, Kept(step.iteration, step.image)]


def save(kept: list[Kept], folder: Path) -> list[dict[str, Any]]:
    """Write the pictures at the size of the last one, and say which is which."""
    folder.mkdir(parents=True, exist_ok=True)
    size = kept[-1].image.shape[:2]
    rows = []
    for iteration, image in kept:
        name = f"evaluation_{iteration:04d}.png"
        impasto.write_image(folder / name, resize(image, size))
        rows.append({"iteration": iteration, "picture": name})
    return rows


def seconds_per_evaluation(times: list[dict[str, float]]) -> float | None:
    """Return the median over the steps of the last scale, the first of which is left out."""
    last = [row for row in times if row["scale"] == times[-1]["scale"]]
    steps = [
        (b["seconds"] - a["seconds"]) / (b["iteration"] - a["iteration"])
        for a, b in itertools.pairwise(last)
        if b["iteration"] > a["iteration"]
    ]
    return statistics.median(steps[1:] or steps) if steps else None


def main() -> None:
    """Paint one pair."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON", help="settings")
    parser.add_argument("--every", type=int, help="evaluations between pictures kept")
    parser.add_argument("--started", type=float, default=STARTED, help="UNIX time")
    parser.add_argument("-o", "--output", type=Path, help="folder; no pictures if not given")
    options = parser.parse_args()
    settings = parse_settings(options.set)
    times, kept = paint(options.content, options.style, settings, options.every, options.started)
    from impasto.backend import resolve_precision

    report = {
        **machine.describe(),
        "content": options.content.name,
        "style": options.style.name,
        "settings": settings.model_dump(mode="json"),
        "size": list(kept[-1].image.shape[:2]),
        "times": times,
        "precision": resolve_precision(settings.precision),
        "seconds_per_evaluation": seconds_per_evaluation(times),
        "peak_memory": machine.peak_memory(),
        "pictures": save(kept, options.output) if options.output else [],
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
