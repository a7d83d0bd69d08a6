"""Write LiteRT (TensorFlow Lite) files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendError
from ..types import Kind, Tensor
from . import BACKEND

Arrays = Mapping[str, NDArray[np.float32]]


def require_litert() -> None:
    """Check that Keras runs on TensorFlow, which LiteRT files need.

    Raises:
        BackendError: Keras runs on another framework.
    """
    if BACKEND != "tensorflow":
        raise BackendError(
            f"LiteRT export needs TensorFlow, and Keras runs on {BACKEND}; choose it with "
            '--backend tensorflow or KERAS_BACKEND (pip install "impasto[tensorflow]")'
        )


def to_litert(
    function: Callable[..., Tensor],
    shapes: Mapping[str, tuple[int | None, ...]],
    kind: Kind,
) -> bytes:
    """Convert a function of tensors to a LiteRT file.

    Args:
        function: Takes float32 tensors by the names in `shapes`; returns one.
        shapes: Their shapes, with None for variable sides.
        kind: Number format of the constants; `int8` uses 8 bits for large ones.

    Returns:
        The file's bytes.
    """
    import tensorflow as tf

    signature = {name: tf.TensorSpec(shape, tf.float32, name) for name, shape in shapes.items()}
    graph = tf.function(function).get_concrete_function(**signature)
    with _quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph])
        if kind != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def run_litert(data: bytes, feed: Arrays) -> NDArray[np.float32]:
    """Run a LiteRT file on the CPU."""
    import tensorflow as tf

    with _quiet():
        interpreter = tf.lite.Interpreter(model_content=data)
        places = {each["name"]: each["index"] for each in interpreter.get_input_details()}
        for name, place in places.items():
            interpreter.resize_tensor_input(place, _of(feed, name).shape)
        interpreter.allocate_tensors()
        for name, place in places.items():
            interpreter.set_tensor(place, _of(feed, name))
        interpreter.invoke()
        result: NDArray[np.float32] = interpreter.get_tensor(
            interpreter.get_output_details()[0]["index"]
        )
    return result


def _of(feed: Arrays, name: str) -> NDArray[np.float32]:
    """Find an array by the converter's name of an input, such as `serving_default_picture:0`."""
    return next(value for key, value in feed.items() if key in name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the converter's log and the deprecation warning of the package."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"(?s).*tf\.lite\.Interpreter is deprecated")
            yield
    finally:
        logger.setLevel(level)
