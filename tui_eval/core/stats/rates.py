"""Rates of wins: intervals, exact binomial tests, and what so many votes can show.

A win rate counts a tie as one half; a decisive rate leaves ties out and is Wilson's
(``intervals.wilson``). Everything here is exact or closed, so a screen may ask after each
vote.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from fractions import Fraction
from functools import lru_cache

from tui_eval.core.stats.intervals import Groups, Interval, units, within
from tui_eval.core.stats.student import Z95, incomplete_beta, t95, t_tail

MOST_SUMS = 400_000
"""Partial sums that an exact sign-flip test may go through: half a second."""


def bonett_price(wins: float, losses: float, n: int) -> Interval | None:
    """Win rate of ``n`` pairs, those neither won nor lost being ties; None of nothing.

    Bonett and Price (2012): Wald's interval for the difference of two paired proportions
    after one win and one loss are added, here halved and moved to 0..1.
    """
    return _adjusted(wins - losses, wins + losses, n)


def win_rate(means: Sequence[float], groups: Groups = None) -> Interval | None:
    """The win rate from each pair's mean vote (1, ½, 0 or between, several judges).

    The interval is ``bonett_price`` carried over to means: one pair all won and one all
    lost are added, the rest is the normal interval of a mean. With one judge it is
    Bonett-Price to the last digit, and unanimous votes leave it a width. At a rate of .9
    the t interval of the means covered 0.85 at 20 pairs, this one 0.94 and more.

    Pairs of one group (a document) move together: their deviations are summed before
    squaring, with Student's t on units + 1, and each added pair weighs as the square root
    of a group's size, between independent pairs and groups that are one pair.
    """
    signs = [2 * mean - 1 for mean in means]
    if any(not -1 <= sign <= 1 for sign in signs):
        raise ValueError("a pair's mean vote lies between 0 and 1")
    n = len(signs)
    if n == 0 or units(groups, n) == n:
        return _adjusted(math.fsum(signs), math.fsum(sign * sign for sign in signs), n)
    return _grouped(signs, groups or ())


def _grouped(signs: Sequence[float], groups: Sequence[Hashable | None]) -> Interval:
    n = len(signs)
    sizes = within([1.0] * n, groups)
    weight = math.sqrt(math.fsum(size * size for size in sizes) / n)
    centre = math.fsum(signs) / (n + 2 * weight)
    sums = within([sign - centre for sign in signs], groups)
    squares = math.fsum(value * value for value in sums)
    squares += weight * weight * ((1 - centre) ** 2 + (1 + centre) ** 2)
    half = t95(len(sums) + 1) * math.sqrt(squares) / (n + 2 * weight)
    return _interval(math.fsum(signs) / n, centre, half, n, len(sums))


def _adjusted(total: float, squares: float, n: int) -> Interval | None:
    if n <= 0:
        return None
    centre = total / (n + 2)
    variance = max(0.0, (squares + 2) / (n + 2) - centre * centre)
    return _interval(total / n, centre, Z95 * math.sqrt(variance / (n + 2)), n, n)


def _interval(mean: float, centre: float, half: float, n: int, independent: int) -> Interval:
    """From the scale -1..1 to 0..1; fewer than two units give no interval."""
    value = (1 + mean) / 2
    if independent < 2:
        return Interval(value, None, None, n)
    low, high = (1 + centre - half) / 2, (1 + centre + half) / 2
    return Interval(value, max(0.0, low), min(1.0, high), n)


def binomial_upper(hits: int, n: int, p: float = 0.5) -> float:
    """Exact P(X ≥ hits): one-sided, "better than chance"."""
    if hits <= 0:
        return 1.0
    return incomplete_beta(hits, n - hits + 1, p) if hits <= n else 0.0


def binomial_p(hits: int, n: int, p: float = 0.5) -> float:
    """Exact and two-sided: the chance of all counts no likelier than ``hits``."""
    if n <= 0:
        return 1.0
    if p == 0.5:
        return min(1.0, 2 * binomial_upper(max(hits, n - hits), n))
    seen = _log_chance(hits, n, p) + 1e-7  # Equal chances differ in the last digits.
    chances = (_log_chance(count, n, p) for count in range(n + 1))
    return min(1.0, math.fsum(math.exp(chance) for chance in chances if chance <= seen))


def _log_chance(hits: int, n: int, p: float) -> float:
    if p <= 0 or p >= 1:
        return 0.0 if hits == (n if p >= 1 else 0) else -math.inf
    ways = math.lgamma(n + 1) - math.lgamma(hits + 1) - math.lgamma(n - hits + 1)
    return ways + hits * math.log(p) + (n - hits) * math.log1p(-p)


def sign_p(wins: int, losses: int) -> float:
    """The sign test of decisive votes, exact and two-sided; McNemar's exact test on
    discordant answers is the same."""
    return binomial_p(wins, wins + losses)


@lru_cache(maxsize=4096)
def fewest_wins(deciding: int, alpha: float = 0.05) -> int | None:
    """Wins from which the sign test of ``deciding`` votes is significant; None where even
    all of them are not (fewer than 6 votes at 0.05)."""
    if 2 * 0.5**deciding > alpha:
        return None
    low, high = deciding // 2, deciding  # sign_p falls from a tie to all wins.
    while high - low > 1:
        middle = (low + high) // 2
        if sign_p(middle, deciding - middle) <= alpha:
            high = middle
        else:
            low = middle
    return high


def _power(rate: float, deciding: int, alpha: float) -> float:
    """Chance that the sign test finds a true decisive rate above one half, in the right
    direction."""
    wins = fewest_wins(deciding, alpha)
    return 0.0 if wins is None else binomial_upper(wins, deciding, rate)


@lru_cache(maxsize=1024)
def smallest_found(deciding: int, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """The true decisive rate that the sign test finds with chance ``power`` at so many
    deciding votes; None where it can find nothing."""
    if fewest_wins(deciding, alpha) is None:
        return None
    low, high = 0.5, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if _power(middle, deciding, alpha) < power:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=64)
def pairs_needed(rate: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """The first number of deciding pairs at which the sign test finds a true decisive
    ``rate`` with chance ``power``. Exact power is saw-toothed: a few more pairs can have
    a little less. With a share of ties, divide by what is left."""
    if not 0.5 < rate <= 1 or not 0 < power < 1:
        raise ValueError("a rate above one half and a power between 0 and 1 are needed")
    # At a third of the normal approximation's number the power is far below any target.
    half_width = rate - 0.5
    deciding = max(1, int((Z95 / 2 / half_width) ** 2 / 3)) if power >= 0.5 else 1
    while _power(rate, deciding, alpha) < power:
        deciding += 1
    return deciding


def sign_flip_p(differences: Sequence[float]) -> float:
    """Test that every difference could as well have the other sign, two-sided.

    Of single votes it is the sign test. Where several votes share a pair, the pairs' sums
    are the differences: votes of one pair agree for the answers' sake, and a sign test of
    three agreeing judges' votes on 50 pairs finds a preference in a fifth of the cases
    where there is none. Exact over all signs as long as the partial sums are few (some
    hundred differences of 1-5 scores); else Student's t of the mean.
    """
    moved = [value for value in differences if value]
    moves = _whole([abs(value) for value in moved])
    if len(set(moves)) < 2:
        return binomial_p(sum(value > 0 for value in moved), len(moved))
    sums, steps = {0: 1}, 0
    for move in moves:
        grown: dict[int, int] = {}
        for value, ways in sums.items():
            for to in (value + move, value - move):
                grown[to] = grown.get(to, 0) + ways
        sums = grown
        steps += len(sums)
        if steps > MOST_SUMS:
            return _t_p(differences)
    seen = abs(sum(m if value > 0 else -m for m, value in zip(moves, moved, strict=True)))
    return sum(ways for value, ways in sums.items() if abs(value) >= seen) / (1 << len(moves))


def _whole(moves: Sequence[float]) -> list[int]:
    """In whole parts of a common unit (a sixth, a tenth), so that equal sums are equal;
    where there is none, in billionths of the largest."""
    largest = max(moves, default=1.0)
    parts = [Fraction(move / largest).limit_denominator(1000) for move in moves]
    unit = math.lcm(*(part.denominator for part in parts))
    if all(abs(part - move / largest) < 1e-12 for part, move in zip(parts, moves, strict=True)):
        return [int(part * unit) for part in parts]
    return [round(move / largest * 1e9) for move in moves]


def _t_p(differences: Sequence[float]) -> float:
    n = len(differences)
    mean = math.fsum(differences) / n
    squares = math.fsum((value - mean) ** 2 for value in differences)
    return 2 * t_tail(abs(mean) / math.sqrt(squares / (n - 1) / n), n - 1)
