"""Cache of the network and of style targets, shared by pictures of the same style."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from ..backend import ops
from ..types import Mask, Tensor
from .features import Kernels

_MOST = 16  # cached results: about 2.4 MB each for the Gram matrices of the default layers

_T = TypeVar("_T")
Cached = dict[Hashable, Any]


class StyleCache(NamedTuple):
    """The network, and style targets computed with it.

    Attributes:
        kernels: The prepared network.
        cached: Style targets by their inputs, least recently used first; `look_up` adds to it.
    """

    kernels: Kernels
    cached: Cached


def look_up(
    cached: Cached | None,
    painting: Tensor,
    mask: Mask | None,
    about: Hashable,
    compute: Callable[[], _T],
) -> _T:
    """Return the cached result for a painting, or compute and cache it.

    Args:
        cached: The cache of one network, a least-recently-used cache of 16 results. None disables
            caching.
        painting: (1, h, w, 3); compared by its values.
        mask: Which part of the painting counts, (H, W), 0..1.
        about: Everything else that determines the result: settings, tile.
        compute: Computes the result.

    Returns:
        The result; do not modify it.

    Example:
        >>> cached, grey = {}, ops.ones((1, 16, 16, 3))
        >>> float(look_up(cached, grey, None, "sum", lambda: ops.sum(grey)))
        768.0
        >>> float(look_up(cached, grey, None, "sum", lambda: 0.0)), len(cached)
        (768.0, 1)
    """
    if cached is None:
        return compute()
    arrays = ops.convert_to_numpy(painting), *([] if mask is None else [mask])
    key = about, *((each.shape, hashlib.sha256(each.tobytes()).digest()) for each in arrays)
    result: _T = cached.pop(key) if key in cached else compute()
    cached[key] = result
    while len(cached) > _MOST:
        del cached[next(iter(cached))]
    return result
