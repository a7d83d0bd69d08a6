"""Crops of photographs, which a network is trained on."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..types import Image
from .files import read_image
from .scales import resize

_MOST_ATTEMPTS = 20  # pictures in a row that cannot be used before it is an error
_SMALLEST_SHARE = 0.6  # of a photograph's short side that a crop shows at least


class Crop(NamedTuple):
    """A square cut out of a photograph.

    Attributes:
        image: (size, size, 3), 0..1.
        painted: The same square of its painted picture, likewise; None where there is none.
        path: The photograph.
        unusable: Photographs that were tried before and could not be used, with the reason.
    """

    image: Image
    painted: Image | None
    path: Path
    unusable: tuple[tuple[Path, str], ...]


def draw_crop(
    paths: Sequence[Path],
    number: int,
    size: int,
    seed: int,
    painted: Mapping[Path, Path] | None = None,
) -> Crop:
    """Cut the crop of a number: the same for the same arguments, whatever was drawn before.

    Each photograph comes once before any comes again, in an order that the seed decides. One that
    cannot be read or is smaller than the crop is replaced by another.

    Args:
        paths: Photographs.
        number: Which crop, from 0 on.
        size: Its side, pixels.
        seed: Decides order, places and mirroring.
        painted: The painted picture of each photograph; photographs are resized to theirs.

    Raises:
        PictureError: Twenty photographs in a row cannot be used.
    """
    unusable: list[tuple[Path, str]] = []
    for attempt in itertools.count():
        rng = np.random.default_rng([seed, number, attempt])
        first = _place(len(paths), number, seed)
        path = paths[int(rng.integers(len(paths))) if attempt else first]
        try:
            image = read_image(path)
            other = read_image(painted[path]) if painted else None
            if other is not None:
                image = resize(image, other.shape[:2])
            if min(image.shape[:2]) < size:
                raise PictureError(
                    f"{path.name} is {image.shape[1]}x{image.shape[0]}, smaller than the crops "
                    f"of {size} pixels"
                )
        except PictureError as error:
            unusable.append((path, str(error)))
            if len(unusable) == _MOST_ATTEMPTS:
                raise PictureError(
                    f"{len(unusable)} photographs in a row cannot be used, the last because "
                    f"{error}; look at the folder, or lower crop"
                ) from error
            continue
        both = np.concatenate([image] if other is None else [image, other], axis=2)
        cut = _cut(both, size, rng)
        return Crop(cut[..., :3], None if other is None else cut[..., 3:], path, tuple(unusable))
    raise AssertionError  # the loop does not end


def _place(count: int, number: int, seed: int) -> int:
    epoch, place = divmod(number, count)
    return int(_order(count, epoch, seed)[place])


@functools.lru_cache(maxsize=4)
def _order(count: int, epoch: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch]).permutation(count)


def _cut(image: Image, size: int, rng: np.random.Generator) -> Image:
    """Cut a square of a random size out of a random place, resize it, and mirror every other."""
    short = min(image.shape[:2])
    side = int(rng.integers(max(size, round(_SMALLEST_SHARE * short)), short + 1))
    top, left = (int(rng.integers(length - side + 1)) for length in image.shape[:2])
    square = image[top : top + side, left : left + side]
    if rng.random() < 0.5:
        square = square[:, ::-1]
    return np.clip(resize(np.ascontiguousarray(square), (size, size)), 0, 1)
