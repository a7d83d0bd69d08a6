"""Find faces, and keep their features recognisable under the strokes.

The detector is scikit-image's cascade of local binary patterns, with the weights that ship with it.
It finds upright faces from the front.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..types import Image, Mask, Size
from .scales import at_long_side

if TYPE_CHECKING:
    from skimage.feature import Cascade

_SIDE = 400  # long side of the picture that is searched, pixels
_SMALLEST = 32  # side of a face in it
_NEIGHBOURS = 8  # overlapping detections that make a face
_STEP = 1.1  # factor between the sizes of faces that are searched
# Centre and radii of the oval in a detected square, in units of its side, and the oval's soft edge.
_CENTER, _RADII = (0.52, 0.5), (0.62, 0.48)
_EDGE_START, _EDGE_END = 0.8, 1.15
_INSIDE = 0.5  # of the mask, where colours are measured
_LEAST_DEVIATION = 1e-3

Box: TypeAlias = tuple[slice, slice]


class Face(NamedTuple):
    """An oval, in fractions of the picture's height and width.

    Attributes:
        y: Of the centre, from the top.
        x: Of the centre, from the left.
        height: Half of it.
        width: Half of it.
    """

    y: float
    x: float
    height: float
    width: float


def find_faces(image: Image) -> list[Face]:
    """Find upright faces from the front, with a side of at least a twelfth of the picture's.

    Args:
        image: (H, W, 3), sRGB, 0..1.

    Returns:
        The faces; none if there are none, or if they are turned or small.

    Source:
        scikit-image, `skimage.feature.Cascade`; Liao et al., "Learning Multi-scale Block Local
        Binary Patterns for Face Recognition", 2007.
    """
    grey = at_long_side(image, _SIDE).mean(axis=-1)
    rows, columns = grey.shape
    searched = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=-1)
    found = _detector().detect_multi_scale(
        img=searched,
        scale_factor=_STEP,
        step_ratio=1,
        min_size=(_SMALLEST, _SMALLEST),
        max_size=(_SIDE, _SIDE),
        min_neighbor_number=_NEIGHBOURS,
    )
    return [
        Face(
            (box["r"] + _CENTER[0] * box["height"]) / rows,
            (box["c"] + _CENTER[1] * box["width"]) / columns,
            _RADII[0] * box["height"] / rows,
            _RADII[1] * box["width"] / columns,
        )
        for box in found
    ]


@functools.cache
def _detector() -> Cascade:
    import skimage.data
    from skimage.feature import Cascade

    return Cascade(skimage.data.lbp_frontal_face_cascade_filename())


def faces_to_keep(photograph: Image, amount: float) -> list[Face]:
    """Find the faces for `keep_faces`; warn if there are none.

    Args:
        photograph: (H, W, 3), sRGB, 0..1.
        amount: 0 finds none.
    """
    if amount == 0:
        return []
    faces = find_faces(photograph)
    if not faces:
        warnings.warn(
            "no face was found, so keep_faces has no effect; faces must be upright and seen from "
            "the front, else paint them grey in a mask for protect",
            stacklevel=2,
        )
    return faces


def keep_faces(painted: Image, photograph: Image, faces: Sequence[Face], amount: float) -> Image:
    """Blend the photograph's faces into a painted picture, in the painted face's colours.

    Args:
        painted: (H, W, 3), sRGB, 0..1.
        photograph: In the same format and size.
        faces: From `find_faces`.
        amount: 0 leaves the picture, 1 replaces the faces.

    Returns:
        (H, W, 3).
    """
    kept = painted.copy() if faces else painted
    for face in faces:
        box = _box(face, painted.shape[:2])
        mask = face_mask(face, painted.shape[:2], box)
        recolored = _recolored(photograph[box], painted[box], mask > _INSIDE)
        kept[box] += np.float32(amount) * mask[..., None] * (recolored - kept[box])
    return kept


def _box(face: Face, size: Size) -> Box:
    """Return the rows and columns that the oval touches."""

    def span(center: float, radius: float, side: int) -> slice:
        low, high = (center - radius * _EDGE_END) * side, (center + radius * _EDGE_END) * side
        start, stop = (int(np.clip(each, 0, side)) for each in (np.floor(low), np.ceil(high)))
        return slice(start, stop)

    return span(face.y, face.height, size[0]), span(face.x, face.width, size[1])


def face_mask(face: Face, size: Size, box: Box = (slice(None), slice(None))) -> Mask:
    """Draw the oval of a face with a soft edge.

    Args:
        face: The face.
        size: Height and width of the picture.
        box: Rows and columns of it to draw; all by default.

    Returns:
        (H, W), or the part in the box; 0..1.
    """
    rows, columns = (np.arange(side, dtype=np.float32) + 0.5 for side in size)
    rows, columns = rows[box[0]], columns[box[1]]
    y = (rows[:, None] / size[0] - face.y) / face.height
    x = (columns / size[1] - face.x) / face.width
    distance = np.hypot(y, x)
    return np.clip((_EDGE_END - distance) / (_EDGE_END - _EDGE_START), 0, 1).astype(np.float32)


def _recolored(photograph: Image, painted: Image, inside: NDArray[np.bool_]) -> Image:
    """Give the photograph mean and contrast of each channel that the painted face has."""
    if not inside.any():
        return painted
    theirs, ours = painted[inside], photograph[inside]
    contrast = theirs.std(axis=0) / np.maximum(ours.std(axis=0), _LEAST_DEVIATION)
    recolored = (photograph - ours.mean(axis=0)) * contrast + theirs.mean(axis=0)
    return np.asarray(np.clip(recolored, 0, 1))
