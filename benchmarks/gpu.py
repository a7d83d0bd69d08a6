"""Milliseconds per evaluation of the default objective on a GPU, and the share of its peak.

    python benchmarks/gpu.py [--sizes 512 1024 2048] [--precisions float32 tf32 bfloat16]
    python benchmarks/gpu.py --cpu

On the CUDA or MPS device that PyTorch finds, one process for each precision (the setting
`precision`). The peak is that of a large matrix product in the same precision. Prints JSON; a
precision or size that fails gets the reason. Without a GPU the exit code is 2; `--cpu` runs the
same code on the CPU with small pictures, to see that it works. Two minutes or so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import machine
import work
import workers

import impasto

PRECISIONS = ("float32", "tf32", "bfloat16")
GPU_SIZES, CPU_SIZES = (512, 1024, 2048), (48, 96)
_MATRIX = {"cuda": 8192, "mps": 4096, "cpu": 512}  # side of the matrices of the peak's product
_BLOCKS = 5  # measured blocks; the median counts
_BLOCK_SECONDS = 1.0  # a block is as many evaluations as fit, at least two


def find_device() -> str | None:
    """Return `cuda` or `mps`; None where PyTorch finds neither."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def device_name(device: str) -> str:
    """Name the device for people."""
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else machine.processor()


def synchronise(device: str) -> None:
    """Wait until the device has done all that it was given."""
    import torch

    if device != "cpu":
        getattr(torch, device).synchronize()


def time_blocks(run: Callable[[], object], device: str) -> dict[str, Any]:
    """Return the median seconds of a call, and the blocks that it comes from."""
    for _ in range(2):  # compilation, choice of algorithms, first memory
        run()
    synchronise(device)
    start = time.perf_counter()
    run()
    synchronise(device)
    count = max(2, int(_BLOCK_SECONDS / (time.perf_counter() - start)))
    seconds = []
    for _ in range(_BLOCKS):
        start = time.perf_counter()
        for _ in range(count):
            run()
        synchronise(device)
        seconds.append((time.perf_counter() - start) / count)
    return {"seconds": statistics.median(seconds), "blocks": seconds, "calls_per_block": count}


def measure_peak(precision: str, device: str) -> dict[str, Any]:
    """Measure the device's arithmetic peak in one precision, TFLOP/s."""
    import torch

    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    side = _MATRIX[device]
    a, b = torch.rand(2, side, side, device=device).to(kind)
    timed = time_blocks(lambda: torch.mm(a, b), device)
    return {"tflops": 2 * side**3 / min(timed["blocks"]) / 1e12}


def settings_of(precision: str) -> impasto.Settings:
    """Return the default settings in one precision."""
    if "precision" in impasto.Settings.model_fields:
        return impasto.Settings(precision=precision)
    if precision != "float32":
        raise ValueError("this version of impasto has no setting named precision")
    return impasto.Settings()


def measure_size(long_side: int, precision: str, device: str) -> dict[str, Any]:
    """Measure one evaluation of loss and gradient at one size, 4 to 3."""
    import torch

    from impasto.backend import recorded
    from impasto.engines.iterative.problem import prepare_targets
    from impasto.engines.pixels import to_pixels
    from impasto.perceptual import objective

    settings = settings_of(precision)
    size = round(long_side * 0.75), long_side
    content = impasto.sample_style("woodcut", size=max(64, long_side))
    style = impasto.sample_style("swirls", size=max(64, long_side))
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    kernels = objective.load_kernels(settings)
    targets = prepare_targets(content, [style], size, kernels, settings)
    loss_and_gradient = objective.loss_and_gradient(settings)
    pixels = to_pixels(style[: size[0], : size[1]])
    evaluate = recorded(lambda x: loss_and_gradient(x, targets, kernels))
    timed = time_blocks(lambda: evaluate(pixels), device)
    (total, _), _ = evaluate(pixels)
    return {
        "size": list(size),
        "milliseconds": 1e3 * timed["seconds"],
        "tflops": work.gflop(*size, settings) / timed["seconds"] / 1e3,
        "loss": float(total),
        "peak_memory": torch.cuda.max_memory_allocated() if device == "cuda" else None,
        **timed,
    }


def measure(sizes: list[int], precision: str, device: str) -> list[dict[str, Any]]:
    """Measure all sizes in one precision; a size that fails says why."""
    rows = []
    for long_side in sizes:
        try:
            rows.append({"long_side": long_side, **measure_size(long_side, precision, device)})
        except Exception as error:  # too large, or this device lacks the precision
            reason = f"{type(error).__name__}: {error}".split("\n")[0]
            rows.append({"long_side": long_side, "milliseconds": None, "reason": reason})
    return rows


def run_part(options: argparse.Namespace, device: str) -> None:
    """Print what one of our own processes is asked for."""
    if options.part == "peak":
        print(json.dumps(measure_peak(options.precisions[0], device)))
    else:
        print(json.dumps(measure(options.sizes, options.precisions[0], device)))


def measure_precision(precision: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one precision in processes of their own, and compare with its peak."""
    words = ("--precisions", precision, "--sizes", *options.sizes, *["--cpu"] * options.cpu)
    try:
        rows = workers.run_json("gpu.py", *words, "--part", "evaluations")
        peak = workers.run_json("gpu.py", *words, "--part", "peak")["tflops"]
    except workers.WorkerError as error:
        return {"peak_tflops": None, "reason": str(error)}
    for row in rows:
        if row["milliseconds"] is not None:
            row["share_of_peak"] = row["tflops"] / peak
            text = f"{row['milliseconds']:.2f} ms, {row['share_of_peak']:.0%} of peak"
            machine.progress(f"{precision} {row['long_side']}: {text}")
    return {"peak_tflops": peak, "sizes": rows}


def main() -> int:
    """Measure and report; 2 where there is no GPU."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", help="long sides, pixels")
    parser.add_argument("--precisions", nargs="+", default=PRECISIONS, choices=PRECISIONS)
    parser.add_argument("--cpu", action="store_true", help="check this script without a GPU")
    parser.add_argument("--part", choices=("peak", "evaluations"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "torch"
    if options.cpu:
        os.environ["KERAS_TORCH_DEVICE"] = "cpu"
    if options.part:
        impasto.tune_process()  # as the command line does, before PyTorch is imported
    device = "cpu" if options.cpu else find_device()
    if device is None:
        machine.progress("gpu.py: PyTorch finds no CUDA or MPS device here; --cpu checks the code")
        return 2
    options.sizes = options.sizes or list(CPU_SIZES if options.cpu else GPU_SIZES)
    if options.part:
        run_part(options, device)
        return 0
    report = {
        "benchmark": "gpu",
        **machine.describe(),
        "device": device_name(device),
        "precisions": {name: measure_precision(name, options) for name in options.precisions},
    }
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
