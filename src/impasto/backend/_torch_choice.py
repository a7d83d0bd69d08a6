"""Which operator, memory format and precision is fastest on this machine, by measurement."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from ._torch_convolutions import (
    HAS_NNPACK,
    NCHW,
    NHWC,
    OPERATORS,
    Kernel,
    memory_format,
    prepare_kernel,
)
from .measurements import Seconds, Table, fastest, measure

_NNPACK_CHANNELS = 16
_MOST_POSITIONS, _FEWEST_POSITIONS = 1 << 12, 1 << 6  # of the shapes that are measured
_SAMPLE_KERNEL = (3, 3, 256, 256), (256,)  # what precisions are compared with
_WORTHWHILE = 1.25  # times faster must bfloat16 be to be taken unasked


def _candidates(x: torch.Tensor, kernel: Kernel) -> list[str]:
    channels = min(kernel.weight.shape[:2])
    names = ["stock", "channels_last"]
    if x.device.type == "cpu" and torch.backends.mkldnn.is_available():
        names.append("packed")
    plain = x.device.type == "cpu" and x.dtype == torch.float32
    if plain and HAS_NNPACK and channels >= _NNPACK_CHANNELS:
        names.append("nnpack")
    return names


class Choice(NamedTuple):
    """The operators for a layer and the memory format that both work in."""

    forward: str
    backward: str
    memory_format: torch.memory_format


@functools.cache
def speeds() -> Table:
    """Return the times measured on this machine."""
    return Table(f"torch {torch.__version__}", torch.get_num_threads())


def measured() -> dict[str, Seconds]:
    """Return the times that operators are chosen by; see `backend.measured`."""
    return speeds().known()


def restore_measured(known: Mapping[str, Seconds]) -> None:
    """Choose by times measured before; see `backend.restore_measured`."""
    speeds().restore(known)
    _CHOICES.clear()


def choose(x: torch.Tensor, kernel: Kernel) -> Choice:
    """Choose the operators for features (N, I, h, w), given where they lie in memory.

    A change of the memory format on the way in, and back for the gradient, is counted.
    """
    if x.device.type == "cuda" and x.dtype == torch.bfloat16:
        return Choice("channels_last", "channels_last", NHWC)  # what its matrix units want
    outputs, inputs = kernel.weight.shape[:2]
    positions = _bucket(x.shape[2] * x.shape[3])
    present = memory_format(x)
    key = (inputs, outputs, positions, present, x.dtype, x.device)
    if key not in _CHOICES:
        _CHOICES[key] = _choose(x, kernel, positions, present)
    return _CHOICES[key]


_CHOICES: dict[Any, Choice] = {}


def _choose(
    x: torch.Tensor, kernel: Kernel, positions: int, present: torch.memory_format
) -> Choice:
    names = _candidates(x, kernel)
    ahead, back = (_seconds(x, kernel, positions, names, way) for way in (False, True))
    moves = _seconds_of_moves(x, positions)
    best: dict[torch.memory_format, tuple[float, Choice]] = {}
    for format_ in (NCHW, NHWC):
        there = [
            {n: s for n, s in times.items() if OPERATORS[n].memory_format == format_}
            for times in (ahead, back)
        ]
        if all(there):
            forward, backward = (fastest(times) for times in there)
            cost = ahead[forward] + back[backward] + (moves if format_ != present else 0.0)
            best[format_] = cost, Choice(forward, backward, format_)
    return min(best.values(), key=lambda costed: costed[0])[1]


def _bucket(positions: int) -> int:
    """Round to a power of four within the sizes that are measured."""
    nearest = 1 << 2 * round(math.log2(positions) / 2)
    return min(max(nearest, _FEWEST_POSITIONS), _MOST_POSITIONS)


def _sample(x: torch.Tensor, channels: int, positions: int) -> torch.Tensor:
    height = 1 << (positions.bit_length() - 1) // 2
    return torch.rand((1, channels, height, positions // height), dtype=x.dtype, device=x.device)


def _seconds(
    x: torch.Tensor, kernel: Kernel, positions: int, names: list[str], back: bool
) -> Seconds:
    channels = kernel.weight.shape[0 if back else 1]
    others = kernel.weight.shape[1 if back else 0]
    question = f"{x.device.type} {x.dtype} {channels} to {others} at {positions}: {','.join(names)}"

    def ask() -> Seconds:
        sample = _sample(x, channels, positions)
        passing = kernel._replace(forms={})  # what the slower ones need is not kept
        return measure(
            {
                name: functools.partial(
                    OPERATORS[name].run,
                    sample.contiguous(memory_format=OPERATORS[name].memory_format),
                    passing,
                    back,
                    1,
                )
                for name in names
            },
            wait=functools.partial(_wait, x.device),
        )

    with torch.no_grad():
        return speeds().look_up(question, ask)


def _seconds_of_moves(x: torch.Tensor, positions: int) -> float:
    """Return what it takes to bring features into the other format and their gradient back."""
    channels = x.shape[1]

    def ask() -> Seconds:
        sample = _sample(x, channels, positions)
        last = sample.contiguous(memory_format=NHWC)
        return measure(
            {
                "to channels last": lambda: sample.contiguous(memory_format=NHWC),
                "to channels first": lambda: last.contiguous(memory_format=NCHW),
            },
            wait=functools.partial(_wait, x.device),
        )

    with torch.no_grad():
        question = f"{x.device.type} {x.dtype} move {channels} at {positions}"
        return sum(speeds().look_up(question, ask).values())


def resolve_precision(precision: str) -> str:
    """Return the precision; `auto` is bfloat16 where that is a good deal faster, else float32."""
    if precision != "auto":
        return precision
    kernel = prepare_kernel(*(np.ones(shape, np.float32) for shape in _SAMPLE_KERNEL))
    like = kernel.weight.new_empty((1, *_SAMPLE_KERNEL[1], 1, 1))
    best = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        x = like.to(dtype)
        times = _seconds(x, kernel, _MOST_POSITIONS, _candidates(x, kernel), False)
        best[name] = min(times.values(), default=math.inf)
    return "bfloat16" if best["float32"] > _WORTHWHILE * best["bfloat16"] else "float32"


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()
