"""A night of whirling air over hills and a golden field, in thick strokes that follow the flow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...types import Image
from .brush import Paint, Strokes, lay
from .surface import (
    Array,
    canvas_shape,
    finish,
    noise,
    oklab,
    raking_light,
    ramp,
    srgb,
    unit_grid,
)

SKETCH_SHAPE = (432, 576)  # the sketch is the same for every size of picture
PATH_POINTS = 12
GROUND_TONE = np.array([0.75, 0.9, 0.9], np.float32)  # thin dark underpainting

SKY = oklab("0b1238", "14246b", "1f3fa6", "2b67c4", "2f93c9", "63bfc4", "bfdcb8", "f3e7a6")
ORB = oklab("fff6cf", "ffdf6b", "f9b32f", "ef8a2a", "c9d98f", "5fb7b5", "2b6fb5")
RIDGE = oklab("1a1240", "3b2a78", "6a4a9c", "2c5f9e", "9a8fd0")
HILL = oklab("06282f", "0d4a4a", "1d7a5c", "5fa35a", "c4cc5a")
FIELD = oklab("3a1a50", "7a1f3a", "b8381f", "e0651f", "f29a2b", "f7c84c", "fdf0a8")
TREE = oklab("080f24", "12233a", "14503f", "3b7f3a", "a8b545", "f0d060")
ACCENT = oklab("f08a2c", "e2503a", "f7d25a", "7a4fb0", "1f3fa6")

VORTICES = (  # x, y, radius, strength (its sign is the sense of turning)
    (0.36, 0.20, 0.125, 0.17),
    (0.60, 0.265, 0.085, -0.13),
    (0.93, 0.38, 0.07, 0.08),
)
ORBS = (  # x, y, radius, shift along the palette
    (0.83, 0.13, 0.060, 0.0),
    (0.11, 0.11, 0.040, 0.08),
    (0.55, 0.07, 0.028, -0.1),
    (0.16, 0.34, 0.030, 0.12),
    (0.74, 0.345, 0.024, -0.06),
    (0.045, 0.24, 0.018, 0.0),
    (0.43, 0.39, 0.020, 0.1),
    (0.68, 0.12, 0.016, -0.1),
)
TREES = (  # x, y, radius
    (0.79, 0.505, 0.045),
    (0.965, 0.50, 0.060),
    (0.885, 0.485, 0.075),
    (0.10, 0.535, 0.050),
)


class _Sketch(NamedTuple):
    """What to paint where: Oklab `lab` (h, w, 3), unit `flow` (h, w, 2) and `fineness` (h, w)."""

    lab: Array
    flow: Array
    fineness: Array


def swirls(size: int, rng: np.random.Generator) -> Image:
    """Draw flowing brush strokes around vortices and orbs of light.

    Args:
        size: Width of the picture, pixels.
        rng: Source of randomness.

    Returns:
        Picture of shape (round(0.75 * size), size, 3), sRGB, 0..1.
    """
    sketch = _sketch(rng)
    shape = canvas_shape(size)
    paint = Paint(np.empty((*shape, 3), np.float32), np.zeros(shape, np.float32))
    ground = np.stack(np.broadcast_arrays(*unit_grid(shape)), axis=-1)
    paint.lab[:] = _at(sketch.lab, ground) * GROUND_TONE
    layers = (  # strokes, length, breadth, jitter, dryness, only where the sketch is fine
        (1500, 0.120, 0.0300, 0.035, 0.2, 0.0),
        (2600, 0.090, 0.0190, 0.055, 0.5, 0.0),
        (2300, 0.070, 0.0155, 0.062, 0.7, 0.0),
        (2600, 0.040, 0.0085, 0.065, 0.7, 0.55),
    )
    for count, length, breadth, jitter, dryness, fineness in layers:
        strokes = _strokes(sketch, rng, count, length, breadth, jitter, fineness)
        lay(paint, strokes, rng, dryness)
    light = raking_light(paint.height)
    paint.lab[..., 0] += 0.11 * light + 0.08 * np.maximum(light, 0) ** 3
    return finish(srgb(paint.lab), size)


def _sketch(rng: np.random.Generator) -> _Sketch:
    """Compose the picture: sky, ridge, hills, field, trees."""
    x, y = unit_grid(SKETCH_SHAPE)
    lab, stream = _sky(x, y, rng)
    fineness = np.full(SKETCH_SHAPE, 0.35, np.float32)
    wobble = noise(rng, SKETCH_SHAPE, 9)
    lean = rng.uniform(-0.03, 0.03, 3)
    edges = (
        (
            0.455 + lean[0] * np.cos(5 * x) + 0.04 * np.sin(9 * x + 1) + 0.012 * np.sin(23 * x),
            RIDGE,
        ),
        (0.520 + 0.040 * np.sin(5.5 * x + 2.6) + lean[1] * x, HILL),
        (0.600 - 0.050 * np.sin(3.6 * x + 0.2) + lean[2] * x, FIELD),
    )
    for depth, (edge, palette) in enumerate(edges):
        inside = y > edge
        below = y - edge
        rise = below + 0.006 * wobble + 0.010 * np.sin(30 * x + 60 * below) * (depth + 1) / 3
        bands = 0.5 + 0.5 * np.sin(rise * (150 - 25 * depth) + 1.5 * wobble)
        tone = 0.78 * bands + 0.3 * np.exp(-below / 0.012) + 0.1 * wobble
        lab = np.where(inside[..., None], ramp(palette, tone), lab)
        stream = np.where(inside, rise, stream)
        fineness = np.where(inside, 0.6, fineness)
    for tree in TREES:
        lab, stream = _tree(lab, stream, x - tree[0], y - tree[1], tree[2], wobble)
    return _Sketch(lab.astype(np.float32), _flow(stream), fineness.astype(np.float32))


def _sky(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Paint air that turns about vortices, and orbs; return colour and stream function."""
    stream = y + 0.030 * np.sin(6.5 * x + 0.8) + 0.012 * noise(rng, SKETCH_SHAPE, 6)
    spiral = np.zeros_like(stream)
    for cx, cy, radius, strength in VORTICES:
        dx = x - cx - rng.uniform(-0.02, 0.02)
        dy = y - cy - rng.uniform(-0.02, 0.02)
        hill = np.exp(-(dx**2 + 1.3 * dy**2) / radius**2)
        stream = stream + strength * hill
        turns = np.arctan2(dy, dx) * np.sign(strength) - 4.5 * np.log(np.hypot(dx, dy) + 0.012)
        spiral += hill * np.sin(turns)
    phase = stream * 62 + 0.8 * noise(rng, SKETCH_SHAPE, 12)
    waves = 0.27 * np.sin(phase) * (1 - 0.75 * np.abs(spiral)) + 0.13 * np.sin(0.37 * phase + 1)
    lab = ramp(SKY, 0.40 + waves + 0.38 * spiral + 0.35 * (y - 0.2))
    for cx, cy, radius, warmth in ORBS:
        dx = x - cx - rng.uniform(-0.015, 0.015)
        dy = y - cy - rng.uniform(-0.010, 0.010)
        distance = np.hypot(dx, dy)
        ring = distance / radius
        # Past the glow, broken rings of light lie in the dark air.
        halo = np.sin(ring * 7) * np.cos(3 * np.arctan2(dy, dx) + 90 * cx)
        tone = ring / 2.2 + 0.09 * halo + warmth
        weight = np.clip((2.1 + 0.25 * halo - ring) / 0.5, 0, 1)
        lab = lab + (ramp(ORB, tone) - lab) * weight[..., None]
        near = np.clip((2.8 - ring) / 0.9, 0, 1)
        heart = 0.25 * radius  # inside it strokes lie side by side: circles leave a hole
        round_ = np.where(distance > heart, distance, heart + 0.7 * (dx + dy))
        stream = stream * (1 - near) + round_ * 1.5 * near
    return lab.astype(np.float32), stream.astype(np.float32)


def _tree(
    lab: Array, stream: Array, dx: Array, dy: Array, radius: float, wobble: Array
) -> tuple[Array, Array]:
    """Set a round dark crown of leaves before the hills."""
    angle = np.arctan2(dy, dx)
    distance = np.hypot(dx, 0.85 * dy) * (1 + 0.06 * np.sin(5 * angle + 40 * radius))
    inside = distance < radius
    curl = distance + 0.2 * radius * np.sin(2 * angle) + 0.004 * wobble
    lit = -(dx + dy) / radius  # the light comes from the upper left
    tone = 0.38 + 0.36 * lit + 0.18 * np.sin(curl * 170) + 0.08 * wobble
    lab = np.where(inside[..., None], ramp(TREE, tone), lab)
    return lab, np.where(inside, curl, stream)


def _flow(stream: Array) -> Array:
    """Turn a stream function into unit vectors x, y along its level lines."""
    down, right = np.gradient(stream)
    flow = np.stack([down, -right], axis=-1)
    unit = flow / (np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-7)
    return np.asarray(unit, dtype=np.float32)


def _at(field: Array, points: Array) -> Array:
    """Read a sketch plane (h, w, C) at points x, y of shape (..., 2), nearest neighbour."""
    height, width = field.shape[:2]
    column = np.clip((points[..., 0] * width).astype(int), 0, width - 1)
    row = np.clip((points[..., 1] * width).astype(int), 0, height - 1)
    return np.asarray(field[row, column], dtype=np.float32)


def _strokes(
    sketch: _Sketch,
    rng: np.random.Generator,
    count: int,
    length: float,
    breadth: float,
    jitter: float,
    fineness: float,
) -> Strokes:
    """Scatter strokes over the sketch and let each run along the flow from its middle."""
    side = np.sqrt(0.75 / count)
    grid = np.mgrid[0 : 1 / side, 0 : 0.75 / side].reshape(2, -1).T * side
    middle = (grid + rng.uniform(0, side, grid.shape)).astype(np.float32)
    middle = middle[rng.permutation(len(middle))]
    wanted = _at(sketch.fineness, middle) + rng.uniform(-0.35, 0.35, len(middle)) >= fineness
    middle = middle[wanted] if fineness else middle
    n = len(middle)
    stride = (length * rng.uniform(0.5, 1.0, (n, 1)) / PATH_POINTS).astype(np.float32)
    halves = []
    for sign in (-1, 1):
        point, half = middle, []
        for _ in range(PATH_POINTS // 2):
            point = point + sign * stride * _at(sketch.flow, point)
            half.append(point)
        halves.append(np.stack(half, axis=1))
    path = np.concatenate([halves[0][:, ::-1], middle[:, None], halves[1]], axis=1)
    colour = _at(sketch.lab, middle)[:, None] + np.zeros((1, 2, 1), np.float32)
    colour = colour + rng.standard_normal((n, 2, 3)) * np.array([1.0, 0.55, 0.55]) * jitter
    accent = rng.random(n) < 0.03
    colour[accent, 1] = ACCENT[rng.integers(0, len(ACCENT), accent.sum())]
    breadths = breadth * rng.uniform(0.55, 1.0, n)
    return Strokes(path.astype(np.float32), breadths.astype(np.float32), colour.astype(np.float32))
