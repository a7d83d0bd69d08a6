"""Masks of a clip: where each frame is painted, and where the photograph stays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..images.files import read_image
from ..images.listing import SUFFIXES
from ..images.opening import locate
from ..images.scales import resize
from ..images.sources import PictureSource
from ..video.clip import FrameImage, open_clip, read_frames, to_bytes, to_floats

VideoMask: TypeAlias = PictureSource
_STILLS = SUFFIXES - {".gif"}  # an animated GIF is a clip


def read_masks(mask: VideoMask) -> Iterator[NDArray[np.float32]]:
    """Yield a mask, (h, w), 0..1, for each frame of a clip.

    Args:
        mask: A picture or an array (h, w) for all frames; or a clip or folder with one for each.

    Raises:
        PictureError: It cannot be read.
    """
    if isinstance(mask, str | Path):
        path = locate(mask)
        if path.is_dir() or path.suffix.lower() not in _STILLS:
            clip = open_clip(path)
            return (to_floats(frame.image).mean(axis=-1) for frame in read_frames(clip))
    return itertools.repeat(read_image(mask).mean(axis=-1))


def paint_within(
    painted: FrameImage, photograph: FrameImage, mask: NDArray[np.float32]
) -> FrameImage:
    """Return a painted frame where the mask is white, and the photograph where it is black.

    Args:
        painted: (H, W, 3).
        photograph: (H, W, 3).
        mask: (h, w), 0..1, of any size.
    """
    share = np.clip(resize(mask[..., None].repeat(3, axis=-1), painted.shape[:2]), 0, 1)
    base = to_floats(photograph)
    return to_bytes(base + share * (to_floats(painted) - base))


def next_mask(masks: Iterator[NDArray[np.float32]], index: int) -> NDArray[np.float32]:
    """Return the mask of the next frame.

    Raises:
        PictureError: The mask has fewer frames than the clip.
    """
    mask = next(masks, None)
    if mask is None:
        raise PictureError(
            f"the mask has {index} frames, fewer than the clip; give one mask for each frame"
        )
    return mask
