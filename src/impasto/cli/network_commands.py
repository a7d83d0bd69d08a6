"""The commands that train and export networks, as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from ..settings import Settings
from ..training_settings import TrainingSettings
from ..types import Kind
from .options import Common, Flat, OptionalPath


@dataclass(frozen=True)
class Train:
    """Train a painting network."""

    photographs: Annotated[Positional[Path], arg(metavar="PHOTOS")]
    """Folder of photographs."""
    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE")]
    """Paintings, or folders of them, named after their files; none to teach a predictor alone."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """Where model, state, losses and previews go; made if it is missing."""
    pairs: OptionalPath = None
    """Folder made by make-pairs from these photographs and one of the paintings."""
    others: OptionalPath = None
    """Folder of paintings that a predictor learns from, so that any painting can be a style."""
    model: OptionalPath = None
    """Network to start from, in place of a fresh one."""
    resume: bool = False
    """Resume the training in the folder."""
    save_every: Annotated[int, arg(metavar="N")] = 200
    """Steps between two states written."""
    preview_every: Annotated[int, arg(metavar="N")] = 500
    """Steps between two sheets of previews."""
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
    """The model file; <painting>.impasto by default. A preview goes beside it."""
    photographs: OptionalPath = None
    """Folder of photographs to learn on; a few samples by default."""
    model: OptionalPath = None
    """Network to begin with; the one that ships by default."""
    trunk: bool = False
    """Change the whole network, not the style's vector alone: slower, and closer to it."""
    steps: int = 300
    """Steps of learning."""
    content_weight: float = TrainingSettings().content_weight
    """Weight of the content loss; larger keeps more of the photograph."""
    style_size: int = TrainingSettings().style_size
    """Long side at which the painting is looked at, pixels; larger gives larger strokes."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace files that exist."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the model."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class MakePairs:
    """Stylize a folder of photographs as training examples."""

    photographs: Annotated[Positional[Path], arg(metavar="PHOTOS")]
    """Folder of photographs."""
    style: Annotated[Positional[Path], arg(metavar="STYLE")]
    """The painting, or the name of a style that ships."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """Where the painted pictures go; made if it is missing. What is there is not made again."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the paths of the pictures."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Export:
    """Export a network as ONNX or LiteRT, checked against Keras."""

    model: Annotated[Positional[Path | None], arg(metavar="MODEL")] = None
    """The network; the one that ships by default."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .onnx, or .tflite for LiteRT. By default <style>.onnx or <model>.onnx."""
    style: Annotated[str | None, arg(metavar="NAME")] = None
    """Style to bake in; without one, the style's vector is an input of the exported network."""
    kind: Kind = "float32"
    """Numbers in the file: float16 halves it, int8 (weights alone) quarters it."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace a file that exists."""
    common: Annotated[Common, Flat] = field(default_factory=Common)
