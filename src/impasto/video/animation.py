"""Write short clips as animated GIF or WebP, which web pages and chats play by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from PIL import Image as PIL

from ..errors import PictureError
from .clip import Frame

ANIMATION_SUFFIXES = (".gif", ".webp")
_MOST_BYTES = 1_000_000_000  # of the frames in memory
_MILLISECONDS = 1000
_WEBP = {"quality": 80, "method": 4}


def write_animation(file: BinaryIO, path: Path, frames: Iterable[Frame], rate: Fraction) -> None:
    """Write frames as an endless animation.

    Args:
        file: An open file.
        path: Its name, .gif or .webp.
        frames: All of one size. GIF has 256 colours for each, and times in hundredths of a second.
        rate: Frames per second, for the last frame.

    Raises:
        PictureError: There are too many frames.
    """
    kind = path.suffix[1:].upper()
    pictures: list[PIL.Image] = []
    times: list[Fraction] = []
    for frame in frames:
        if (len(pictures) + 1) * frame.image.nbytes > _MOST_BYTES:
            raise PictureError(
                f"the clip is too long for {path.suffix} files; write .mp4, or paint a part of it"
            )
        pictures.append(PIL.fromarray(frame.image))
        times.append(frame.seconds)
    ends = [*times[1:], times[-1] + 1 / rate]
    shown = [
        max(10, round(_MILLISECONDS * (end - start)))
        for start, end in zip(times, ends, strict=True)
    ]
    options = _WEBP if kind == "WEBP" else {}
    first, *rest = pictures
    first.save(file, kind, save_all=True, append_images=rest, duration=shown, loop=0, **options)
