"""Model files: one `.impasto` file holds a trunk, its styles and a card.

It is a safetensors file, which can hold arrays and text but no code. The text is JSON: the version
of the format, the architecture, the names of the styles, and the card.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ...images.files import atomic_write
from .model import SIZES, Architecture, PaintingModel, Predictor, style_size

VERSION = 1
SUFFIX = ".impasto"
_KIND = "impasto"
_MOST = 4096  # channels, and blocks
_ADVICE = "expected a file made by impasto train or impasto learn"

Arrays = Mapping[str, NDArray[Any]]


def names_a_model(text: str) -> bool:
    """Return whether a text names a model file, or one of its styles as `FILE/NAME`.

    Example:
        >>> names_a_model("run/model.impasto/wave"), names_a_model("model.impasto.png")
        (True, False)
    """
    path = Path(text)
    return path.suffix == SUFFIX or (path.parent.suffix == SUFFIX and not path.parent.is_dir())


def split_name(text: str) -> tuple[str, str]:
    """Split the name of a model into its file and a style, which may be empty.

    Example:
        >>> split_name("run/model.impasto/wave")
        ('run/model.impasto', 'wave')
    """
    path, _, name = Path(text).as_posix().partition(f"{SUFFIX}/")
    return path.removesuffix(SUFFIX) + SUFFIX, name


def shipped_path() -> Path:
    """Return the path of the network that ships with the package.

    Example:
        >>> shipped_path().suffix
        '.impasto'
    """
    return Path(str(resources.files("impasto") / "models" / "paintings.impasto"))


def save_model(model: PaintingModel, path: str | Path) -> Path:
    """Write a model in 16 bits, atomically.

    Args:
        model: The model.
        path: Usually ends in .impasto; an existing file is replaced.

    Returns:
        The path.

    Raises:
        PictureError: The file cannot be written.

    Example:
        >>> save_model(load_model("a.impasto"), "b.impasto")  # doctest: +SKIP
    """
    path = Path(path)
    with atomic_write(path) as file:
        file.write(_to_bytes(model))
    return path


def model_digest(model: PaintingModel) -> str:
    """Return the SHA-256 of the file that `save_model` writes, hexadecimal.

    Example:
        >>> model_digest(load_model("a.impasto"))  # doctest: +SKIP
    """
    return hashlib.sha256(_to_bytes(model)).hexdigest()


def _to_bytes(model: PaintingModel) -> bytes:
    from safetensors.numpy import save

    arrays = {f"trunk/{i:03d}": array for i, array in enumerate(model.trunk)}
    arrays["styles"] = np.stack(list(model.styles.values()))
    if model.predictor is not None:
        arrays |= {f"predictor/{k}": v for k, v in model.predictor._asdict().items()}
    about = {
        "version": VERSION,
        "architecture": model.architecture._asdict(),
        "styles": list(model.styles),
        "card": dict(model.card),
    }
    halves = {name: np.ascontiguousarray(array, np.float16) for name, array in arrays.items()}
    return save(halves, {_KIND: json.dumps(about)})


def load_model(path: str | Path) -> PaintingModel:
    """Read a model; `shipped_model` reads the one that ships with the package.

    Raises:
        ModelError: The file cannot be read, is not a model, is damaged, or of a newer version.

    Example:
        >>> list(load_model("run/model.impasto").styles)  # doctest: +SKIP
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no model file {path}; {_ADVICE}")
    try:
        with safe_open(path, framework="numpy") as file:
            about = _read_about(path, file.metadata())
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path} is not a model of Impasto, or it is damaged ({error}); {_ADVICE}"
        ) from error
    try:
        return _assemble(about, arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} is damaged: {error}; download or train it again") from error


def _read_about(path: Path, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((metadata or {})[_KIND])
        version = int(about["version"])
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ModelError(
            f"{path} is a safetensors file, but not a model of Impasto; {_ADVICE}"
        ) from error
    if version > VERSION:
        raise ModelError(
            f"{path} was made by a newer Impasto (its format is {version}, this one reads "
            f"{VERSION}); run pip install --upgrade impasto"
        )
    return about


def _read_architecture(made_of: Mapping[str, Any]) -> Architecture:
    lists = {name: tuple(made_of[name]) for name in ("widths", "up_blocks") if name in made_of}
    architecture = Architecture(**{**made_of, **lists})
    numbers = (*architecture.widths, architecture.blocks)
    whole = all(type(number) is int and 1 <= number <= _MOST for number in numbers)
    later = all(type(number) is int and 0 <= number <= _MOST for number in architecture.up_blocks)
    if not 4 <= len(architecture.widths) <= len(SIZES) or not whole or not later:
        raise ValueError(f"its architecture {dict(made_of)} is invalid")
    return architecture


def _assemble(about: Mapping[str, Any], arrays: Arrays) -> PaintingModel:
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    infinite = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if infinite:
        raise ValueError(f"{min(infinite)} holds numbers that are not finite")
    architecture = _read_architecture(dict(about["architecture"]))
    vectors, names, card = arrays["styles"], list(about["styles"]), dict(about["card"])
    if vectors.shape != (len(names), style_size(architecture)):
        raise ValueError(f"its style vectors have the shape {vectors.shape}")
    if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise ValueError("the names of its styles are not distinct strings")
    json.dumps([names, card], ensure_ascii=False).encode()  # a ValueError if it is not valid text
    entries = card.get("styles", {})
    if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        raise ValueError("its card does not describe its styles")
    predictor = None
    if any(name.startswith("predictor/") for name in arrays):
        predictor = Predictor(*(arrays[f"predictor/{name}"] for name in Predictor._fields))
    return PaintingModel(
        architecture,
        tuple(arrays[name] for name in sorted(arrays) if name.startswith("trunk/")),
        dict(zip(names, vectors, strict=True)),
        predictor,
        card,
    )
