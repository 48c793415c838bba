"""When may one stop voting: answers that stay valid with a look after every vote.

An e-value is a bettor's fortune against "no preference": it exceeds 20 with chance at most
1/20 for ever, however often one looks (Ville's inequality). The bet on the next pair is
spread over Beta(a, a), which has closed form. For a planned number of pairs there is a
second way: to stop once no vote that is still open could change the sign test's verdict.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tui_eval.core.stats.rates import sign_p

Locked = Literal["tuned", "base", "undecidable"]
Mode = Literal["planned", "open"]

NEGLIGIBLE = 40.0
"""Integrands this far below their peak, in logs, are left out (1e-17)."""


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_e_value(wins: int, losses: int, a: float = 2.0) -> float:
    """ln E = ln(2^d·B(a + wins, a + losses)/B(a, a)); ties multiply E by exactly 1."""
    mixture = _log_beta(a + wins, a + losses) - _log_beta(a, a)
    return (wins + losses) * math.log(2) + mixture


def e_value(wins: int, losses: int, a: float = 2.0) -> float:
    """Cut at the largest float, so that it stays a number in JSON."""
    return _exp(log_e_value(wins, losses, a))


def _exp(value: float) -> float:
    return math.exp(value) if value < math.log(sys.float_info.max) else sys.float_info.max


def e_value_of_means(means: Sequence[float], a: float = 2.0) -> float:
    """The e-value of pairs that several judges voted on, from each pair's mean vote.

    Each pair multiplies the fortune by 1 + (2p - 1)(2x - 1), integrated over Beta(a, a).
    The pair is the unit: judges agree for the answers' sake, not by chance.
    """
    if any(not 0 <= mean <= 1 for mean in means):
        raise ValueError("a pair's mean vote lies between 0 and 1")
    counts = Counter(2 * mean - 1 for mean in means)
    counts.pop(0.0, None)
    if all(abs(sign) == 1 for sign in counts):
        return e_value(counts[1.0], counts[-1.0], a)
    return _exp(_log_integral(sorted(counts.items()), a))


def _log_integral(counts: Sequence[tuple[float, int]], a: float) -> float:
    """By the trapezoid rule in s, where 2p - 1 = tanh s: the integrand is analytic and
    falls at both ends at least as exp(-2a|s|), so the rule's error falls exponentially
    with the step."""

    def log_integrand(s: float) -> float:
        u = math.tanh(s)
        factors = math.fsum(count * math.log1p(u * sign) for sign, count in counts)
        return factors - 2 * a * _log_cosh(s)

    peak, step = _peak(counts, a)
    top = log_integrand(peak)
    total = 1.0
    for direction in (-step, step):
        s, height = peak, 0.0
        while height > -NEGLIGIBLE:
            s += direction
            height = log_integrand(s) - top
            total += math.exp(height)
    # Beta(a, a) in u has the density (1 - u²)^(a - 1)/(2^(2a - 1)·B(a, a)).
    scale = (2 * a - 1) * math.log(2) + _log_beta(a, a)
    return top + math.log(total * step) - scale


def _log_cosh(s: float) -> float:
    return abs(s) + math.log1p(math.exp(-2 * abs(s))) - math.log(2)


def _peak(counts: Sequence[tuple[float, int]], a: float) -> tuple[float, float]:
    """Where the integrand is largest, and a step fine enough for its width there. In
    u = tanh s it is log-concave, so its slope changes sign once."""

    def slope(s: float) -> float:
        u = math.tanh(s)
        factors = math.fsum(count * sign / (1 + u * sign) for sign, count in counts)
        return (1 - u * u) * factors - 2 * a * u

    low, high = -18.0, 18.0  # tanh has no more digits beyond.
    for _ in range(60):
        middle = (low + high) / 2
        if slope(middle) > 0:
            low = middle
        else:
            high = middle
    peak = (low + high) / 2
    curvature = (slope(peak - 1e-4) - slope(peak + 1e-4)) / 2e-4
    return peak, min(0.1, 1 / (3 * math.sqrt(max(curvature, 1.0))))


def confidence_sequence(
    wins: int, losses: int, a: float = 2.0, alpha: float = 0.05
) -> tuple[float, float]:
    """Decisive rates that the votes have not refuted: those whose e-value, as a bet
    against that rate, is below 1/alpha. Holds the true rate at every look at once."""
    if not wins + losses:
        return 0.0, 1.0
    limit = _log_beta(a + wins, a + losses) - _log_beta(a, a) + math.log(alpha)

    def refuted(rate: float) -> bool:
        return _log_power(rate, wins) + _log_power(1 - rate, losses) < limit

    centre = wins / (wins + losses)
    low = 0.0 if not wins else _edge(refuted, 0.0, centre)
    high = 1.0 if not losses else _edge(refuted, 1.0, centre)
    return low, high


def _log_power(base: float, count: int) -> float:
    if not count:
        return 0.0
    return count * math.log(base) if base > 0 else -math.inf


def _edge(refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    for _ in range(60):
        middle = (outside + inside) / 2
        if refuted(middle):
            outside = middle
        else:
            inside = middle
    return (outside + inside) / 2


def lock(wins: int, losses: int, ties: int, planned: int, alpha: float = 0.05) -> Locked | None:
    """The sign test's verdict at ``planned`` pairs where it is already certain, over every
    way in which the open pairs can fall; None while it is open.

    A win can only help the verdict for tuned and a loss or a tie harm it, so the extreme
    outcomes decide. The test keeps its exact level and loses no power.
    """
    still_open = max(0, planned - wins - losses - ties)
    if _found(wins, losses + still_open, alpha):
        return "tuned"
    if _found(losses, wins + still_open, alpha):
        return "base"
    if _found(wins + still_open, losses, alpha) or _found(losses + still_open, wins, alpha):
        return None
    return "undecidable"


def _found(ahead: int, behind: int, alpha: float) -> bool:
    return ahead > behind and sign_p(ahead, behind) <= alpha


@dataclass(frozen=True, slots=True)
class Enough:
    """Whether the votes decide, without saying for whom: fit to be shown while judging.

    Each rule alone errs at most once in twenty, with a look after every vote. Whichever
    comes first errs more often: 4.5% at 50 planned pairs, 5.5% at 100, 6.4% at 94, the
    worst number up to 100. So what one may stop at is ``by`` the mode.
    """

    locked: bool
    clear: bool

    def __bool__(self) -> bool:
        """By either rule."""
        return self.locked or self.clear

    def by(self, mode: Mode) -> bool:
        """By the rule chosen before the first vote."""
        return self.locked if mode == "planned" else self.clear


def enough(
    wins: int,
    losses: int,
    ties: int,
    planned: int,
    *,
    e: float | None = None,
    clear: float = 20.0,
    alpha: float = 0.05,
) -> Enough:
    """Locked (planned mode) and clear (open mode) at once. ``e``: the e-value where it is
    not that of these counts (several judges: ``e_value_of_means``)."""
    fortune = e_value(wins, losses) if e is None else e
    return Enough(lock(wins, losses, ties, planned, alpha) is not None, fortune >= clear)
