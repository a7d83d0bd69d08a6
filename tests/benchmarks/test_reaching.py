"""When a picture counts as as good as another."""

from __future__ import annotations

import pytest
import reaching

RULE = reaching.Rule()
BASELINE = {"style": 0.1, "held_out": 0.2, "content": 0.5, "content_deep": 0.6}


def ratios(style, held_out, content):
    return {"style": style, "held_out": held_out, "content": content}


@pytest.mark.parametrize(
    ("given", "mean", "each"),
    [
        (ratios(1.0, 1.0, 1.0), True, True),
        (ratios(1.02, 1.02, 1.02), False, True),
        (ratios(0.9, 0.9, 1.2), True, False),
        (ratios(0.9, 0.9, 1.26), False, False),  # above the trade, whatever the others gain
        (ratios(1.2, 1.2, 0.0), False, False),  # content alone cannot pay for both styles
        (ratios(1.1, 1.1, 0.0), True, False),  # 1.1 * 1.1 / 1.25 < 1
        (ratios(3.0, 3.0, 0.0), False, False),  # the photograph itself
    ],
)
def test_rules(given, mean, each):
    assert reaching.as_good(given, "mean", RULE) is mean
    assert reaching.as_good(given, "each", RULE) is each


def test_measures_that_do_not_count_are_not_asked():
    rule = RULE._replace(measures=("style",))
    assert reaching.as_good(ratios(1.0, 9.0, 9.0), "each", rule)
    assert reaching.as_good(ratios(1.0, 9.0, 9.0), "mean", rule)
    assert not reaching.as_good(ratios(1.0, 9.0, 9.0), "styles", rule)


def curve(*factors):
    rows = []
    for i, (style, content) in enumerate(factors):
        measures = {
            name: value * (content if "content" in name else style)
            for name, value in BASELINE.items()
        }
        rows.append({"iteration": 10 * i, "seconds": float(i), "measures": measures})
    return rows


def test_first_row_that_is_as_good():
    found = reaching.reached(curve((3, 0), (1.15, 0.7), (1.01, 0.9), (0.5, 1.0)), BASELINE, RULE)
    assert {name: row and row["seconds"] for name, row in found.items()} == {
        "mean": 2.0, "each": 2.0, "styles": 2.0, "style": 2.0, "held_out": 2.0, "content": 0.0,
        "content_deep": 0.0,
    }  # fmt: skip
    assert found["mean"]["ratios"]["style"] == pytest.approx(1.01)
    assert "measures" not in found["mean"]


def test_never():
    found = reaching.reached(curve((3, 0), (0.9, 2.0)), BASELINE, RULE)
    assert found["mean"] is None and found["each"] is None
    assert found["styles"]["seconds"] == 1.0


def test_no_distance_to_compare_with():
    assert reaching.compare({"content": 0.0}, {"content": 0.0}) == {"content": 1.0}
    assert reaching.compare({"content": 0.1}, {"content": 0.0}) == {"content": float("inf")}


@pytest.mark.parametrize(
    ("speedups", "median"),
    [
        ([], None),
        ([4.0], 4.0),
        ([None, 2.0, 4.0, 8.0], 3.0),
        ([None, None, 4.0, 8.0], None),  # half never got there
        ([None], None),
    ],
)
def test_median_counts_never_as_slowest(speedups, median):
    assert reaching.median_speedup(speedups) == median
