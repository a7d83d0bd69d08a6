"""The command line: parse arguments, run a command, return the exit code."""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import TextIO

import tyro
from tyro.conf import CascadeSubcommandArgs, FlagCreatePairsOff

from ..errors import SettingsError, explain, printable
from ..process import tune_process
from ..workflows.option_defaults import default_settings
from .commands import (
    Again,
    Demo,
    Doctor,
    Paint,
    Resume,
    SampleStyle,
    Score,
    Studio,
    Styles,
    Stylize,
    Texture,
)
from .network_commands import Export, Learn, MakePairs, Train

DONE, COULD_NOT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

Command = (
    Stylize
    | Texture
    | Resume
    | Paint
    | Again
    | Styles
    | Learn
    | Train
    | MakePairs
    | Export
    | Score
    | Doctor
    | Demo
    | SampleStyle
    | Studio
)
CARRIED_OUT_BY = {  # module and function, imported when the command runs: --help answers at once
    Stylize: ("cli.stylize", "paint"),
    Texture: ("cli.texture", "make_texture"),
    Resume: ("cli.resume", "go_on"),
    Paint: ("cli.paint", "paint_all"),
    Again: ("cli.again", "make_again"),
    Styles: ("cli.paint", "list_styles"),
    Learn: ("cli.train", "learn"),
    Train: ("cli.train", "teach"),
    MakePairs: ("cli.train", "paint_pairs"),
    Export: ("cli.export", "export"),
    Score: ("cli.score", "judge"),
    Doctor: ("cli.doctor", "examine"),
    Demo: ("cli.demo", "demonstrate"),
    SampleStyle: ("cli.demo", "draw_sample"),
    Studio: ("studio.launch", "open_studio"),
}
DESCRIPTIONS = {
    "stylize": "Paint a photograph in the style of a painting.",
    "texture": "Synthesise a texture from a painting; --seamless makes it tile.",
    "resume": "Resume a run of stylize that ended early.",
    "paint": "Paint photographs with a trained network, in one pass.",
    "again": "Reproduce a result from its record, or change it.",
    "styles": "List the styles of a network.",
    "learn": "Teach a network one new style, in minutes.",
    "train": "Train a painting network.",
    "make-pairs": "Stylize a folder of photographs as training examples.",
    "export": "Export a network as ONNX or LiteRT.",
    "score": "Score a picture by the losses.",
    "doctor": "Report the installation, its speed, and fixes for what is wrong.",
    "demo": "Paint a sample photograph by both routes, within a minute.",
    "sample-style": "Draw a sample painting.",
    "studio": "Open the studio, a web page, in the browser.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows `impasto` on the command line; None takes it from there.

    Returns:
        The exit code: 0 done, 1 could not, 2 wrong usage, 130 interrupted.

    Example:
        >>> main(["--version"])
        impasto 0.1.0
        0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            if {"-q", "--quiet"} & {*words}:
                warnings.simplefilter("ignore")
            return _carry_out(words)
    except KeyboardInterrupt as stop:
        return _complain(str(stop) or "interrupted before there was a picture", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT
    except SettingsError as error:
        return _fail(error, WRONG_USAGE, debug)
    except Exception as error:  # the last line of defence: no traceback for people who paint
        return _fail(error, COULD_NOT, debug)


def _carry_out(words: list[str]) -> int:
    code = DONE
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"impasto {version('impasto')}\n")
    else:
        try:
            command = parse(words or ["--help"])
            common = command.common
            tune_process(backend=common.backend, threads=common.threads, device=common.device)
            module, function = CARRIED_OUT_BY[type(command)]
            getattr(import_module(f"impasto.{module}"), function)(command)
        except SystemExit as stop:  # the parser has shown its help, or what is wrong
            code = stop.code if isinstance(stop.code, int) else WRONG_USAGE
    sys.stdout.flush()  # here, where it is known what to do if that fails
    return code


def parse(words: list[str]) -> Command:
    """Turn the words of a command line into a command.

    Raises:
        SystemExit: The words are wrong (code 2), or ask for help (code 0).
        SettingsError: A setting is out of range.
    """
    settings = default_settings(words)
    missing = tyro.MISSING
    commands = {
        "stylize": Stylize(missing, missing, settings=settings),
        "texture": Texture(missing, settings=settings),
        "resume": Resume(missing),
        "paint": Paint(missing),
        "again": Again(missing),
        "styles": Styles(),
        "learn": Learn(missing),
        "train": Train(missing, missing, missing),
        "make-pairs": MakePairs(missing, missing, missing, settings=settings),
        "export": Export(),
        "score": Score(missing, missing, missing, settings=settings.changed(height=None)),
        "doctor": Doctor(),
        "demo": Demo(),
        "sample-style": SampleStyle(missing),
        "studio": Studio(),
    }
    kinds = tyro.extras.subcommand_type_from_defaults(commands, DESCRIPTIONS, prefix_names=False)
    command: Command = tyro.cli(  # type: ignore[assignment]  # one of the kinds above
        kinds,
        prog="impasto",
        description="Repaint a picture in the style of another.",
        args=words,
        config=(FlagCreatePairsOff, CascadeSubcommandArgs),
    )
    return command


def _fail(error: Exception, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    return _complain(explain(error), code)


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"impasto: {printable(text)}\n")
    return code


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning as the errors are said; stands in for `warnings.showwarning`."""
    sys.stderr.write(f"impasto: warning: {printable(str(message))}\n")


def _as_on_disk(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what standard output cannot hold as the disk does: names of files may be any bytes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return os.fsencode(error.object[error.start : error.end]), error.end


def entry() -> None:
    """Run as the installed command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("as_on_disk", _as_on_disk)
        sys.stdout.reconfigure(errors="as_on_disk")
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # our own message is the one to read
    code = main()
    sys.stderr.flush()
    os._exit(code)  # all is written; the frameworks' own farewell would take another second
