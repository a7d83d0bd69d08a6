"""The commands and their options, as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg, create_mutex_group

from ..paint_settings import PaintSettings
from ..settings import Settings
from .options import Common, Flat, OptionalPath

Checkpoints = create_mutex_group(required=False)


@dataclass(frozen=True)
class Stylize:
    """Paint a photograph in the style of a painting."""

    content: Annotated[Positional[Path], arg(metavar="CONTENT")]
    """The photograph: JPEG, PNG, WebP, TIFF, BMP or GIF. Or a folder of photographs, or a text
    file (.txt) with the path of one on each line, counted from the list's folder."""
    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE")]
    """The painting, or several; see --style-weights and --masks. Or the name of a style that ships
    with its painting (see impasto styles), unless there is a file of that name."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .png, .jpg, .webp or .tif. By default a free name beside the content. Of several
    photographs their folder, by default CONTENT_STYLE; what is done there is not made again."""
    format: Literal["png", "jpg", "webp", "tif"] | None = None
    """Type of the result, where its name does not tell; png by default."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace files that exist; of several, those that were made otherwise."""
    save_every: Annotated[int, arg(metavar="N")] = 0
    """Also write the picture after every N evaluations, as <output>_at_iteration_<i>."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    jpeg_quality: int = 92
    """Quality of JPEG and WebP, 1..100."""
    bits: Literal[8, 16] = 8
    """Bits per channel; 16 for TIFF only."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest input picture that is read, pixels; Pillow's limit by default."""
    checkpoint: Annotated[bool, Checkpoints] = False
    """Write checkpoints for `impasto resume`; by default for runs of over two minutes."""
    no_checkpoint: Annotated[bool, Checkpoints] = False
    """Write no checkpoint, however long the run takes."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Texture:
    """Synthesise a texture from a painting."""

    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE")]
    """The painting, or several; or names of styles, as for stylize."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .png, .jpg, .webp or .tif. By default a free name beside the painting."""
    aspect: float = 1.0
    """Width of the result divided by its height."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace files that exist."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    jpeg_quality: int = 92
    """Quality of JPEG and WebP, 1..100."""
    bits: Literal[8, 16] = 8
    """Bits per channel; 16 for TIFF only."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Resume:
    """Resume a run of stylize that ended early."""

    run: Annotated[Positional[Path], arg(metavar="OUT")]
    """The result that it was to write, or the hidden folder beside it."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Again:
    """Reproduce a result from its record, or change it."""

    result: Annotated[Positional[Path], arg(metavar="RESULT")]
    """What impasto stylize or impasto paint has written."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """A setting to change, such as size=1024 or quality=best; null stands for none."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Where the new picture goes. By default a free name beside RESULT."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace a file that exists."""
    content: OptionalPath = None
    """The photograph, if it is not where the record says, or another one."""
    style: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="STYLE")] = ()
    """The painting, in the same way."""
    model: OptionalPath = None
    """The network of impasto paint, in the same way."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    jpeg_quality: int | None = None
    """Quality of JPEG and WebP, 1..100; by default as before."""
    bits: Literal[8, 16] | None = None
    """Bits per channel; by default as before, where the format has them."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest input picture that is read, pixels; Pillow's limit by default."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Score:
    """Score a picture by the losses."""

    picture: Annotated[Positional[Path], arg(metavar="PICTURE")]
    """The picture to score."""
    content: Annotated[Path, arg(metavar="PATH")]
    """The photograph it was made from."""
    style: Annotated[Path, arg(metavar="PATH")]
    """The painting it was made after, or the name of a style that ships."""
    json: bool = False
    """Print JSON."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest input picture that is read, pixels; Pillow's limit by default."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Doctor:
    """Report the installation, its speed, and fixes for what is wrong."""

    json: bool = False
    """Print JSON."""
    weights: OptionalPath = None
    """File with VGG19's weights to look at, in place of the one found."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Demo:
    """Paint a sample photograph by both routes, within a minute."""

    folder: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")] = Path("demo")
    """Where the pictures go; made if it is missing."""
    style: Annotated[str, arg(aliases=["--kind"], metavar="STYLE")] = "starry-night"
    """A style that ships (see impasto styles), or a sample style: swirls or woodcut."""
    size: int = 512
    """Long side of the results, pixels."""
    budget: str = "45s"
    """Time for the second picture; see impasto stylize."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace files that exist."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class SampleStyle:
    """Draw a sample painting."""

    kind: Annotated[Positional[str], arg(metavar="KIND")]
    """Kind of painting: swirls, mosaic or woodcut."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Where it goes; <kind>.png by default."""
    size: int = 768
    """Long side, pixels."""
    seed: int = 0
    """Another seed draws another painting of the kind."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace a file that exists."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Paint:
    """Paint photographs with a trained network, in one pass."""

    photographs: Annotated[Positional[tuple[Path, ...]], arg(metavar="PHOTO")]
    """Photographs, folders of them, or text files (.txt) with the path of one on each line."""
    style: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="STYLE")] = ()
    """Name of a style of the model, an .impasto file, or a painting; several as NAME:0.6."""
    model: OptionalPath = None
    """The network; the one that ships by default."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result, or a folder for several. By default a free name beside each photograph."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace files that exist."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Print only the paths of the results."""
    jpeg_quality: int = 92
    """Quality of JPEG and WebP, 1..100."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest photograph that is read, pixels; Pillow's limit by default."""
    settings: Annotated[PaintSettings, Flat] = field(default_factory=PaintSettings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Styles:
    """List the styles of a network."""

    model: OptionalPath = None
    """The network; the one that ships by default."""
    sheet: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Also paint a sample photograph in each, with its painting, all on one sheet."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace a file that exists."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Studio:
    """Open the studio, a web page, in the browser."""

    port: Annotated[int | None, arg(metavar="N")] = None
    """Where the page answers; by default 7860, or the next port that is free."""
    host: Annotated[str, arg(metavar="NAME")] = "127.0.0.1"
    """Address to answer at; by default this machine alone. 0.0.0.0 for all; needs --auth."""
    no_browser: bool = False
    """Only print the address; open no browser."""
    gallery: OptionalPath = None
    """Folder for the pictures; by default Impasto in your folder of pictures."""
    auth: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME:PASSWORD|FILE")] = ()
    """Who may come in, each with pictures of their own; or a text file with such lines, which
    other users of this machine cannot read in the list of processes."""
    max_upload: Annotated[float, arg(metavar="MB")] = 50.0
    """Largest upload, megabytes."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest picture that is read, pixels; Pillow's limit by default."""
    common: Annotated[Common, Flat] = field(default_factory=Common)
