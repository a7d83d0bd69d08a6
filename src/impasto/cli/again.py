"""`impasto again`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..errors import SettingsError
from ..workflows.environment import use_recorded_operators
from ..workflows.interrupts import hold_interrupts
from ..workflows.output_names import check_saved, claim, save_new
from ..workflows.reproduce import PaintAgain, StylizeAgain, prepare_again, run_again
from ..workflows.run_folder import check_unfinished, folder_of
from .checks import check_outputs, check_quality
from .commands import Stylize
from .job import Job
from .stylize import run_job

if TYPE_CHECKING:
    from .commands import Again

_DEEP = (".tif", ".tiff")


def reproduce_result(command: Again) -> Path:
    """Reproduce a result, show progress, and write it.

    Returns:
        The path of the new picture.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says where the picture so far is.
    """
    changes = parse_changes(command.set)
    wanted = command.output or command.result
    if command.jpeg_quality is not None:
        check_quality(command.jpeg_quality)
    if command.bits == 16 and wanted.suffix.lower() not in _DEEP:
        raise SettingsError(f"--bits 16 needs a .tif result, got {wanted}; add -o NAME.tif")
    with claim(wanted, own=command.output is None, force=command.force) as output:
        check_outputs([output], command.force)
        return _reproduce(command, output, changes)


def _reproduce(command: Again, output: Path, changes: dict[str, str]) -> Path:
    remake = prepare_again(
        command.result,
        changes=changes,
        content=command.content,
        styles=list(command.style) or None,
        model=command.model,
        max_pixels=command.max_pixels,
    )
    if isinstance(remake, PaintAgain):
        return _paint(command, remake, output)
    check_unfinished(output, command.force)
    with use_recorded_operators(remake.record):
        return run_job(_job(command, remake, output))


def parse_changes(words: tuple[str, ...]) -> dict[str, str]:
    """Parse `NAME=VALUE` arguments.

    Raises:
        SettingsError: An argument has another form.

    Example:
        >>> parse_changes(("size=1024", "init=a=b.png"))
        {'size': '1024', 'init': 'a=b.png'}
    """
    changes = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise SettingsError(f"--set {word}: expected NAME=VALUE, as in size=1024")
        changes[name.strip().removeprefix("--").replace("-", "_")] = value
    return changes


def _saved_as(command: Again, remake: StylizeAgain | PaintAgain, output: Path) -> tuple[int, int]:
    """Return bits and JPEG quality of the new file: from the options, else from the record."""
    bits = command.bits or (remake.record.bits if output.suffix.lower() in _DEEP else 8)
    return bits, command.jpeg_quality or remake.record.jpeg_quality


def _job(command: Again, remake: StylizeAgain, output: Path) -> Job:
    """Build the job that `impasto stylize` would run."""
    bits, quality = _saved_as(command, remake, output)
    styles = list(remake.styles)
    stylize = Stylize(
        content=remake.content.path or Path(),
        styles=tuple(style.path or Path() for style in styles),
        output=command.output,
        force=command.force,
        save_every=sys.maxsize,  # no intermediate pictures, even with the preset classic
        quiet=command.quiet,
        jpeg_quality=quality,
        bits=16 if bits == 16 else 8,
        settings=remake.settings,
        no_checkpoint=remake.aspect is not None,  # a texture cannot be resumed from a photograph
        common=command.common,
    )
    console = Console(stderr=True, quiet=command.quiet)
    return Job(
        stylize,
        remake.content,
        styles,
        output,
        console,
        folder_of(output),
        aspect=remake.aspect,
    )


def _paint(command: Again, remake: PaintAgain, output: Path) -> Path:
    result = run_again(remake)
    bits, quality = _saved_as(command, remake, output)
    with hold_interrupts(drop=True):
        saved = save_new(result, output, force=command.force, quality=quality, bits=bits)
    check_saved(saved, output, own=command.output is None)
    height, width = result.image.shape[:2]
    console = Console(stderr=True, quiet=command.quiet)
    console.print(f"{width}x{height} in {result.seconds:.2f} s", highlight=False)
    sys.stdout.write(f"{saved}\n")
    return saved
