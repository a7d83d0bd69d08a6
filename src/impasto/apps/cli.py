"""The command line: `impasto COMMAND`. Options come from `settings.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

import tyro
from tyro.conf import CascadeSubcommandArgs, FlagCreatePairsOff

from ..errors import ImpastoError, SettingsError
from ..process import tune_process
from .commands import Demo, Doctor, SampleStyle, Score, Stylize, run
from .options import default_settings

DONE, COULD_NOT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

Command = Stylize | Score | Doctor | Demo | SampleStyle
DESCRIPTIONS = {
    "stylize": "Paint a photograph in the style of a painting.",
    "score": "Judge any picture by the losses.",
    "doctor": "Say what this installation has, how fast it is, and what is wrong with it.",
    "demo": "Paint a sample photograph with a sample painting.",
    "sample-style": "Draw a sample painting.",
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
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"impasto {version('impasto')}\n")
        return DONE
    debug = "--debug" in words
    try:
        command = parse(words or ["--help"])
        tune_process(backend=command.common.backend, threads=command.common.threads)
        run(command)
    except SystemExit as stop:  # the parser has shown its help, or what is wrong
        return stop.code if isinstance(stop.code, int) else WRONG_USAGE
    except KeyboardInterrupt as stop:
        return _complain(str(stop) or "interrupted before there was a picture", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT
    except SettingsError as error:
        return _fail(error, WRONG_USAGE, debug)
    except Exception as error:  # the last line of defence: no traceback for people who paint
        return _fail(error, COULD_NOT, debug)
    return DONE


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
        "score": Score(missing, missing, missing, settings=settings.changed(height=None)),
        "doctor": Doctor(),
        "demo": Demo(),
        "sample-style": SampleStyle(missing),
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
        raise error
    if isinstance(error, ImpastoError):
        return _complain(str(error), code)
    if _is_out_of_memory(error):
        return _complain("out of memory; take a smaller --size, or close other programs", code)
    text = f"unexpected {type(error).__name__}: {error}".split("\n")[0]
    return _complain(f"{text} (run again with --debug for the details)", code)


def _is_out_of_memory(error: Exception) -> bool:
    """Recognise what NumPy, PyTorch (CPU and GPU), JAX and TensorFlow raise without memory."""
    words = ("out of memory", "not enough memory", "resource_exhausted", "oom when allocating")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"impasto: {text}\n")
    return code


def entry() -> None:
    """Run as the installed command."""
    sys.exit(main())
