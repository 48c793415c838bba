"""Does a series fall, rise or stand still: rank tests, robust slopes, smoothing.

Plain Python throughout, so that step 1 is on the screen before numpy could be imported.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import Literal

from tui_eval.core.stats.order import all_finite, median

Direction = Literal["falls", "rises"]
LOST = 2**-54
"""1 less this is 1."""
EXACT_UP_TO = 33
"""Without ties, Kendall's p is exact up to this many points, as in scipy."""


@dataclass(frozen=True, slots=True)
class Kendall:
    """Rank correlation of a series with its order, and the one-sided p of ``direction``."""

    tau: float
    p: float


def kendall(values: Sequence[float], direction: Direction) -> Kendall:
    """Kendall's tau-b against the order of ``values``, which must be finite.

    p is exact for short series without ties, else the normal approximation with the
    variance corrected for ties (Kendall 1970), without continuity correction. A series
    with no order to find (constant, or fewer than 2 values) has tau 0 and p 1.
    """
    n = len(values)
    pairs = n * (n - 1) // 2
    ties = [count for count in Counter(values).values() if count > 1]
    tied_pairs = sum(count * (count - 1) // 2 for count in ties)
    if pairs - tied_pairs <= 0:
        return Kendall(0.0, 1.0)
    rises, falls = _concordance(values)
    tau = (rises - falls) / math.sqrt(pairs * (pairs - tied_pairs))
    against = rises if direction == "falls" else falls
    if not ties and n <= EXACT_UP_TO:
        return Kendall(tau, _at_most(n, against))
    wanted = falls - rises if direction == "falls" else rises - falls
    return Kendall(tau, _normal_tail(wanted / math.sqrt(_variance(n, ties))))


def _concordance(values: Sequence[float]) -> tuple[int, int]:
    """Pairs in which the later value is the greater, and in which it is the smaller."""
    seen: list[float] = []
    rises = falls = 0
    for value in values:
        rises += bisect_left(seen, value)
        falls += len(seen) - bisect_right(seen, value)
        insort(seen, value)
    return rises, falls


@cache
def _orders_by_inversions(n: int) -> tuple[int, ...]:
    """How many orders of ``n`` different values have 0, 1, 2, ... inversions."""
    counts = [1]
    for size in range(2, n + 1):
        # A new largest value adds 0 to size - 1 inversions: a sum over a sliding window.
        sums = [0, *accumulate(counts), *[sum(counts)] * (size - 1)]
        counts = [sums[i + 1] - sums[max(0, i + 1 - size)] for i in range(len(sums) - 1)]
    return tuple(counts)


def _at_most(n: int, inversions: int) -> float:
    return sum(_orders_by_inversions(n)[: inversions + 1]) / math.factorial(n)


def _variance(n: int, ties: list[int]) -> float:
    """Of rises minus falls where order means nothing."""
    tied = sum(t * (t - 1) * (2 * t + 5) for t in ties)
    return (n * (n - 1) * (2 * n + 5) - tied) / 18


def _normal_tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def theil_sen(x: Sequence[float], y: Sequence[float]) -> float:
    """Median slope over all pairs; NaN where no two ``x`` differ."""
    return median(
        (y[j] - y[i]) / (x[j] - x[i])
        for i in range(len(x))
        for j in range(i + 1, len(x))
        if x[j] != x[i]
    )


def block_medians(
    x: Sequence[float], y: Sequence[float], blocks: int
) -> tuple[list[float], list[float]]:
    """A long series as at most ``blocks`` medians of consecutive, nearly equal stretches."""
    n = len(y)
    if n <= blocks:
        return list(x), list(y)
    edges = [n * block // blocks for block in range(blocks + 1)]
    spans = list(pairwise(edges))
    return [median(x[a:b]) for a, b in spans], [median(y[a:b]) for a, b in spans]


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Debiased exponential average, as TensorBoard draws it.

    Values that are not finite pass through and do not advance the average; a constant
    series stays as it is.
    """
    whole = all_finite(values)
    finite = values if whole else [value for value in values if math.isfinite(value)]
    if weight <= 0 or (finite and all(value == finite[0] for value in finite)):
        return list(values)
    if whole:
        return _smoothed(values, weight)
    average, decay, smoothed = 0.0, 1.0, []
    for value in values:
        if not math.isfinite(value):
            smoothed.append(value)
            continue
        average = average * weight + (1 - weight) * value
        decay *= weight
        smoothed.append(average / (1 - decay))
    return smoothed


def _smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Of finite values alone. Once the bias is lost to rounding nothing is divided by it."""
    average, decay, smoothed = 0.0, 1.0, []
    share = 1 - weight
    rest = iter(values)
    for value in rest:
        average = average * weight + share * value
        decay *= weight
        smoothed.append(average / (1 - decay))
        if decay < LOST:
            break
    smoothed += [average := average * weight + share * value for value in rest]
    return smoothed
