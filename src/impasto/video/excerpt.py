"""The part of a clip that is painted, at the size at which it is painted."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ..errors import PictureError
from ..images.scales import fit, resize
from ..types import Size
from ..video_settings import VideoSettings
from .clip import Clip, Frame, FrameImage, read_frames, to_bytes, to_floats


class Excerpt(NamedTuple):
    """A part of a clip.

    Attributes:
        clip: The clip.
        start: First second.
        end: The second after the last; None for the end of the clip.
        size: Height and width of its frames.
    """

    clip: Clip
    start: Fraction
    end: Fraction | None
    size: Size


def make_excerpt(clip: Clip, settings: VideoSettings) -> Excerpt:
    """Choose the part of a clip that settings name.

    Args:
        clip: The clip.
        settings: `start`, `end` and `size`.
    """
    size = clip.size if settings.size is None else fit(clip.size, settings.size)
    end = None if settings.end is None else _exact(float(settings.end))
    return Excerpt(clip, _exact(float(settings.start)), end, size)


def _exact(seconds: float) -> Fraction:
    """Return a time as it was written: 0.04 is 1/25, not the nearest binary number."""
    return Fraction(seconds).limit_denominator(100_000)


def count_frames(excerpt: Excerpt) -> int | None:
    """Return the number of frames, an estimate; None if unknown."""
    clip, start, end = excerpt.clip, excerpt.start, excerpt.end
    if clip.count is None and end is None:
        return None
    last = round(end * clip.rate) if end is not None else clip.count or 0
    if clip.count is not None:
        last = min(last, clip.count)
    return max(0, last - round(start * clip.rate))


def excerpt_frames(excerpt: Excerpt) -> Iterator[tuple[int, Frame]]:
    """Yield the index of each frame in the clip, and the frame.

    Raises:
        PictureError: A frame cannot be read, or there are none.
    """
    empty = True
    for index, frame in enumerate(read_frames(excerpt.clip)):
        if excerpt.end is not None and frame.seconds >= excerpt.end:
            break
        if frame.seconds >= excerpt.start:
            empty = False
            yield index, Frame(_resized(frame.image, excerpt.size), frame.seconds)
    if empty:
        raise PictureError(
            f"{excerpt.clip.path} has no frames from {float(excerpt.start):g} s on; choose an "
            "earlier start"
        )


def _resized(image: FrameImage, size: Size) -> FrameImage:
    if image.shape[:2] == size:
        return image
    return to_bytes(resize(to_floats(image), size))
