"""Training pictures without grain: flat, gradient, blurred and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from scipy.ndimage import gaussian_filter

Bytes = NDArray[np.uint8]
Draw = Callable[[Sequence[Bytes], int, np.random.Generator], NDArray[np.float64]]

_LINES, _FORMS = (3, 14), (3, 12)  # range of their number in a drawing


def plain_pictures(photographs: Sequence[Bytes], count: int, side: int, seed: int) -> list[Bytes]:
    """Make pictures without grain, in which a network must place strokes without texture cues.

    Args:
        photographs: uint8 (h, w, 3) each, for the blurred pictures.
        count: Number of pictures.
        side: Side of each, pixels.
        seed: Seed of their contents.

    Returns:
        uint8 (side, side, 3) each.
    """
    made = []
    for number in range(count):
        rng = np.random.default_rng([seed, 6, number])
        picture = _KINDS[number % len(_KINDS)](photographs, side, rng)
        made.append(np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8))
    return made


def _flat(photographs: Sequence[Bytes], side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.full((side, side, 3), _color(rng))


def _graded(
    photographs: Sequence[Bytes], side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a nonlinear gradient along one direction, like a sky."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    angle = rng.normal(np.pi / 2, 0.6)
    along = np.clip(x * np.cos(angle) + y * np.sin(angle) + 0.5, 0, 1) ** rng.uniform(0.5, 2)
    graded: NDArray[np.float64] = _color(rng) + along[..., None] * (_color(rng) - _color(rng))
    return graded


def _blurred(
    photographs: Sequence[Bytes], side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    photograph = photographs[int(rng.integers(len(photographs)))] / 255.0
    rows, columns = (np.linspace(0, n - 1, side).astype(int) for n in photograph.shape[:2])
    width = rng.uniform(0.01, 0.06) * side
    blurred: NDArray[np.float64] = gaussian_filter(
        photograph[np.ix_(rows, columns)], (width, width, 0), mode="nearest"
    )
    return blurred


def _drawn(
    photographs: Sequence[Bytes], side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw flat shapes and lines, like posters, maps and cartoons."""
    picture = Pillow.new("RGB", (2 * side, 2 * side), _ink(rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(*_FORMS))):
        low, high = np.sort(rng.integers(0, 2 * side, (2, 2)), axis=0)
        form = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        form([*low.tolist(), *high.tolist()], fill=_ink(rng))
    for _ in range(int(rng.integers(*_LINES))):
        ends = rng.integers(0, 2 * side, int(rng.integers(2, 6)) * 2)
        pen.line(ends.tolist(), fill=_ink(rng), width=int(rng.integers(2, 14)))
    smaller = picture.resize((side, side), Pillow.Resampling.BOX)
    return np.asarray(smaller, np.float64) / 255


_KINDS: tuple[Draw, ...] = (_graded, _drawn, _blurred, _flat, _graded, _drawn)


def _color(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.clip(rng.uniform(0, 1) + rng.normal(0, 0.2, 3), 0, 1)


def _ink(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in 255 * _color(rng))
    return red, green, blue
