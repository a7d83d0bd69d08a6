"""When is a picture as good as another, and when does a run get there? Pure functions.

A measure is a distance; the ratio is the picture's to the baseline's, so below 1 is better. Two
rules, since pictures trade content for style:

- `each`: no measure is worse than the baseline's by more than `tolerance`.
- `mean`: the geometric mean of the ratios is at most 1, and none is above `trade`. A ratio below
  1 / trade counts as 1 / trade: else the photograph itself, whose content is perfect, would be as
  good as anything.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

RULES = ("mean", "each")
STYLE_MEASURES = ("style", "held_out")

Measures = Mapping[str, float]
Row = Mapping[str, Any]  # of a curve: `seconds`, `measures` and more


class Rule(NamedTuple):
    """What "as good" means.

    Attributes:
        measures: Names of the measures that count.
        tolerance: Factor by which each may be worse.
        trade: Factor by which each may be worse when the others make up for it.
    """

    measures: tuple[str, ...] = ("style", "held_out", "content")
    tolerance: float = 1.02
    trade: float = 1.25


def compare(picture: Measures, baseline: Measures) -> dict[str, float]:
    """Return the ratios of all measures; infinity where the baseline's is 0 and ours is not."""
    return {name: _ratio(picture[name], baseline[name]) for name in baseline}


def _ratio(ours: float, theirs: float) -> float:
    if theirs > 0:
        return ours / theirs
    return math.inf if ours > 0 else 1.0


def as_good(ratios: Mapping[str, float], name: str, rule: Rule) -> bool:
    """Say whether ratios satisfy `each`, `mean`, `styles` (both of style) or one measure."""
    if name == "mean":
        chosen = [ratios[measure] for measure in rule.measures]
        logs = [math.log(max(ratio, 1 / rule.trade)) for ratio in chosen]
        return max(chosen) <= rule.trade and statistics.mean(logs) <= 0
    names = {"each": rule.measures, "styles": STYLE_MEASURES}.get(name, (name,))
    return all(ratios[measure] <= rule.tolerance for measure in names)


def reached(curve: Sequence[Row], baseline: Measures, rule: Rule) -> dict[str, Row | None]:
    """Find where a run gets as good as a baseline, by either rule and by each measure.

    Args:
        curve: Rows in the order of time.
        baseline: Measures of the picture to reach.
        rule: What "as good" means.

    Returns:
        By `mean`, `each`, `styles` (style and held_out) and each measure: the first row that is
        as good, with its ratios; None if there is none.
    """
    found: dict[str, Row | None] = dict.fromkeys((*RULES, "styles", *baseline))
    for row in curve:
        ratios = compare(row["measures"], baseline)
        for name, before in found.items():
            if before is None and as_good(ratios, name, rule):
                kept = {key: value for key, value in row.items() if key != "measures"}
                found[name] = {**kept, "ratios": ratios}
    return found


def median_speedup(speedups: Sequence[float | None]) -> float | None:
    """Return the median over the pairs, where None is never and counts as slowest of all."""
    if not speedups:
        return None
    middle = statistics.median([speedup or 0.0 for speedup in speedups])
    never = sum(speedup is None for speedup in speedups)
    return middle if 2 * never < len(speedups) else None
