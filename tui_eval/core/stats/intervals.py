"""95% intervals by linearisation: one influence value per sample, summed within groups,
Student's t on units minus one.

A ratio of sums R = ΣA/ΣB moves with sample i by (A_i - R·B_i)/ΣB. Samples of one group
(a document, a customer) move together, so their influences are summed before squaring.
No resampling, and on skewed losses it covered no worse than the percentile bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from tui_eval.core.stats.student import Z95, t95

Groups = Sequence[Hashable | None] | None
"""A group per sample; None is a sample of its own."""
FLAT = 1e-12
"""Of what is 1: a spread below it is rounding."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its standard error and degrees of freedom. ``low`` and ``high`` are None
    where fewer than two units say nothing about spread; ``n`` counts samples."""

    value: float
    se: float
    df: float
    n: int

    @property
    def low(self) -> float | None:
        return self._end(-1)

    @property
    def high(self) -> float | None:
        return self._end(+1)

    def _end(self, sign: int) -> float | None:
        if self.df < 1 or not math.isfinite(self.se):
            return None
        return self.value + sign * t95(self.df) * self.se if self.se else self.value


@dataclass(frozen=True, slots=True)
class Interval:
    value: float
    low: float | None
    high: float | None
    n: int


def total(values: Iterable[float]) -> float:
    """An exact sum; infinite or NaN where floats end, instead of an error."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf
    except ValueError:  # infinities of both signs
        return math.nan


def spread(influences: Sequence[float], groups: Groups = None) -> tuple[float, float]:
    """Standard error of a sum of influences, and its degrees of freedom."""
    sums = within(influences, groups)
    units = len(sums)
    if units < 2:
        return math.nan, units - 1
    centre = total(sums) / units
    squares = total((value - centre) * (value - centre) for value in sums)
    return math.sqrt(squares * units / (units - 1)), units - 1


def within(influences: Sequence[float], groups: Groups) -> list[float]:
    """The sum of each unit's influences."""
    if groups is None:
        return list(influences)
    sums: dict[Hashable, float] = {}
    for place, (influence, group) in enumerate(zip(influences, groups, strict=True)):
        unit: Hashable = ("own", place) if group is None else ("group", group)
        sums[unit] = sums.get(unit, 0.0) + influence
    return list(sums.values())


def units(groups: Groups, n: int) -> int:
    """How many independent units ``n`` samples are."""
    return n if groups is None else len(within([0.0] * n, groups))


def ratio_of_sums(
    above: Sequence[float], below: Sequence[float], groups: Groups = None
) -> Estimate | None:
    """ΣA/ΣB; None where ΣB is 0."""
    divisor = total(below)
    if not divisor:
        return None
    ratio = total(above) / divisor
    influences = [(a - ratio * b) / divisor for a, b in zip(above, below, strict=True)]
    return Estimate(ratio, *spread(influences, groups), len(influences))


def mean(values: Sequence[float], groups: Groups = None) -> Estimate | None:
    """The t interval of a mean; None of nothing."""
    return ratio_of_sums(values, [1.0] * len(values), groups)


def flat(found: Estimate) -> bool:
    """Whether no unit moves it: that they are all the same says nothing of others."""
    return found.se <= FLAT * max(1.0, abs(found.value))


def paired_rates(wins: float, losses: float, n: int) -> tuple[float, float]:
    """Bonett and Price's ends of a difference of rates on ``n`` pairs: one win and one loss are
    added, so that it has a width also where every pair is the same."""
    up, down, size = (wins + 1) / (n + 2), (losses + 1) / (n + 2), n + 2
    half = Z95 * math.sqrt((up + down - (up - down) ** 2) / size)
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def difference(one: Estimate, other: Estimate) -> Estimate:
    """``one - other`` of two sets that vary separately (training and validation rows),
    degrees of freedom after Welch and Satterthwaite."""
    se = math.hypot(one.se, other.se)
    parts = [(_fourth(e.se) / e.df) if e.df >= 1 else math.nan for e in (one, other)]
    if any(math.isnan(part) for part in parts):
        df = 0.0
    else:
        df = _fourth(se) / sum(parts) if sum(parts) else min(one.df, other.df)
    return Estimate(one.value - other.value, se, df, one.n + other.n)


def _fourth(value: float) -> float:
    return value * value * value * value


def exponential(estimate: Estimate) -> Interval:
    """An interval made on the log scale, as perplexities need: always above 0, and the
    same whichever way round a ratio is read. Past the largest float it is infinite."""
    return Interval(
        _exp(estimate.value),
        None if estimate.low is None else _exp(estimate.low),
        None if estimate.high is None else _exp(estimate.high),
        estimate.n,
    )


def positive(estimate: Estimate) -> Interval:
    """An interval of an amount above 0 (bits per byte), made on the log scale, where its
    standard error is the relative one. The value stays as it is."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value > 0 and low is not None and high is not None:
        half = (high - value) / value
        low, high = value * _exp(-half), value * _exp(half)
    elif estimate.se:  # Nothing is known of the spread, or there is no logarithm.
        low = high = None
    return Interval(value, low, high, estimate.n)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
    except ValueError:  # infinities of both signs
        return math.nan


def perplexity(
    nll: Sequence[float], tokens: Sequence[float], groups: Groups = None
) -> Interval | None:
    """exp(Σ nll/Σ tokens)."""
    loss = ratio_of_sums(nll, tokens, groups)
    return None if loss is None else exponential(loss)


def wilson(hits: float, n: int) -> Interval | None:
    """A rate; None of nothing. ``hits`` may be a share of ``n`` groups."""
    if n <= 0:
        return None
    rate, z2 = hits / n, Z95 * Z95
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return Interval(rate, low, high, n)
