"""The same votes by other methods: what a reader of the report may know from elsewhere.

No verdict comes from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tui_eval.core.stats.rates import binomial_upper
from tui_eval.core.stats.student import Z95, incomplete_beta


def other_methods(wins: int, losses: int, ties: int) -> dict[str, float | None]:
    """Named numbers for the report; None where a number does not exist (Elo of a rate of
    0 or 1, anything of no votes)."""
    n, deciding = wins + losses + ties, wins + losses
    rate = (wins + ties / 2) / n if n else None
    tango_low, tango_high = tango(wins, losses, n) if n else (None, None)
    clopper_low, clopper_high = clopper_pearson(wins, deciding) if deciding else (None, None)
    return {
        "tango_low": tango_low,
        "tango_high": tango_high,
        "clopper_pearson_low": clopper_low,
        "clopper_pearson_high": clopper_high,
        "mid_p": mid_p(wins, losses),
        "standard_error": standard_error(wins, losses, n),
        "elo_gap": None if rate is None else elo_gap(rate),
        "elo_gap_decisive": elo_gap(wins / deciding) if deciding else None,
        "chance_above_half": chance_above_half(wins, losses),
    }


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """Exact 95% interval of a rate: it covers at least so often, mostly more."""
    low = high = None
    if hits:
        low = _root(lambda p: binomial_upper(hits, n, p) > 0.025, 0.0, 1.0)
    if hits < n:
        high = _root(lambda p: binomial_upper(hits + 1, n, p) > 0.975, 0.0, 1.0)
    return (low or 0.0), (1.0 if high is None else high)


def tango(wins: int, losses: int, n: int) -> tuple[float, float]:
    """Tango's (1998) score interval of the win rate with ties as half: differences of
    paired proportions whose score statistic, at the most likely shares with that
    difference, is below 1.96."""

    def score(difference: float) -> float:
        """Of (wins - losses)/n against ``difference``."""
        b = -wins - losses + (2 * n - wins + losses) * difference
        c = -losses * difference * (1 - difference)
        lost = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * lost + difference * (1 - difference))
        gap = wins - losses - n * difference
        if variance <= 0:
            return math.copysign(math.inf, gap) if gap else 0.0
        return gap / math.sqrt(variance)

    centre = (wins - losses) / n
    low = _root(lambda d: score(d) <= Z95, -1.0, centre)
    high = _root(lambda d: score(d) < -Z95, centre, 1.0)
    return (1 + low) / 2, (1 + high) / 2


def _root(above: Callable[[float], bool], low: float, high: float) -> float:
    """Where ``above`` turns from false to true."""
    for _ in range(60):
        middle = (low + high) / 2
        if above(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def mid_p(wins: int, losses: int) -> float:
    """The two-sided sign test that counts the outcome seen by half."""
    ahead, n = max(wins, losses), wins + losses
    tails = binomial_upper(ahead, n) + binomial_upper(ahead + 1, n) if n else 1.0
    return min(1.0, tails)


def standard_error(wins: int, losses: int, n: int) -> float | None:
    """Of the win rate with ties as half, from the votes' standard deviation (n - 1)."""
    if n < 2:
        return None
    squares = wins + losses - (wins - losses) ** 2 / n
    return math.sqrt(squares / (n - 1) / n) / 2


def elo_gap(rate: float) -> float | None:
    return 400 * math.log10(rate / (1 - rate)) if 0 < rate < 1 else None


def chance_above_half(wins: int, losses: int) -> float:
    """That the decisive rate is above one half, from a uniform prior."""
    return incomplete_beta(losses + 1, wins + 1, 0.5)


def fisher(a: int, b: int, c: int, d: int) -> float:
    """Fisher's exact test of the table ((a, b), (c, d)), two-sided: all tables no likelier
    than this one."""
    row, column, n = a + b, a + c, a + b + c + d

    def ways(corner: int) -> int:
        return math.comb(column, corner) * math.comb(n - column, row - corner)

    corners = range(max(0, row + column - n), min(row, column) + 1)
    seen = ways(a)
    return sum(w for corner in corners if (w := ways(corner)) <= seen) / math.comb(n, row)
