"""Choose the frame of an animation or sequence that stands for it."""

from __future__ import annotations

import warnings

from PIL import Image as PIL

from .opening import check_pixels

_MOST_TRIED = 25  # frames, as an animation may be long


def choose_frame(image: PIL.Image, name: str, limit: int) -> None:
    """Seek to the first frame that has more than one colour; a warning says which, of how many.

    Animations often begin with a black frame, or fade in.

    Args:
        image: An opened file at its first frame, or the primary one of a HEIC file, which is kept.
        name: The file's name, for the warning.
        limit: Largest number of pixels.

    Raises:
        PictureError: A frame has too many pixels.
    """
    count = getattr(image, "n_frames", 1)
    if count <= 1:
        return
    first = frame = image.tell()
    if image.format != "HEIF":  # there the primary picture is meant, and others may be larger
        tried = range(first, min(count, first + _MOST_TRIED))
        frame = next((each for each in tried if not _is_plain(image, each, name, limit)), first)
        image.seek(frame)
    why = "" if frame == first else ", as those before have one colour only"
    warnings.warn(
        f"{name}: frame {frame + 1} of {count} is read{why}; the others are not used "
        "(to paint all of an animation: impasto video)",
        stacklevel=2,
    )


def _is_plain(image: PIL.Image, frame: int, name: str, limit: int) -> bool:
    image.seek(frame)
    check_pixels(image.width * image.height, limit, name)  # a GIF's frame may enlarge it
    return all(low == high for low, high in _extrema(image.convert("RGBA")))


def _extrema(image: PIL.Image) -> tuple[tuple[int, int], ...]:
    found: tuple[tuple[int, int], ...] = image.getextrema()  # type: ignore[assignment]
    return found[:3]
