"""Draw what `time_to_quality.py` reports: measures against seconds, one row for each pair.

    python benchmarks/curves.py REPORT.json PICTURE.png

Our curve, pastiche's, and a line at the classic procedure's final measure with a mark at the time
when the text's own code would have got there.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot

MEASURES = {"style": "style", "held_out": "style, held-out layers", "content": "content"}
COLOURS = {"ours": "#c0392b", "pastiche": "#2c6fbb", "classic": "#444444"}


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw a report.

    Args:
        report: From `time_to_quality.py`.
        path: Where to, .png or .svg.
    """
    pairs = report["pairs"]
    figure, axes = pyplot.subplots(
        len(pairs),
        len(MEASURES),
        figsize=(4 * len(MEASURES), 2.6 * len(pairs)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, title in zip(axes[0], MEASURES.values(), strict=True):
        axis.set_title(title, fontsize=10)
    for row, pair in zip(axes, pairs, strict=True):
        for axis, measure in zip(row, MEASURES, strict=True):
            draw_measure(axis, pair, measure)
        row[0].set_ylabel(f"{Path(pair['content']).stem}\n{Path(pair['style']).stem}", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    axes[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def draw_measure(axis: Any, pair: dict[str, Any], measure: str) -> None:
    """Draw one measure of one pair."""
    for name, rows in pair["curves"].items():
        if rows:
            seconds = [row["seconds"] for row in rows]
            values = [row["measures"][measure] for row in rows]
            axis.plot(seconds, values, ".-", color=COLOURS[name], label=name, linewidth=1)
    if seed := pair["baselines"].get("seed_tensorflow"):
        value = seed["measures"][measure]
        axis.axhline(value, color=COLOURS["classic"], linewidth=0.8, linestyle=":")
        axis.plot([seed["seconds"]], [value], "s", color=COLOURS["classic"], label="classic")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.tick_params(labelsize=7, which="both")
    axis.grid(alpha=0.3, which="both")


def main() -> None:
    """Draw a report that was saved."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    draw(json.loads(options.report.read_text()), options.picture)


if __name__ == "__main__":
    main()
