"""Exceptions.

```
ImpastoError
├── PictureError     a picture cannot be read, written or used
├── SettingsError    a setting is out of range, or two settings contradict each other
├── WeightsError     VGG19's weights are missing, damaged, or of another network
├── ModelError       a model file is missing, damaged, or not an Impasto model
├── BackendError     no usable framework (PyTorch, JAX or TensorFlow) or device
├── StudioError      the studio cannot be opened
├── RunError         the studio has no such job, or the job's status does not allow the request
│   └── BusyError    the studio's limit of unfinished jobs is reached
└── DivergedError    the loss or gradient became non-finite and recovery failed
```

Every message is one or two sentences: what is wrong, what was expected, how to fix it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import Step

_LONGEST = 1500  # characters of a message
# Control characters, line separators, and marks that change the direction of text.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class ImpastoError(Exception):
    """Base of all errors that Impasto raises on purpose."""


class PictureError(ImpastoError):
    """A picture cannot be read, written or used."""


class SettingsError(ImpastoError, ValueError):
    """A setting is out of range, or two settings contradict each other."""


class WeightsError(ImpastoError):
    """VGG19's weights are missing, damaged, or belong to another network."""


class ModelError(ImpastoError):
    """A model file is missing, damaged, of a newer version, or not an Impasto model."""


class BackendError(ImpastoError):
    """No usable framework or device."""


class StudioError(ImpastoError):
    """The studio cannot be opened: Gradio is missing, or the port is taken."""


class RunError(ImpastoError):
    """The studio has no such job, or the job's status does not allow the request."""


class BusyError(RunError):
    """The studio's limit of unfinished jobs is reached."""


class DivergedError(ImpastoError):
    """The loss or gradient became non-finite and recovery failed.

    Attributes:
        step: The last good `Step` (its `image` can be saved), or None if there was none.
    """

    def __init__(self, message: str, step: Step | None = None):
        super().__init__(message)
        self.step = step


def explain(error: Exception) -> str:
    """Describe an error in one or two sentences, for users.

    Args:
        error: An `ImpastoError`'s message is returned unchanged, out-of-memory and file errors get
            a sentence of their own, all others are reported as unexpected.

    Example:
        >>> explain(MemoryError())
        'out of memory; take a smaller --size, or close other programs'
    """
    if isinstance(error, ImpastoError):
        text = str(error)
    elif _is_out_of_memory(error):
        text = "out of memory; take a smaller --size, or close other programs"
    elif isinstance(error, FileNotFoundError) and "No usable temporary directory" in str(error):
        text = "no folder for temporary files can be written; set TMPDIR to one that can"
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"cannot use {os.fsdecode(error.filename)}: {error.strerror}; "
        text += "choose another name or folder"
    else:
        text = f"unexpected {type(error).__name__}: {error}".split("\n")[0]
        text += " (run again with --debug for the details)"
    return "; ".join([text, *getattr(error, "__notes__", [])])


def printable(text: str) -> str:
    r"""Return a text as one line, with control and invisible characters escaped.

    The middle of a very long text is cut. File names and file contents may hold any character.

    Example:
        >>> print(printable("there is no file a" + chr(9) + "b.png"))
        there is no file a\tb.png
    """
    text = _UNSEEN.sub(lambda found: repr(found.group())[1:-1], text)
    if len(text) > _LONGEST:
        return f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 3 :]}"  # the remedy is at the end
    return text


def _is_out_of_memory(error: Exception) -> bool:
    """Recognise the out-of-memory errors of NumPy, PyTorch (CPU and GPU), JAX and TensorFlow."""
    words = (
        "out of memory", "not enough memory", "resource_exhausted", "oom when allocating",
        "cannot allocate memory", "can't allocate memory", "bad_alloc",
    )  # fmt: skip
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)
