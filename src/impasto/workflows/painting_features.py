"""VGG19 features of the paintings of a training, cached in its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..images.files import atomic_write, read_image
from ..settings import Settings
from ..training_settings import TrainingSettings
from ..types import Image

FILE = "looks.npz"
_AHEAD = 8  # paintings read ahead

Arrays = dict[str, NDArray[Any]]


class PaintingFeatures(NamedTuple):
    """VGG19 features of paintings; each array has one entry per painting.

    Attributes:
        statistics: As in `engines.network.painting_statistics`, (K, F).
        halves: Packed Gram matrices by style layer, see `engines.network.training_data.pack`.
        scales: Factors of the packed matrices by style layer, (K,).
    """

    statistics: NDArray[np.float32]
    halves: Mapping[str, NDArray[np.float16]]
    scales: Mapping[str, NDArray[np.float32]]


def load_features(
    paintings: Sequence[Path],
    folder: Path,
    kernels: Any,
    loss: Settings,
    settings: TrainingSettings,
) -> PaintingFeatures:
    """Compute the features of paintings, or read them from the cache.

    Args:
        paintings: Paths.
        folder: Folder of the training, which holds the cache.
        kernels: VGG19, from `objective.load_kernels`.
        loss: Style layers and precision.
        settings: `style_size` and `workers`.

    Raises:
        PictureError: A painting cannot be used, or the cache cannot be written.
    """
    wanted = [f"{path.name} {path.stat().st_size}" for path in paintings]
    about = json.dumps([settings.style_size, loss.precision, *loss.style_layers])
    known = _read(folder / FILE, about, wanted)
    if known is None:
        known = _look(paintings, kernels, loss, settings)
        with atomic_write(folder / FILE) as file:
            everything: dict[str, Any] = {"about": about, "paintings": wanted, **known}
            np.savez(file, **everything)
    names = loss.style_layers
    return PaintingFeatures(
        known["statistics"],
        {name: known[f"halves/{name}"] for name in names},
        {name: known[f"scales/{name}"] for name in names},
    )


def _read(path: Path, about: str, wanted: Sequence[str]) -> Arrays | None:
    """Return cached features; None if a painting is missing or the settings differ."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            places = {str(name): i for i, name in enumerate(file["paintings"])}
            if str(file["about"]) != about or not places.keys() >= {*wanted}:
                return None
            chosen = [places[name] for name in wanted]
            names = [name for name in file.files if name not in ("about", "paintings")]
            return {name: file[name][chosen] for name in names}
    except Exception:  # damaged archives raise all kinds; recompute
        return None


def _look(
    paintings: Sequence[Path], kernels: Any, loss: Settings, settings: TrainingSettings
) -> Arrays:
    from ..engines.network.painting_statistics import compute_painting_statistics
    from ..engines.network.training_data import pack

    found: dict[str, list[NDArray[Any]]] = {}
    for image in _images(paintings, settings.workers):
        seen = compute_painting_statistics(image, kernels, loss, settings.style_size)
        found.setdefault("statistics", []).append(seen.statistics[None])
        for name, gram in seen.grams.items():
            packed = pack([gram])
            found.setdefault(f"halves/{name}", []).append(packed.halves)
            found.setdefault(f"scales/{name}", []).append(packed.scales)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _images(paintings: Sequence[Path], workers: int) -> Iterator[Image]:
    """Read paintings in order, some ahead."""
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(paintings), _AHEAD):
            yield from pool.map(read_image, paintings[start : start + _AHEAD])
