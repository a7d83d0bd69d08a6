"""Estimate the memory of a run, and fit it by tiles and a shorter history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

from ..errors import PictureError
from ..process import favours_nnpack, has_bfloat16, process_is_tuned
from ..settings import Settings
from ..types import Size
from .available_memory import available_memory
from .scales import Scale, fit, plan, style_size

GIGABYTE = 1e9
_PLENTY = 8 * GIGABYTE  # default limit of a run
_SHARE_OF_FREE = 0.8

# Bytes, measured with benchmarks/scaling.py on two cores: the process with the network, additional
# imports of Keras in an untuned process, the overhead of PyTorch built for GPUs (its wheel comes
# with Triton) even without a GPU, and an evaluation per pixel.
_FIXED, _BESIDE, _BUILT_FOR_GPUS = 0.6e9, 0.25e9, 0.28e9
_EVALUATION = {"float32": 3100.0, "tf32": 3100.0, "bfloat16": 2300.0}
_EMULATED = 4400.0  # bfloat16 on a CPU without it, where convolutions copy to float32
# Other frameworks than PyTorch, by KERAS_BACKEND: bytes beside, and the factor of an evaluation; at
# 256x192 and 512x384 JAX took 1.8 and 3.1 GB, TensorFlow 1.7 and 2.9 GB.
_FRAMEWORKS = {"jax": (0.75e9, 2.8), "tensorflow": (0.7e9, 2.4)}
# Factors of other style losses and of regions, which keep features in float32.
_BY_LOSS = {"gram": 1.0, "moments": 1.1, "patches": 1.7}
_WITH_REGIONS = 1.55
_LOOK = 0.35  # factor of a forward pass without gradient, as for the painting
_VECTOR = 12.0  # bytes per pixel of a picture in float32
_VECTORS = 6  # pictures in memory besides L-BFGS's pairs, in tiles
# Layers with at most this many positions keep NNPACK's transformed kernels if the run may use this
# much memory: 64 numbers for each pair of channels and direction. By block of VGG19: pixels per
# position, pairs of channels.
FEW_POSITIONS = 1024
_PLENTY_FOR_KERNELS = 4 * GIGABYTE
_TRANSFORMED_PAIR = 2 * 64 * 4.0
_BLOCKS = (
    (1, 64 * 64),
    (4, 64 * 128 + 128 * 128),
    (16, 128 * 256 + 3 * 256 * 256),
    (64, 256 * 512 + 3 * 512 * 512),
    (256, 512 * 512),
)
_CONTENT = 32.0  # bytes per pixel of the photograph's features
_MARGIN = 96  # pixels around a tile
_TILES = (1536, 1024, 768, 512, 384, 256)
_HISTORIES = (5, 3, 1)


class Fit(NamedTuple):
    """The way a scale fits into memory.

    Attributes:
        tile: Side of the tiles, pixels; None evaluates the whole picture at once.
        history: History of L-BFGS.
        bytes: Estimated peak memory of the process.
    """

    tile: int | None
    history: int
    bytes: float


def estimate(size: Size, style: Size, settings: Settings, *, tile: int | None = None) -> float:
    """Estimate the peak memory of the process at one scale on a CPU.

    Args:
        size: Height and width of the generated picture, pixels.
        style: Height and width of the resized painting, pixels.
        settings: `history`, `iterations`, and `precision` (`auto` counts as float32).
        tile: Side of the tiles, pixels; None for the whole picture at once.

    Returns:
        Bytes; accurate to 20 % from 256 pixels on.
    """
    precision = "float32" if settings.precision == "auto" else settings.precision
    pixels, painted = size[0] * size[1], style[0] * style[1]
    seen, seen_style = float(pixels), float(painted)
    if tile is not None:
        area = (tile + 2.0 * _MARGIN) ** 2
        seen, seen_style = min(seen, area), min(seen_style, area)
    remembered = min(settings.history, settings.iterations)
    kept = 2 * _VECTOR * remembered
    if tile is not None:
        kept += _VECTOR * _VECTORS + _CONTENT
    other = _FRAMEWORKS.get(os.environ.get("KERAS_BACKEND", ""))
    framework, factor = other or (0.0, 1.0)
    transforms = other is None and keeps_transformed_kernels(settings)
    return (
        _FIXED
        + framework
        + (0.0 if process_is_tuned() else _BESIDE)
        + (_BUILT_FOR_GPUS if find_spec("triton") else 0.0)
        + (_transformed_kernels(seen) if transforms else 0.0)
        + factor * _evaluation(precision, settings) * max(seen, _LOOK * seen_style)
        + pixels * kept
    )


def _evaluation(precision: str, settings: Settings) -> float:
    """Return the memory of an evaluation per pixel, bytes."""
    emulated = precision == "bfloat16" and not has_bfloat16()
    plain = _EMULATED if emulated else _EVALUATION[precision]
    regions = settings.masks or settings.seamless
    return plain * _BY_LOSS[settings.style_loss] * (_WITH_REGIONS if regions else 1.0)


def keeps_transformed_kernels(settings: Settings) -> bool:
    """Return whether to keep NNPACK's transformed kernels: enough memory, and NNPACK fastest."""
    return favours_nnpack() and limit(settings) >= _PLENTY_FOR_KERNELS


def _transformed_kernels(seen: float) -> float:
    """Return the bytes of the transformed kernels for this number of pixels."""
    return _TRANSFORMED_PAIR * sum(
        pairs for pixels, pairs in _BLOCKS if seen / pixels <= FEW_POSITIONS
    )


def limit(settings: Settings) -> float:
    """Return the memory limit: `settings.memory`, or 8 GB, at most 80 % of the free memory."""
    if settings.memory is not None:
        return settings.memory * GIGABYTE
    return min(_PLENTY, _SHARE_OF_FREE * available_memory())


def limit_to_gpu(free: float | None, settings: Settings) -> Settings:
    """Return settings with `memory` set to 80 % of a GPU's free memory, unless it is given.

    Args:
        free: Free bytes of the GPU; None without one.
        settings: All settings.

    Example:
        >>> limit_to_gpu(80e9, Settings()).memory, limit_to_gpu(None, Settings()).memory
        (64.0, None)
    """
    if free is None or settings.memory is not None:
        return settings
    return settings.changed(memory=_SHARE_OF_FREE * free / GIGABYTE)


def fit_memory(size: Size, style: Size, settings: Settings) -> Fit:
    """Find the fastest tiling and history that fit into memory.

    Args:
        size: Height and width of the generated picture, pixels.
        style: Height and width of the painting, pixels, at any size.
        settings: `memory`, `tile`, `history`, `style_scale`.

    Returns:
        The whole picture if it fits, else the largest tiles that do.

    Raises:
        PictureError: Nothing fits; the message gives a size that would.
    """
    found = _try(size, style, settings)
    if found is not None:
        return found
    fitting = next(
        (
            side
            for side in range(max(size) - max(size) % 64, 0, -64)
            if _try(fit(size, side), style, settings)
        ),
        None,
    )
    if fitting is None:
        advice = "close other programs or raise memory"
    else:
        advice = f"a size of {fitting} pixels would fit; lower size or raise memory"
    raise PictureError(
        f"a picture of {size[1]}x{size[0]} does not fit into {limit(settings) / GIGABYTE:.1f} GB "
        f"of memory, even in tiles; {advice}"
    )


def _try(size: Size, style: Size, settings: Settings) -> Fit | None:
    painted = style_size(style, size, settings)
    most = limit(settings)
    tiles: Sequence[int | None] = (None, *_TILES)
    if settings.tile is not None:
        tiles = (settings.tile,)
    for history in (settings.history, *(h for h in _HISTORIES if h < settings.history)):
        for tile in tiles:
            if tile is not None and settings.tile is None and tile >= max(*size, *painted):
                continue
            changed = settings.changed(history=history)
            needed = estimate(size, painted, changed, tile=tile)
            if needed <= most:
                return Fit(tile, history, needed)
    return None


def fit_scales(content: Size, style: Size, settings: Settings) -> list[Fit]:
    """Return how each scale of a run fits into memory; see `fit_memory`.

    Args:
        content: Height and width of the photograph, pixels.
        style: Height and width of the painting, pixels.
        settings: All settings.

    Raises:
        PictureError: A scale does not fit, or a picture is too small.
    """
    scales: list[Scale] = plan(content, style, settings)
    return [
        fit_memory(
            scale.size,
            style,
            settings.changed(history=min(settings.history, max(1, scale.iterations))),
        )
        for scale in scales
    ]
