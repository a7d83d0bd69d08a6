"""Inputs and results of the workflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PIL

from ..display import png_preview, size_and_mode, to_pil
from ..images.exif_filter import MetadataRule, filter_exif
from ..images.files import read_picture, write_image
from ..images.opening import locate
from ..images.scales import resize
from ..images.sources import PictureSource
from ..paint_settings import PaintSettings
from ..settings import Settings
from ..types import Image, Mask, Picture, Size
from .build_record import relative_record
from .style_paintings import style_file

PictureLike = PictureSource | Picture
StylesLike = PictureLike | Sequence[PictureLike]
MaskLike = PictureSource


@dataclass(frozen=True, eq=False)
class Result:
    """A finished picture.

    Attributes:
        image: The picture, (H, W, 3), sRGB, 0..1.
        alpha: Opacity taken from the content, (H, W), 0..1; None if it has none.
        exif: The content's EXIF block; None if it has none.
        settings: Settings of the run.
        history: Losses after each step, as in `Step.losses`, with `iteration` and `scale`.
        seconds: Time it took.
        record: The record, ready for JSON, see `docs/records.md`; paths are absolute until it is
            saved.
    """

    image: Image
    alpha: Mask | None
    exif: bytes | None
    settings: Settings | PaintSettings
    history: tuple[dict[str, float], ...]
    seconds: float
    record: dict[str, Any]

    def __repr__(self) -> str:
        style = self.record.get("style", "").strip(", ")  # paintings given as arrays have no name
        named = f", style {style!r}" if style else ""
        return f"Result({size_and_mode(self.image, self.alpha)}{named}, {self.seconds:.1f} s)"

    def to_pil(self) -> PIL.Image:
        """Return the picture as a Pillow image of 8 bits.

        Returns:
            An image of mode RGB, or RGBA if the content has an alpha; the pixels that `save`
            writes into a PNG.

        Example:
            >>> paint("photo.jpg", "wave").to_pil().show()  # doctest: +SKIP
        """
        return to_pil(self.image, self.alpha)

    def _repr_png_(self) -> bytes:
        """Return a preview for notebooks, its long side at most 1024 pixels."""
        return png_preview(self.to_pil())

    def save(
        self,
        path: str | Path,
        *,
        quality: int = 92,
        bits: int = 8,
        metadata: MetadataRule = "keep",
    ) -> Path:
        """Write the picture with its alpha, EXIF and record, and the resolution of a print.

        Paths in the record are written relative to the folder of the picture.

        Args:
            path: Ends in .png, .jpg, .webp, .tif, .avif or .heic; an existing file is replaced.
            quality: For JPEG, WebP, AVIF and HEIC, 1..100.
            bits: 8, or 16 for TIFF.
            metadata: `keep` the photograph's EXIF data; `no-place`: without GPS data and the
                maker's note; `none`: without all of it and without the record.

        Returns:
            The path.

        Raises:
            PictureError: The file cannot be written.
            SettingsError: There is no such rule for metadata.
        """
        record = {
            **relative_record(self.record, locate(path)),
            "bits": bits,
            "jpeg_quality": quality,
        }
        return write_image(
            path,
            self.image,
            alpha=self.alpha,
            exif=filter_exif(self.exif, metadata),
            record=None if metadata == "none" else record,
            quality=quality,
            bits=bits,
            dpi=_dpi(self.image, self.settings),
        )


def _dpi(image: Image, settings: Settings | PaintSettings) -> float | None:
    """Return the resolution at which an image, perhaps of a coarse scale, fills its print."""
    if not isinstance(settings, Settings) or settings.print_mm is None:
        return None
    dpi = settings.dpi * max(image.shape[:2]) / settings.size
    return dpi if dpi >= 1 else None


def as_picture(source: PictureLike) -> Picture:
    """Read a picture from any source; a `Picture` is returned unchanged."""
    return source if isinstance(source, Picture) else read_picture(source)


def as_painting(source: PictureLike) -> Picture:
    """Read a painting; the name of a shipped style is allowed, see `style_file`."""
    return as_picture(style_file(source) if isinstance(source, str | Path) else source)


def as_paintings(sources: StylesLike) -> list[Picture]:
    """Read one painting, or each of a list or tuple of them."""
    if isinstance(sources, list | tuple):
        return [as_painting(source) for source in sources]
    return [as_painting(sources)]  # type: ignore[arg-type]


def alpha_at(picture: Picture, size: Size) -> Mask | None:
    """Return the opacity of a picture at a size, (H, W), 0..1; None if it has none."""
    return None if picture.alpha is None else np.clip(resize(picture.alpha, size), 0, 1)
