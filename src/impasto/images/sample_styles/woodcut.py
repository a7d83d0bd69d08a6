"""Birches before a lake and a red sun: a print from four carved blocks on cream paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw
from scipy.ndimage import shift

from ...types import Image, Size
from .surface import Array, canvas_shape, finish, noise, unit_grid

Blocks: TypeAlias = dict[str, Array]  # ink -> how much of it prints, (H, W), 0..1
Mask: TypeAlias = NDArray[np.bool_]

PAPER = (0.955, 0.905, 0.790)
INKS = {  # in the order of printing
    "ochre": (0.930, 0.680, 0.200),
    "vermilion": (0.870, 0.230, 0.140),
    "teal": (0.200, 0.590, 0.600),
    "indigo": (0.105, 0.120, 0.290),
}
OUTLINE = 0.0022  # half the breadth of a contour, fraction of the width
MISREGISTER = 0.0022  # how far a block slips, fraction of the width
SUN = (0.63, 0.235, 0.098)  # x, y, radius
TRUNKS = (  # x at the foot, lean, half breadth, y of the foot
    (0.47, 0.03, 0.011, 0.60),
    (0.90, -0.05, 0.017, 0.66),
    (0.33, -0.05, 0.021, 0.68),
    (0.105, 0.05, 0.040, 0.74),
    (0.785, 0.04, 0.031, 0.72),
)
LEAVES = 340


def woodcut(size: int, rng: np.random.Generator) -> Image:
    """Draw a colour woodcut with carved lines that model form.

    Args:
        size: Width of the picture, pixels.
        rng: Source of randomness.

    Returns:
        Picture of shape (round(0.75 * size), size, 3), sRGB, 0..1.
    """
    shape = canvas_shape(size)
    x, y = np.broadcast_arrays(*unit_grid(shape))
    x = x + 0.0011 * noise(rng, shape, 40) + 0.0006 * noise(rng, shape, 130)  # an unsteady hand
    y = y + 0.0011 * noise(rng, shape, 40) + 0.0006 * noise(rng, shape, 130)
    blocks = {ink: np.zeros(shape, np.float32) for ink in INKS}
    _sky(blocks, x, y, rng)
    _land(blocks, x, y, rng)
    for trunk in TRUNKS:
        _trunk(blocks, x, y, trunk, rng)
    blocks = _leaves(blocks, rng)
    return finish(_print(blocks, shape, rng), size)


def _carve(
    blocks: Blocks,
    inside: Mask,
    across: Array,
    along: Array,
    tones: Mapping[str, Array | float],
    rng: np.random.Generator,
) -> None:
    """Carve one region of all blocks with rows of gouge cuts, in place.

    Args:
        blocks: The blocks; those without a tone are cleared.
        inside: The region, (H, W).
        across: Number of the row of cuts, growing across the rows, (H, W).
        along: Number of the cut in its row, growing along it, (H, W).
        tones: For each ink how dark it prints, 0 bare paper .. 1 solid.
        rng: Source of randomness.
    """
    uneven = rng.uniform(-1, 1, (2, 1024)).astype(np.float32)
    lines, cuts = across[inside], along[inside]
    for number, ink in enumerate(INKS):
        if ink not in tones:
            blocks[ink][inside] = 0
            continue
        row = np.floor(lines + 0.5 * number)
        index = row.astype(int) % 1024
        off_centre = np.abs(2 * (lines + 0.5 * number - row) - 1)
        in_cut = (cuts + 7 * uneven[0, index]) % 1.0
        lens = np.sqrt(np.sin(np.pi * in_cut)) * np.minimum(1.0, 4 * (1 - in_cut))
        tone = np.broadcast_to(np.asarray(tones[ink], np.float32), inside.shape)[inside]
        bare = (1 - tone) * (1.25 + 0.2 * uneven[1, index])
        blocks[ink][inside] = off_centre > bare * (0.45 + 0.55 * lens)


def _contour(blocks: Blocks, distance: Array, breadth: float = OUTLINE) -> None:
    """Leave a line of the key block standing where `distance` is about zero, in place."""
    blocks["indigo"][np.abs(distance) < breadth] = 1


def _sky(blocks: Blocks, x: Array, y: Array, rng: np.random.Generator) -> None:
    """Carve rays about the sun."""
    cx, cy, radius = SUN
    dx, dy = x - cx, y - cy
    distance, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    rings = np.floor(np.log2(distance / radius + 1e-3))  # rays divide as they spread
    rays = angle / (2 * np.pi) * 44 * 2.0 ** np.clip(rings, 0, 2)
    glow = np.clip((distance - radius) / 0.5, 0, 1)
    flicker = 0.10 * noise(rng, (x.shape[0], x.shape[1]), 8)
    tones = {
        "ochre": 1.1 - 1.3 * glow + flicker,
        "vermilion": 0.62 - 2.6 * np.abs(glow - 0.16) + flicker,
        "teal": 1.6 * glow - 0.25 + flicker,
        "indigo": 1.15 * glow - 0.28 + 0.5 * np.clip(0.14 - y, 0, 1) + flicker,
    }
    _carve(blocks, np.ones(x.shape, bool), rays, distance * 9, tones, rng)
    disc = distance < radius
    tones = {"vermilion": 0.97 - 0.5 * np.clip(-(dx + dy) / radius - 0.3, 0, 1), "ochre": 0.9}
    _carve(blocks, disc, y * 80 + 6 * dx**2, x * 8, tones, rng)
    _contour(blocks, distance - radius)


def _land(blocks: Blocks, x: Array, y: Array, rng: np.random.Generator) -> None:
    """Carve mountains, lake, hills and the ground in front."""
    shape = (x.shape[0], x.shape[1])
    rough = 0.012 * noise(rng, shape, 14)
    peaks = 0.335 - 0.085 * np.abs(np.sin(7.3 * x + 0.4)) - 0.035 * np.abs(np.sin(17 * x)) + rough
    below = y - peaks
    crooked = x + 0.5 * rough + 0.03 * np.sin(24 * below)  # ridges run down crookedly
    slope = np.sign(np.sin(14.6 * crooked + 0.8))  # which side of a peak
    lit = np.where(slope > 0, 0.12, 0.62)
    tones = {"teal": 1.05 - 2.2 * below, "indigo": lit - 1.5 * below}
    _carve(blocks, below > 0, (y + 0.55 * slope * x) * 75, (x - 0.4 * y) * 15, tones, rng)
    _contour(blocks, below)
    lake = y - 0.385
    glitter = np.exp(-((np.abs(x - SUN[0]) / (0.05 + 0.5 * np.abs(lake))) ** 2))
    tones = {
        "teal": 0.95 - 1.2 * glitter,
        "vermilion": 0.85 * glitter,
        "ochre": 0.9 * glitter,
        "indigo": 0.42 - 0.6 * glitter + 0.2 * np.sin(60 * lake),
    }
    ripple = lake * 70 / (0.6 + 2.2 * np.abs(lake)) + 0.3 * np.sin(22 * x + 40 * lake)
    _carve(blocks, lake > 0, ripple, x * 7, tones, rng)
    _contour(blocks, lake)
    hills = (
        (0.455 + 0.05 * np.sin(4.2 * x + 2.4), {"ochre": 1.0, "teal": 0.22}, 0.22),
        (0.500 - 0.05 * np.sin(3.9 * x + 1.2), {"ochre": 1.0, "vermilion": 0.65}, 0.28),
        (0.570 + 0.04 * np.sin(4.6 * x + 3.6), {"ochre": 1.0, "teal": 0.75}, 0.32),
        (0.650 - 0.03 * np.sin(5.2 * x + 0.3), {"ochre": 1.0, "vermilion": 0.45}, 0.32),
    )
    for number, (edge, inks, dark) in enumerate(hills):
        below = y - edge - 0.4 * rough
        form = np.clip(below / 0.11, 0, 1)
        roll = 0.22 * np.sin(9 * x + 30 * below + number) + 0.1 * noise(rng, shape, 7)
        key = np.minimum(dark - 0.35 * np.exp(-below / 0.02) + 0.4 * form**1.5 + roll, 0.72)
        tones = {ink: tone + 0.25 - 0.5 * np.exp(-below / 0.03) for ink, tone in inks.items()}
        furrow = (below + 0.03 * np.sin(8 * x + 2 * number)) * (88 - 8 * number)
        leaning = (x - 0.5) * 90 / (1 + 2.5 * np.abs(below)) + 8 * np.sin(9 * below)
        rows = furrow if number % 2 == 0 else leaning
        cuts = x * 13 if number % 2 == 0 else below * 16
        _carve(blocks, below > 0, rows, cuts + 0 * x, {**tones, "indigo": key}, rng)
        _contour(blocks, below)


def _trunk(
    blocks: Blocks,
    x: Array,
    y: Array,
    trunk: tuple[float, float, float, float],
    rng: np.random.Generator,
) -> None:
    """Carve one birch: curved hatching on the shaded side, dark scars in the bark."""
    foot, lean, breadth, ground = trunk
    sway = rng.uniform(0, 2 * np.pi)
    middle = foot + lean * (ground - y) + 0.15 * breadth * np.sin(14 * y + sway)
    half = breadth * (0.72 + 0.38 * y / ground + 0.9 * np.exp((y - ground) / 0.018))
    q = (x - middle) / half
    inside = (np.abs(q) < 1) & (y < ground + 0.006 * np.sin(40 * x))
    shape = (x.shape[0], x.shape[1])
    bark = noise(rng, shape, 22, 75)
    round_ = y - 0.5 * half * (1 - q**2)
    scars = np.clip(3 * (bark - 1.35 + 0.5 * np.abs(q)), 0, 1)
    shade = 0.9 * np.clip(q - 0.05, 0, 1) + 0.5 * np.clip(-q - 0.75, 0, 1)
    tones = {
        "indigo": np.maximum(shade + 0.02, scars),
        "ochre": np.clip(1.4 * (q - 0.1), 0, 0.8),
        "vermilion": np.clip(0.9 * (q - 0.45), 0, 0.5),
    }
    _carve(blocks, inside, round_ * 105, q * 0.6, tones, rng)
    beside = np.where(y < ground, (np.abs(q) - 1) * half, 1)
    _contour(blocks, beside)


def _leaves(blocks: Blocks, rng: np.random.Generator) -> Blocks:
    """Cut leaves into all blocks: thick along the top, a few falling."""
    width = blocks["indigo"].shape[1]
    plates = {
        ink: PillowImage.fromarray((block * 255).astype(np.uint8)) for ink, block in blocks.items()
    }
    pens = {ink: ImageDraw.Draw(plate) for ink, plate in plates.items()}
    line = max(1, round(0.0016 * width))
    kinds = (("vermilion",), ("ochre",), ("vermilion", "ochre"), ("ochre", "teal"), ("indigo",))
    for _ in range(LEAVES):
        x = rng.uniform(-0.02, 1.02)
        y = (
            abs(rng.normal(0, 0.060)) + 0.02 * np.sin(9 * x)
            if rng.random() < 0.9
            else rng.uniform(0, 0.75)
        )
        turn = rng.normal(np.pi / 2, 0.9)
        length = rng.uniform(0.020, 0.042)
        inks = kinds[rng.integers(len(kinds))]
        t = np.linspace(0, 1, 14)
        bulge = 0.30 * np.sin(np.pi * t**0.8)
        axis = np.array([np.cos(turn), np.sin(turn)])
        side = np.array([-axis[1], axis[0]])
        spine = np.array([x, y]) + length * np.outer(t - 0.5, axis)
        left, right = (spine + sign * length * np.outer(bulge, side) for sign in (-1, 1))
        blade = [tuple(p) for p in np.concatenate([left, right[::-1]]) * width]
        for ink, pen in pens.items():
            pen.polygon(blade, fill=255 if ink in inks else 0)
        key = 0 if "indigo" in inks else 255
        pens["indigo"].line([*blade, blade[0]], fill=255, width=line)
        pens["indigo"].line([tuple(p) for p in spine * width], fill=key, width=line)
        for k in range(2, 12, 2):  # veins on the shaded half, and cut lights on the other
            tip = right[min(k + 2, 13)] * width
            pens["indigo"].line([tuple(spine[k] * width), tuple(tip)], fill=key, width=line)
    return {
        ink: np.asarray(plate, np.float32) / np.float32(255)  # back to 0..1
        for ink, plate in plates.items()
    }


def _print(blocks: Blocks, shape: Size, rng: np.random.Generator) -> Array:
    """Print the blocks one over the other, each a little out of place, with uneven ink."""
    fibres = noise(rng, shape, 330) + noise(rng, shape, 60, 300)
    sheet = np.array(PAPER, np.float32) * (1 + 0.022 * fibres)[..., None]
    for ink, colour in INKS.items():
        slip = rng.uniform(-MISREGISTER, MISREGISTER, 2) * shape[1] * (ink != "indigo")
        plate = shift(blocks[ink], slip, order=1, mode="nearest")
        wood = noise(rng, shape, 5, 170) + 0.7 * noise(rng, shape, 9, 60)
        specks = noise(rng, shape, 420) + 0.35 * wood + 0.3 * fibres
        plate = plate * np.clip(0.93 + 0.06 * wood, 0.7, 1.0) * np.where(specks > 3.1, 0.25, 1.0)
        absorbed = 1 - np.array(colour, np.float32)
        sheet = sheet * (1 - plate[..., None] * absorbed)
    return np.clip(sheet, 0, 1).astype(np.float32)
