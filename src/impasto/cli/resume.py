"""`impasto resume`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from ..errors import ImpastoError, ModelError
from ..process import tune_process
from ..settings import Settings, complete_recorded
from ..workflows.checkpointing import open_unfinished
from ..workflows.run_folder import find_folder, lock_folder, read_run
from .commands import Resume, Stylize
from .options import Common
from .stylize import default_output, prepare, run_job


def resume(command: Resume) -> Path:
    """Resume a run of `impasto stylize` that ended early.

    Returns:
        The path of the result.

    Raises:
        ImpastoError: The command failed.
        KeyboardInterrupt: Interrupted again; the message says where the picture so far is.
    """
    folder = find_folder(command.run)
    stylize = _original_command(read_run(folder), command, folder)
    common = stylize.common
    tune_process(backend=common.backend, threads=common.threads, device=common.device)
    with lock_folder(folder):
        unfinished = open_unfinished(folder)
        output = stylize.output or default_output(stylize)
        job = prepare(stylize, output, resumed=True)
        return run_job(dataclasses.replace(job, folder=folder, unfinished=unfinished))


def _original_command(run: Mapping[str, Any], command: Resume, folder: Path) -> Stylize:
    """Rebuild the command that started a run, with all its options."""
    if "options" not in run:
        raise ModelError(
            f"the run in {folder} was started from Python; resume it there with impasto.resume"
        )
    try:
        inputs, output = run["inputs"], Path(run["output"])
        common = dataclasses.replace(
            command.common,
            backend=command.common.backend or _checked(Common, "backend", run["backend"]),
            threads=command.common.threads or _checked(Common, "threads", run["threads"]),
            device=command.common.device or _checked(Common, "device", run.get("device")),
        )
        return Stylize(
            Path(inputs["content"]["path"]),
            tuple(Path(entry["path"]) for name, entry in inputs.items() if name[:6] == "style "),
            # The path as given, if it is the result's, for messages.
            output=command.run if command.run.absolute() == output else output,
            force=True,  # an interrupt has saved the picture so far there
            quiet=command.quiet,
            settings=Settings(**complete_recorded(run["settings"])),
            common=common,
            **{name: _checked(Stylize, name, value) for name, value in run["options"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, ImpastoError) as error:
        raise ModelError(
            f"the run in {folder} is of another version of Impasto, or damaged ({error!r}); "
            "restart it with impasto stylize ... --force"
        ) from error


def _checked(kind: type, name: str, value: object) -> Any:
    """Validate a recorded value of a command's option.

    Raises:
        KeyError: There is no such option.
        ValueError: The value is invalid.
    """
    return TypeAdapter(get_type_hints(kind, include_extras=True)[name]).validate_python(value)
