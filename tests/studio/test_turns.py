"""Order of waiting jobs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impasto.studio.jobs.turns import round_robin

USERS = st.sampled_from("abcd")


def order(waiting, **last_turns):
    return round_robin(waiting, lambda job: job[0], last_turns)


def test_users_take_turns():
    assert order(["a1", "a2", "a3", "b1", "b2"]) == ["a1", "b1", "a2", "b2", "a3"]
    assert order(["a1", "a2", "b1"], a=1) == ["b1", "a1", "a2"]
    assert order(["a1", "b1", "c1"], a=3, b=2, c=1) == ["c1", "b1", "a1"]
    assert order([]) == []


@given(st.lists(USERS, max_size=12), st.dictionaries(USERS, st.integers(1, 9)))
def test_places_match_the_order_in_which_jobs_run(users, last_turns):
    waiting = [f"{user}{number}" for number, user in enumerate(users)]
    places = order(waiting, **last_turns)
    assert sorted(places) == sorted(waiting)
    left, turns, taken = list(waiting), dict(last_turns), []
    while left:
        taken.append(order(left, **turns)[0])
        turns[taken[-1][0]] = max(turns.values(), default=0) + 1
        left.remove(taken[-1])
    assert taken == places
    for user in "abcd":
        assert [job for job in places if job[0] == user] == [
            job for job in waiting if job[0] == user
        ]
