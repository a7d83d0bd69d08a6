"""Checkpoint files: safetensors, which holds arrays and text but no code.

The text is JSON: the version of this format, the snapshot's `about`, and a checksum, since a disk
or a power failure may leave a file of the right length with the wrong bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...images.files import atomic_write
from ...types import Snapshot

VERSION = 1
_KIND = "impasto-checkpoint"
_DTYPES = {"float32": "F32", "float64": "F64", "int32": "I32", "int64": "I64", "bool": "BOOL"}
_ALIGNMENT = 8  # bytes, of the numbers in the file
_ADVICE = "start the run again with impasto stylize ... --force"


def write_snapshot(path: str | Path, snapshot: Snapshot) -> Path:
    """Write a snapshot atomically, without a second copy of it in memory.

    Args:
        path: The file; an existing one is replaced once the new one is on the disk.
        snapshot: Arrays of float32, float64, int32, int64 or bool, of any shape.

    Returns:
        The path.

    Raises:
        PictureError: The file cannot be written; an existing one is unchanged.

    Example:
        >>> write_snapshot("state", Snapshot({"x": np.zeros(3)}, {}))  # doctest: +SKIP
    """
    path = Path(path)
    arrays = _in_order(snapshot.arrays)
    text = json.dumps({"version": VERSION, "about": snapshot.about})
    header = _header(arrays, {_KIND: text, "crc32": f"{_checksum(text, arrays):08x}"})
    with atomic_write(path) as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for array in arrays.values():
            file.write(array.data)
    return path


def _in_order(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Sort arrays in the order of the file: largest item size first, so all are aligned."""
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    # np.ascontiguousarray would add an axis to scalars.
    return {name: np.require(arrays[name], requirements="C") for name in order}


def _header(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Make the header of a safetensors file; the library's writer would copy all arrays."""
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        kind = _DTYPES[str(array.dtype)]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    return text + b" " * (-len(text) % _ALIGNMENT)


def _checksum(text: str, arrays: Mapping[str, NDArray[Any]]) -> int:
    total = zlib.crc32(text.encode())
    for name, array in arrays.items():
        total = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), total)
        total = zlib.crc32(array.data, total)
    return total


def read_snapshot(path: str | Path) -> Snapshot:
    """Read a snapshot that `write_snapshot` wrote.

    Args:
        path: The file.

    Returns:
        The snapshot; its arrays are the same, bit for bit.

    Raises:
        ModelError: The file is missing, damaged, cut off, of a newer version, or of another kind.

    Example:
        >>> read_snapshot("state").arrays["x"]  # doctest: +SKIP
        array([0., 0., 0.])
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no checkpoint {path}; {_ADVICE}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = _in_order({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        text = metadata[_KIND]
        if int(metadata["crc32"], 16) != _checksum(text, arrays):
            raise ValueError("its checksum is wrong")
        known = json.loads(text)
        version, about = int(known["version"]), dict(known["about"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path} is not a checkpoint of Impasto, or it is damaged ({error}); {_ADVICE}"
        ) from error
    if version > VERSION:
        raise ModelError(
            f"{path} was made by a newer Impasto (its format is {version}, this one reads "
            f"{VERSION}); run pip install --upgrade impasto"
        )
    return Snapshot(arrays, about)
