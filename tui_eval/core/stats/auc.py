"""Area under the ROC curve of two samples, with the percentile bootstrap's interval.

It has no linear form that covers well near 0 and 1, so both samples are drawn again, each
from itself: 2,000 times, with a seed that the Reading tells.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from tui_eval.core.stats.intervals import Groups, Interval
from tui_eval.core.stats.order import quantile

DRAWS = 2_000
SEED = 0

Units = tuple[tuple[int, ...], ...]
"""Places of the values that are drawn together."""


def auc(members: Sequence[float], others: Sequence[float]) -> float | None:
    """The chance that a member's value is above another's, ties as one half (Mann and
    Whitney's U as a share); None where either side is empty."""
    if not members or not others:
        return None
    places = _places(members, sorted(others))
    return sum(low + high for low, high in places) / (2 * len(members) * len(others))


def auc_interval(
    members: Sequence[float],
    others: Sequence[float],
    member_groups: Groups = None,
    other_groups: Groups = None,
    *,
    seed: int = SEED,
) -> Interval | None:
    """``auc`` with its 95% interval; no ends where a side has fewer than two units. Values of
    one group are drawn together."""
    value = auc(members, others)
    if value is None:
        return None
    n = len(members) + len(others)
    ours, theirs = _units(member_groups, len(members)), _units(other_groups, len(others))
    if len(ours) < 2 or len(theirs) < 2:
        return Interval(value, None, None, n)
    low, high = _ends(tuple(members), tuple(others), ours, theirs, seed)
    return Interval(value, low, high, n)


def _places(members: Sequence[float], ordered: Sequence[float]) -> list[tuple[int, int]]:
    """How many of the others are below each member, and how many are not above it."""
    return [(bisect_left(ordered, value), bisect_right(ordered, value)) for value in members]


def _units(groups: Groups, n: int) -> Units:
    if groups is None:
        return tuple((place,) for place in range(n))
    found: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        unit = ("own", place) if group is None else ("group", group)
        found.setdefault(unit, []).append(place)
    return tuple(map(tuple, found.values()))


@lru_cache(maxsize=64)
def _ends(
    members: tuple[float, ...], others: tuple[float, ...], ours: Units, theirs: Units, seed: int
) -> tuple[float, float]:
    """Others are counted at their places in order, so that a draw costs no sorting."""
    order = sorted(range(len(others)), key=others.__getitem__)
    place_of = {at: place for place, at in enumerate(order)}
    theirs_placed = [[place_of[at] for at in unit] for unit in theirs]
    bounds = _places(members, [others[at] for at in order])
    ours_bounds = [[bounds[at] for at in unit] for unit in ours]
    chance = random.Random(seed)
    found = []
    for _ in range(DRAWS):
        counts = [0] * len(others)
        for unit in chance.choices(theirs_placed, k=len(theirs_placed)):
            for place in unit:
                counts[place] += 1
        below = [0, *accumulate(counts)]
        drawn = chance.choices(ours_bounds, k=len(ours_bounds))
        wins = sum(below[low] + below[high] for unit in drawn for low, high in unit)
        found.append(wins / (2 * below[-1] * sum(map(len, drawn))))
    return quantile(found, 0.025), quantile(found, 0.975)
