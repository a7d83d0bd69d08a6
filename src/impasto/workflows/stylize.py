"""Paint one picture: the one-liner, and the generator under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

from ..images.files import read_picture, write_image
from ..images.metadata import made_with
from ..images.scales import resize
from ..paint_settings import PaintSettings
from ..settings import Settings
from ..types import Image, Mask, Picture, Size, Step, Stylizer

PictureLike = str | Path | NDArray[Any] | PIL.Image | Picture


@dataclass(frozen=True, eq=False)
class Result:
    """A finished picture.

    Attributes:
        image: The picture, (H, W, 3), sRGB, 0..1.
        alpha: Opacity taken from the content, (H, W), 0..1; None where it had none.
        exif: The content's EXIF block; None where it had none.
        settings: What it was made with.
        history: Losses after each step, as in `Step.losses`, with `iteration` and `scale`.
        seconds: Time it took.
        record: What made it, ready for JSON: settings, versions, names of the inputs.
    """

    image: Image
    alpha: Mask | None
    exif: bytes | None
    settings: Settings | PaintSettings
    history: tuple[dict[str, float], ...] = field(repr=False)
    seconds: float
    record: dict[str, Any] = field(repr=False)

    def save(self, path: str | Path, *, quality: int = 92, bits: int = 8) -> Path:
        """Write the picture with its alpha, EXIF and record.

        Args:
            path: Ends in .png, .jpg, .webp or .tif; an existing file is replaced.
            quality: For JPEG and WebP, 1..100.
            bits: 8, or 16 for TIFF.

        Returns:
            The path.

        Raises:
            PictureError: The file cannot be written.
        """
        return write_image(
            path,
            self.image,
            alpha=self.alpha,
            exif=self.exif,
            record=self.record,
            quality=quality,
            bits=bits,
        )


def stylize(
    content: PictureLike,
    style: PictureLike,
    *,
    settings: Settings | None = None,
    init: PictureLike | None = None,
    on_step: Callable[[Step], None] | None = None,
    **changes: Any,
) -> Result:
    """Repaint `content` in the style of `style`.

    Args:
        content: The photograph: a path, a NumPy array ((H, W), (H, W, 3) or (H, W, 4); uint8,
            uint16, or floats in 0..1) or a PIL image.
        style: The painting, likewise.
        settings: All knobs; the defaults if None.
        init: Starting picture in place of `settings.init`, likewise.
        on_step: Called after each step. To stop early, iterate over `make_stylizer` instead.
        **changes: Settings to change, such as `size=640`.

    Returns:
        The picture, its history and its settings.

    Raises:
        PictureError: A picture cannot be read, or is too small or too thin.
        SettingsError: A setting is out of range or unknown.
        WeightsError: No usable weights of the network were found.
        DivergedError: The optimisation failed; its `step` holds the last good picture.

    Example:
        >>> result = stylize("photo.jpg", "painting.jpg", size=512)  # doctest: +SKIP
        >>> result.save("painted.png")  # doctest: +SKIP
    """
    settings = (settings or Settings()).changed(**changes) if changes else settings or Settings()
    photograph, painting = as_picture(content), as_picture(style)
    start = time.perf_counter()
    made = []  # copied from the device only when the run is over
    start_image = None if init is None else as_picture(init).image
    for step in make_stylizer(painting, settings)(photograph, init=start_image):
        made.append(({"iteration": step.iteration, "scale": step.scale}, step.parts))
        if on_step:
            on_step(step)
    history = tuple(
        {**place, **{name: float(part) for name, part in parts.items()}} for place, parts in made
    )
    return finish(step, photograph, painting, settings, history, time.perf_counter() - start)


def make_stylizer(style: PictureLike, settings: Settings) -> Stylizer:
    """Make a function that paints any content in one style, step by step.

    Args:
        style: The painting: a path, a NumPy array or a PIL image.
        settings: All knobs.

    Returns:
        `(content, *, init=None) -> Iterator[Step]`; `content` as in `stylize`.

    Raises:
        PictureError: The painting cannot be read.

    Example:
        >>> paint = make_stylizer("painting.jpg", Settings(size=512))  # doctest: +SKIP
        >>> for step in paint("photo.jpg"):  # doctest: +SKIP
        ...     print(step.iteration, step.losses["total"])
    """
    painting = as_picture(style).image

    def paint(content: PictureLike, *, init: Image | None = None) -> Iterator[Step]:
        asked = time.perf_counter()
        from ..engines.iterative import optimize_image

        image = as_picture(content).image
        return optimize_image(image, painting, settings, init=init, since=asked)

    return paint


def as_picture(source: PictureLike) -> Picture:
    """Read whatever names or holds a picture; a `Picture` comes back as it is."""
    return source if isinstance(source, Picture) else read_picture(source)


def alpha_at(picture: Picture, size: Size) -> Mask | None:
    """Return the opacity of a picture at a size, (H, W), 0..1; None where it has none."""
    return None if picture.alpha is None else np.clip(resize(picture.alpha, size), 0, 1)


def finish(
    step: Step,
    content: Picture,
    style: Picture,
    settings: Settings,
    history: tuple[dict[str, float], ...] = (),
    seconds: float = 0.0,
) -> Result:
    """Turn a step into a result: alpha and EXIF of the content, and the record of what made it."""
    record = {
        "made_with": made_with(),
        "settings": settings.model_dump(mode="json"),
        "content": content.name,
        "style": style.name,
        "iterations": step.iteration,
        "losses": step.losses,
        "seconds": round(seconds, 1),
    }
    return Result(
        step.image, alpha_at(content, step.size), content.exif, settings, history, seconds, record
    )
