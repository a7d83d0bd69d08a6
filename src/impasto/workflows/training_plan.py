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
    """Inputs, settings and folder of a training.

    Attributes:
        photographs: Paths of the photographs.
        styles: Paths of the paintings that become styles, by style name.
        others: Paths of further paintings for the predictor; empty trains none.
        folder: Folder of state, model, losses and previews.
        settings: Settings.
        pairs: Photographs painted by the iterative route in one of the styles; None for none.
        model: File of the network to start from; None starts from a new one.
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
        """Whether only the predictor of a network is trained."""
        return not self.styles

    def about(self) -> dict[str, Any]:
        """Return inputs and settings, which must match on resume but for the length of the run."""
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
    """Collect the inputs of a training.

    Args:
        photographs: Folder of photographs.
        styles: Paintings, or folders of them; styles are named after the files. An empty list, with
            `others` and `model`, trains only the predictor of that network.
        folder: Folder of the training; created if missing.
        settings: Settings.
        others: Folder of paintings to train a predictor on, which makes a style of any painting;
            None trains no predictor.
        pairs: Folder made by `make_pairs` from these photographs and one of the paintings; None
            trains on the perceptual loss only.
        model: File of the network to start from, in place of a new one; its widths and blocks
            override the settings.

    Raises:
        PictureError: A folder is missing or empty, or two paintings have the same name.
        ModelError: The pairs are of another painting or of other photographs; or there is no such
            model.
        SettingsError: There are neither styles nor a predictor to train.

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
            f"two paintings have the same name, or one is named {PHOTOGRAPH}; rename one"
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
