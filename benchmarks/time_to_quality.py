"""Seconds until Impasto's picture is as good as the final picture of others.

    python benchmarks/time_to_quality.py baselines ours -o FOLDER [--size 384] [--set NAME=JSON]
    python benchmarks/time_to_quality.py speeds -o FOLDER [--rounds 2]
    python benchmarks/time_to_quality.py report -o FOLDER [--rule each] [--plot FILE]

Prints JSON, after any of the phases, from what FOLDER holds by then; what is there is not run
again, so an interrupted run goes on. The others are

- `seed`: the text that the project starts from, 400 evaluations. Its picture is made with Impasto's
  classic preset at the same size, which is equal in numbers and faster (tests/benchmarks compare
  them); its seconds are 400 times those of one evaluation by the text's own structure
  (`seed_port.py`) on the faster of TensorFlow and PyTorch, whose own figures are given, too.
- `pastiche`: the PyPI package, unmodified, its default 1000 steps; its seconds are 1000 times the
  median of its steps, its start is not counted. `speedup_pastiche_by_itself` stops it at the first
  of its saved pictures that is as good as its last.

Our seconds count from the start of the process, imports and weights included, to the first picture
kept (every 10th evaluation) that is as good: by the rules in `reaching.py`, the measures in
`judging.py`. The phase `baselines` takes about half an hour a pair on two cores; `ours` a minute;
`speeds` measures all seconds again in short runs that alternate, for when the others were made on a
busy machine, and its figures take the place of theirs.

Pairs: the photographs and paintings of `--contents` and `--styles`, one with one in order of name;
or `--pair CONTENT STYLE`, repeated; or four of this project's pictures to judge by, or four sample
pictures where those are not there. `--plot` needs `pip install "impasto[benchmarks]"`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import machine
import reaching
import runs
from runs import Pair

BENCH = Path(__file__).resolve().parents[2] / "shared" / "data" / "bench"
BENCH_PAIRS = (
    ("tuebingen_neckarfront", "starry_night_van_gogh"),
    ("golden_gate", "great_wave_hokusai"),
    ("dog_boston_terrier", "mosaic_ducks_roman"),
    ("portrait_man", "composition_vii_kandinsky"),
)
SAMPLE_PAIRS = (("astronaut", "swirls"), ("coffee", "mosaic"), ("cat", "woodcut"))
SAMPLE_PAIRS += (("rocket", "swirls"),)
# The others keep less of the photograph than Impasto does by default; so that pictures of the same
# kind are compared, this weight makes the trade between content and style theirs.
OURS = ["content_weight=0.05"]
PHASES = ("baselines", "ours", "speeds", "report")
VIEWS = ("neutral", "classic")  # of judging.py


def default_pairs(output: Path) -> list[tuple[Path, Path]]:
    """Return four varied pairs; sample pictures are written into the folder."""
    if BENCH.is_dir():
        contents, styles = BENCH / "content", BENCH / "style"
        return [(contents / f"{c}.jpg", styles / f"{s}.jpg") for c, s in BENCH_PAIRS]
    import skimage

    import impasto

    folder = output / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for content, style in SAMPLE_PAIRS:
        photograph = getattr(skimage.data, content)() / 255.0
        impasto.write_image(folder / f"{content}.png", photograph.astype("float32"))
        impasto.write_image(folder / f"{style}.png", impasto.sample_style(style))
    return [(folder / f"{c}.png", folder / f"{s}.png") for c, s in SAMPLE_PAIRS]


def chosen_pairs(options: argparse.Namespace) -> list[Pair]:
    """Return the pairs that the command line asks for."""
    if options.pair:
        found = [tuple(both) for both in options.pair]
    elif options.contents and options.styles:
        contents, styles = (sorted(f.iterdir()) for f in (options.contents, options.styles))
        found = list(zip(contents, styles, strict=False))
    else:
        found = default_pairs(options.output)
    return [runs.make_pair(*both, options.size, options.output) for both in found]


def curve(folder: Path, view: str) -> list[dict[str, Any]]:
    """Return our pictures on the way: evaluations, seconds, measures."""
    judged, run = runs.read(folder / "measures.json"), runs.read(folder / "run.json")
    if judged is None or run is None:
        return []
    return [
        {
            "iteration": row["iteration"],
            "seconds": round(runs.our_seconds(folder, row["iteration"]), 2),
            "measures": judged[row["picture"]][view],
        }
        for row in run["pictures"]
    ]


def pastiche_curve(pair: Pair) -> list[dict[str, Any]]:
    """Return pastiche's pictures on the way."""
    folder, seconds = pair.folder / "pastiche", runs.speed(pair, "pastiche")
    judged, run = runs.read(folder / "measures.json"), runs.read(folder / "run.json")
    if judged is None or run is None or seconds is None:
        return []
    return [
        {
            "iteration": int(step),
            "seconds": round(seconds * int(step), 1),
            "measures": judged[picture]["neutral"],
        }
        for step, picture in run["pictures"].items()
    ]


def baselines(pair: Pair, view: str) -> dict[str, dict[str, Any]]:
    """Return what is to be reached: seconds and measures, as far as they are known."""
    found: dict[str, dict[str, Any]] = {}
    judged = runs.read(pair.folder / "classic" / "measures.json")
    for name in runs.SEEDS:
        seconds = runs.speed(pair, name)
        if judged is not None and seconds is not None:
            found[name] = {
                "seconds": seconds * runs.CLASSIC_EVALUATIONS,
                "seconds_per_evaluation": seconds,
                "measures": list(judged.values())[-1][view],
            }
    if theirs := pastiche_curve(pair):
        last = theirs[-1]
        found["pastiche"] = {
            "seconds": last["seconds"],
            "seconds_per_evaluation": runs.speed(pair, "pastiche"),
            "measures": last["measures"],
        }
    return found


def against(
    baseline: dict[str, Any], ours: list[dict[str, Any]], rule: reaching.Rule
) -> dict[str, Any]:
    """Say when our run reaches a baseline, and how its last picture compares."""
    found = reaching.reached(ours, baseline["measures"], rule)
    last = reaching.compare(ours[-1]["measures"], baseline["measures"])
    styles = found["styles"]
    return {
        "reached": found,
        "content_when_styles_reached": styles and styles["ratios"]["content"],
        "last_picture": {"seconds": ours[-1]["seconds"], "ratios": last},
        "last_picture_as_good": {name: reaching.as_good(last, name, rule) for name in found},
        "speedups": {
            name: row and round(baseline["seconds"] / row["seconds"], 2)
            for name, row in found.items()
        },
    }


def report_pair(pair: Pair, options: argparse.Namespace, view: str) -> dict[str, Any]:
    """Put together all about one pair."""
    rule = reaching.Rule(tuple(options.measures), options.tolerance, options.trade)
    folder = runs.ours_folder(pair, options.set)
    ours, theirs = curve(folder, view), pastiche_curve(pair)
    neutral = curve(folder, "neutral")  # pastiche is always judged so
    found = baselines(pair, view)
    if ours:
        for name, baseline in found.items():
            seen = neutral if name == "pastiche" else ours
            found[name] = {**baseline, **against(baseline, seen, rule)}
    if "pastiche" in found:
        last = found["pastiche"]
        last["reached_by_itself"] = reaching.reached(theirs, last["measures"], rule)
    run = runs.read(folder / "run.json") or {}
    return {
        "content": pair.content.name,
        "style": pair.style.name,
        "size": run.get("size"),
        "baselines": found,
        "curves": {"ours": ours, "pastiche": theirs},
        "peak_memory": run.get("peak_memory"),
        "commit": run.get("commit"),
    }


def speedups(pairs: list[dict[str, Any]], name: str) -> dict[str, float | None]:
    """Return the median over the pairs of the speedup by one rule, for each baseline.

    `seed` takes for each pair the faster of the text's two ports.
    """
    choices = {"seed": runs.SEEDS, **{key: (key,) for key in runs.PLAIN}}
    found: dict[str, float | None] = {}
    for key, names in choices.items():
        values = []
        for pair in pairs:
            rows = [row for n in names if "speedups" in (row := pair["baselines"].get(n, {}))]
            if rows:
                values.append(min(rows, key=lambda row: row["seconds"])["speedups"][name])
        found[key] = reaching.median_speedup(values)
    return found


def speedup_by_itself(pairs: list[dict[str, Any]], name: str) -> float | None:
    """Return the speedup over pastiche if it stopped at its first picture as good as its last."""
    found = []
    for row in (pair["baselines"].get("pastiche", {}) for pair in pairs):
        if "reached" in row:
            ours, theirs = row["reached"][name], row["reached_by_itself"][name]
            found.append(ours and round(theirs["seconds"] / ours["seconds"], 2))
    return reaching.median_speedup(found)


def report(pairs: list[Pair], options: argparse.Namespace) -> dict[str, Any]:
    """Put together the whole report from what is on disk."""
    other = next(rule for rule in reaching.RULES if rule != options.rule)
    rows = {view: [report_pair(pair, options, view) for pair in pairs] for view in VIEWS}
    shown = rows[options.view]
    return {
        "benchmark": "time_to_quality",
        **machine.describe(),
        "size": options.size,
        "settings": options.set,
        "rule": {
            "name": options.rule,
            "measures": options.measures,
            "tolerance": options.tolerance,
            "trade": options.trade,
            "view": options.view,
        },
        "speedup": speedups(shown, options.rule),
        f"speedup_{other}": speedups(shown, other),
        "speedup_styles": speedups(shown, "styles"),
        "speedup_pastiche_by_itself": speedup_by_itself(shown, options.rule),
        "speedup_by_view": {
            view: {rule: speedups(rows[view], rule) for rule in reaching.RULES} for view in VIEWS
        },
        "pairs_with_figures": sum(bool(row["curves"]["ours"]) for row in shown),
        "pairs": shown,
    }


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("phases", nargs="+", choices=PHASES)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of all state")
    parser.add_argument("--contents", type=Path, help="folder")
    parser.add_argument("--styles", type=Path, help="folder")
    parser.add_argument(
        "--pair",
        "--pairs",
        type=Path,
        nargs=2,
        action="append",
        metavar=("CONTENT", "STYLE"),
        help="repeat",
    )
    parser.add_argument("--size", type=int, default=256, help="long side, pixels")
    parser.add_argument("--set", nargs="*", default=OURS, metavar="NAME=JSON", help="our settings")
    parser.add_argument("--rule", choices=reaching.RULES, default="mean")
    parser.add_argument("--measures", nargs="+", default=list(reaching.Rule().measures))
    parser.add_argument("--tolerance", type=float, default=reaching.Rule().tolerance)
    parser.add_argument("--trade", type=float, default=reaching.Rule().trade)
    parser.add_argument("--view", choices=VIEWS, default="neutral", help="for the seed's picture")
    parser.add_argument("--rounds", type=int, default=1, help="of the phase speeds")
    parser.add_argument("--again", action="store_true", help="ours and speeds are run anew")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the curves")
    return parser.parse_args()


def main() -> None:
    """Run the phases asked for, and report."""
    options = parse()
    pairs = chosen_pairs(options)
    for pair in pairs:
        if options.again:
            runs.forget(pair, options.phases, options.set)
    for pair in pairs:
        if "baselines" in options.phases:
            runs.run_baselines(pair)
        if "ours" in options.phases:
            runs.run_ours(pair, options.set)
        if "speeds" in options.phases:
            runs.run_speeds(pair, options.set, options.rounds)
    result = report(pairs, options)
    if options.plot:
        import curves

        curves.draw(result, options.plot)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
