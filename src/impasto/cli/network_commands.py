"""The commands that train and export networks, as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from ..settings import Settings
from ..training_settings import TrainingSettings
from ..types import Kind
from .options import Cluster, Common, Flat, OptionalPath


@dataclass(frozen=True)
class Train:
    """Train a painting network."""

    photographs: Annotated[Positional[Path], arg(metavar="PHOTOS")]
    """Folder of photographs."""
    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE")]
    """Paintings, or folders of them; styles get the files' names. None trains only a predictor."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """Folder of model, state, losses and previews; created if missing."""
    pairs: OptionalPath = None
    """Folder made by make-pairs from these photographs and one of the paintings."""
    others: OptionalPath = None
    """Folder of paintings to train a predictor on, which makes a style of any painting."""
    model: OptionalPath = None
    """Network to start from, in place of a new one."""
    resume: bool = False
    """Resume the training in the folder."""
    save_every: Annotated[int, arg(metavar="N")] = 200
    """Write the state every N steps."""
    preview_every: Annotated[int, arg(metavar="N")] = 500
    """Write a contact sheet of previews every N steps."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the model."""
    settings: Annotated[TrainingSettings, Flat] = field(default_factory=TrainingSettings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Learn:
    """Teach a network one new style, in minutes."""

    painting: Annotated[Positional[Path], arg(metavar="PAINTING")]
    """The painting."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """The model file; <painting>.impasto by default. A preview is written beside it."""
    photographs: OptionalPath = None
    """Folder of photographs to learn on; a few samples by default."""
    model: OptionalPath = None
    """Network to start from; the shipped one by default."""
    trunk: bool = False
    """Train the whole network, not only the style vector: slower, and closer to the painting."""
    steps: int = 300
    """Training steps."""
    content_weight: float = TrainingSettings().content_weight
    """Weight of the content loss; larger keeps more of the photograph."""
    style_size: int = TrainingSettings().style_size
    """Long side of the painting in VGG19, pixels; larger gives larger strokes."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace existing files."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the model."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class MakePairs:
    """Stylize a folder of photographs as training examples."""

    photographs: Annotated[Positional[Path], arg(metavar="PHOTOS")]
    """Folder of photographs."""
    style: Annotated[Positional[Path], arg(metavar="STYLE")]
    """The painting, or the name of a shipped style."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """Folder of the painted pictures; created if missing. Finished pictures are skipped."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the paths of the pictures."""
    cluster: Cluster = None
    """Paint several photographs on a Ray cluster: auto starts Ray on this machine, ray://HOST:10001
    or HOST:6379 connects to one that runs."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Export:
    """Export a network as ONNX or LiteRT, checked against Keras."""

    model: Annotated[Positional[Path | None], arg(metavar="MODEL")] = None
    """The network; the shipped one by default."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .onnx, or .tflite for LiteRT. By default <style>.onnx or <model>.onnx."""
    style: Annotated[str | None, arg(metavar="NAME")] = None
    """Style to bake in; by default the style vector is an input of the exported network."""
    kind: Kind = "float32"
    """Number format: float16 halves the file, int8 (weights only) quarters it."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace an existing file."""
    common: Annotated[Common, Flat] = field(default_factory=Common)
