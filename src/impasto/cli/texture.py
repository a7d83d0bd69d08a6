"""`impasto texture`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..images.files import read_picture
from ..workflows.output_names import claim
from ..workflows.run_folder import check_unfinished, folder_of
from ..workflows.style_paintings import style_file
from ..workflows.texture import blank_content, texture_settings
from .checks import check_options, check_outputs
from .commands import Stylize
from .job import Job
from .stylize import run_job

if TYPE_CHECKING:
    from .commands import Texture


def make_texture(command: Texture) -> Path:
    """Synthesise a texture, show progress, and write it.

    Returns:
        The path of the result.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted; the message says where the picture so far is.
    """
    settings = texture_settings(command.settings)
    content = blank_content(command.aspect, settings)
    stylize = Stylize(
        content=Path(content.name),
        styles=command.styles,
        output=command.output,
        force=command.force,
        save_every=sys.maxsize,  # no intermediate pictures, even with the preset classic
        quiet=command.quiet,
        jpeg_quality=command.jpeg_quality,
        bits=command.bits,
        settings=settings,
        no_checkpoint=True,  # resuming needs a photograph
        common=command.common,
    )
    check_options(stylize)
    styles = [read_picture(style_file(style)) for style in command.styles]
    first = command.styles[0]
    wanted = command.output or first.with_name(f"{first.stem}_texture.png")
    with claim(wanted, own=command.output is None, force=command.force) as output:
        check_outputs([output], command.force)
        check_unfinished(output, command.force)
        console, folder = Console(stderr=True, quiet=command.quiet), folder_of(output)
        job = Job(stylize, content, styles, output, console, folder, aspect=command.aspect)
        return run_job(job)
