"""Training photographs in memory, and random crops of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError
from ..training_settings import TrainingSettings
from ..types import Image
from .files import read_image
from .plain_pictures import plain_pictures
from .scales import resize

_SMALLEST_SHARE = 0.6  # smallest crop of a large photograph, as a share of its short side
_LONG_BY_SHORT = 1.3  # longest aspect ratio that is kept; longer photographs are cropped
_MOST_BYTES = 4_000_000_000  # of all photographs; beyond it a random subset is used

Bytes = NDArray[np.uint8]
Box = tuple[float, float, float, float]  # first row, first column, side, 1 to mirror


class Photographs(NamedTuple):
    """Training pictures in memory: photographs, pictures without grain, then pairs.

    Attributes:
        pictures: uint8 (P, S, S, 3), each in the upper left of its square, border repeated.
        sizes: Height and width of each, (P, 2).
        real: Number of photographs.
        plain: Number of pictures without grain, after the photographs.
        shares: Shares of pairs and of pictures without grain among the examples.
        painted: Results of the iterative route for the pairs, uint8 (Q, S, S, 3); None without.
        painted_style: Index of the style of the pairs.
        unusable: Photographs that could not be used, with the reason.
    """

    pictures: Bytes
    sizes: NDArray[np.int64]
    real: int
    plain: int
    shares: tuple[float, float]
    painted: Bytes | None
    painted_style: int
    unusable: Mapping[Path, str]

    def style_of(self, index: int) -> int | None:
        """Return the style of a picture's pair, or None if it has none."""
        return self.painted_style if index >= self.real + self.plain else None


def side_of_squares(crop: int) -> int:
    """Return the side of the squares in which photographs are stored.

    Example:
        >>> side_of_squares(256)
        555
    """
    return round(crop / _SMALLEST_SHARE * _LONG_BY_SHORT)


def read_photographs(
    paths: Sequence[Path],
    settings: TrainingSettings,
    *,
    pairs: Mapping[Path, Path] | None = None,
    painted_style: int = 0,
) -> Photographs:
    """Read photographs, reduced to the size that training needs.

    Args:
        paths: Photographs; a random subset is used if they do not fit into 4 GB.
        settings: `crop`, `zoom`, `seed`, `workers`, `plain_share` and `pairs_share`.
        pairs: Painted pictures of some photographs, by the paths of these.
        painted_style: Index of the style of pairs.

    Returns:
        The photographs; those that cannot be read or are smaller than the crops are left out.

    Raises:
        PictureError: No photograph, or no pair, can be used.
    """
    crop, seed = settings.crop, settings.seed
    most = max(1, _MOST_BYTES // (side_of_squares(crop) ** 2 * 3))
    if len(paths) > most:
        drawn = np.random.default_rng([seed, 5]).choice(len(paths), most, replace=False)
        paths = [paths[int(index)] for index in sorted(drawn)]
    read = functools.partial(_read_one, crop=crop, least=round(crop / settings.zoom))
    with ThreadPoolExecutor(settings.workers) as pool:
        found = dict(zip(paths, pool.map(read, paths), strict=True))
    unusable = {path: each for path, each in found.items() if isinstance(each, str)}
    images = [each for each in found.values() if not isinstance(each, str)]
    if not images:
        raise PictureError(
            f"none of the {len(paths)} photographs can be used; the first: "
            f"{next(iter(unusable.values()))}; check the folder, or lower crop"
        )
    count = len(images)
    longest = max(max(image.shape[:2]) for image in images)
    side = min(side_of_squares(crop), max(crop, longest))
    if settings.plain_share > 0:
        images += plain_pictures(images, max(8, count // 12), side, seed)
    plain = len(images) - count
    painted = None
    if pairs:
        both = [_read_pair(photograph, there, crop, side) for photograph, there in pairs.items()]
        images += [photograph for photograph, _ in both]
        painted = np.stack([_in_square(each, side) for _, each in both])
    sizes = np.array([image.shape[:2] for image in images], np.int64)
    pictures = np.stack([_in_square(image, side) for image in images])
    shares = (settings.pairs_share if pairs else 0.0, settings.plain_share)
    return Photographs(
        pictures,
        np.minimum(sizes, side),
        count,
        plain,
        shares,
        painted,
        painted_style,
        unusable,
    )


def _read_one(path: Path, crop: int, least: int) -> Bytes | str:
    """Return a reduced photograph, or the reason why it cannot be used."""
    try:
        image = read_image(path)
        _check(image, path, least)
    except PictureError as error:
        return str(error)
    return _reduced(image, crop)


def _read_pair(photograph: Path, painted: Path, crop: int, side: int) -> tuple[Bytes, Bytes]:
    """Read a painted picture, and its photograph resized to it."""
    there = read_image(painted)
    _check(there, painted, crop)
    here = resize(read_image(photograph), there.shape[:2])
    return _middle(_reduced(here, crop), side), _middle(_reduced(there, crop), side)


def _check(image: Image, path: Path, least: int) -> None:
    if min(image.shape[:2]) < least:
        raise PictureError(
            f"{path.name} is {image.shape[1]}x{image.shape[0]}, smaller than the crops "
            f"of {least} pixels"
        )


def _reduced(image: Image, crop: int) -> Bytes:
    """Reduce an image to the short side that the smallest crops need."""
    height, width = image.shape[:2]
    factor = min(1.0, round(crop / _SMALLEST_SHARE) / min(height, width))
    size = round(factor * height), round(factor * width)
    return np.asarray(np.clip(resize(image, size), 0, 1) * 255 + 0.5, np.uint8)


def _in_square(image: Bytes, side: int) -> Bytes:
    """Place the centre of an image in the upper left of a square, and repeat its border."""
    image = _middle(image, side)
    below, right = side - image.shape[0], side - image.shape[1]
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")


def _middle(image: Bytes, side: int) -> Bytes:
    """Crop the centre of an image to a square at most."""
    top, left = (max(0, (length - side) // 2) for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def draw_box(
    photographs: Photographs, number: int, crop: int, seed: int, zoom: float = 1.0
) -> tuple[int, Box]:
    """Draw a picture and a crop of it: the same for the same number and seed.

    Photographs are drawn without repetition within an epoch, in random order.

    Args:
        photographs: From `read_photographs`.
        number: Number of the example, from 0.
        crop: Side of the crops, pixels.
        seed: Seed of order, position and mirroring.
        zoom: The side of a crop before resizing is at least `crop / zoom` pixels.

    Returns:
        Index of the picture, and the crop.
    """
    rng = np.random.default_rng([seed, 2, number])
    index = _draw_index(photographs, number, seed, rng)
    height, width = (int(length) for length in photographs.sizes[index])
    short = min(height, width)
    side = short * (min(1.0, crop / zoom / short) ** rng.random())
    top, left = rng.uniform(0, height - side), rng.uniform(0, width - side)
    return index, (top, left, float(side), float(rng.random() < 0.5))


def _draw_index(photographs: Photographs, number: int, seed: int, rng: np.random.Generator) -> int:
    count, plain = photographs.real, photographs.plain
    kind = rng.random()
    for_pairs, for_plain = photographs.shares
    if kind < for_pairs:
        return count + plain + int(rng.integers(len(photographs.sizes) - count - plain))
    if kind < for_pairs + for_plain:
        return count + int(rng.integers(plain))
    epoch, place = divmod(number, count)
    return int(_order(count, epoch, seed)[place])


@functools.lru_cache(maxsize=4)
def _order(count: int, epoch: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch]).permutation(count)


def cut_square(photographs: Photographs, number: int, crop: int, seed: int) -> Image:
    """Return the crop of an example, (crop, crop, 3), 0..1, for a preview."""
    index, (top, left, side, _) = draw_box(photographs, number, crop, seed)
    rows, columns = (slice(int(start), int(start) + int(side)) for start in (top, left))
    square = photographs.pictures[index][rows, columns] / np.float32(255)
    return np.clip(resize(np.ascontiguousarray(square), (crop, crop)), 0, 1)
