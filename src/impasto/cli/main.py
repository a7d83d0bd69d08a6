"""The command line: parse arguments, run a command, return the exit code."""

from __future__ import annotations

import codecs
import contextlib
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
from ..images.user_folders import redirect_libraries
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
    Video,
)
from .network_commands import Export, Learn, MakePairs, Train
from .signals import exit_code, raise_on_signals
from .standard_streams import connected

DONE, FAILED, WRONG_USAGE = 0, 1, 2

Command = (
    Stylize
    | Texture
    | Resume
    | Paint
    | Video
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
HANDLERS = {  # module and function, imported when the command runs, which keeps --help fast
    Stylize: ("cli.stylize", "stylize"),
    Texture: ("cli.texture", "make_texture"),
    Resume: ("cli.resume", "resume"),
    Paint: ("cli.paint", "paint_all"),
    Video: ("cli.video", "paint_video"),
    Again: ("cli.again", "reproduce_result"),
    Styles: ("cli.paint", "list_styles"),
    Learn: ("cli.train", "learn"),
    Train: ("cli.train", "train"),
    MakePairs: ("cli.train", "paint_pairs"),
    Export: ("cli.export", "export"),
    Score: ("cli.score", "print_score"),
    Doctor: ("cli.doctor", "print_report"),
    Demo: ("cli.demo", "run_demo"),
    SampleStyle: ("cli.demo", "draw_sample"),
    Studio: ("studio.launch", "open_studio"),
}
DESCRIPTIONS = {
    "stylize": "Paint a photograph in the style of a painting.",
    "texture": "Synthesise a texture from a painting; --seamless makes it tile.",
    "resume": "Resume a run of stylize that ended early.",
    "paint": "Paint photographs with a trained network, in one pass.",
    "video": "Paint a clip with a trained network; strokes follow the motion.",
    "again": "Reproduce a result from its record, or change it.",
    "styles": "List the styles of a network.",
    "learn": "Teach a network one new style, in minutes.",
    "train": "Train a painting network.",
    "make-pairs": "Stylize a folder of photographs as training examples.",
    "export": "Export a network as ONNX or LiteRT.",
    "score": "Score a picture by the losses.",
    "doctor": "Report the installation and fixes for what is wrong, or what to expect of pictures.",
    "demo": "Paint a sample photograph by both routes, within a minute.",
    "sample-style": "Draw a sample painting.",
    "studio": "Open the studio, a web page, in the browser.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Arguments of `impasto`; None takes them from the command line.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 128+n ended by signal n.

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
            return _run(words)
    except KeyboardInterrupt as stop:
        return _print_error(str(stop) or "interrupted before the first picture", exit_code())
    except BrokenPipeError:  # the reader of the output has exited, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except SettingsError as error:
        return _fail(error, WRONG_USAGE, debug)
    except Exception as error:  # users get a sentence, not a traceback
        return _fail(error, FAILED, debug)


def _run(words: list[str]) -> int:
    code = DONE
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"impasto {version('impasto')}\n")
    else:
        try:
            command = parse(words or ["--help"])
            common = command.common
            redirect_libraries()
            tune_process(backend=common.backend, threads=common.threads, device=common.device)
            module, function = HANDLERS[type(command)]
            with connected(command) as command:
                getattr(import_module(f"impasto.{module}"), function)(command)
        except SystemExit as stop:  # the parser has printed help or an error
            code = stop.code if isinstance(stop.code, int) else WRONG_USAGE
    sys.stdout.flush()  # here, so that `main` handles a failure
    return code


def parse(words: list[str]) -> Command:
    """Parse the arguments of a command line into a command.

    Raises:
        SystemExit: The arguments are invalid (code 2), or request help (code 0).
        SettingsError: A setting is out of range.
    """
    settings = default_settings(words)
    missing = tyro.MISSING
    commands = {
        "stylize": Stylize(missing, missing, settings=settings),
        "texture": Texture(missing, settings=settings),
        "resume": Resume(missing),
        "paint": Paint(missing),
        "video": Video(missing),
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
    return _print_error(explain(error), code)


def _print_error(text: str, code: int) -> int:
    with contextlib.suppress(OSError):  # a terminal that has been closed
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
    """Print a warning in the form of the errors; replaces `warnings.showwarning`."""
    sys.stderr.write(f"impasto: warning: {printable(str(message))}\n")


def _encode_as_file_name(error: UnicodeError) -> tuple[bytes, int]:
    """Encode characters that standard output cannot encode as in file names, which may be bytes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return os.fsencode(error.object[error.start : error.end]), error.end


def entry() -> None:
    """Run as the installed command."""
    raise_on_signals()
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("file_name", _encode_as_file_name)
        sys.stdout.reconfigure(errors="file_name")
    for name in ("tifffile", "PIL"):  # Impasto prints its own message
        logging.getLogger(name).setLevel(logging.CRITICAL)
    code = main()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)  # everything is flushed; the frameworks' shutdown would take another second
