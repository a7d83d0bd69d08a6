"""Print warnings before the work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from ..engines.network.model_file import names_a_model
from ..errors import printable
from ..images.files import OUTPUT_FORMATS, read_picture
from ..images.opening import locate
from ..images.painting_checks import describe_painting
from .commands import Stylize

_LOSSLESS = ("PNG", "TIFF")


def print_warnings(sentences: Iterable[str], *, quiet: bool) -> None:
    """Print warnings to standard error, in the form of the errors.

    Args:
        sentences: The warnings.
        quiet: Print nothing.
    """
    for sentence in () if quiet else sentences:
        sys.stderr.write(f"impasto: warning: {printable(sentence)}\n")


def unused_quality(quality: int, suffix: str) -> list[str]:
    """Say if a quality cannot act on a type of file.

    Example:
        >>> unused_quality(80, ".png"), unused_quality(80, ".jpg"), unused_quality(92, ".png")
        (['--jpeg-quality has no effect on .png files'], [], [])
    """
    if quality == Stylize.jpeg_quality or OUTPUT_FORMATS.get(suffix.lower()) not in _LOSSLESS:
        return []
    return [f"--jpeg-quality has no effect on {suffix.lower()} files"]


def describe_own_paintings(
    styles: str | Mapping[str, float], max_pixels: int | None = None
) -> list[str]:
    """Say what to expect of the paintings among the styles of `impasto paint`.

    Args:
        styles: As for `paint`.
        max_pixels: Largest painting, pixels; Pillow's limit if None.

    Raises:
        PictureError: A painting cannot be read, or has no style.
    """
    found = []
    for name in [styles] if isinstance(styles, str) else styles:
        path = locate(name)
        if path.suffix and path.is_file() and not names_a_model(str(path)):
            found += describe_painting(read_picture(path, max_pixels=max_pixels))
    return found
