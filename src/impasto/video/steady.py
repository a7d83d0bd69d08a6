"""Keep painted strokes where they are: move them along with the photograph, frame by frame.

Painted one by one, frames flicker: the smallest change of a photograph moves strokes. Blending
each frame with the one before along the optical flow (Ruder, Dosovitskiy and Brox 2016, "Artistic
style transfer for videos") calms them, but a mean of different paintings loses their contrast. So a
pixel keeps its strokes as long as it can be followed, and takes new ones otherwise; only the tones
of large areas approach the new painting little by little. Two losses that would add up are undone:
resampling blurs, so fine detail is brought back to the contrast of the new painting; and small
errors of the flow accumulate, so the photograph is moved along as well, and where it no longer
matches the frame, strokes are replaced.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .clip import FrameImage
from .extras import load_opencv
from .flow import Motion, Share, warp

_ALIKE, _DIFFERENT = 0.05 * 255, 0.12 * 255  # difference of a channel: strokes kept, and replaced
_SIGHT = 1.5  # pixels; standard deviation of the blur before photographs are compared
_EDGE = 5  # pixels; width of the transition between kept and new strokes
_TONE_SIGMA, _TONE_STEP = 24.0, 4  # pixels: blur of tones, computed at a quarter of the size
_TONE_RATE = 0.1  # share of the difference of tones that is corrected in each frame
_FINE_SIGMA = 1.0  # pixels; what a blur of this removes is fine detail
_ENERGY_SIGMA = 3.0  # pixels; around each pixel, its contrast is taken
_MOST_GAIN = 1.3  # of fine detail, per frame
_CUT = 0.2  # share of pixels that can be followed, below which a new shot begins
_COVERED = 0.97  # share of pixels found before or later, above which a frame needs no painting


class Memory(NamedTuple):
    """What one frame hands on to the next.

    Attributes:
        painted: The painted frame, (H, W, 3), uint8.
        photograph: The photograph as its strokes have seen it, (H, W, 3), uint8.
    """

    painted: FrameImage
    photograph: FrameImage


class Moved(NamedTuple):
    """A memory, moved to where the next frame has its pixels.

    Attributes:
        painted: (H, W, 3), uint8.
        photograph: (H, W, 3), uint8.
        kept: Share of the strokes that is kept, (H, W).
    """

    painted: FrameImage
    photograph: FrameImage
    kept: Share


def is_cut(motion: Motion) -> bool:
    """Return whether a frame begins a new shot: hardly anything of the frame before is in it.

    Args:
        motion: Motion of the frame since the one before.
    """
    return bool(motion.followed.mean() < _CUT)


def is_covered(motion: Motion, later: Motion) -> bool:
    """Return whether nearly all of a frame is in the one before or in a later one.

    Args:
        motion: Motion of the frame since the one before.
        later: Motion of the frame since the later one.
    """
    return bool(np.maximum(motion.followed, later.followed).mean() > _COVERED)


def move(memory: Memory, photograph: FrameImage, motion: Motion, firmness: float = 1.0) -> Moved:
    """Move a memory to the next frame.

    Args:
        memory: Of the frame before.
        photograph: The frame, (H, W, 3).
        motion: Its motion since the frame before.
        firmness: Largest share of the strokes that is kept, 0..1.
    """
    cv2 = load_opencv()
    seen = warp(memory.photograph, motion.flow)
    apart = cv2.absdiff(_blurred(seen, _SIGHT), _blurred(photograph, _SIGHT))
    apart = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])
    alike = np.clip((_DIFFERENT - apart.astype(np.float32)) / (_DIFFERENT - _ALIKE), 0, 1)
    kept = cv2.erode(motion.followed * alike, np.ones((3, 3), np.uint8))
    kept = cv2.blur(kept, (_EDGE, _EDGE)) * np.float32(firmness)
    return Moved(warp(memory.painted, motion.flow, "lanczos"), seen, kept)


def between(moved: Moved, later: FrameImage, motion: Motion) -> FrameImage:
    """Return a painting of a frame that the network does not paint, from a later painted one.

    Args:
        moved: The memory, moved to this frame.
        later: The later painting, (H, W, 3).
        motion: Motion of this frame since the later one.

    Returns:
        The later painting, moved to this frame; what is hidden there, from the memory.
    """
    return _mix(moved.painted, warp(later, motion.flow), motion.followed)


def combine(moved: Moved, painting: FrameImage, photograph: FrameImage) -> Memory:
    """Return a frame with the strokes that are kept and, elsewhere, those of a new painting.

    Args:
        moved: The memory, moved to this frame.
        painting: The new painting of the frame, (H, W, 3).
        photograph: The frame, (H, W, 3).
    """
    old, new = moved.painted.astype(np.float32), painting.astype(np.float32)
    fine = old - _blurred(old, _FINE_SIGMA)
    gain = np.sqrt(_fine_energy(new) / _fine_energy(old))
    fine *= (np.clip(gain, 1, _MOST_GAIN) - 1)[..., None]
    old += fine
    old += _TONE_RATE * _tones(new - old)
    return Memory(
        _rounded(new + moved.kept[..., None] * (old - new)),
        _mix(photograph, moved.photograph, moved.kept),
    )


def _blurred(image: NDArray[np.generic], sigma: float) -> NDArray[np.float32]:
    blurred: NDArray[np.float32] = load_opencv().GaussianBlur(image, (0, 0), sigma)
    return blurred


def _fine_energy(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the local mean square of the fine detail of a painting, (H, W), never 0."""
    grey = load_opencv().transform(image, np.full((1, 3), 1 / 3, np.float32))
    fine = grey - _blurred(grey, _FINE_SIGMA)
    return _blurred(np.square(fine), _ENERGY_SIGMA) + np.float32(0.1)


def _tones(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the smooth part of a difference of two paintings, (H, W, 3)."""
    cv2 = load_opencv()
    height, width = difference.shape[:2]
    size = max(1, width // _TONE_STEP), max(1, height // _TONE_STEP)
    small = cv2.resize(difference, size, interpolation=cv2.INTER_AREA)
    smooth: NDArray[np.float32] = cv2.resize(
        _blurred(small, _TONE_SIGMA / _TONE_STEP), (width, height)
    )
    return smooth


def _mix(rest: FrameImage, part: FrameImage, share: Share) -> FrameImage:
    """Return `part` by its share, (H, W), and `rest` elsewhere."""
    base = rest.astype(np.float32)
    return _rounded(base + share[..., None] * (part.astype(np.float32) - base))


def _rounded(image: NDArray[np.float32]) -> FrameImage:
    return np.rint(np.clip(image, 0, 255)).astype(np.uint8)
