"""Keep painted strokes where they are: move them along with the photograph, frame by frame.

Painted one by one, frames flicker: the smallest change of a photograph moves strokes. Blending
each frame with the one before along the optical flow (Ruder, Dosovitskiy and Brox 2016, "Artistic
style transfer for videos") calms them, but a mean of different paintings loses their contrast, and
an image that is moved again and again gets blurred. So a pixel keeps its stroke as long as it can
be followed, and takes a new one otherwise. Each pixel remembers in which painted frame its stroke
was new, and where, so that it is always fetched from there in one step. The photograph of that
frame is fetched the same way: where it no longer matches, the flow has drifted or the light has
changed, and the stroke is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .clip import FrameImage
from .extras import load_opencv
from .flow import Flow, Kernel, Motion, Share, positions, sample, warp

Origins: TypeAlias = NDArray[np.int32]  # (H, W), indices of frames

_ALIKE, _DIFFERENT = 0.05 * 255, 0.12 * 255  # difference of a channel: strokes kept, and replaced
_SIGHT = 1.5  # pixels; standard deviation of the blur before photographs are compared
_EDGE = 5  # pixels; width of the transition between kept and new strokes
_NEW = 0.99  # share of kept strokes below which a pixel counts as painted anew
_MOST_SOURCES = 20  # painted frames that are remembered
_CUT = 0.2  # share of pixels that can be followed, below which a new shot begins
_COVERED = 0.97  # share of pixels found before or later, above which a frame needs no painting


class Source(NamedTuple):
    """A frame in which strokes were new.

    Attributes:
        painted: (H, W, 3), uint8.
        photograph: (H, W, 3), uint8.
    """

    painted: FrameImage
    photograph: FrameImage


class Memory(NamedTuple):
    """What one frame hands on to the next.

    Attributes:
        painted: The painted frame, (H, W, 3), uint8.
        origins: Index of the frame in which the stroke at each pixel was new, (H, W).
        places: Where it was there, pixels, x before y, (H, W, 2).
        sources: These frames, by index.
    """

    painted: FrameImage
    origins: Origins
    places: Flow
    sources: Mapping[int, Source]


class Moved(NamedTuple):
    """A memory, moved to where the next frame has its pixels.

    Attributes:
        painted: (H, W, 3), uint8.
        kept: Share of the strokes that is kept, (H, W).
        is_new: Whether a pixel takes a new stroke, at least in part, (H, W).
        origins: As in `Memory`.
        places: As in `Memory`.
        sources: As in `Memory`.
    """

    painted: FrameImage
    kept: Share
    is_new: NDArray[np.bool_]
    origins: Origins
    places: Flow
    sources: Mapping[int, Source]


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


def begin(index: int, painted: FrameImage, photograph: FrameImage) -> Memory:
    """Return the memory of a frame with new strokes only.

    Args:
        index: Index of the frame.
        painted: The painted frame, (H, W, 3).
        photograph: The frame, (H, W, 3).
    """
    size = painted.shape[:2]
    origins = np.full(size, index, np.int32)
    return Memory(painted, origins, positions(size), {index: Source(painted, photograph)})


def move(memory: Memory, photograph: FrameImage, motion: Motion, firmness: float = 1.0) -> Moved:
    """Move a memory to the next frame.

    Args:
        memory: Of the frame before.
        photograph: The frame, (H, W, 3).
        motion: Its motion since the frame before.
        firmness: Largest share of the strokes that is kept, 0..1.
    """
    cv2 = load_opencv()
    origins, places = _follow(memory, motion.flow)
    sources = memory.sources
    painted = _fetch({i: each.painted for i, each in sources.items()}, origins, places, "lanczos")
    seen = _fetch({i: each.photograph for i, each in sources.items()}, origins, places, "linear")
    apart = cv2.absdiff(_blurred(seen), _blurred(photograph))
    apart = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])
    alike = np.clip((_DIFFERENT - apart.astype(np.float32)) / (_DIFFERENT - _ALIKE), 0, 1)
    kept = cv2.erode(motion.followed * alike, np.ones((3, 3), np.uint8))
    kept = cv2.blur(kept, (_EDGE, _EDGE))
    is_new = (kept < _NEW) | (firmness < 1)
    return Moved(painted, kept * np.float32(firmness), is_new, origins, places, sources)


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


def combine(moved: Moved, painting: FrameImage, photograph: FrameImage, index: int) -> Memory:
    """Return a frame with the strokes that are kept and, elsewhere, those of a new painting.

    Args:
        moved: The memory, moved to this frame.
        painting: The new painting of the frame, (H, W, 3).
        photograph: The frame, (H, W, 3).
        index: Index of the frame.
    """
    painted = _mix(painting, moved.painted, moved.kept)
    is_new = moved.is_new
    used = np.unique(moved.origins[~is_new]).tolist()
    if len(used) >= _MOST_SOURCES:
        oldest = used[: len(used) - _MOST_SOURCES + 1]
        is_new, used = is_new | np.isin(moved.origins, oldest), used[len(oldest) :]
    origins = np.where(is_new, np.int32(index), moved.origins)
    places = np.where(is_new[..., None], positions(is_new.shape), moved.places)
    sources = {each: moved.sources[each] for each in used}
    return Memory(painted, origins, places, {**sources, index: Source(painted, photograph)})


def _follow(memory: Memory, flow: Flow) -> tuple[Origins, Flow]:
    """Return the origins and places of strokes after a motion.

    Each pixel takes those of the nearest pixel where it was, moved by the rest of its motion, so
    that places in different frames are never mixed.
    """
    height, width = flow.shape[:2]
    before = flow + positions((height, width))
    nearest = np.rint(before)
    columns = np.clip(nearest[..., 0], 0, width - 1).astype(np.intp)
    rows = np.clip(nearest[..., 1], 0, height - 1).astype(np.intp)
    return memory.origins[rows, columns], memory.places[rows, columns] + (before - nearest)


def _fetch(
    images: Mapping[int, FrameImage], origins: Origins, places: Flow, kernel: Kernel
) -> FrameImage:
    """Fetch each pixel from its place in its image, (H, W, 3)."""
    present = np.unique(origins).tolist()
    if len(present) == 1:
        return sample(images[present[0]], places, kernel)
    result = np.empty((*origins.shape, 3), np.uint8)
    for index in present:
        chosen = origins == index
        result[chosen] = _sample_points(images[index], places[chosen], kernel)
    return result


def _sample_points(image: FrameImage, points: Flow, kernel: Kernel) -> FrameImage:
    """Sample an image at points (N, 2), in rows of 1024, since OpenCV limits their length."""
    count = len(points)
    padded = np.pad(points, ((0, -count % 1024), (0, 0)))
    return sample(image, padded.reshape(-1, 1024, 2), kernel).reshape(-1, 3)[:count]


def _blurred(image: FrameImage) -> FrameImage:
    blurred: FrameImage = load_opencv().GaussianBlur(image, (0, 0), _SIGHT)
    return blurred


def _mix(rest: FrameImage, part: FrameImage, share: Share) -> FrameImage:
    """Return `part` by its share, (H, W), and `rest` elsewhere."""
    base = rest.astype(np.float32)
    mixed = base + share[..., None] * (part.astype(np.float32) - base)
    return np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)
