"""`impasto export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..engines.network.export import LITERT, export_litert, export_onnx
from ..engines.network.model_file import load_model
from ..errors import SettingsError
from ..workflows.paint import shipped_model
from .checks import check_free

if TYPE_CHECKING:
    from .network_commands import Export

SUFFIXES = (".onnx", LITERT)


def export(command: Export) -> None:
    """Write the file, report its difference from Keras, and print its path.

    Raises:
        ImpastoError: The command failed.
    """
    name = command.style or (command.model.stem if command.model else "paintings")
    output = command.output or Path(f"{name}.onnx")
    if output.suffix not in SUFFIXES:
        raise SettingsError(
            f"cannot export to {output}: the name must end in {' or '.join(SUFFIXES)}"
        )
    check_free(output, command.force)
    model = load_model(command.model) if command.model else shipped_model()
    write = export_litert if output.suffix == LITERT else export_onnx
    done = write(model, output, style=command.style, kind=command.kind)
    sys.stderr.write(
        f"{done.size / 1e6:.1f} MB, {done.kind}, differs from Keras by at most "
        f"{255 * done.difference:.3f} of 255\n"
    )
    sys.stdout.write(f"{output}\n")
