"""Whose turn it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impasto.studio.jobs.turns import round_robin

USERS = st.sampled_from("abcd")


def order(waiting, **began):
    return round_robin(waiting, lambda run: run[0], began)


def test_people_take_turns_and_each_has_their_own_order():
    assert order(["a1", "a2", "a3", "b1", "b2"]) == ["a1", "b1", "a2", "b2", "a3"]
    assert order(["a1", "a2", "b1"], a=1) == ["b1", "a1", "a2"]
    assert order(["a1", "b1", "c1"], a=3, b=2, c=1) == ["c1", "b1", "a1"]
    assert order([]) == []


@given(st.lists(USERS, max_size=12), st.dictionaries(USERS, st.integers(1, 9)))
def test_the_places_are_those_that_come_true_when_each_is_taken_in_turn(users, began):
    waiting = [f"{user}{number}" for number, user in enumerate(users)]
    told = order(waiting, **began)
    assert sorted(told) == sorted(waiting)
    left, turns, taken = list(waiting), dict(began), []
    while left:
        taken.append(order(left, **turns)[0])
        turns[taken[-1][0]] = max(turns.values(), default=0) + 1
        left.remove(taken[-1])
    assert taken == told
    for user in "abcd":
        assert [run for run in told if run[0] == user] == [run for run in waiting if run[0] == user]
