"""How often the interval of a mean of 1-5 scores holds the true mean: three levels by exact
sums over all counts, five by seeded simulation, several judges with a common opinion."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
import pytest

from tui_eval.core.stats.agreement import spearman
from tui_eval.core.stats.intervals import mean
from tui_eval.core.stats.scores import PRIOR, level_mean, posterior_below

pytestmark = pytest.mark.slow

SHARES: dict[str, tuple[float, ...]] = {
    "even": (0.2, 0.2, 0.2, 0.2, 0.2),
    "good": (0.02, 0.05, 0.13, 0.4, 0.4),
    "bad": (0.4, 0.4, 0.13, 0.05, 0.02),
    "middle": (0.05, 0.2, 0.5, 0.2, 0.05),
    "either end": (0.4, 0.05, 0.1, 0.05, 0.4),
    "three middle": (0, 0.3, 0.4, 0.3, 0),
    "three top": (0, 0, 0.05, 0.15, 0.8),
    "three top, higher": (0, 0, 0.02, 0.08, 0.9),
    "three bottom": (0.7, 0.2, 0.1, 0, 0),
    "ends and middle": (0.45, 0, 0.1, 0, 0.45),
    "few failures": (0.1, 0, 0, 0.2, 0.7),
    "rare failures": (0.02, 0, 0, 0.08, 0.9),
}
LEVELS = np.arange(1, 6)


def covers(counts: np.ndarray, truth: float) -> bool:
    """The posterior's two-sided 95% holds ``truth``: one quantile's price, not two ends'."""
    weights = tuple((float(v), int(c) + PRIOR) for v, c in zip(LEVELS, counts, strict=True))
    return 0.025 <= posterior_below(weights, truth) <= 0.975


def every_count(n: int, shares: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Counts of three levels, each with its chance."""
    used = np.flatnonzero(shares)
    logs = [math.lgamma(count + 1) for count in range(n + 1)]
    for a in range(n + 1):
        for b in range(n - a + 1):
            counts = np.zeros(5, dtype=int)
            counts[used] = (a, b, n - a - b)
            log = logs[n] - sum(logs[c] for c in counts)
            log += sum(c * math.log(shares[at]) for at, c in enumerate(counts) if c)
            yield counts, math.exp(log)


def drawn(n: int, shares: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    rows = np.random.default_rng(n).multinomial(n, shares, size=4000)
    different, times = np.unique(rows, axis=0, return_counts=True)
    for counts, count in zip(different, times, strict=True):
        yield counts, count / 4000


@pytest.mark.parametrize("n", [20, 50, 100])
def test_means_of_scores(n: int) -> None:
    found = {}
    for name, row in SHARES.items():
        shares = np.array(row)
        truth = float(shares @ LEVELS)
        courses = every_count if np.count_nonzero(shares) == 3 else drawn
        found[name] = math.fsum(c for counts, c in courses(n, shares) if covers(counts, truth))
    assert 0.93 <= np.mean(list(found.values())) <= 0.97, found
    assert min(found.values()) >= (0.90 if n < 50 else 0.92), found


def test_the_ends_are_those_quantiles() -> None:
    """``level_mean`` holds a truth exactly where ``covers`` says so."""
    chance = np.random.default_rng(3)
    for row in SHARES.values():
        truth = float(np.array(row) @ LEVELS)
        for counts in chance.multinomial(20, row, size=8):
            found = level_mean(np.repeat(LEVELS, counts).tolist())
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            assert (found.low <= truth <= found.high) == covers(counts, truth)


def test_the_t_interval_of_scores_would_not_do() -> None:
    """Rare failures among 20: the deviation is often not seen at all."""
    shares = np.array(SHARES["rare failures"])
    truth = float(shares @ LEVELS)
    plain = posterior = 0.0
    for counts, chance in drawn(20, shares):
        found = mean(np.repeat(LEVELS, counts).tolist())
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        plain += chance * (found.low <= truth <= found.high)
        posterior += chance * covers(counts, truth)
    assert plain < 0.7
    assert posterior > 0.92


RUNS = 400
NOISE = 4 * math.sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.parametrize("n", [20, 50, 100])
def test_means_of_several_judges(n: int) -> None:
    """Each judge's score cuts the answer's quality, seen with an error of his own."""
    chance = np.random.default_rng(n)
    found = {}
    for judges in (2, 3):
        for common in (0.2, 0.6, 0.9):
            for name in ("even", "good", "bad", "three top", "few failures", "rare failures"):
                shares = np.array(SHARES[name])
                edges = np.clip(np.cumsum(shares)[:-1], 1e-12, 1 - 1e-12)
                cuts = np.array([NormalDist().inv_cdf(edge) for edge in edges])
                hits = 0
                for _ in range(RUNS):
                    quality = chance.normal(size=(n, 1)) * math.sqrt(common)
                    seen = quality + chance.normal(size=(n, judges)) * math.sqrt(1 - common)
                    means = (1 + (seen[..., None] > cuts).sum(axis=-1)).mean(axis=1)
                    values, times = np.unique([*means, *LEVELS], return_counts=True)
                    weights = tuple(
                        (float(v), float(t) - (v in LEVELS) * (1 - PRIOR))
                        for v, t in zip(values, times, strict=True)
                    )
                    hits += 0.025 <= posterior_below(weights, float(shares @ LEVELS)) <= 0.975
                found[judges, common, name] = hits / RUNS
    assert 0.93 <= np.mean(list(found.values())) <= 0.97, found
    assert min(found.values()) >= (0.90 if n < 50 else 0.92) - NOISE, found


@pytest.mark.parametrize("n", [20, 50])
@pytest.mark.parametrize("name", ["even", "good", "three top"])
def test_scores_in_any_order_seldom_drift(n: int, name: str) -> None:
    """p < 0.01 from Student's t, ties and all."""
    chance = np.random.default_rng(n)
    order, runs, hits = [float(place) for place in range(n)], 20_000, 0
    for _ in range(runs):
        found = spearman(order, chance.choice(LEVELS, n, p=SHARES[name]).tolist())
        hits += found is not None and found.p < 0.01
    assert hits / runs <= 0.01 + 4 * math.sqrt(0.01 * 0.99 / runs)
