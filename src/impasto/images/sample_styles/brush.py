"""A loaded bristle brush: lays down thousands of curved strokes, with colour and thickness."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .surface import Array

BRISTLES = 9  # streaks across one stroke
SAMPLES_PER_PIXEL = 1.45  # dense enough that the outside of a bend has no holes
STROKES_AT_ONCE = 256  # bounds the memory of one scatter
TABLE_STROKES = 96  # different bristle patterns before they repeat


class Paint(NamedTuple):
    """Wet paint on the canvas, changed in place by `lay`.

    Attributes:
        lab: Colour in Oklab, (H, W, 3).
        height: Thickness in fractions of the width, (H, W).
    """

    lab: Array
    height: Array


class Strokes(NamedTuple):
    """Strokes in painting order, the last on top.

    Attributes:
        path: Centre lines x, y in fractions of the width, (n, points, 2).
        breadth: Breadth in fractions of the width, (n,).
        colours: Two Oklab colours loaded side by side on the brush, (n, 2, 3).
    """

    path: Array
    breadth: Array
    colours: Array


class _Bristles(NamedTuple):
    """Patterns of a brush: `streak` and `mix` (along, columns), `start` and `end` (columns,)."""

    streak: Array
    mix: Array
    start: Array
    end: Array


def lay(paint: Paint, strokes: Strokes, rng: np.random.Generator, dryness: float = 0.5) -> None:
    """Paint strokes onto the canvas, in place.

    Args:
        paint: The canvas.
        strokes: What to paint.
        rng: Source of randomness for the bristles.
        dryness: How early the brush runs out and the ground shows through, 0 never .. 1 soon.
    """
    canvas_width = paint.height.shape[1]
    steps = np.linalg.norm(np.diff(strokes.path, axis=1), axis=-1)
    along = 2 + int(steps.sum(axis=1).max() * canvas_width * SAMPLES_PER_PIXEL)
    across = 2 + int(strokes.breadth.max() * canvas_width * SAMPLES_PER_PIXEL)
    bristles = _bristles(rng, along, across)
    offsets = rng.integers(0, (TABLE_STROKES - 1) * across, len(strokes.breadth))
    top = np.full(paint.height.size, -1, dtype=np.int64)
    for first in range(0, len(offsets), STROKES_AT_ONCE):
        chosen = slice(first, first + STROKES_AT_ONCE)
        part = Strokes(strokes.path[chosen], strokes.breadth[chosen], strokes.colours[chosen])
        base = first * along * across
        _scatter(top, paint.height.shape, part, bristles, offsets[chosen], across, base, dryness)
    _colour(paint, top, strokes, bristles, offsets, across)


def _bristles(rng: np.random.Generator, along: int, across: int) -> _Bristles:
    """Draw the patterns: rough across the stroke, smooth along it."""
    columns = TABLE_STROKES * across
    tables = []
    for roughness, stretch in ((0.42, 0.22), (0.9, 0.5)):
        table = rng.standard_normal((8, columns)).astype(np.float32)
        table = gaussian_filter1d(table, roughness * across / BRISTLES, axis=1, mode="wrap")
        rows = np.linspace(0, 7, along)
        low = np.minimum(rows.astype(int), 6)
        part = (rows - low)[:, None].astype(np.float32)
        table = table[:1] * stretch + table[low] * (1 - part) + table[low + 1] * part
        tables.append((table / table.std()).astype(np.float32))
    ends = gaussian_filter1d(rng.standard_normal((2, columns)), 0.35 * across / BRISTLES, axis=1)
    ends = np.abs(ends / ends.std()).astype(np.float32) * 0.06
    return _Bristles(tables[0], tables[1], ends[0], ends[1])


def _scatter(
    top: NDArray[np.int64],
    shape: tuple[int, ...],
    part: Strokes,
    bristles: _Bristles,
    offsets: NDArray[np.int64],
    across: int,
    base: int,
    dryness: float,
) -> None:
    """Write into `top`, for each pixel, which sample of which stroke lies on top."""
    height, width = shape
    along = bristles.streak.shape[0]
    u = np.linspace(0, 1, along, dtype=np.float32)  # along
    v = np.linspace(-1, 1, across, dtype=np.float32)  # across
    place = u * (part.path.shape[1] - 1)
    low = np.minimum(place.astype(int), part.path.shape[1] - 2)
    step = part.path[:, low + 1] - part.path[:, low]  # (n, along, 2)
    centre = part.path[:, low] + step * (place - low)[:, None]
    tangents = np.gradient(part.path, axis=1)
    tangent = tangents[:, low] + (tangents[:, low + 1] - tangents[:, low]) * (place - low)[:, None]
    tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True) + 1e-9
    reach = part.breadth[:, None] / 2 * width
    x = centre[..., 0, None] * width - (tangent[..., 1] * reach)[..., None] * v
    y = centre[..., 1, None] * width + (tangent[..., 0] * reach)[..., None] * v
    column, row = x.astype(np.int32), y.astype(np.int32)  # (n, along, across)
    hairs = offsets[:, None] + np.arange(across)
    rounding = 0.10 * v**2
    kept = u[:, None] > (bristles.start[hairs] + rounding)[:, None, :]
    kept &= u[:, None] < (1 - 2 * bristles.end[hairs] - rounding)[:, None, :]
    streak = bristles.streak[np.arange(along)[None, :, None], hairs[:, None, :]]
    kept &= streak > -3.2 + 2.6 * dryness * u[:, None] ** 2 + 0.5 * v**2
    kept &= (x >= 0) & (column < width) & (y >= 0) & (row < height)
    sample = np.flatnonzero(kept)
    pixel = row.reshape(-1)[sample].astype(np.int64) * width + column.reshape(-1)[sample]
    top[pixel] = base + sample  # of repeated pixels the last one stays: painting order


def _colour(
    paint: Paint,
    top: NDArray[np.int64],
    strokes: Strokes,
    bristles: _Bristles,
    offsets: NDArray[np.int64],
    across: int,
) -> None:
    """Give the pixels that a stroke reached its colour and thickness."""
    along = bristles.streak.shape[0]
    pixel = np.flatnonzero(top >= 0)
    stroke, rest = np.divmod(top[pixel], along * across)
    i, j = np.divmod(rest, across)
    hair = offsets[stroke] + j
    streak = bristles.streak[i, hair]
    v = np.abs(j * (2.0 / (across - 1)) - 1).astype(np.float32)
    u = (i / (along - 1)).astype(np.float32)
    mix = 1 / (1 + np.exp(-2.2 * bristles.mix[i, hair]))
    first, second = strokes.colours[stroke, 0], strokes.colours[stroke, 1]
    lab = first + (second - first) * mix[:, None]
    lab[:, 0] += 0.020 * streak
    paint.lab.reshape(-1, 3)[pixel] = lab
    ridge = np.exp(-(((v - 0.82) / 0.16) ** 2)) + 1.2 * np.exp(-(((u - 0.93) / 0.05) ** 2))
    thickness = strokes.breadth[stroke] * (0.11 + 0.055 * streak + 0.07 * ridge - 0.05 * u)
    flat = paint.height.reshape(-1)
    flat[pixel] = 0.3 * flat[pixel] + thickness
