"""Turn the page's controls into inputs and settings of an iterative job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

from ...errors import SettingsError
from ...images.files import write_image
from ...paint_settings import PaintSettings
from ...settings import REST
from ...types import Picture
from ...workflows.paint import paint, styles
from ...workflows.style_paintings import style_painting

GREEN, RED, BLUE = "#00ff00", "#ff0000", "#0000ff"  # keep; first style; second style
_COLORS = np.array([[0, 255, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
_PAINTED = 128  # least alpha of a painted pixel
_MOST_PAINTED = 4_000_000  # pixels of the canvas; that of the page has at most 720 x 720
STYLE_SIDE = 768  # pixels; long side of a substitute for a missing painting


def style_picture(style: str, photograph: Picture, folder: Path) -> Path:
    """Return the style picture of an iterative job.

    A painting is used as it is, a learned style by its shipped painting. If none ships, the network
    paints the photograph in the style, which gives a picture with its colours and strokes.

    Args:
        style: Path of a painting, or name of a learned style.
        photograph: The photograph.
        folder: Folder for a painted picture.

    Raises:
        PictureError: The picture cannot be written.
    """
    if style not in styles():
        return Path(style)
    shipped = style_painting(style)
    if shipped is not None:
        return shipped
    painted = paint(photograph, style, settings=PaintSettings(size=STYLE_SIDE))
    return write_image(folder / f"{style}.png", painted.image)


class Regions(NamedTuple):
    """Painted regions of the photograph.

    Attributes:
        picture: (H, W, 3), uint8, black where unpainted.
        colors: Colours that occur, of `GREEN`, `RED`, `BLUE`.
    """

    picture: NDArray[np.uint8]
    colors: frozenset[str]


def read_regions(layers: list[NDArray[np.uint8]]) -> Regions | None:
    """Read the regions painted on the canvas; soft edges of strokes become hard.

    Args:
        layers: Layers of the canvas, (H, W, 4), bottom first.

    Returns:
        The regions; None if nothing is painted.

    Raises:
        SettingsError: A layer is larger than the canvas can be, or the layers differ in size.

    Example:
        >>> layer = np.zeros((2, 2, 4), np.uint8)
        >>> layer[0] = [250, 10, 0, 255]
        >>> sorted(read_regions([layer]).colors)
        ['#ff0000']
    """
    if not layers:
        return None
    height, width = layers[0].shape[:2]
    for layer in layers:
        _check_layer(layer, (height, width))
    picture = np.zeros((height, width, 3), np.uint8)
    for row in range(height):  # row by row, to limit memory
        for layer in layers:
            painted = layer[row, :, 3] >= _PAINTED
            picture[row, painted] = _COLORS[_nearest(layer[row, painted, :3])]
    named = zip((GREEN, RED, BLUE), _COLORS, strict=True)
    colors = frozenset(name for name, color in named if (picture == color).all(-1).any())
    return Regions(picture, colors) if colors else None


def _check_layer(layer: NDArray[np.uint8], size: tuple[int, int]) -> None:
    height, width = layer.shape[:2]
    if height * width > _MOST_PAINTED:
        raise SettingsError(
            f"the canvas has {width} x {height} pixels, and the limit is "
            f"{_MOST_PAINTED / 1e6:g} million; paint regions on the page"
        )
    if (height, width) != size:
        raise SettingsError("the layers of the canvas differ in size; load the photograph again")


def _nearest(pixels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the index of the nearest colour of each pixel; pixels are (N, 3)."""
    distance = np.abs(pixels[:, None].astype(np.int16) - _COLORS).sum(-1)
    nearest: NDArray[np.intp] = distance.argmin(-1)
    return nearest


def region_settings(regions: Regions | None, styles: int, folder: Path) -> Mapping[str, Any]:
    """Return the settings for regions, and write their mask picture.

    Args:
        regions: From `read_regions`.
        styles: Number of styles.
        folder: Folder for the mask picture.

    Raises:
        SettingsError: A colour stands for a missing style.

    Example:
        >>> region_settings(None, 1, Path("."))
        {}
    """
    if regions is None:
        return {}
    if BLUE in regions.colors and styles < 2:
        raise SettingsError(
            "blue regions get the second style, but only one is selected; select a second style, "
            "or paint in red"
        )
    path = folder / "regions.png"
    PIL.fromarray(regions.picture).save(path)
    found: dict[str, Any] = {}
    if GREEN in regions.colors:
        found["protect"] = f"{path}{GREEN}"
    if regions.colors & {RED, BLUE}:
        own = [RED, BLUE][:styles]
        masks = [f"{path}{color}" if color in regions.colors else REST for color in own]
        found["masks"] = (*masks, *[REST] * (styles - len(own)))
    return found
