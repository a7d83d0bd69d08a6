"""Choose the fastest operator, memory format and precision on this machine, by measurement.

Only a few sample convolutions are timed, for some milliseconds each; a layer uses the result of the
most similar sample. The first picture on a machine waits one or two seconds for this. With
IMPASTO_MEASURE=0 nothing is timed, and the choice depends on the processor alone.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from keras import ops

from ..process import favours_nnpack, measures_operators
from ._torch_convolutions import (
    HAS_NNPACK,
    NCHW,
    NHWC,
    NNPACK_CHANNELS,
    OPERATORS,
    Kernel,
    is_emulated,
    memory_format,
    prepare_kernel,
)
from .measurements import Seconds, Table, Timing, fastest, measure

_FEWEST_POSITIONS, _MOST_POSITIONS = 1 << 6, 1 << 12  # of the samples
_MOST_CHANNELS = 512
_MANY_CHANNELS = 256  # from here on a sample has at most a quarter of the positions
_FIRST_WITH_TF32 = (8, 0)  # compute capability: Ampere
_WORTHWHILE = 1.25  # speedup of bfloat16 from which on `auto` uses it


class Choice(NamedTuple):
    """The operators for a layer; both work in one memory format."""

    forward: str
    backward: str

    @property
    def memory_format(self) -> torch.memory_format:
        """Memory format of the features that the operators read and write."""
        return OPERATORS[self.forward].memory_format


# Other choices, with their candidates. That of the precision is for `auto` on a CPU.
OTHERS = {"products": ("blas", "onednn"), "precision": ("float32", "bfloat16")}
_LAYER = re.compile(r"\d+ to \d+ at \d+, \w+ \w+, channels (first|last)", re.ASCII)
_PAIRS = {
    f"{forward} {backward}"
    for forward, backward in itertools.product(OPERATORS, repeat=2)
    if OPERATORS[forward].memory_format == OPERATORS[backward].memory_format
}
_MOVES = "to channels last", "to channels first"
# Order of preference where nothing is measured. NNPACK transforms each kernel, which takes ten
# times as long as the convolution of a few positions.
_PREFERENCE = ("channels_last", "packed", "stock", "nnpack")
_NNPACK_POSITIONS = 256
_CHOICES: dict[str, Choice] = {}  # by layer
_OTHERS: dict[str, str] = {}  # by question


@functools.cache
def speeds() -> Table:
    """Return the times measured on this machine."""
    return Table(f"torch {torch.__version__}", torch.get_num_threads())


def operators() -> dict[str, str]:
    """Return the operators chosen so far; see `backend.operators`."""
    return {layer: " ".join(choice) for layer, choice in _CHOICES.items()} | _OTHERS


def use_operators(chosen: Mapping[str, str]) -> None:
    """Set the operators; see `backend.use_operators`."""
    _CHOICES.clear()
    _OTHERS.clear()
    for question, names in chosen.items():
        if names in OTHERS.get(question, ()):
            _OTHERS[question] = names
        elif _LAYER.fullmatch(question) and names in _PAIRS:
            _CHOICES[question] = Choice(*names.split())


def choose_other(question: str, ways: Callable[[], Mapping[str, Callable[[], object]]]) -> str:
    """Return the name of the fastest of several implementations on a CPU.

    Args:
        question: One of `OTHERS`.
        ways: Returns the implementations; called if no measurement is cached.
    """
    if question not in _OTHERS:
        names = OTHERS[question]
        _OTHERS[question] = fastest(_times(question, names, names, lambda: measure(ways())))
    return _OTHERS[question]


def _times(
    question: str, names: Sequence[str], preference: Sequence[str], ask: Callable[[], Timing]
) -> Seconds:
    """Return the seconds of implementations, or their ranks where nothing is measured."""
    if measures_operators():
        return speeds().look_up(question, names, ask)
    return {name: float(preference.index(name)) for name in names}


def choose(x: torch.Tensor, kernel: Kernel) -> Choice:
    """Choose the operators for features (N, I, h, w) in their memory format.

    The cost includes conversions of the memory format, of the input and back for the gradient.
    """
    if x.device.type == "cuda" and x.dtype == torch.bfloat16:
        return Choice("channels_last", "channels_last")  # the layout of tensor cores
    outputs, inputs = kernel.weight.shape[:2]
    positions = _bucket(x.shape[2] * x.shape[3])
    present = memory_format(x)
    layer = (
        f"{inputs} to {outputs} at {positions}, {_kind(x)}, "
        f"channels {'first' if present == NCHW else 'last'}"
    )
    choice = _CHOICES.get(layer)
    if choice is None or not set(choice) <= set(_candidates(x, min(inputs, outputs))):
        choice = _CHOICES[layer] = _choose(x, inputs, outputs, positions)
    return choice


def _candidates(x: torch.Tensor, channels: int) -> list[str]:
    """Name the candidates for features like `x`, given the smaller of its numbers of channels."""
    if x.device.type != "cpu":
        return ["stock", "channels_last"]
    emulated = is_emulated(x)
    names = ["stock"]
    if not emulated:
        names.append("channels_last")
    if not emulated and torch.backends.mkldnn.is_available():
        names.append("packed")
    in_float32 = emulated or x.dtype == torch.float32
    if in_float32 and HAS_NNPACK and channels >= NNPACK_CHANNELS:
        names.append("nnpack")
    return names


def _choose(x: torch.Tensor, inputs: int, outputs: int, positions: int) -> Choice:
    ahead, back = _seconds(x, inputs, outputs, positions), _seconds(x, outputs, inputs, positions)
    present = memory_format(x)
    best: dict[torch.memory_format, tuple[float, Choice]] = {}
    for format_ in (NCHW, NHWC):
        there = [
            {n: s for n, s in times.items() if OPERATORS[n].memory_format == format_}
            for times in (ahead, back)
        ]
        if all(there):
            choice = Choice(*(fastest(times) for times in there))
            cost = ahead[choice.forward] + back[choice.backward]
            if format_ != present:
                cost += _seconds_of_moves(x, inputs, positions)
            best[format_] = cost, choice
    return min(best.values(), key=lambda costed: costed[0])[1]


def _bucket(positions: int) -> int:
    """Round to a power of four within the measured sizes."""
    nearest = 1 << 2 * round(math.log2(positions) / 2)
    return min(max(nearest, _FEWEST_POSITIONS), _MOST_POSITIONS)


def _kind(x: torch.Tensor) -> str:
    return f"{x.device.type} {str(x.dtype).removeprefix('torch.')}"


def _sample(x: torch.Tensor, channels: int, positions: int) -> torch.Tensor:
    height = 1 << (positions.bit_length() - 1) // 2
    return torch.rand((1, channels, height, positions // height), dtype=x.dtype, device=x.device)


def _seconds(x: torch.Tensor, inputs: int, outputs: int, positions: int) -> Seconds:
    """Estimate the seconds of a convolution by each operator from the most similar sample."""
    if min(inputs, outputs) < NNPACK_CHANNELS:
        like = inputs, outputs
    else:
        channels = 1 << math.ceil(math.log2(max(inputs, outputs)))
        like = (min(channels, _MOST_CHANNELS),) * 2
    most = _MOST_POSITIONS // 4 if min(like) >= _MANY_CHANNELS else _MOST_POSITIONS
    fewer = min(positions, most)
    names = _candidates(x, min(inputs, outputs))
    factor = inputs * outputs * positions / (like[0] * like[1] * fewer)
    return {name: factor * s for name, s in _seconds_of_sample(x, *like, fewer, names).items()}


def _seconds_of_sample(
    x: torch.Tensor, inputs: int, outputs: int, positions: int, names: list[str]
) -> Seconds:
    def ask() -> Timing:
        sample = _sample(x, inputs, positions)
        weights = np.full((3, 3, inputs, outputs), 0.01, np.float32)
        bias = np.zeros(outputs, np.float32)
        kernel = prepare_kernel(weights, bias, keep_transformed=favours_nnpack())
        return measure(
            {
                name: functools.partial(
                    OPERATORS[name].run,
                    sample.contiguous(memory_format=OPERATORS[name].memory_format),
                    kernel,
                    False,
                    1,
                )
                for name in names
            },
            wait=functools.partial(_wait, x.device),
        )

    question = f"{_kind(x)} {inputs} to {outputs} at {positions}: {','.join(names)}"
    prefers_nnpack = favours_nnpack() and positions >= _NNPACK_POSITIONS
    preference = ("nnpack", *_PREFERENCE) if prefers_nnpack else _PREFERENCE
    with torch.no_grad():
        return _times(question, names, preference, ask)


def _seconds_of_moves(x: torch.Tensor, channels: int, positions: int) -> float:
    """Return the seconds to convert features to the other format, and their gradient back."""

    def ask() -> Timing:
        sample = _sample(x, channels, positions)
        last = sample.contiguous(memory_format=NHWC)
        return measure(
            {
                _MOVES[0]: lambda: sample.contiguous(memory_format=NHWC),
                _MOVES[1]: lambda: last.contiguous(memory_format=NCHW),
            },
            wait=functools.partial(_wait, x.device),
        )

    with torch.no_grad():
        question = f"{_kind(x)} move {channels} at {positions}"
        return sum(_times(question, _MOVES, _MOVES, ask).values())


def resolve_precision(precision: str) -> str:
    """Return the precision; `auto` becomes a precision that is clearly faster than float32, if any.

    This is TF32 on a GPU that has it, and bfloat16 on a CPU with faster products in it.
    """
    if precision != "auto":
        return precision
    like: torch.Tensor = ops.zeros(1)  # on Keras' device
    if like.is_cuda:
        has_tf32 = torch.cuda.get_device_capability(like.device) >= _FIRST_WITH_TF32
        return "tf32" if has_tf32 else "float32"
    if is_emulated(like.bfloat16()):
        return "float32"
    if "precision" not in _OTHERS:
        best = {}
        for dtype in (torch.float32, torch.bfloat16):
            times = _seconds(like.to(dtype), _MANY_CHANNELS, _MANY_CHANNELS, _MOST_POSITIONS)
            best[dtype] = min(times.values(), default=math.inf)
        is_faster = best[torch.float32] > _WORTHWHILE * best[torch.bfloat16]
        _OTHERS["precision"] = "bfloat16" if is_faster else "float32"
    return _OTHERS["precision"]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()
