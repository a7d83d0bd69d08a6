"""Paint every content after every style, and make a contact sheet and a table of scores.

    python benchmarks/quality.py --contents ... --styles ... -o OUT [--size 384] [--set tv_weight=1]

Contents and styles are folders or single pictures. Pictures that exist already are not painted
again, so an interrupted run goes on. Prints JSON: for each pair seconds, losses, normalised
distances and SSIM, and the machine and versions. Two settings are compared by eye from two sheets.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import impasto

impasto.tune_process()

from impasto.images.sheet import grid  # noqa: E402


def pictures(places: list[Path]) -> list[Path]:
    """List the pictures of folders, and single ones."""
    found: list[Path] = []
    for place in places:
        found += sorted(place.iterdir()) if place.is_dir() else [place]
    return found


def paint(content: Path, style: Path, folder: Path, settings: impasto.Settings) -> dict[str, Any]:
    """Paint one pair unless it is there, and score it."""
    path = folder / f"{content.stem}_{style.stem}.png"
    if not path.exists():
        start = time.perf_counter()
        result = impasto.stylize(content, style, settings=settings)
        result.save(path)
        print(f"{path.name} {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    record = impasto.read_record(path) or {}
    scored = impasto.score(path, content, style, settings=settings)
    return {
        "content": content.stem,
        "style": style.stem,
        "seconds": record.get("seconds"),
        "score": scored.as_dict(),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contents", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON", help="settings")
    parser.add_argument("--cell", type=int, default=256, help="width of a cell of the sheet")
    options = parser.parse_args()
    changes = {name: json.loads(value) for name, value in (s.split("=", 1) for s in options.set)}
    settings = impasto.Settings(size=options.size, **changes)
    options.output.mkdir(parents=True, exist_ok=True)
    contents, styles = pictures(options.contents), pictures(options.styles)
    rows = [[paint(c, s, options.output, settings) for s in styles] for c in contents]
    blank = [impasto.read_image(path) for path in styles]
    cells = [[None, *blank]]
    for content in contents:
        made = [options.output / f"{content.stem}_{style.stem}.png" for style in styles]
        cells.append([impasto.read_image(content), *(impasto.read_image(path) for path in made)])
    impasto.write_image(options.output / "sheet.jpg", grid(cells, options.cell))
    report = {
        "machine": platform.platform(),
        "processor": platform.processor(),
        "versions": {name: version(name) for name in ("impasto", "keras", "torch", "numpy")},
        "settings": settings.model_dump(mode="json"),
        "pairs": [pair for row in rows for pair in row],
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
