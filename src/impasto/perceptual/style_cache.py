"""Cache of what pictures of one style share: the network and style targets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from ..backend import ops
from ..types import Mask, Tensor
from .features import Kernels

_MOST = 16  # results that are kept: of the default layers' Gram matrices about 2.4 MB each

_T = TypeVar("_T")
Known = dict[Hashable, Any]


class Looks(NamedTuple):
    """The network, and what it saw of paintings.

    Attributes:
        kernels: The prepared network.
        known: What it saw, by what decides it, the last used last; `remembered` adds to it.
    """

    kernels: Kernels
    known: Known


def remembered(
    known: Known | None,
    painting: Tensor,
    mask: Mask | None,
    about: Hashable,
    look: Callable[[], _T],
) -> _T:
    """Look at a painting, unless that was done before.

    Args:
        known: What is remembered, of one network; the new result is added, and the one longest not
            used goes where there are more than 16. None remembers nothing.
        painting: (1, h, w, 3); its numbers tell whether it is the same.
        mask: Which part of the painting counts, (H, W), 0..1.
        about: All else that decides the result: settings, tile.
        look: Computes the result.

    Returns:
        The result; do not write into it.

    Example:
        >>> known, grey = {}, ops.ones((1, 16, 16, 3))
        >>> float(remembered(known, grey, None, "sum", lambda: ops.sum(grey)))
        768.0
        >>> float(remembered(known, grey, None, "sum", lambda: 0.0)), len(known)
        (768.0, 1)
    """
    if known is None:
        return look()
    arrays = ops.convert_to_numpy(painting), *([] if mask is None else [mask])
    key = about, *((each.shape, hashlib.sha256(each.tobytes()).digest()) for each in arrays)
    result: _T = known.pop(key) if key in known else look()
    known[key] = result
    while len(known) > _MOST:
        del known[next(iter(known))]
    return result
