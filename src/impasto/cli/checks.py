"""Check options and output paths before any work starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PictureError, SettingsError
from ..images.files import OUTPUT_FORMATS, check_output
from ..images.listing import is_folder_or_list
from ..images.opening import locate

if TYPE_CHECKING:
    from .commands import Stylize


def check_outputs(paths: list[Path], force: bool) -> None:
    """Refuse paths that cannot be written, or that exist already.

    Raises:
        PictureError: A path cannot be used.
    """
    for path in paths:
        check_output(path)
        check_free(path, force)


def check_free(path: Path, force: bool) -> None:
    """Refuse a file that exists already.

    Raises:
        PictureError: It exists, and `force` is not set.
    """
    if locate(path).exists() and not force:
        raise PictureError(f"{path} exists already; choose another name or add --force")


def check_quality(quality: int) -> None:
    """Refuse a quality outside 1..100.

    Raises:
        SettingsError: It is out of range.
    """
    if not 1 <= quality <= 100:
        raise SettingsError(f"--jpeg-quality must be from 1 to 100, got {quality}")


def check_options(command: Stylize) -> None:
    """Refuse options that are out of range or contradict each other.

    Raises:
        SettingsError: An option is out of range, or two contradict each other.
    """
    if not command.styles:
        raise SettingsError("STYLE is missing; give a painting or a style after the photograph")
    check_quality(command.jpeg_quality)
    if command.save_every < 0:
        raise SettingsError(f"--save-every must be at least 0, got {command.save_every}")
    if command.checkpoint and is_folder_or_list(command.content):
        raise SettingsError(
            "--checkpoint is for one photograph; with several, repeat the same command: finished "
            "pictures are skipped"
        )
    suffix = f".{command.format or 'png'}"
    if command.output and not is_folder_or_list(command.content):
        suffix = command.output.suffix.lower()
        named = OUTPUT_FORMATS.get(suffix)
        if command.format and named != OUTPUT_FORMATS[f".{command.format}"]:
            raise SettingsError(
                f"--format {command.format} contradicts -o {command.output}; give one of them"
            )
    if command.bits == 16 and suffix not in (".tif", ".tiff"):
        raise SettingsError(
            f"--bits 16 needs a .tif result, got {suffix}; add -o NAME.tif or --format tif"
        )
