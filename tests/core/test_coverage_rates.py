"""How often intervals of rates hold the truth: by exact sums where votes are few kinds,
else by seeded simulation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tui_eval.core.stats.intervals import Interval, mean, wilson
from tui_eval.core.stats.rates import bonett_price, sign_flip_p, sign_p, win_rate
from tui_eval.core.stats.reference import clopper_pearson, tango
from tui_eval.core.stats.scores import length_adjusted

pytestmark = pytest.mark.slow

RATES = [tenth / 10 for tenth in range(1, 10)]
TIES = [0.0, 0.1, 0.2, 0.4, 0.6, 0.8]
SIZES = [20, 50, 100]

Coverages = dict[tuple[float, ...], float]


def within_the_band(found: Coverages, n: int, noise: float = 0.0) -> None:
    """Mean coverage 93 to 97%, no point below 90% (92% from 50). ``noise``: what chance
    may take from the lowest point of a simulated grid."""
    assert 0.93 <= np.mean(list(found.values())) <= 0.97, found
    least = min(found, key=lambda point: found[point])
    assert found[least] >= (0.90 if n < 50 else 0.92) - noise, (least, found[least])


def holds(interval: Interval | tuple[float, float] | None, truth: float) -> bool:
    low, high = (interval.low, interval.high) if isinstance(interval, Interval) else interval or ()
    assert low is not None
    assert high is not None
    return low - 1e-12 <= truth <= high + 1e-12


def grid() -> Iterator[tuple[float, float, float, float]]:
    """(win rate, share of ties, chance of a win, chance of a loss)."""
    for rate in RATES:
        for ties in TIES:
            won, lost = rate - ties / 2, 1 - rate - ties / 2
            if min(won, lost) > -1e-9:
                yield rate, ties, max(won, 0.0), max(lost, 0.0)


def chances(n: int, won: float, lost: float) -> np.ndarray:
    """Of every (wins, losses) of ``n`` pairs."""
    logs = [math.lgamma(count + 1) for count in range(n + 1)]
    table = np.zeros((n + 1, n + 1))
    tied = max(0.0, 1 - won - lost)
    for w in range(n + 1):
        for lo in range(n - w + 1):
            t = n - w - lo
            ways = math.exp(logs[n] - logs[w] - logs[lo] - logs[t])
            table[w, lo] = ways * won**w * lost**lo * (tied if tied > 1e-12 else 0.0) ** t
    return table


def trinomial(
    n: int, method: Callable[[int, int], Interval | tuple[float, float] | None]
) -> Coverages:
    ends = {(w, lo): method(w, lo) for w in range(n + 1) for lo in range(n - w + 1)}
    found = {}
    for rate, ties, won, lost in grid():
        table = chances(n, won, lost)
        found[rate, ties] = sum(float(table[at]) for at in ends if holds(ends[at], rate))
    return found


def binomial(n: int, method: Callable[[int], Interval | tuple[float, float] | None]) -> Coverages:
    ends = [method(hits) for hits in range(n + 1)]
    return {
        (rate,): math.fsum(
            math.comb(n, hits) * rate**hits * (1 - rate) ** (n - hits)
            for hits in range(n + 1)
            if holds(ends[hits], rate)
        )
        for rate in RATES
    }


@pytest.mark.parametrize("n", SIZES)
def test_win_rate_with_ties(n: int) -> None:
    within_the_band(trinomial(n, lambda w, lo: bonett_price(w, lo, n)), n)


@pytest.mark.parametrize("n", [20, 50])
def test_tangos_win_rate(n: int) -> None:
    within_the_band(trinomial(n, lambda w, lo: tango(w, lo, n)), n)


@pytest.mark.parametrize("n", SIZES)
def test_decisive_rate(n: int) -> None:
    within_the_band(binomial(n, lambda hits: wilson(hits, n)), n)


@pytest.mark.parametrize("n", SIZES)
def test_exact_rate(n: int) -> None:
    assert min(binomial(n, lambda hits: clopper_pearson(hits, n)).values()) >= 0.95


def judged(
    chance: np.random.Generator, shape: tuple[int, int], rate: float, alike: float, ties: float
) -> tuple[np.ndarray, float]:
    """Mean votes of judges over pairs, and the true win rate. ``alike``: small where pairs
    are clear, so that judges agree; large where each vote is a coin of its own."""
    n, judges = shape
    better = chance.beta(rate * alike, (1 - rate) * alike, (n, 1))
    votes = (chance.random(shape) < better).astype(float)
    votes[chance.random(shape) < ties] = 0.5
    assert votes.shape == (n, judges)
    return votes.mean(axis=1), (1 - ties) * rate + ties / 2


RUNS = 2000
NOISE = 4 * math.sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.parametrize("n", SIZES)
def test_win_rate_of_several_judges(n: int) -> None:
    chance = np.random.default_rng(n)
    found: Coverages = {}
    for judges in (2, 3):
        for alike in (0.3, 2.0, 1e6):
            for ties in (0.0, 0.3):
                for rate in RATES:
                    hits = 0
                    for _ in range(RUNS):
                        x, truth = judged(chance, (n, judges), rate, alike, ties)
                        hits += holds(win_rate(x.tolist()), truth)
                    found[judges, alike, ties, rate] = hits / RUNS
    within_the_band(found, n, NOISE)


def test_the_t_interval_of_mean_votes_would_not_do() -> None:
    """Why ``win_rate`` is not the plain t interval: two judges who agree, a rate of .9."""
    chance = np.random.default_rng(0)
    hits = plain = 0
    for _ in range(2000):
        x, truth = judged(chance, (20, 2), 0.9, 0.3, 0.0)
        found = mean(x.tolist())
        assert found is not None
        plain += (
            found.low is not None and found.high is not None and found.low <= truth <= found.high
        )
        hits += holds(win_rate(x.tolist()), truth)
    assert plain / 2000 < 0.88
    assert hits / 2000 > 0.93


def in_groups(n: int, size: int) -> Coverages:
    """Of pairs whose votes go the same way within a document of ``size`` pairs."""
    chance = np.random.default_rng(n + size)
    groups = [place // size for place in range(n)]
    found: Coverages = {}
    for judges in (1, 3):
        for alike in (0.5, 2.0, 8.0):
            for rate in RATES:
                hits = 0
                for _ in range(RUNS):
                    better = chance.beta(rate * alike, (1 - rate) * alike, n // size)
                    votes = (chance.random((n, judges)) < np.repeat(better, size)[:, None]) * 1.0
                    votes[chance.random((n, judges)) < 0.2] = 0.5
                    hits += holds(win_rate(votes.mean(axis=1).tolist(), groups), 0.8 * rate + 0.1)
                found[judges, alike, rate] = hits / RUNS
    return found


@pytest.mark.parametrize(("n", "size"), [(40, 2), (60, 3), (100, 5), (100, 2)])
def test_win_rate_of_twenty_groups_and_more(n: int, size: int) -> None:
    within_the_band(in_groups(n, size), n // size, NOISE)


@pytest.mark.parametrize(("n", "size"), [(20, 2), (50, 5), (100, 10)])
def test_win_rate_of_ten_groups_is_on_the_wide_side(n: int, size: int) -> None:
    found = in_groups(n, size).values()
    assert 0.95 <= np.mean(list(found)) <= 0.985
    assert min(found) >= 0.90 - NOISE


@pytest.mark.parametrize("n", [50, 100])
def test_decisive_rate_at_equal_lengths(n: int) -> None:
    """Shown from 40 deciding votes on, so not looked at with 20."""
    chance = np.random.default_rng(n)
    runs = 500
    found: Coverages = {}
    for shift in (0.0, 0.7):
        for slope in (0.0, 1.5):
            for rate in RATES:
                start = math.log(rate / (1 - rate))
                hits = fits = 0
                for _ in range(runs):
                    longer = chance.normal(shift, 1, n)
                    odds = start + slope * np.tanh(longer / longer.std(ddof=1))
                    won = chance.random(n) < 1 / (1 + np.exp(-odds))
                    fit = length_adjusted(longer.tolist(), won.tolist())
                    if fit is not None:
                        fits += 1
                        hits += holds(fit.rate, rate)
                found[shift, slope, rate] = hits / fits
                assert fits > 0.85 * runs
    within_the_band(found, n, 4 * math.sqrt(0.05 * 0.95 / runs))


@pytest.mark.parametrize("n", [20, 50])
def test_agreeing_judges_make_no_length_bias(n: int) -> None:
    """Length doesn't matter, three judges agree: a sign test of votes finds a bias in a
    fifth of the cases, one of pairs at most once in twenty."""
    chance = np.random.default_rng(n)
    runs, by_vote, by_pair = 3000, 0, 0
    for _ in range(runs):
        better = chance.beta(0.1, 0.1, (n, 1))
        votes = np.where(chance.random((n, 3)) < better, 1, -1)
        longer = int((votes > 0).sum())
        by_vote += sign_p(longer, 3 * n - longer) < 0.05
        by_pair += sign_flip_p(votes.sum(axis=1).tolist()) < 0.05
    assert by_vote / runs > 0.15
    assert by_pair / runs <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / runs)
