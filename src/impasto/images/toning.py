"""Paintings of one ink: greys, or colours that follow from lightness, as in etchings and sepia.

Statistics of features let single channels drift, so a picture in the style of a drawing would get
coloured fringes. Its colours are set to those that the drawing has at the same lightness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..types import Image
from .oklab import from_oklab, to_oklab
from .scales import at_long_side

_LEVELS = 12  # of lightness
_SIDE = 256  # pixels; colours are looked at in a small copy
_DEVIATION = 0.006  # in Oklab; prints and etchings have less, paintings in few colours 0.009 and up


class Tone(NamedTuple):
    """Colours of a painting of one ink, by lightness, in Oklab.

    Attributes:
        lightness: Levels, 0..1, increasing.
        a: Green to red at each level.
        b: Blue to yellow at each level.
    """

    lightness: NDArray[np.float64]
    a: NDArray[np.float64]
    b: NDArray[np.float64]


def find_tone(painting: Image) -> Tone | None:
    """Return the tone of a painting, or None if its colours do not follow from lightness.

    Args:
        painting: (H, W, 3), sRGB, 0..1.

    Example:
        >>> grey = np.linspace(0, 1, 30, dtype=np.float32).reshape(5, 6, 1).repeat(3, axis=2)
        >>> find_tone(grey) is None, find_tone(grey * [1, 0.7, 0.5]) is None
        (False, False)
        >>> find_tone(np.random.default_rng(0).random((9, 9, 3), np.float32)) is None
        True
    """
    small = at_long_side(painting, _SIDE)
    lab = to_oklab(small).reshape(-1, 3)
    levels = np.clip((lab[:, 0] * _LEVELS).astype(int), 0, _LEVELS - 1)
    counts = np.bincount(levels, minlength=_LEVELS)
    sums = [np.bincount(levels, lab[:, channel], minlength=_LEVELS) for channel in range(3)]
    means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]  # (levels, 3)
    tone = Tone(*means[counts > 0].T)
    expected = [np.interp(lab[:, 0], tone.lightness, curve) for curve in (tone.a, tone.b)]
    difference = lab[:, 1:] - np.stack(expected, axis=1)
    return tone if np.sqrt((difference**2).sum(axis=1).mean()) <= _DEVIATION else None


def apply_tone(image: Image, tone: Tone, strength: float = 1.0) -> Image:
    """Give a picture the colours of a tone, and keep its lightness.

    Args:
        image: (H, W, 3), sRGB, 0..1.
        tone: From `find_tone`.
        strength: 0 keeps the colours, 1 replaces them.
    """
    lab = to_oklab(image)
    for channel, curve in ((1, tone.a), (2, tone.b)):
        toned = np.interp(lab[..., 0], tone.lightness, curve)
        lab[..., channel] += np.float32(strength) * (toned.astype(np.float32) - lab[..., channel])
    return from_oklab(lab)


def join_tones(tones: Sequence[Tone | None]) -> Tone | None:
    """Return the tone of a single painting, or grey if all of several are.

    Args:
        tones: From `find_tone`, of at least one painting.
    """
    first = tones[0]
    if len(tones) == 1 or first is None:
        return first
    return first if all(each is not None and _is_grey(each) for each in tones) else None


def _is_grey(tone: Tone) -> bool:
    return bool(np.abs([tone.a, tone.b]).max() < _DEVIATION)
