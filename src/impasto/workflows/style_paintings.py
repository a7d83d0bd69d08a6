"""The paintings of the shipped styles: small JPEGs in the package, and their facts.

`models/paintings/paintings.json` is the single source of these facts, generated from
`training/styles.csv`. It is independent of the network, so the iterative route can use a style by
name without one.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from pathlib import Path

from ..errors import PictureError
from ..images.checksum import file_digest
from ..images.files import read_image
from ..images.opening import locate
from ..images.toning import Tone, find_tone
from ..types import Picture

_SUFFIX = ".jpg"


@functools.cache
def painting_facts() -> dict[str, dict[str, str]]:
    """Return the facts of each painting, by the name of its style.

    Returns:
        `title`, `painter`, `year`, `source` (repository and file) and `licence` of each.

    Example:
        >>> painting_facts()["wave"]["painter"]
        'Katsushika Hokusai'
    """
    facts: dict[str, dict[str, str]] = json.loads((_folder() / "paintings.json").read_text("utf-8"))
    return facts


def style_painting(name: str) -> Path | None:
    """Return the painting of a shipped style.

    Args:
        name: Name of the style, as in `styles`.

    Returns:
        A JPEG in sRGB, long side at most 512 pixels; None if there is no such style.

    Example:
        >>> style_painting("wave").name
        'wave.jpg'
        >>> style_painting("my-own") is None
        True
    """
    return _folder() / f"{name}{_SUFFIX}" if name in painting_facts() else None


@functools.cache
def shipped_tone(name: str) -> Tone | None:
    """Return the tone of a shipped style of one ink; None if it has colours, or is not shipped.

    Example:
        >>> shipped_tone("apocalypse") is None, shipped_tone("wave") is None
        (False, True)
    """
    painting = style_painting(name)
    return None if painting is None else find_tone(read_image(painting))


def style_file(style: str | Path) -> Path:
    """Return the file of a style, given as a painting's path or the name of a shipped style.

    Args:
        style: Path or name. A file of that name takes precedence.

    Returns:
        The path as given, or the path of the shipped painting.

    Raises:
        PictureError: It is neither a file nor the name of a style. Paths to missing files are
            returned; reading them raises the error.

    Example:
        >>> style_file("scream").name
        'scream.jpg'
        >>> style_file("waves")
        Traceback (most recent call last):
        ...
        impasto.errors.PictureError: there is no file waves, and no style of that name; ...
    """
    path, name = Path(style), str(style)
    if path.name != name or path.suffix:  # not a style name
        return path
    painting = style_painting(name)
    try:
        if locate(path).is_file() or (painting is None and locate(path).exists()):
            return path
    except (OSError, ValueError):  # not a valid name on this system
        return path
    if painting is None:
        raise PictureError(
            f"there is no file {name}, and no style of that name; expected a painting's path or "
            f"one of {', '.join(painting_facts())}"
        )
    return painting


def shipped_style(picture: Picture) -> str | None:
    """Return the name of the style if a picture is a shipped painting, else None.

    File name and SHA-256 are compared, so copies match, too.

    Example:
        >>> from impasto.images.files import read_picture
        >>> shipped_style(read_picture(style_painting("wave")))
        'wave'
    """
    name = Path(picture.name).stem
    known = picture.name.endswith(_SUFFIX) and name in painting_facts()
    return name if known and picture.sha256 == _digests()[name] else None


@functools.cache
def _digests() -> dict[str, str]:
    return {name: file_digest(_folder() / f"{name}{_SUFFIX}") for name in painting_facts()}


def _folder() -> Path:
    return Path(str(resources.files("impasto") / "models" / "paintings"))
