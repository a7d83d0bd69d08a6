"""Output size, and the scales from coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

from ..errors import PictureError
from ..settings import Settings
from ..types import Image, Size

SMALLEST_SIDE = 16  # VGG19 halves a picture four times
_FEWEST_SCALES, _COARSEST_LONG_SIDE = 3, 128
_SHARE, _LAST_SHARE = (
    3.0,
    4.0,
)  # shares of the evaluations: of each scale before the last, and of the last
# Most evaluations of scales beyond these long sides (docs/decisions/0013).
_FEW = ((4096, 6), (2048, 12))
_DETAIL = np.float32(
    0.5
)  # share of the photograph's detail that is added if few evaluations follow
_COARSEST_SIDE = 48  # a smaller scale changes nothing that the next one would not
_FILTERS = {"lanczos": PIL.Resampling.LANCZOS, "nearest": PIL.Resampling.NEAREST}


class Scale(NamedTuple):
    """A scale: the size of the picture and its number of evaluations."""

    size: Size
    iterations: int


def result_size(content: Size, settings: Settings) -> Size:
    """Compute the size of the result.

    Args:
        content: Height and width of the photograph, pixels.
        settings: `height` if given (width rounded down, as the reference does), else `size`.

    Returns:
        Height and width, pixels.

    Raises:
        PictureError: A side would be under 16 pixels.

    Example:
        >>> result_size((427, 640), Settings(preset="classic"))
        (400, 599)
        >>> result_size((427, 640), Settings(size=320))
        (214, 320)
    """
    height, width = content
    if settings.height is not None:
        size = settings.height, int(width * settings.height / height)
        knob = "height"
    else:
        size = fit(content, settings.size)
        knob = "size"
    name = f"the content is {width}x{height} pixels, so the result"
    return check_size(size, name, f"crop the picture or raise {knob}")


def fit(size: Size, long_side: int) -> Size:
    """Scale a size to a long side, keeping the aspect ratio.

    Example:
        >>> fit((300, 600), 100)
        (50, 100)
    """
    factor = long_side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def style_size(style: Size, result: Size, settings: Settings) -> Size:
    """Compute the size of the painting as the network sees it.

    Args:
        style: Height and width of the painting, pixels.
        result: Height and width of the generated picture, pixels.
        settings: `style_fit` and `style_scale`.

    Returns:
        Height and width, pixels.

    Raises:
        PictureError: A side would be under 16 pixels.
    """
    if settings.style_fit == "stretch":
        scaled = [max(1, round(side * settings.style_scale)) for side in result]
        size = scaled[0], scaled[1]
    else:
        size = fit(style, round(max(result) * settings.style_scale))
    name = f"the style picture is {style[1]}x{style[0]} pixels, and at the result's scale it"
    return check_size(size, name, "crop it or raise style_scale")


def check_size(
    size: Size, name: str, remedy: str = "take a larger one", *, least: int = SMALLEST_SIDE
) -> Size:
    """Check that a size is large enough for the network, and return it.

    Args:
        size: Height and width, pixels.
        name: Start of the error message: "<name> would be 300x9 pixels".
        remedy: End of the message.
        least: Smallest side, pixels; that of VGG19 by default.

    Raises:
        PictureError: A side is too short.
    """
    if min(size) < least:
        raise PictureError(
            f"{name} would be {size[1]}x{size[0]}, but each side needs at least "
            f"{least} pixels; {remedy}"
        )
    return size


def plan(content: Size, style: Size, settings: Settings) -> list[Scale]:
    """Plan the sizes from coarse to fine, each about twice the one before.

    The evaluations are shared 3 : ... : 3 : 4. Scales too small to matter are left out. A scale
    beyond 2048 pixels that follows another gets only a few evaluations: its shapes are already
    fixed, and each evaluation costs as much as a whole small picture.

    Args:
        content: Height and width of the photograph, pixels.
        style: Height and width of the painting, pixels.
        settings: `size` or `height`, `scales`, `iterations`.

    Returns:
        The scales, the last one of the result's size; their iterations add up to those of the
        settings, or to less with scales beyond 2048 pixels.

    Raises:
        PictureError: The photograph or the painting is too small or too thin.

    Example:
        >>> plan((400, 600), (400, 600), Settings(size=600, scales=2, iterations=90))
        [Scale(size=(200, 300), iterations=39), Scale(size=(400, 600), iterations=51)]
    """
    final = result_size(content, settings)
    style_size(style, final, settings)
    sizes = [final]
    for level in range(1, settings.scales or default_scales(max(final))):
        size = max(1, round(final[0] / 2**level)), max(1, round(final[1] / 2**level))
        smallest_style = min(fit(style, round(max(size) * settings.style_scale)))
        if min(size) < _COARSEST_SIDE or smallest_style < SMALLEST_SIDE:
            break
        sizes.insert(0, size)
    shares = [_SHARE] * (len(sizes) - 1) + [_LAST_SHARE]
    edges = [round(settings.iterations * sum(shares[:i]) / sum(shares)) for i in range(len(shares))]
    edges.append(settings.iterations)
    most_each = [None, *map(most_iterations, sizes[1:])]
    return [
        Scale(size, end - start if most is None else min(end - start, most))
        for size, start, end, most in zip(sizes, edges[:-1], edges[1:], most_each, strict=True)
    ]


def plan_from(stages: Sequence[Scale], index: int) -> tuple[int, int]:
    """Return the numbers of scales and evaluations that plan only the last scales of a plan.

    Args:
        stages: From `plan`.
        index: Index of the first of these scales.

    Returns:
        `scales` and `iterations` for `Settings`; rounding may change evaluations by one.

    Example:
        >>> stages = plan((400, 600), (400, 600), Settings(size=600, scales=3, iterations=100))
        >>> scales, iterations = plan_from(stages, 1)
        >>> plan((400, 600), (400, 600), Settings(size=600, scales=scales, iterations=iterations))
        [Scale(size=(200, 300), iterations=30), Scale(size=(400, 600), iterations=40)]
    """
    count, first = len(stages) - index, stages[index].iterations
    if count == 1:
        return 1, first
    return count, round(first * ((count - 1) * _SHARE + _LAST_SHARE) / _SHARE)


def most_iterations(size: Size) -> int | None:
    """Return the limit of evaluations at a scale that follows a smaller one, None for no limit.

    Example:
        >>> most_iterations((2250, 3000)), most_iterations((1536, 2048))
        (12, None)
    """
    return next((most for beyond, most in _FEW if max(size) > beyond), None)


def default_scales(long_side: int) -> int:
    """Return the number of scales for a coarsest scale of about 128 pixels, at least 3.

    Large shapes form at sizes where they fit into the receptive field, so large pictures start as
    small as others.

    Example:
        >>> default_scales(512), default_scales(2048)
        (3, 5)
    """
    return max(_FEWEST_SCALES, 1 + round(math.log2(long_side / _COARSEST_LONG_SIDE)))


def enlarge(picture: Image, photograph: Image, size: Size, settings: Settings) -> Image:
    """Enlarge the picture of one scale to the size of the next.

    If the next scale has only a few evaluations, too few to create fine detail, half of the
    photograph's detail is added: half the difference between the photograph and its enlargement
    from the picture's size.

    Args:
        picture: The picture so far, (h, w, 3), 0..1.
        photograph: (H, W, 3), 0..1, any size.
        size: Height and width of the next scale, pixels.
        settings: `resampling`; no detail is added without `content_weight` or if `seamless`.

    Returns:
        (height, width, 3); the picture itself if it has the size.
    """
    larger = resize(picture, size, resampling=settings.resampling)
    small = picture.shape[:2]
    unwanted = (
        not settings.content_weight or settings.seamless
    )  # detail of the photograph would show seams
    if most_iterations(size) is None or max(small) >= max(size) or unwanted:
        return larger
    result = resize(resize(photograph, small), size)  # a new array
    np.subtract(resize(photograph, size), result, out=result)
    result *= _DETAIL
    result += larger
    return np.clip(result, 0, 1, out=result)


def resize(
    array: NDArray[np.float32], size: Size, *, resampling: str = "lanczos"
) -> NDArray[np.float32]:
    """Resize an image or a mask; one of the right size is returned itself.

    Args:
        array: (H, W, C) or (H, W), floats of any range.
        size: Height and width, pixels.
        resampling: `lanczos` (antialiased) or `nearest`.

    Returns:
        (height, width, C) or (height, width), float32. The overshoot of
        Lanczos is clipped to the range of the input.

    Raises:
        KeyError: `resampling` is neither.
    """
    if array.shape[:2] == tuple(size):
        return array
    planes = array[..., None] if array.ndim == 2 else array
    filter_ = _FILTERS[resampling]

    def resized(i: int) -> NDArray[np.float32]:
        plane = PIL.fromarray(np.ascontiguousarray(planes[..., i], dtype=np.float32), mode="F")
        return np.asarray(plane.resize((size[1], size[0]), filter_))

    with ThreadPoolExecutor() as pool:
        stacked = np.stack([*pool.map(resized, range(planes.shape[-1]))], axis=-1)
    np.clip(stacked, planes.min(), planes.max(), out=stacked)
    return stacked[..., 0] if array.ndim == 2 else stacked


def at_long_side(image: NDArray[np.float32], long_side: int) -> NDArray[np.float32]:
    """Return a copy of a picture with a given long side.

    Args:
        image: (H, W, 3), 0..1.
        long_side: Pixels, more or fewer than it has.

    Returns:
        (h, w, 3), 0..1.

    Example:
        >>> at_long_side(np.zeros((20, 40, 3), np.float32), 10).shape
        (5, 10, 3)
    """
    return np.clip(resize(image, fit(image.shape[:2], long_side)), 0, 1)
