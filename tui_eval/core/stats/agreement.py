"""Do judges agree, and does one judge drift: on which answer won, never on screen sides.

``units`` are items, each the values that judges gave it; None is a missing value. Where
there is nothing to compare, or all values are one, the answer is None: chance-corrected
agreement has no value there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import permutations
from typing import Any, Literal, NamedTuple

from tui_eval.core.stats.student import t_tail

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["nominal", "quadratic"]
Units = Sequence[Sequence[Any]]
"""Hashable values at the nominal level, numbers at the others."""

Distance = Callable[[Any, Any], float]

EXACT_UP_TO = 8
"""Spearman's p comes from all orders up to this many values (40,320 orders)."""


def raw_agreement(units: Units, without: frozenset[Hashable] = frozenset()) -> float | None:
    """Share of all pairs of judgements of one item that are the same; values in
    ``without`` (ties) are left out."""
    same = pairs = 0
    for unit in units:
        counts = Counter(value for value in _present(unit) if value not in without)
        n = counts.total()
        pairs += n * (n - 1) // 2
        same += sum(count * (count - 1) // 2 for count in counts.values())
    return same / pairs if pairs else None


def _present(unit: Sequence[Any]) -> list[Any]:
    return [value for value in unit if value is not None]


def cohen(one: Sequence[Any], other: Sequence[Any], weights: Weights = "nominal") -> float | None:
    """Cohen's kappa of two judges over the items that both judged; ``quadratic`` weighs a
    disagreement of numbers by its square."""
    both = [(x, y) for x, y in zip(one, other, strict=True) if x is not None and y is not None]
    distance: Distance = _nominal if weights == "nominal" else _interval
    seen = math.fsum(distance(x, y) for x, y in both)
    left, right = Counter(x for x, _ in both), Counter(y for _, y in both)
    by_chance = math.fsum(
        distance(x, y) * left[x] * right[y] / len(both) for x in left for y in right
    )
    return 1 - seen / by_chance if by_chance else None


def fleiss(units: Units) -> float | None:
    """Fleiss's kappa of categories; every item needs the same number of judgements
    (``krippendorff`` allows gaps)."""
    counts = [Counter(_present(unit)) for unit in units]
    judges = {count.total() for count in counts}
    if len(judges) != 1 or (n := judges.pop()) < 2:
        return None
    seen = math.fsum(sum(c * (c - 1) for c in count.values()) for count in counts)
    seen /= len(counts) * n * (n - 1)
    everything = sum(counts, Counter())
    by_chance = math.fsum((c / (len(counts) * n)) ** 2 for c in everything.values())
    return (seen - by_chance) / (1 - by_chance) if by_chance < 1 else None


def krippendorff(units: Units, level: Level = "nominal") -> float | None:
    """Krippendorff's alpha, any number of judges, missing values allowed.

    1 - observed/expected disagreement over pairable values (Krippendorff 2011, "Computing
    Krippendorff's Alpha-Reliability").
    """
    pairable = [counts for unit in units if (counts := Counter(_present(unit))).total() > 1]
    everything: Counter[Any] = sum(pairable, Counter())
    distance = _distance(level, everything)
    seen = math.fsum(_disagreement(counts, distance) / (counts.total() - 1) for counts in pairable)
    n = everything.total()
    by_chance = _disagreement(everything, distance) / (n - 1) if n > 1 else 0.0
    return 1 - seen / by_chance if by_chance else None


def _disagreement(counts: Counter[Any], distance: Distance) -> float:
    values = list(counts)
    return 2 * math.fsum(
        counts[one] * counts[other] * distance(one, other)
        for place, one in enumerate(values)
        for other in values[:place]
    )


def _distance(level: Level, everything: Counter[Any]) -> Distance:
    if level == "nominal":
        return _nominal
    if level == "interval":
        return _interval
    if level == "ratio":
        return _ratio
    ranks, below = {}, 0
    for value in sorted(everything):
        # Values between two, and half of each of the two, lie between their middle ranks.
        ranks[value] = below + everything[value] / 2
        below += everything[value]
    return lambda one, other: float((ranks[one] - ranks[other]) ** 2)


def _nominal(one: Any, other: Any) -> float:
    return float(one != other)


def _interval(one: Any, other: Any) -> float:
    return float((one - other) ** 2)


def _ratio(one: Any, other: Any) -> float:
    return float(((one - other) / (one + other)) ** 2) if one + other else 0.0


class Spearman(NamedTuple):
    rho: float
    p: float
    """Two-sided."""


def spearman(x: Sequence[float], y: Sequence[float]) -> Spearman | None:
    """Rank correlation, ties at their mean rank; None where either side is constant.

    p is exact (all orders of ``y``, ties and all) up to ``EXACT_UP_TO`` values, else from
    Student's t on n - 2.
    """
    one, other = ranks(x), ranks(y)
    n = len(one)
    if len(other) != n:
        raise ValueError("both series need the same length")
    mean = (n + 1) / 2
    left, right = [rank - mean for rank in one], [rank - mean for rank in other]
    scale = math.sqrt(math.fsum(v * v for v in left) * math.fsum(v * v for v in right))
    if n < 2 or not scale:
        return None
    product = math.fsum(a * b for a, b in zip(left, right, strict=True))
    rho = max(-1.0, min(1.0, product / scale))
    if n <= EXACT_UP_TO:
        return Spearman(rho, _exact_p(left, right, abs(product) - 1e-9))
    if abs(rho) == 1:
        return Spearman(rho, 0.0)
    t = abs(rho) * math.sqrt((n - 2) / (1 - rho * rho))
    return Spearman(rho, 2 * t_tail(t, n - 2))


def _exact_p(left: Sequence[float], right: Sequence[float], least: float) -> float:
    orders = permutations(right)
    beyond = sum(
        abs(sum(a * b for a, b in zip(left, order, strict=True))) >= least for order in orders
    )
    return beyond / math.factorial(len(right))


def ranks(values: Sequence[float]) -> list[float]:
    """From 1; equal values share the mean of their ranks."""
    first: dict[float, int] = {}
    ordered = sorted(values)
    for place, value in enumerate(ordered, start=1):
        first.setdefault(value, place)
    counts = Counter(ordered)
    return [first[value] + (counts[value] - 1) / 2 for value in values]
