"""Round-robin between users; first in, first out within a user."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def round_robin(
    waiting: Iterable[T], whose: Callable[[T], str], began: Mapping[str, int]
) -> list[T]:
    """Put what waits in order: next is somebody whose last turn began longest ago.

    Args:
        waiting: In the order of asking.
        whose: Tells the user who asked.
        began: Number of each user's last turn, from 1; who had none is not in it.

    Returns:
        All of it, the next one first. Of those who had no turn yet, the one who asked first is.

    Example:
        >>> round_robin(["a1", "a2", "a3", "b1", "c1"], lambda job: job[0], {"a": 1, "c": 2})
        ['b1', 'a1', 'c1', 'a2', 'a3']
    """
    own: dict[str, deque[T]] = {}
    for one in waiting:
        own.setdefault(whose(one), deque()).append(one)
    turns = dict(began)
    now = max(turns.values(), default=0)
    found: list[T] = []
    while own:
        user = min(own, key=lambda name: turns.get(name, 0))
        found.append(own[user].popleft())
        now += 1
        turns[user] = now
        if not own[user]:
            del own[user]
    return found
