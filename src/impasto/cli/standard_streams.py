"""`-` in place of a picture's name: standard input or standard output."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from ..errors import ImpastoError, PictureError, SettingsError
from ..images import file_kind, opening
from ..images.temporary import FOLDER_OF_INPUT, STANDARD_INPUT, folder_for_standard_input
from .commands import Again, Paint, SampleStyle, Score, Stylize, Texture, Video

_STANDARD = Path("-")
_OUTPUT_FOLDER = "impasto-stdout-"
_NO_SPACE = r"[^\s'\"]*"
_TEMPORARY_FILES = (
    (
        re.compile(rf"{_NO_SPACE}{FOLDER_OF_INPUT}{_NO_SPACE}{STANDARD_INPUT}[.\w]*"),
        "standard input",
    ),
    (re.compile(rf"{_NO_SPACE}{_OUTPUT_FOLDER}{_NO_SPACE}picture[.\w]*"), "standard output"),
)
_READ = (Stylize, Texture, Paint, Again, Score)
_WRITTEN = (Stylize, Texture, Paint, Again, SampleStyle)
_C = TypeVar("_C")


@contextlib.contextmanager
def connected(command: _C) -> Iterator[_C]:
    """Put files in the place of `-`, and write the result to standard output at the end.

    Args:
        command: A parsed command.

    Yields:
        The command, with the names of temporary files.

    Raises:
        SettingsError: `-` stands where no picture does, or more than once for an input, or the
            result needs a name.
        PictureError: Standard input holds no data, or standard output is a terminal.
    """
    with contextlib.ExitStack() as stack:
        changes: dict[str, Any] = {}
        inputs = _inputs(command)
        if inputs:
            changes.update(_with_standard_input(command, inputs, stack))
        if getattr(command, "output", None) == _STANDARD:
            changes["output"] = stack.enter_context(_standard_output(command))
        if changes and isinstance(command, Stylize):  # `resume` would need the files
            if command.checkpoint:
                raise SettingsError("--checkpoint needs files; give names in place of -")
            if command.save_every and changes.get("output"):
                raise SettingsError("--save-every needs the name of a file after -o")
            changes["no_checkpoint"] = True
        stack.enter_context(_named_in_errors())
        yield dataclasses.replace(command, **changes) if changes else command  # type: ignore[type-var]


@contextlib.contextmanager
def _named_in_errors() -> Iterator[None]:
    """Name the standard streams in messages in place of their temporary files."""
    try:
        yield
    except (ImpastoError, KeyboardInterrupt) as error:
        error.args = (_without_files(str(error)), *error.args[1:])
        if hasattr(error, "__notes__"):
            error.__notes__ = [*map(_without_files, error.__notes__)]
        raise


def _without_files(text: str) -> str:
    for pattern, name in _TEMPORARY_FILES:
        text = pattern.sub(name, text)
    return text


def _inputs(command: object) -> dict[str, Any]:
    """Return the options with paths of inputs, one of which is `-`."""
    values = {
        field.name: getattr(command, field.name)
        for field in dataclasses.fields(command)  # type: ignore[arg-type]
        if field.name != "output"
    }
    found = {
        name: value
        for name, value in values.items()
        if value == _STANDARD or (isinstance(value, tuple) and {_STANDARD, "-"} & {*value})
    }
    if found and not isinstance(command, _READ):
        raise SettingsError("- stands for standard input where a picture is read; give a name")
    return found


def _with_standard_input(
    command: object, inputs: dict[str, Any], stack: contextlib.ExitStack
) -> dict[str, Any]:
    count = sum(
        [*value].count(_STANDARD) + [*value].count("-") if isinstance(value, tuple) else 1
        for value in inputs.values()
    )
    if count > 1:
        raise SettingsError("standard input can be read once; give the other pictures as files")
    if isinstance(command, _WRITTEN) and getattr(command, "output", None) is None:
        raise SettingsError(
            "the result of a picture from standard input needs a name: -o NAME.png, or -o - for "
            "standard output"
        )
    path = stack.enter_context(_standard_input())
    return {
        name: tuple(_in_place(each, path) for each in value) if isinstance(value, tuple) else path
        for name, value in inputs.items()
    }


def _in_place(value: object, path: Path) -> object:
    if value == _STANDARD:
        return path
    return str(path) if value == "-" else value


@contextlib.contextmanager
def _standard_input() -> Iterator[Path]:
    """Copy standard input to a temporary file."""
    stream = _binary(sys.stdin, "input")
    if stream.isatty():
        raise PictureError(
            "standard input is a terminal; pipe a picture in, as in: impasto paint - --style wave "
            "-o painted.png < photo.jpg"
        )
    start = stream.read(file_kind.START)
    if not start:
        raise PictureError("standard input is empty; check the command before the pipe")
    kind = opening.format_of(start)
    if kind is None:
        raise opening.not_a_picture("standard input", start)
    suffix = kind.lower()
    with folder_for_standard_input() as folder:
        path = Path(folder, f"{STANDARD_INPUT}.{suffix}")
        with path.open("wb") as file:
            file.write(start)
            shutil.copyfileobj(stream, file)
        yield path


@contextlib.contextmanager
def _standard_output(command: object) -> Iterator[Path]:
    """Yield a temporary file whose contents are written to standard output in the end.

    What the command prints there, the path of the result, is discarded.
    """
    if not isinstance(command, _WRITTEN):
        what = "a clip" if isinstance(command, Video) else "this result"
        raise SettingsError(f"{what} cannot be written to standard output; give a name after -o")
    stream = _binary(sys.stdout, "output")
    if stream.isatty():
        raise PictureError("standard output is a terminal; redirect it: -o - > painted.png")
    with tempfile.TemporaryDirectory(prefix=_OUTPUT_FOLDER) as folder:
        path = Path(folder, f"picture.{getattr(command, 'format', None) or 'png'}")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield path
        finally:  # after Ctrl-C too: the picture so far
            if path.exists():
                with path.open("rb") as file:
                    shutil.copyfileobj(file, stream)
                stream.flush()


def _binary(stream: Any, name: str) -> BinaryIO:
    found: BinaryIO | None = getattr(stream, "buffer", None)
    if found is None:
        raise PictureError(f"standard {name} is closed or holds no bytes; use a file")
    return found
