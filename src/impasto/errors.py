"""Exceptions.

```
ImpastoError
├── PictureError     a picture cannot be read, written, or used as it is
├── SettingsError    a setting is out of range, or two settings contradict each other
├── WeightsError     the network's weights are missing, damaged, or of another network
├── ModelError       a file with a painting network is missing, damaged, or not one of ours
├── BackendError     no usable framework (PyTorch, JAX or TensorFlow) or device
├── StudioError      the studio cannot be opened
├── RunError         the studio has no such job, or cannot do that with it
│   └── BusyError    the studio has as many runs as it takes
└── DivergedError    the optimisation left the finite numbers and could not come back
```

Every message is one or two sentences: what was expected, what came, what to do.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import Step

_LONGEST = 1500  # characters of a message
# Control characters, ends of lines, and what turns the direction of writing.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class ImpastoError(Exception):
    """Base of all errors that Impasto raises on purpose."""


class PictureError(ImpastoError):
    """A picture cannot be read, written, or used as it is."""


class SettingsError(ImpastoError, ValueError):
    """A setting is out of range, or two settings contradict each other."""


class WeightsError(ImpastoError):
    """The network's weights are missing, damaged, or belong to another network."""


class ModelError(ImpastoError):
    """A file with a painting network is missing, damaged, newer than this program, or not one."""


class BackendError(ImpastoError):
    """No usable framework or device."""


class StudioError(ImpastoError):
    """The studio cannot be opened: Gradio is missing, or the port is taken."""


class RunError(ImpastoError):
    """The studio has no such run, or the run is not one with which that can be done."""


class BusyError(RunError):
    """The studio has as many unfinished runs as it takes."""


class DivergedError(ImpastoError):
    """The optimisation met a loss or gradient that is not finite and could not come back.

    Attributes:
        step: The last good `Step` (its `image` can be saved), or None if there was none.
    """

    def __init__(self, message: str, step: Step | None = None):
        super().__init__(message)
        self.step = step


def explain(error: Exception) -> str:
    """Say in a sentence or two what went wrong, for people who paint.

    Args:
        error: Anything: our own message is taken as it is, a lack of memory and what the system
            says of a file are recognised, all else is called unexpected.

    Example:
        >>> explain(MemoryError())
        'out of memory; take a smaller --size, or close other programs'
    """
    if isinstance(error, ImpastoError):
        text = str(error)
    elif _is_out_of_memory(error):
        text = "out of memory; take a smaller --size, or close other programs"
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"cannot use {os.fsdecode(error.filename)}: {error.strerror}; "
        text += "choose another name or folder"
    else:
        text = f"unexpected {type(error).__name__}: {error}".split("\n")[0]
        text += " (run again with --debug for the details)"
    return "; ".join([text, *getattr(error, "__notes__", [])])


def printable(text: str) -> str:
    r"""Return a text as one line, with what a terminal would obey or hide written as its escape.

    What is very long loses its middle. Names of files, and what files say, may hold anything.

    Example:
        >>> print(printable("there is no file a" + chr(9) + "b.png"))
        there is no file a\tb.png
    """
    text = _UNSEEN.sub(lambda found: repr(found.group())[1:-1], text)
    if len(text) > _LONGEST:
        return f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 3 :]}"  # the advice is at its end
    return text


def _is_out_of_memory(error: Exception) -> bool:
    """Recognise what NumPy, PyTorch (CPU and GPU), JAX and TensorFlow raise without memory."""
    words = ("out of memory", "not enough memory", "resource_exhausted", "oom when allocating")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)
