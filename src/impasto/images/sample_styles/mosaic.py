"""Two fishes under a setting sun, laid in small stones whose rows follow every outline."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.measure import find_contours

from ...types import Image, Size
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

PLAN_SHAPE = (576, 768)  # stones are placed on this grid for every size of picture
COARSE, FINE = 0.0165, 0.0125  # sides of the stones, fractions of the width
GROUT = 0.0011  # half the width of a joint, fraction of the width
REACH = 1.3  # how far from its centre a stone can extend, in sides

WATER = (
    oklab("f3ecd2", "6fd0c8", "1f9fb0", "14708f"),
    oklab("f7efdc", "3f8fe0", "1f55b8", "16307e"),
    oklab("e9f0c8", "4fbf8f", "158a78", "0c5560"),
    oklab("f3ecd2", "4fb0e0", "1d6cc0", "152a80"),
    oklab("dfeed8", "2f8fa0", "173f86", "14184e"),
)
DUSK = oklab("fbe6b8", "f6bd7a", "ee8a62", "c9526a", "6f3a86")
SUN = oklab("fff3b0", "fcd24a", "f5a623")
RAYS = (oklab("f9d65c", "f6b93b"), oklab("d8402f", "a81f3a"))
FISH = (
    oklab("e8452c", "c4222f", "f0742e"),
    oklab("f9c846", "f2a02a", "fbe59a"),
)
FINS = oklab("8f1d4a", "d8402f", "f29a3a")
CHEEK = oklab("fbe59a", "f7a54a")
OUTLINE = oklab("1b1430", "2c1a40")
RING = oklab("4f2a55")[0]
GROUT_COLOUR = oklab("4a4038", "6e6355")

FISHES = (  # x, y, half length, half height, direction in radians
    (0.37, 0.405, 0.205, 0.096, -0.28),
    (0.665, 0.60, 0.180, 0.086, np.pi + 0.22),
)


class _Plan(NamedTuple):
    """The drawing under the stones.

    Attributes:
        colours: Oklab, (h, w, 3).
        depth: Distance to the nearest outline in rows of stones, (h, w).
        side: Side of the stones there, fraction of the width, (h, w).
    """

    colours: Array
    depth: Array
    side: Array


class _Stones(NamedTuple):
    """Stones: `centre` x, y and `side` in fractions of the width, unit `normal`, Oklab `lab`."""

    centre: Array
    side: Array
    normal: Array
    lab: Array


def mosaic(size: int, rng: np.random.Generator) -> Image:
    """Draw a mosaic of irregular stones in grout.

    Args:
        size: Width of the picture, pixels.
        rng: Source of randomness.

    Returns:
        Picture of shape (round(0.75 * size), size, 3), sRGB, 0..1.
    """
    stones = _place(_plan(rng), rng)
    shape = canvas_shape(size)
    owner, joint = _fit(stones, shape, rng)
    lab, height = _surface(stones, owner, joint, rng)
    light = raking_light(height)
    lab[..., 0] += 0.13 * light + 0.05 * np.maximum(light, 0) ** 3
    return finish(srgb(lab), size)


def _plan(rng: np.random.Generator) -> _Plan:
    """Draw dusk, sun, waves and fishes; measure how far each point lies from an outline."""
    x, y = np.broadcast_arrays(*unit_grid(PLAN_SHAPE))
    drift = noise(rng, PLAN_SHAPE, 7)
    label = np.zeros(PLAN_SHAPE, np.int32)
    lab = ramp(DUSK, 1.0 - y / 0.30 + 0.10 * drift)
    side = np.full(PLAN_SHAPE, COARSE, np.float32)
    sun = 0.70 + rng.uniform(-0.04, 0.04)
    label, lab, side = _sun(x - np.float32(sun), y - np.float32(0.175), label, lab, side)
    shift = rng.uniform(0, 2 * np.pi, len(WATER))
    for number, palette in enumerate(WATER):
        top = 0.225 + 0.105 * number + 0.020 * np.sin((7 + number) * x + shift[number])
        top = top - 0.030 * np.abs(np.sin((9.5 - number) * x + 2 * shift[number]))
        below = y - top
        label[below > 0] = 1 + number
        tone = np.where(
            below < COARSE, 0.0, 0.36 + below / 0.17 + 0.20 * np.sin(below * 105 + 2 * drift)
        )
        lab = np.where((below > 0)[..., None], ramp(palette, tone), lab)
        side[below > 0] = COARSE
    path = np.exp(-(((x - sun) / (0.05 + 0.25 * (y - 0.2))) ** 2)) * (1.2 - y)
    glitter = (label > 0) & (label < 20) & (lab[..., 0] < 0.85)  # not on the crests
    glitter &= path + 0.42 * np.sin(95 * y + 3 * drift) > 0.72
    lab = np.where(glitter[..., None], ramp(SUN, 1.25 - path + 0.1 * drift), lab)
    for fish in FISHES:
        _fish(x, y, fish, label, lab, side, rng)
    edge = np.zeros(PLAN_SHAPE, bool)
    edge[1:] |= label[1:] != label[:-1]
    edge[:, 1:] |= label[:, 1:] != label[:, :-1]
    distance = distance_transform_edt(~edge) / PLAN_SHAPE[1]
    return _Plan(lab.astype(np.float32), (distance / side).astype(np.float32), side)


def _sun(
    dx: Array, dy: Array, label: NDArray[np.int32], lab: Array, side: Array
) -> tuple[NDArray[np.int32], Array, Array]:
    """Draw a disc, a ring and rays about the point where dx and dy are 0."""
    distance, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    sector = np.floor(angle / (2 * np.pi) * 28).astype(int) % 2
    reach = np.where(sector == 0, 0.205, 0.175)
    for number in (0, 1):
        rays = (distance < reach) & (sector == number)
        lab = np.where(rays[..., None], ramp(RAYS[number], distance / 0.2), lab)
        label = np.where(rays, 20 + number, label)
    ring, disc = distance < 0.108, distance < 0.088
    lab = np.where(ring[..., None], RING, lab)
    lab = np.where(disc[..., None], ramp(SUN, distance / 0.088), lab)
    label = np.where(disc, 23, np.where(ring, 22, label)).astype(np.int32)
    side = np.where(distance < reach, FINE, side).astype(np.float32)
    return label, lab, side


def _fish(
    x: Array,
    y: Array,
    fish: tuple[float, float, float, float, float],
    label: NDArray[np.int32],
    lab: Array,
    side: Array,
    rng: np.random.Generator,
) -> None:
    """Draw one fish (centre x, y, half length, half height, direction) into the plan, in place."""
    cx, cy, length, thick, turn = fish
    turn += rng.uniform(-0.08, 0.08)
    u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / length
    v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / thick
    v = v * (1 if np.cos(turn) > 0 else -1) + 0.22 * u**2 - 0.06
    body = np.abs(v) < np.maximum(1 - u**2, 0) ** 0.8 * (0.94 + 0.22 * u)
    lobe = np.abs(v - 0.25)  # where the tail begins the bend has moved the spine so far
    tail = (u < -0.78) & (u > -1.24 - 0.26 * lobe) & (lobe < np.minimum(-1.1 - 1.6 * u, 1.25))
    crest = (np.abs(u + 0.05) < 0.5) & (v < 0) & (v > -1.4 + 1.6 * (u + 0.05) ** 2 + 0.5 * u)
    belly = (np.abs(u + 0.05) < 0.20) & (v > 0) & (v < 1.30 - 1.1 * (u + 0.05))
    fins = (tail | crest | belly) & ~body
    head = body & (u > 0.52 - 0.16 * v**2)
    stripe = np.floor((u + 0.22 * v**2 + 2) / 0.19).astype(int) % 2
    eye = np.hypot((u - 0.70) * length, (v + 0.22) * thick)
    parts = (
        (fins, 3, ramp(FINS, 0.5 + 0.5 * np.sin(14 * u + 9 * v))),
        (body & (stripe == 0), 4, ramp(FISH[0], 0.5 + 0.5 * v)),
        (body & (stripe == 1), 5, ramp(FISH[1], 0.5 - 0.5 * v)),
        (head, 6, ramp(CHEEK, 0.5 + 0.6 * v)),
        (eye < 0.021, 7, np.broadcast_to(oklab("fffbe8")[0], lab.shape)),
        (eye < 0.009, 8, np.broadcast_to(OUTLINE[0], lab.shape)),
    )
    base = 100 + int(1000 * cx)
    for inside, number, colours in parts:
        label[inside] = base + number
        lab[inside] = colours[inside]
    whole = body | fins
    side[whole] = FINE
    inset = distance_transform_edt(whole) / PLAN_SHAPE[1]
    lab[whole & (inset < FINE)] = OUTLINE[0]


def _place(plan: _Plan, rng: np.random.Generator) -> _Stones:
    """Lay stones row by row along the outlines, then fill what is left open."""
    down, right = np.gradient(gaussian_filter(plan.depth, 2.0))
    candidates = []
    contours: list[NDArray[np.float64]]
    for level in np.arange(0.5, plan.depth.max(), 1.0):
        contours = find_contours(plan.depth, level)
        for contour in contours:
            steps = np.linalg.norm(np.diff(contour, axis=0), axis=1)
            at = np.concatenate([[0.0], np.cumsum(steps)])
            side = plan.side[tuple(contour[0].astype(int))] * PLAN_SHAPE[1]
            stops = np.arange(rng.uniform(0, side), at[-1], side)
            stops = stops + rng.uniform(-0.10, 0.10, len(stops)) * side
            candidates.append(np.stack([np.interp(stops, at, contour[:, k]) for k in (0, 1)], 1))
    rest = np.argwhere(np.ones(PLAN_SHAPE, bool)).astype(float)
    candidates.append(rest[rng.permutation(len(rest))])
    points = np.concatenate(candidates)
    chosen = points[_spread(points, plan.side)]
    row, column = chosen.astype(int).T
    normal = np.stack([right[row, column], down[row, column]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    lab = plan.colours[row, column] + rng.standard_normal((len(row), 3)) * (0.045, 0.016, 0.018)
    lab[:, 0] += 0.11 * rng.choice((-1, 0, 1), len(row), p=(0.06, 0.87, 0.07))
    centre = (chosen[:, ::-1] + 0.5) / PLAN_SHAPE[1]
    stones = (centre, plan.side[row, column], normal, lab)
    return _Stones(*(part.astype(np.float32) for part in stones))


def _spread(points: NDArray[np.float64], side: Array) -> NDArray[np.int64]:
    """Choose, first come first served, points that keep most of a side apart."""
    taken = np.zeros(PLAN_SHAPE, bool)
    rows, columns = points.astype(int).T
    chosen = []
    for number, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        if taken[row, column]:
            continue
        reach = 0.78 * float(side[row, column]) * PLAN_SHAPE[1]
        k = int(reach)
        top, left = max(row - k, 0), max(column - k, 0)
        window = taken[top : row + k + 1, left : column + k + 1]
        y = np.arange(top, top + window.shape[0])[:, None] - row
        x = np.arange(left, left + window.shape[1])[None, :] - column
        window |= x * x + y * y < reach * reach
        chosen.append(number)
    return np.array(chosen, dtype=np.int64)


def _fit(stones: _Stones, shape: Size, rng: np.random.Generator) -> tuple[NDArray[np.int32], Array]:
    """Cut each stone where the next begins: squares grow from the centres until they meet.

    Args:
        stones: Where the stones lie.
        shape: Height and width of the canvas.
        rng: Source of randomness for crooked edges.

    Returns:
        Number of the stone at each pixel, -1 for none, and distance to its edge in fractions of
        the width (negative outside), both (H, W).
    """
    width = shape[1]
    best = np.full(shape, 1.15, np.float32)  # larger gaps than this stay grout
    second = np.full(shape, 1.45, np.float32)
    owner = np.full(shape, -1, np.int32)
    crooked = [noise(rng, shape, 90) * 0.0007 + noise(rng, shape, 260) * 0.0003 for _ in (0, 1)]
    skew = rng.uniform(-0.12, 0.12, (len(stones.side), 2))
    x, y = unit_grid(shape)
    for number, ((cx, cy), side, (nx, ny)) in enumerate(
        zip(stones.centre.tolist(), stones.side.tolist(), stones.normal.tolist(), strict=True)
    ):
        reach = REACH * side
        rows = slice(max(int((cy - reach) * width), 0), int((cy + reach) * width) + 1)
        columns = slice(max(int((cx - reach) * width), 0), int((cx + reach) * width) + 1)
        dx = x[:, columns] - cx + crooked[0][rows, columns]
        dy = y[rows] - cy + crooked[1][rows, columns]
        u, v = dx * nx + dy * ny, dy * nx - dx * ny
        u, v = np.abs(u + skew[number, 0] * v), np.abs(v + skew[number, 1] * u)
        distance = np.maximum(np.maximum(u, v), 0.56 * (u + v)) * (2 / side)
        nearer = distance < best[rows, columns]
        old = best[rows, columns].copy()
        np.minimum(second[rows, columns], np.maximum(distance, old), out=second[rows, columns])
        best[rows, columns] = np.where(nearer, distance, old)
        owner[rows, columns] = np.where(nearer, number, owner[rows, columns])
    return owner, (second - best) * np.float32(COARSE / 4)


def _surface(
    stones: _Stones, owner: NDArray[np.int32], joint: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Colour stones and grout, and give them thickness, tilt and grain."""
    shape = owner.shape
    grain = noise(rng, (shape[0], shape[1]), 380)
    veins = noise(rng, (shape[0], shape[1]), 70, 200) + noise(rng, (shape[0], shape[1]), 150)
    tilt = rng.standard_normal((len(stones.side), 2)).astype(np.float32) * 0.16
    x, y = unit_grid((shape[0], shape[1]))
    centre = stones.centre[owner]
    lean = (x - centre[..., 0]) * tilt[owner, 0] + (y - centre[..., 1]) * tilt[owner, 1]
    stone = (owner >= 0) & (joint > GROUT)
    lab = stones.lab[owner]
    lab[..., 0] += 0.022 * grain + 0.016 * veins
    lab[..., 1:] *= (1 + 0.10 * veins)[..., None]
    sand = ramp(GROUT_COLOUR, 0.5 + 0.3 * grain + 0.2 * veins)
    lab = np.where(stone[..., None], lab, sand)
    dome = np.sqrt(np.clip((joint - GROUT) / 0.0022, 0, 1)) * 0.0016
    height = np.where(stone, dome + lean, 0) + 0.00006 * grain
    return lab.astype(np.float32), height.astype(np.float32)
