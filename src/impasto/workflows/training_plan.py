"""The inputs and settings of a training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engines.network.model import PHOTOGRAPH
from ..engines.network.model_file import load_model
from ..errors import ModelError, PictureError, SettingsError
from ..images.listing import list_pictures
from ..training_settings import TrainingSettings
from .pairs import Pairs, read_pairs


@dataclass(frozen=True)
class Training:
    """What to train on, and where it goes.

    Attributes:
        photographs: Paths of the photographs.
        styles: Paths of the paintings that become styles, by the styles' names.
        others: Paths of paintings that the predictor learns from, too; empty trains none.
        folder: Where state, model, losses and previews go.
        settings: All knobs.
        pairs: Photographs that the slow route has painted in one of the styles; None for none.
        model: File of the network to begin with; None begins with a fresh one.
        model_sha256: Its digest when the training was planned; empty without one.
    """

    photographs: tuple[Path, ...]
    styles: Mapping[str, Path]
    others: tuple[Path, ...]
    folder: Path
    settings: TrainingSettings
    pairs: Pairs | None = None
    model: Path | None = None
    model_sha256: str = ""

    @property
    def predictor_alone(self) -> bool:
        """Whether the predictor of a network is taught, and nothing else of it changed."""
        return not self.styles

    def about(self) -> dict[str, Any]:
        """Return what must be the same for it to go on, ready for JSON."""
        return {
            **self.settings.model_dump(mode="json", exclude={"workers"}),
            "photographs": [path.name for path in self.photographs],
            "styles": {name: path.name for name, path in self.styles.items()},
            "others": [path.name for path in self.others],
            "model": self.model_sha256 or None,
            "pairs": self.pairs and [path.name for path in self.pairs.painted.values()],
        }


def make_training(
    photographs: str | Path,
    styles: Sequence[str | Path],
    folder: str | Path,
    settings: TrainingSettings,
    *,
    others: str | Path | None = None,
    pairs: str | Path | None = None,
    model: str | Path | None = None,
) -> Training:
    """Gather what to train on.

    Args:
        photographs: Folder of photographs.
        styles: Paintings, or folders of them; a style is named after its file. None of them, with
            `others` and `model`, teaches the predictor of that network, and keeps all else of it.
        folder: Where everything goes; made if it is missing.
        settings: All knobs.
        others: Folder of paintings that a predictor learns from, so that any painting can be a
            style later; None trains no predictor.
        pairs: Folder made by `make_pairs` from these photographs and one of the paintings; None
            trains on the perceptual loss alone.
        model: File of the network to begin with, in place of a fresh one; its widths and blocks are
            kept, whatever the settings.

    Raises:
        PictureError: A folder is missing or empty, or two paintings have one name.
        ModelError: The pairs are of another painting or of other photographs; or there is no such
            model.
        SettingsError: There is nothing to learn.

    Example:
        >>> settings = TrainingSettings(steps=2000)
        >>> training = make_training("photos", ["wave.jpg"], "run", settings)  # doctest: +SKIP
    """
    paintings: list[Path] = []
    for place in map(Path, styles):
        paintings += list_pictures(place) if place.is_dir() else [place]
    if not paintings and (others is None or model is None):
        raise SettingsError(
            "give at least one painting to learn, or a model and other paintings for its predictor"
        )
    names = [path.stem for path in paintings]
    if len({*names, PHOTOGRAPH}) <= len(names):
        raise PictureError(
            f"two paintings have the same name, or one is called {PHOTOGRAPH}; rename one"
        )
    if model is not None:
        load_model(model)
        if Path(model).resolve().parent == Path(folder).resolve():
            raise ModelError(
                f"{model} lies in {folder}, where the training would replace it; "
                "choose another folder"
            )
    found = None if pairs is None else read_pairs(pairs, photographs)
    if found is not None and found.style not in names:
        raise ModelError(
            f"the pairs in {pairs} are of {found.style}, which is none of the styles: "
            f"{', '.join(names)}"
        )
    return Training(
        tuple(list_pictures(photographs)),
        dict(zip(names, paintings, strict=True)),
        () if others is None else tuple(list_pictures(others)),
        Path(folder),
        settings,
        found,
        None if model is None else Path(model),
        "" if model is None else hashlib.sha256(Path(model).read_bytes()).hexdigest(),
    )
