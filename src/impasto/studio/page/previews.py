"""Instant previews: the painted photograph, and thumbnails of the styles."""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PIL

from ...engines.network.model import Array
from ...engines.strength import style_mixture
from ...errors import PictureError
from ...images.files import read_picture
from ...images.painting_checks import check_painting
from ...images.scales import at_long_side, resize
from ...images.toning import Tone, find_tone, join_tones
from ...paint_settings import PaintSettings
from ...types import Image, Picture
from ...workflows.paint import Painter, paint, paint_with, shipped_model, styles
from ...workflows.result import Result
from ...workflows.style_paintings import shipped_tone
from .strings import texts

# Long side of previews, pixels; at most the size of strokes of size 1, so that one pass suffices.
INSTANT_SIDE = 720
_SMALL, _PAINTED_AT = 112, 224  # sides of thumbnails, and of the pictures painted for them
_CACHED = 16


def style_names() -> list[str]:
    """Return the names of the learned styles.

    Example:
        >>> "wave" in style_names()
        True
    """
    return list(styles())


def title_of(style: str, language: str = "en") -> str:
    """Return the display name of a style or of a painting's file.

    Args:
        style: Name of a learned style, or path of a painting.
        language: `en` or `ko`.

    Example:
        >>> title_of("starry-night"), title_of("/tmp/my_cat.jpg")
        ('Starry night', 'my cat')
    """
    if style not in styles():
        return Path(style).stem.replace("_", " ")
    plain = style.replace("-", " ").capitalize()
    return texts()[language].get(f"style.{style}", plain)


def read_reduced(path: str, max_pixels: int | None = None) -> Picture:
    """Read a photograph, reduced to `INSTANT_SIDE`, with a cache.

    Args:
        path: Path of the file.
        max_pixels: Largest picture that is read, pixels.

    Raises:
        PictureError: It cannot be read.
    """
    return _reduced(path, _changed(path), max_pixels)


def _changed(path: str) -> int:
    """Return the mtime of a file, ns."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError as error:
        raise PictureError(
            f"{Path(path).name} is no longer available, since uploads are removed after a day; "
            "upload it again"
        ) from error


@functools.lru_cache(maxsize=_CACHED)
def _reduced(path: str, changed: int, max_pixels: int | None) -> Picture:
    picture = read_picture(path, max_pixels=max_pixels)
    side = min(INSTANT_SIDE, max(picture.image.shape[:2]))
    image = at_long_side(picture.image, side)
    return Picture(image, name=picture.name)


def paint_preview(
    photograph: Picture,
    shares: Mapping[str, float],
    strength: float,
    keep_colors: bool,
    max_pixels: int | None = None,
) -> Result:
    """Paint a reduced photograph with the network; styles of paintings are cached.

    Args:
        photograph: From `read_reduced`.
        shares: Names of learned styles or paths of paintings -> shares.
        strength: 0..2.
        keep_colors: Keep the photograph's colours.
        max_pixels: Largest painting that is read, pixels.

    Raises:
        ImpastoError: A painting cannot be read, or a value is out of range.
    """
    from ...engines.network.predict import mix

    settings = PaintSettings(strength=strength, keep_colors=keep_colors)
    model = shipped_model()
    vectors = dict(model.styles)
    tones = []
    for style in shares:
        if style in model.styles:
            tones.append(shipped_tone(style))
        else:
            vectors[style], tone = _predicted_style(style, _changed(style), max_pixels)
            tones.append(tone)
    mixed = mix(vectors, shares, style_mixture(strength))
    return paint_with(Painter(model, mixed, "", (), join_tones(tones)), photograph, settings)


@functools.lru_cache(maxsize=_CACHED)
def _predicted_style(path: str, changed: int, max_pixels: int | None) -> tuple[Array, Tone | None]:
    from ...engines.network.predict import predict_style

    painting = read_reduced(path, max_pixels)
    check_painting(painting)
    return predict_style(painting.image, shipped_model()), find_tone(painting.image)


def shares_of(first: str, others: Sequence[str], share: float) -> dict[str, float]:
    """Return the shares of several styles.

    Args:
        first: A style.
        others: Other styles, with equal shares; `first` among them is ignored.
        share: Total share of the others, 0..1.

    Example:
        >>> shares_of("wave", ["scream"], 0.25)
        {'wave': 0.75, 'scream': 0.25}
        >>> shares_of("wave", [], 0.25)
        {'wave': 1.0}
    """
    more = [style for style in dict.fromkeys(others) if style != first]
    if not more or share <= 0:
        return {first: 1.0}
    each = dict.fromkeys(more, share / len(more))
    return each if share >= 1 else {first: 1.0 - share, **each}


def paint_thumbnails(photograph: Image | None) -> list[str]:
    """Paint thumbnails of a photograph in each learned style.

    Args:
        photograph: (H, W, 3), 0..1; the sample photograph if None.

    Returns:
        `data:` URLs of JPEGs, in the order of `style_names`.
    """
    picture = _square(sample_photograph() if photograph is None else photograph)
    return list(_in_small(picture.astype(np.float32).tobytes()))


@functools.lru_cache(maxsize=_CACHED)
def _in_small(picture: bytes) -> tuple[str, ...]:
    """Paint thumbnails of a square; cached, as a page asks again for each uploaded painting."""
    square = np.frombuffer(picture, np.float32).reshape(_PAINTED_AT, _PAINTED_AT, 3)
    return tuple(data_url(_reduce(paint(square, name).image)) for name in style_names())


@functools.cache
def sample_photograph() -> Image:
    """Return a sample photograph, (512, 512, 3)."""
    from skimage import data

    image: Image = (data.astronaut() / 255).astype(np.float32)
    return image


def data_url(image: Image) -> str:
    """Return a picture as a `data:` URL of a JPEG."""
    file = io.BytesIO()
    PIL.fromarray((np.clip(image, 0, 1) * 255).round().astype(np.uint8)).save(
        file, "JPEG", quality=80
    )
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def painting_thumbnail(image: Image) -> str:
    """Return a thumbnail of the middle of a painting as a `data:` URL.

    Args:
        image: (H, W, 3), 0..1.
    """
    return data_url(_reduce(_square(image)))


def _square(image: Image) -> Image:
    """Crop the middle square and reduce it."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = image[top : top + side, left : left + side]
    return np.clip(resize(middle, (_PAINTED_AT, _PAINTED_AT)), 0, 1)


def _reduce(image: Image) -> Image:
    return np.clip(resize(image, (_SMALL, _SMALL)), 0, 1)
