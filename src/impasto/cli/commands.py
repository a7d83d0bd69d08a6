"""The commands and their options, as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg, create_mutex_group

from ..images.exif_filter import MetadataRule
from ..paint_settings import PaintSettings
from ..settings import Settings
from ..video_settings import VideoSettings
from .options import Cluster, Common, Flat, OptionalPath

Checkpoints = create_mutex_group(required=False)


@dataclass(frozen=True)
class Stylize:
    """Paint a photograph in the style of a painting."""

    content: Annotated[Positional[Path], arg(metavar="CONTENT")]
    """The photograph: JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF. Or a folder of photographs, or
    a text file (.txt) with one path per line, relative to the text file's folder."""
    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE")]
    """One or more paintings (see --style-weights and --masks), or names of shipped styles (see
    impasto styles). A file of that name takes precedence."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .png, .jpg, .webp, .tif, .avif or .heic; by default a free name beside the content.
    With several photographs a folder, by default CONTENT_STYLE; finished results in it are
    skipped."""
    format: Literal["png", "jpg", "webp", "tif", "avif", "heic"] | None = None
    """Type of the result if -o does not name one; png by default."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace existing files; with several photographs, results of other inputs or settings."""
    save_every: Annotated[int, arg(metavar="N")] = 0
    """Also write the picture after every N evaluations, as <output>_at_iteration_<i>."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    jpeg_quality: int = 92
    """Quality of JPEG, WebP, AVIF and HEIC, 1..100."""
    bits: Literal[8, 16] = 8
    """Bits per channel; 16 for TIFF only."""
    metadata: MetadataRule = "keep"
    """The photograph's EXIF data in the result: keep, no-place (without GPS data), or none, which
    leaves out the record, too."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest input picture, pixels; Pillow's limit by default."""
    checkpoint: Annotated[bool, Checkpoints] = False
    """Write checkpoints for `impasto resume`; by default for runs of over two minutes."""
    no_checkpoint: Annotated[bool, Checkpoints] = False
    """Never write checkpoints."""
    cluster: Cluster = None
    """Paint several photographs on a Ray cluster: auto starts Ray on this machine, ray://HOST:10001
    or HOST:6379 connects to one that runs."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Texture:
    """Synthesise a texture from a painting."""

    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE")]
    """One or more paintings, or names of shipped styles."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .png, .jpg, .webp, .tif, .avif or .heic. By default a free name beside the
    painting."""
    aspect: float = 1.0
    """Width of the result divided by its height."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace existing files."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    jpeg_quality: int = 92
    """Quality of JPEG, WebP, AVIF and HEIC, 1..100."""
    bits: Literal[8, 16] = 8
    """Bits per channel; 16 for TIFF only."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Resume:
    """Resume a run of stylize that ended early."""

    run: Annotated[Positional[Path], arg(metavar="OUT")]
    """The result of the run, or its hidden folder beside the result."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Again:
    """Reproduce a result from its record, or change it."""

    result: Annotated[Positional[Path], arg(metavar="RESULT")]
    """A picture written by impasto stylize, texture or paint."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """Change a setting, such as size=1024 or quality=best; null unsets it."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Path of the new picture. By default a free name beside RESULT."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace an existing file."""
    content: OptionalPath = None
    """Photograph to use in place of the recorded one."""
    style: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="STYLE")] = ()
    """Painting to use in place of the recorded one."""
    model: OptionalPath = None
    """Network to use in place of the recorded one, for results of impasto paint."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    jpeg_quality: int | None = None
    """Quality of JPEG, WebP, AVIF and HEIC, 1..100; by default as in RESULT."""
    bits: Literal[8, 16] | None = None
    """Bits per channel; by default as in RESULT, if the format allows."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest input picture, pixels; Pillow's limit by default."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Score:
    """Score a picture by the losses."""

    picture: Annotated[Positional[Path], arg(metavar="PICTURE")]
    """The picture to score."""
    content: Annotated[Path, arg(metavar="PATH")]
    """The photograph it was made from."""
    style: Annotated[Path, arg(metavar="PATH")]
    """Its painting, or the name of a shipped style."""
    json: bool = False
    """Print JSON."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest input picture, pixels; Pillow's limit by default."""
    settings: Annotated[Settings, Flat] = field(default_factory=Settings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Doctor:
    """Report the installation and fixes for what is wrong, or what to expect of pictures."""

    pictures: Annotated[Positional[tuple[Path, ...]], arg(metavar="PICTURE")] = ()
    """A photograph and one or more paintings, to say what to expect of them."""
    json: bool = False
    """Print JSON."""
    weights: OptionalPath = None
    """File with VGG19's weights to check, in place of the default."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Demo:
    """Paint a sample photograph by both routes, within a minute."""

    folder: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")] = Path("demo")
    """Folder of the pictures; created if missing."""
    style: Annotated[str, arg(aliases=["--kind"], metavar="STYLE")] = "starry-night"
    """A shipped style (see impasto styles), or a sample style: swirls or woodcut."""
    size: int = 512
    """Long side of the results, pixels."""
    budget: str = "45s"
    """Time limit of the second picture; see impasto stylize."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace existing files."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class SampleStyle:
    """Draw a sample painting."""

    kind: Annotated[Positional[str], arg(metavar="KIND")]
    """Kind of painting: swirls, mosaic or woodcut."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Path of the painting; <kind>.png by default."""
    size: int = 768
    """Long side, pixels."""
    seed: int = 0
    """Random seed; each draws another painting of the kind."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace an existing file."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Paint:
    """Paint photographs with a trained network, in one pass."""

    photographs: Annotated[Positional[tuple[Path, ...]], arg(metavar="PHOTO")]
    """Photographs, folders of photographs, or text files (.txt) with one path per line."""
    style: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="STYLE")] = ()
    """Name of a style of the model, an .impasto file, or a painting; mix several as NAME:0.6."""
    model: OptionalPath = None
    """The network; the shipped one by default."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result, or a folder for several. By default a free name beside each photograph; for a folder
    of photographs the folder PHOTO_STYLE beside it, in which finished results are skipped."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace existing files."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Print only the paths of the results."""
    jpeg_quality: int = 92
    """Quality of JPEG, WebP, AVIF and HEIC, 1..100."""
    metadata: MetadataRule = "keep"
    """The photograph's EXIF data in the result: keep, no-place (without GPS data), or none, which
    leaves out the record, too."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest photograph, pixels; Pillow's limit by default."""
    cluster: Cluster = None
    """Paint several photographs on a Ray cluster: auto starts Ray on this machine, ray://HOST:10001
    or HOST:6379 connects to one that runs."""
    settings: Annotated[PaintSettings, Flat] = field(default_factory=PaintSettings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Video:
    """Paint a clip with a trained network; strokes follow the motion."""

    clip: Annotated[Positional[Path], arg(metavar="CLIP")]
    """A video file, or a folder of pictures, ordered by the numbers in their names."""
    style: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="STYLE")] = ()
    """A style, as for impasto paint. Repeat it with times to change styles: 0s:wave 4s:scream."""
    strength_at: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="TIME:VALUE")] = ()
    """Strength at a time, as in 0s:0.2 4s:1, in place of --strength; it changes evenly between."""
    output: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Result: .mp4, .mov or .mkv, an animation (.gif, .webp), or a folder for PNG pictures. By
    default a free name beside the clip. Repeating an interrupted command continues it."""
    mask: OptionalPath = None
    """Where to paint, white: a picture for all frames, or a clip or folder with one for each."""
    preview: Annotated[str | None, arg(metavar="TIME")] = None
    """Paint only so many seconds from the start, at a long side of 480 pixels at most."""
    model: OptionalPath = None
    """The painting network; the shipped one by default."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace an existing file, and discard an unfinished run with other inputs or settings."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """Show no progress; print only the path of the result."""
    settings: Annotated[VideoSettings, Flat] = field(default_factory=VideoSettings)
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Styles:
    """List the styles of a network."""

    model: OptionalPath = None
    """The network; the shipped one by default."""
    sheet: Annotated[Path | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Also write a contact sheet: a sample photograph in each style, with its painting."""
    force: Annotated[bool, arg(aliases=["-f"])] = False
    """Replace an existing file."""
    common: Annotated[Common, Flat] = field(default_factory=Common)


@dataclass(frozen=True)
class Studio:
    """Open the studio, a web page, in the browser."""

    port: Annotated[int | None, arg(metavar="N")] = None
    """Port of the page; by default 7860, or the next free port."""
    host: Annotated[str, arg(metavar="NAME")] = "127.0.0.1"
    """Address to listen on; by default this machine only. 0.0.0.0 for all; needs --auth."""
    root_path: Annotated[str | None, arg(metavar="PATH")] = None
    """Path of the page behind a proxy, such as /studio; by default the page is at /."""
    no_browser: bool = False
    """Print the address without opening a browser."""
    gallery: OptionalPath = None
    """Folder of the pictures; by default Impasto in your folder of pictures."""
    auth: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME:PASSWORD|FILE")] = ()
    """A user and password, or a text file with one per line, which keeps passwords out of the
    process list. Each user has a gallery of their own."""
    max_upload: Annotated[float, arg(metavar="MB")] = 50.0
    """Largest upload, megabytes."""
    max_pixels: Annotated[int | None, arg(metavar="N")] = None
    """Largest picture, pixels; Pillow's limit by default."""
    common: Annotated[Common, Flat] = field(default_factory=Common)
