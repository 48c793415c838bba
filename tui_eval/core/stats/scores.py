"""Scores from 1 to 5, and preferences freed of length."""

from __future__ import annotations

import cmath
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tui_eval.core.stats.intervals import Interval
from tui_eval.core.stats.student import Z95

LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)
PRIOR = 0.2
"""Added to the count of each level: together one item that says nothing."""

STEP = 1 / 16
"""Of the trapezoid rule for the posterior; a quarter of it changes no end by 1e-8."""

Weights = tuple[tuple[float, float], ...]
"""(value, Dirichlet weight) of each atom."""


def level_mean(scores: Sequence[float]) -> Interval | None:
    """Mean of scores from 1 to 5 with the 95% interval of its posterior; None of nothing,
    no ends below two items.

    The posterior of the levels' shares is Dirichlet with the counts plus 0.2 each. Its
    mean's quantiles come from the exact inversion of Imhof (1961), no simulation: right to
    1e-8. Of several judges give each item's mean: the values between levels then are atoms
    of their own beside the five levels, one per item, so that the item stays the unit.
    """
    if not scores:
        return None
    if any(not 1 <= score <= 5 for score in scores):
        raise ValueError("a score lies between 1 and 5")
    n, mean = len(scores), math.fsum(scores) / len(scores)
    if n < 2:
        return Interval(mean, None, None, n)
    weights = _weights(scores)
    # With all items at one end the posterior excludes that end, by its nature.
    low, high = min(mean, _quantile(weights, 0.025)), max(mean, _quantile(weights, 0.975))
    return Interval(mean, low, high, n)


def _weights(scores: Sequence[float]) -> Weights:
    counts = Counter(float(score) for score in scores)
    values = sorted({*counts, *LEVELS})
    return tuple((v, counts[v] + (PRIOR if v in LEVELS else 0.0)) for v in values)


@lru_cache(maxsize=1024)
def _quantile(weights: Weights, share: float) -> float:
    low, high = weights[0][0], weights[-1][0]
    for _ in range(34):  # 4/2^34 is 2e-10.
        middle = (low + high) / 2
        if posterior_below(weights, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def posterior_below(weights: Weights, mean: float) -> float:
    """Chance that the mean of the Dirichlet posterior is at most ``mean``.

    A Dirichlet share is a gamma variable over their sum, so this is the chance that
    Σ(value - mean)·gamma is at most 0: Imhof's integral of sin θ(u)/(u·ρ(u)), with
    u = exp(s - exp(-s))/scale, which makes the trapezoid rule converge exponentially.
    """
    terms = [(value - mean, weight) for value, weight in weights if value != mean]
    scale = math.sqrt(math.fsum(weight * move * move for move, weight in terms))
    if not scale:
        return 1.0
    total, s = 0.0, -3.5
    while True:
        fall = math.exp(-s)
        u = math.exp(s - fall) / scale
        log = sum(weight * cmath.log(complex(1.0, move * u)) for move, weight in terms)
        if log.real > 36.0:
            break
        total += math.sin(log.imag) * math.exp(-log.real) * (1 + fall)
        s += STEP
    return min(1.0, max(0.0, 0.5 - total * STEP / math.pi))


@dataclass(frozen=True, slots=True)
class LengthAdjusted:
    """The decisive rate at equal lengths, from ln odds = intercept + slope·tanh(Δ/sd)."""

    rate: Interval
    intercept: float
    slope: float
    sd: float


def length_adjusted(differences: Sequence[float], wins: Sequence[bool]) -> LengthAdjusted | None:
    """Logistic regression of decisive votes on how much longer tuned's answer is.

    None where no finite fit exists: all votes are one way, or some length parts won from
    lost votes. With one predictor that is seen before fitting, so Newton's steps, halved
    while they overshoot, end at the one maximum.
    """
    n = len(differences)
    if n < 2:
        return None
    centre = math.fsum(differences) / n
    sd = math.sqrt(math.fsum((value - centre) ** 2 for value in differences) / (n - 1))
    x = [math.tanh(value / sd) if sd else 0.0 for value in differences]
    won = [value for value, win in zip(x, wins, strict=True) if win]
    lost = [value for value, win in zip(x, wins, strict=True) if not win]
    if not won or not lost or max(lost) <= min(won) or max(won) <= min(lost):
        return None
    b0, b1, se = _logistic(x, wins)
    ends = (_sigmoid(b0 - Z95 * se), _sigmoid(b0 + Z95 * se))
    return LengthAdjusted(Interval(_sigmoid(b0), *ends, n), b0, b1, sd)


def _sigmoid(value: float) -> float:
    return (1 + math.tanh(value / 2)) / 2


def _log_likelihood(b0: float, b1: float, x: Sequence[float], wins: Sequence[bool]) -> float:
    signed = (b0 + b1 * v if win else -b0 - b1 * v for v, win in zip(x, wins, strict=True))
    return -math.fsum(max(0.0, -s) + math.log1p(math.exp(-abs(s))) for s in signed)


def _logistic(x: Sequence[float], wins: Sequence[bool]) -> tuple[float, float, float]:
    """Intercept, slope and the intercept's standard error, by Newton's method."""
    b0 = b1 = se = 0.0
    height = _log_likelihood(b0, b1, x, wins)
    for _ in range(100):
        fitted = [_sigmoid(b0 + b1 * value) for value in x]
        misses = [win - p for win, p in zip(wins, fitted, strict=True)]
        weights = [p * (1 - p) for p in fitted]
        g0, g1 = math.fsum(misses), math.fsum(m * v for m, v in zip(misses, x, strict=True))
        h00 = math.fsum(weights)
        h01 = math.fsum(w * v for w, v in zip(weights, x, strict=True))
        h11 = math.fsum(w * v * v for w, v in zip(weights, x, strict=True))
        determinant = h00 * h11 - h01 * h01
        if determinant <= 1e-300:
            break
        se = math.sqrt(h11 / determinant)
        d0, d1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        if max(abs(d0), abs(d1)) < 1e-12:
            break
        share = 1.0
        while share > 1e-10 and _log_likelihood(b0 + share * d0, b1 + share * d1, x, wins) < height:
            share /= 2
        b0, b1 = b0 + share * d0, b1 + share * d1
        height = _log_likelihood(b0, b1, x, wins)
    return b0, b1, se
