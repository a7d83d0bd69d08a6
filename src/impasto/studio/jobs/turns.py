"""Round-robin between users; first in, first out within a user."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def round_robin(
    waiting: Iterable[T], user_of: Callable[[T], str], last_turns: Mapping[str, int]
) -> list[T]:
    """Sort waiting jobs: the user whose last turn is longest ago comes first.

    Args:
        waiting: Jobs in order of creation.
        user_of: Returns the user of a job.
        last_turns: Number of each user's last turn, from 1; users without a turn are missing.

    Returns:
        All jobs, next first. Among users without a turn, the one who asked first comes first.

    Example:
        >>> round_robin(["a1", "a2", "a3", "b1", "c1"], lambda job: job[0], {"a": 1, "c": 2})
        ['b1', 'a1', 'c1', 'a2', 'a3']
    """
    own: dict[str, deque[T]] = {}
    for one in waiting:
        own.setdefault(user_of(one), deque()).append(one)
    turns = dict(last_turns)
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
