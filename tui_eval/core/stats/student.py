"""Student's t without scipy: the screens and the first Reading start without it.

Checked against scipy in the tests to nine digits.
"""

from __future__ import annotations

import math
from functools import lru_cache

Z95 = 1.959963984540054
"""Two-sided 95% point of the normal distribution."""


@lru_cache(maxsize=512)
def t95(df: float) -> float:
    """The two-sided 95% point of Student's t; infinite below any degree of freedom."""
    return t_quantile(0.975, df)


def t_quantile(share: float, df: float) -> float:
    """``share`` above one half. Bisection on the tail, which is monotone, then done: a
    quantile is asked for a handful of times per Reading."""
    if df <= 0:
        return math.inf
    if df > 1e6:
        return _nearly_normal(share, df)
    tail = 1 - share
    low, high = 0.0, 2.0
    while t_tail(high, df) > tail:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if t_tail(middle, df) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _nearly_normal(share: float, df: float) -> float:
    """The first term of the expansion about the normal: the fraction loses digits here."""
    from statistics import NormalDist

    z = NormalDist().inv_cdf(share)
    return z + (z**3 + z) / (4 * df)


def t_tail(t: float, df: float) -> float:
    """P(T > t) for t >= 0."""
    return incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised, by the continued fraction of DLMF 8.17.22 where it converges fast."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta)
    return front / a * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """1/(1 + d1/(1 + d2/(1 + ...))) by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d, tiny)
            c = _away(1 + term / c, tiny)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
