"""What a difference shows where units vary little or not at all."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from tui_eval.core.stats.intervals import Estimate, Groups, Interval, flat
from tui_eval.core.stats.rates import sign_p


def bounds(
    value: float, count: int, span: tuple[float, float], alpha: float = 0.05
) -> tuple[float, float] | None:
    """Ends of a mean that all of ``count`` units have exactly; None below two of them.

    Where a share s of all units is otherwise, none of ``count`` is with chance (1 - s)^count.
    So at most 1 - alpha^(1/count) of them are (Clopper and Pearson's one-sided end, the "rule
    of three" of Hanley and Lippman-Hand, 1983: about 3/count), and those may lie anywhere in
    ``span``, which the value can't leave.
    """
    if count < 2:
        return None
    least, most = span
    share = 1 - alpha ** (1 / count)
    return value - share * (value - least), value + share * (most - value)


def with_bounds(found: Interval | None, span: tuple[float, float], count: int) -> Interval | None:
    """An interval of which every unit is the same gets its ``bounds``, one with ends stays."""
    ends = None if found is None or found.low is not None else bounds(found.value, count, span)
    return found if found is None or ends is None else Interval(found.value, *ends, found.n)


def interval_of(
    found: Estimate | None, span: tuple[float, float] | None = None, count: int = 0
) -> Interval | None:
    """Cut to ``span``, which the figure can't leave. Where nothing varies its ``bounds`` by the
    number of units; none where that isn't given."""
    if found is None:
        return None
    low, high = found.low, found.high
    if low is None or high is None or flat(found):
        made = Interval(found.value, None, None, found.n)
        return made if span is None else with_bounds(made, span, count)
    least, most = span or (-math.inf, math.inf)
    return Interval(found.value, max(least, low), min(most, high), found.n)


def may_show(differing: int, significance: float) -> bool:
    """Whether so many units in which two models differ can show anything. Each could as well
    have the other sign, so no test of the pairs gets below 2^(1 - differing): the sign test's
    p where all of them went the same way. At 0.05 that takes six."""
    return sign_p(differing, 0) <= significance


def differing_units(differ: Sequence[bool], groups: Groups) -> int:
    """Of single items, or of groups that hold one, those in which something differs."""
    if groups is None:
        return sum(differ)
    units: set[Hashable] = set()
    for place, (so, group) in enumerate(zip(differ, groups, strict=True)):
        if so:
            units.add(("own", place) if group is None else ("group", group))
    return len(units)
