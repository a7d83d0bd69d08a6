"""What can go wrong, as a small tree.

```
ImpastoError
├── PictureError     a picture cannot be read, written, or used as it is
├── SettingsError    a setting is out of range, or two settings contradict each other
├── WeightsError     the network's weights are missing, damaged, or of another network
├── ModelError       a file with a painting network is missing, damaged, or not one of ours
├── BackendError     no usable framework (PyTorch, JAX or TensorFlow) or device
└── DivergedError    the optimisation left the finite numbers and could not come back
```

Every message is one or two sentences: what was expected, what came, what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import Step


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


class DivergedError(ImpastoError):
    """The optimisation met a loss or gradient that is not finite and could not come back.

    Attributes:
        step: The last good `Step` (its `image` can be saved), or None if there was none.
    """

    def __init__(self, message: str, step: Step | None = None):
        super().__init__(message)
        self.step = step
