"""Arrays and tensors of any library as NumPy arrays, checked to be pictures.

Tensors of PyTorch, JAX and TensorFlow are recognised by their methods, so no framework is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PIL

from ..errors import PictureError
from .streams import Readable

_CHANNELS = (1, 3, 4)
_OVERSHOOT = 0.1  # floats that exceed 0..1 by less are rounding or ringing, to be clipped


class SupportsArray(Protocol):
    """An array of any library that NumPy can copy, such as a tensor of PyTorch or TensorFlow."""

    def __array__(self) -> Any:
        """Return the values as a NumPy array."""
        ...


class SupportsDLPack(Protocol):
    """An array of any library that exchanges memory by DLPack."""

    def __dlpack__(self, *, stream: Any = None) -> Any:
        """Return the values as a DLPack capsule."""
        ...


ArrayLike: TypeAlias = NDArray[Any] | SupportsArray | SupportsDLPack
PictureSource: TypeAlias = str | Path | ArrayLike | PIL.Image | Readable


class _Calls(NamedTuple):
    """Expressions for error messages, in the methods of an array's own library."""

    name: str
    channels_last: str
    array: str


def is_array(source: object) -> TypeGuard[ArrayLike]:
    """Return whether a value is a NumPy array or can be copied into one.

    Example:
        >>> is_array(np.zeros(3)), is_array("photo.jpg")
        (True, False)
    """
    return hasattr(source, "__array__") or hasattr(source, "__dlpack__")


def to_numpy(source: ArrayLike) -> NDArray[Any]:
    """Return an array or tensor as a NumPy array, copied from its device.

    Args:
        source: A NumPy array, which is returned unchanged; a tensor of PyTorch (on any device, with
            or without gradients), JAX or TensorFlow; or another object with `__array__` or DLPack.

    Returns:
        The values, in the same shape; bfloat16 becomes float32.

    Raises:
        PictureError: The values cannot be copied.

    Example:
        >>> to_numpy(np.float32([[0.5]])).dtype
        dtype('float32')
    """
    if isinstance(source, np.ndarray):
        return source
    values: Any = source
    try:
        if hasattr(values, "detach") and hasattr(values, "cpu"):  # PyTorch
            values = values.detach().cpu()
            values = values.float() if str(values.dtype) == "torch.bfloat16" else values
        copied = np.asarray(values) if hasattr(values, "__array__") else np.from_dlpack(values)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise PictureError(
            f"the {type(source).__name__} cannot be copied into a NumPy array: {error}; pass a "
            "NumPy array"
        ) from error
    return copied.astype(np.float32) if copied.dtype.name == "bfloat16" else copied


def read_array(source: ArrayLike) -> NDArray[Any]:
    """Return an array or tensor as (H, W) or (H, W, C), uint8, uint16 or floats in 0..1.

    The last axis holds the colours. A batch of one, (1, H, W, C), is that picture.

    Args:
        source: As for `to_numpy`; (H, W), (H, W, C) or (1, H, W, C) with 1, 3 or 4 channels.

    Returns:
        (H, W) or (H, W, C).

    Raises:
        PictureError: Shape, type or range is not supported; the message has the call that mends it.

    Example:
        >>> read_array(np.zeros((1, 4, 6, 3), np.uint8)).shape
        (4, 6, 3)
        >>> read_array(np.zeros((3, 40, 60), np.uint8))
        Traceback (most recent call last):
        ...
        impasto.errors.PictureError: the array has the shape (3, 40, 60), channels first; pass ...
    """
    array, calls = to_numpy(source), _calls(source)
    if array.ndim == 4 and len(array) == 1 and array.shape[3] in _CHANNELS:
        array = array[0]
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), *((n,) for n in _CHANNELS)):
        raise PictureError(f"the array has the shape {array.shape}, {_mend_shape(array, calls)}")
    if 0 in array.shape:
        raise PictureError(f"the array has the shape {array.shape}, so it holds no pixels")
    _check_values(array, calls)
    return array


def _calls(source: ArrayLike) -> _Calls:
    if hasattr(source, "permute"):  # PyTorch
        return _Calls("tensor", "permute(1, 2, 0)", "tensor.numpy(force=True)")
    numpy = hasattr(source, "transpose")  # not TensorFlow
    name = "array" if numpy else "numpy.asarray(array)"
    return _Calls(name, "transpose(1, 2, 0)", name)


def _mend_shape(array: NDArray[Any], calls: _Calls) -> str:
    """Describe what is wrong with a shape, and how to mend it."""
    shape, one = array.shape, calls.name
    if array.ndim == 4:
        shape, one = shape[1:], f"{one}[0]"
    if len(shape) == 3 and shape[2] in _CHANNELS:
        return f"a batch of {len(array)} pictures; pass them one by one: {one}"
    if len(shape) == 3 and shape[0] in _CHANNELS:
        return f"channels first; pass {one}.{calls.channels_last}"
    return "expected (H, W), (H, W, 3) or (H, W, 4)"


def _check_values(array: NDArray[Any], calls: _Calls) -> None:
    """Check type and range.

    Raises:
        PictureError: They are not supported.
    """
    kind, name = array.dtype.kind, calls.name
    if kind == "u" and array.dtype.itemsize <= 2:
        return
    if kind not in "biuf":
        raise PictureError(
            f"the array is of type {array.dtype}, expected uint8, uint16, or floats in 0..1"
        )
    low, high = float(array.min()), float(array.max())
    if kind != "f":
        fitting = "float32" if kind == "b" else "uint8" if high <= 255 else "uint16"
        mend = "scale it to 0..255"
        if low >= 0 and high <= 65535:
            mend = f'pass {calls.array}.astype("{fitting}")'
        raise PictureError(
            f"the array is of type {array.dtype}, expected uint8, uint16, or floats in 0..1; {mend}"
        )
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError("the array holds values that are not finite; replace them by 0..1")
    if low < 0 or high > 1:
        raise PictureError(
            f"the values of the array range from {low:.9g} to {high:.9g}, expected 0..1; "
            f"{_mend_range(low, high, name)}"
        )


def _mend_range(low: float, high: float, name: str) -> str:
    if low > -_OVERSHOOT and high < 1 + _OVERSHOOT:
        return f"clip them: {name}.clip(0, 1)"
    if -1 <= low < 0 and high <= 1:
        return f"shift them from -1..1: ({name} + 1) / 2"
    for largest in (255, 65535):
        if low >= 0 and high <= largest:
            return f"divide by {largest}: {name} / {largest}"
    return "scale them, or pass uint8 or uint16"


def not_a_picture(source: object) -> PictureError:
    """Return the error for a value that is neither path, image, array nor file object.

    Example:
        >>> print(not_a_picture(b""))
        expected a path, an array, a Pillow image or a file object, got bytes; pass io.BytesIO(data)
    """
    advice = ""
    if isinstance(source, bytes | bytearray | memoryview):
        advice = "; pass io.BytesIO(data)"
    elif hasattr(source, "image"):  # a `Picture`, `Result` or `Step`
        advice = "; pass its attribute .image"
    kind = type(source).__name__
    return PictureError(
        f"expected a path, an array, a Pillow image or a file object, got {kind}{advice}"
    )
