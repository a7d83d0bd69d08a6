"""Types shared by all packages.

Array conventions of the package:

- `Image` is NumPy float32 of shape (H, W, 3), channels red, green, blue, sRGB, 0..1.
- *pixels* are the same numbers as a tensor of the framework, shape (N, H, W, 3).
- *features* are tensors of shape (N, h, w, C).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

from .display import png_preview, size_and_mode, to_pil

Image: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.float32]  # (H, W), 0..1
Size: TypeAlias = tuple[int, int]  # height, width, as in array shapes
Tensor: TypeAlias = Any  # a tensor of whichever framework is in use
Kind: TypeAlias = Literal["float32", "float16", "int8"]  # how an exported network stores numbers


def array_digest(*arrays: NDArray[Any]) -> str:
    """Return the SHA-256 of the dtypes, shapes and values of arrays, hexadecimal.

    Example:
        >>> array_digest(np.zeros((2, 3)))[:8]
        '333e4a35'
    """
    digest = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{little.dtype.str} {little.shape}".encode())
        digest.update(little.data)
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with the alpha, EXIF and name of its file.

    Attributes:
        image: The colours, upright, (H, W, 3).
        alpha: Opacity, (H, W), 0 transparent .. 1 opaque; None if the file has none.
        exif: The EXIF block, orientation reset to upright; None if the file has none.
        name: The file's name without its folder; empty for arrays.
        path: The file, absolute; None for arrays and Pillow images.
        file_sha256: Of the file's bytes, hexadecimal; empty for arrays and Pillow images.
    """

    image: Image
    alpha: Mask | None = None
    exif: bytes | None = None
    name: str = ""
    path: Path | None = None
    file_sha256: str = ""

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 that identifies the picture, hexadecimal.

        Of the file's bytes. Without a file, of the arrays: for the colours, and for the opacity if
        there is one, NumPy's name of the dtype, the shape, and the values row by row, as in
        `<f4 (4, 6, 3)` and 288 bytes. Equal arrays and Pillow images have equal digests.
        """
        if self.file_sha256:
            return self.file_sha256
        return array_digest(self.image, *([] if self.alpha is None else [self.alpha]))

    def __repr__(self) -> str:
        name = f", {self.name!r}" if self.name else ""
        return f"Picture({size_and_mode(self.image, self.alpha)}{name})"

    def to_pil(self) -> PIL.Image:
        """Return the picture as a Pillow image of 8 bits, RGB, or RGBA if it has an alpha."""
        return to_pil(self.image, self.alpha)

    def _repr_png_(self) -> bytes:
        return png_preview(self.to_pil())


class Moments(NamedTuple):
    """Sums over the positions of a feature map; additive over tiles, masks and blends.

    Attributes:
        weight: Number of positions (or sum of their weights), a scalar tensor.
        first: Sum of the features, (C,).
        second: Sum of the outer products, the unnormalised Gram matrix, (C, C).
    """

    weight: Tensor
    first: Tensor
    second: Tensor


class Region(NamedTuple):
    """A part of the picture and its style targets, by layer.

    Attributes:
        style: Moments of the painting's features, scaled to its number of positions.
        roots: Square roots of their covariances, (C, C); for the style loss `moments` only.
        patches: Target features of each position of the picture, (1, h, w, C); for the style
            loss `patches` only, which needs nothing else.
        masks: Membership of each position in the region, (1, h, w, 1); empty for all positions.
        shares: Factors of the loss, scalars; empty for the whole picture.
    """

    style: Mapping[str, Moments]
    roots: Mapping[str, Tensor] = {}  # never written to
    patches: Mapping[str, Tensor] = {}
    masks: Mapping[str, Tensor] = {}
    shares: Mapping[str, Tensor] = {}


class Targets(NamedTuple):
    """Targets of the losses, computed once per scale.

    Attributes:
        content: Features of the photograph at the content layers, each (1, h, w, C).
        regions: Style targets by region; without masks, one region.
    """

    content: Mapping[str, Tensor]
    regions: tuple[Region, ...]


class TemporalTarget(NamedTuple):
    """What a frame of a clip is to resemble, and where.

    Attributes:
        image: The painted frame before, moved along the optical flow, (H, W, 3), 0..1.
        known: 1 where the motion is known, 0 elsewhere, (H, W).
        weight: Weight of the loss.
    """

    image: Image
    known: Mask
    weight: float


@dataclass(frozen=True, eq=False)
class Guidance:
    """Masks and weights of several styles, and the frame before in a clip.

    Attributes:
        weights: Weights of styles that share a region; empty for equal weights.
        masks: Where each style applies, (H, W) at any size; None for everywhere. Empty: everywhere.
        style_masks: Which part of each painting its style is taken from, in the same form.
        protect: Where the photograph stays unchanged, in the same form; None for nowhere.
        temporal: For a frame of a clip, the one before.
    """

    weights: tuple[float, ...] = ()
    masks: tuple[Mask | None, ...] = ()
    style_masks: tuple[Mask | None, ...] = ()
    protect: Mask | None = None
    temporal: TemporalTarget | None = None


class Snapshot(NamedTuple):
    """The state of a run as arrays on the host, enough to resume it.

    Attributes:
        arrays: The arrays by name.
        about: Metadata, ready for JSON.
    """

    arrays: Mapping[str, NDArray[Any]]
    about: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Step:
    """Progress of a run: the best picture of the current scale, losses and counters.

    Attributes:
        scale: Index of the current scale, from 0.
        scales: Number of scales.
        size: Height and width of the picture at this scale.
        iteration: Evaluations of loss and gradient so far, over all scales.
        iterations: Evaluations planned in total.
        round: Rounds of the optimizer finished so far, over all scales.
        end_of_round: Whether this step ends a round.
        parts: Weighted losses of the picture as scalar tensors, see `losses`.
        read: Returns the picture as an `Image`.
        snapshot: Returns the state, to resume the run from here; None if it cannot be resumed.

    Picture and losses are copied from the device only when `image` or `losses` is read.
    """

    scale: int
    scales: int
    size: Size
    iteration: int
    iterations: int
    round: int
    end_of_round: bool
    parts: Mapping[str, Tensor]
    read: Callable[[], Image]
    snapshot: Callable[[], Snapshot] | None = None

    @property
    def image(self) -> Image:
        """The picture, (H, W, 3), clipped to 0..1."""
        return self.read()

    @property
    def losses(self) -> dict[str, float]:
        """Weighted losses by name.

        `content`, `style` and `tv` add up to `total`; `content/<layer>` and `style/<layer>` add
        up to `content` and `style`.
        """
        return {name: float(part) for name, part in self.parts.items()}

    def __repr__(self) -> str:
        height, width = self.size
        return (
            f"Step(scale {self.scale + 1}/{self.scales}, {width}x{height}, "
            f"evaluation {self.iteration}/{self.iterations})"
        )

    def to_pil(self) -> PIL.Image:
        """Return the picture as a Pillow image of 8 bits, RGB."""
        return to_pil(self.image)

    def _repr_png_(self) -> bytes:
        return png_preview(self.to_pil())


class Stylizer(Protocol):
    """Anything that paints a picture step by step."""

    def __call__(self, content: Picture, *, init: Image | None = None) -> Iterator[Step]:
        """Yield steps; the last one is the result."""
        ...


class TrainingStep(NamedTuple):
    """Progress of a training since the last report: one step on a CPU, several on a GPU.

    Attributes:
        step: Steps done.
        done: Fraction of the training that is done, 0..1.
        seconds: Training time so far, including that before a resume.
        losses: `loss` and its parts, means over these steps and their pictures; see
            `training_model.part_names`.
    """

    step: int
    done: float
    seconds: float
    losses: Mapping[str, float]
