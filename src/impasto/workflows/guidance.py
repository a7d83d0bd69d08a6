"""Turn masks into the guidance of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from ..errors import SettingsError
from ..images.masks import check_mask, coverage, feather, fit_mask, read_mask
from ..images.streams import Readable, in_memory, is_readable
from ..settings import EVERYWHERE, REST, Settings
from ..types import Guidance, Image, Mask, Size, array_digest
from .record import Input
from .result import MaskLike
from .setting_files import ROLES

MaskT = TypeVar("MaskT")


class Masks(NamedTuple):
    """Masks as arrays, in place of those named in the settings.

    Attributes:
        masks: Where each style applies, see `stylize`.
        style_masks: Which part of each painting its style is taken from.
        protect: Where the photograph stays unchanged.
    """

    masks: Sequence[MaskLike] | None = None
    style_masks: Sequence[MaskLike] | None = None
    protect: MaskLike | None = None


def as_masks(given: Masks | Sequence[MaskLike] | None) -> Masks:
    """Return masks as `Masks`; a list becomes `Masks.masks`, and file objects are read."""
    if given is None:
        return Masks()
    masks = given if isinstance(given, Masks) else Masks(masks=given)
    return Masks(_held(masks.masks), _held(masks.style_masks), _hold(masks.protect))


def _held(masks: Sequence[MaskLike] | None) -> tuple[MaskLike, ...] | None:
    return None if masks is None else tuple(map(_hold, masks))


def _hold(mask: MaskT) -> MaskT | Readable:
    """Copy a file object into memory, as masks are read several times."""
    return in_memory(mask) if is_readable(mask) else mask


def make_guidance(
    content: Image, styles: Sequence[Image], settings: Settings, given: Masks
) -> Guidance:
    """Read and check all masks.

    Args:
        content: The photograph, (H, W, 3).
        styles: The paintings, (h, w, 3) each.
        settings: `style_weights`, `masks`, `style_masks`, `protect` and `feather`.
        given: Masks in place of those of the settings.

    Returns:
        The guidance; masks of the photograph have its size.

    Raises:
        PictureError: A mask cannot be read, is empty, or is not of the shape of its picture.
        SettingsError: There are not as many masks or weights as styles.
    """
    weights = settings.style_weights
    masks = settings.masks if given.masks is None else tuple(given.masks)
    style_masks = settings.style_masks if given.style_masks is None else tuple(given.style_masks)
    for name, values in (
        ("style_weights", weights),
        ("masks", masks),
        ("style_masks", style_masks),
    ):
        if values and len(values) != len(styles):
            raise SettingsError(
                f"{name} has {len(values)} values for {len(styles)} styles; give one per style"
            )
    protect = settings.protect if given.protect is None else given.protect
    size = content.shape[:2]
    return Guidance(
        weights,
        _with_rest([_read(mask, size, "the photograph", settings) for mask in masks], masks, size),
        tuple(
            _read(mask, style.shape[:2], f"painting {number}", settings)
            for number, (mask, style) in enumerate(zip(style_masks, styles, strict=False), 1)
        ),
        None if protect is None else _read(protect, size, "the photograph", settings),
    )


def name_masks(settings: Settings, given: Masks) -> tuple[Settings, Masks]:
    """Move masks given as paths into the settings, so that records name them.

    Returns:
        The settings, which start from the photograph if there are masks, and the masks given as
        arrays.
    """
    for name, value in given._asdict().items():
        texts = value if isinstance(value, list | tuple) else [value]
        if value is not None and all(isinstance(text, str | Path) for text in texts):
            named = str(value) if name == "protect" else tuple(str(text) for text in texts)
            settings = settings.changed(**{name: named})
            given = given._replace(**{name: None})
    if settings.init == "blend" and any(value is not None for value in given):
        settings = settings.changed(init="content")
    return settings, given


def mask_inputs(given: Masks) -> list[Input]:
    """Describe masks given as arrays."""
    found = []
    for name, value in given._asdict().items():
        for mask in value if isinstance(value, list | tuple) else [value]:
            if mask is not None and not isinstance(mask, str):
                found.append(Input(role=ROLES[name], sha256=array_digest(read_mask(mask))))
    return found


def _read(mask: MaskLike, size: Size, of: str, settings: Settings) -> Mask | None:
    """Read one mask at the size of its picture, feathered; None for the whole picture."""
    if isinstance(mask, str) and mask in (EVERYWHERE, REST):
        return None
    read = read_mask(mask)
    check_mask(read, size, f"{mask} of {of}" if isinstance(mask, str | Path) else f"of {of}")
    return feather(fit_mask(read, size), settings.feather * max(size))


def _with_rest(
    found: Sequence[Mask | None], named: Sequence[MaskLike], size: Size
) -> tuple[Mask | None, ...]:
    """Replace `rest` by the area that no other mask covers."""
    others = [mask for mask in found if mask is not None]
    covered = coverage(others) if others else np.zeros(size, np.float32)
    return tuple(
        1 - covered if isinstance(name, str) and name == REST else mask
        for mask, name in zip(found, named, strict=True)
    )
