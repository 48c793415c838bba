"""Means of 1-5 scores, and preferences freed of length."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.stats.intervals import Interval
from tui_eval.core.stats.scores import length_adjusted, level_mean, posterior_below

WON = [420, 310, 250, 180, 90, 60, 520, -40, 130, 20, -120, 210, 75, 340, -15]
LOST = [-210, -95, 160, -330, 40, -60, -150, 110, -20]
LONGER = [float(value) for value in WON + LOST]
VOTES = [True] * 15 + [False] * 9


@pytest.mark.parametrize(("low", "high"), [(1.0, 5.0), (2.0, 2.5)])
@pytest.mark.parametrize("a", [0.2, 1.2, 17.2])
@pytest.mark.parametrize("b", [0.2, 30.2, 0.6])
@pytest.mark.parametrize("share", [0.0003, 0.1, 0.5, 0.93, 0.9999])
def test_two_levels_have_a_beta_posterior(
    low: float, high: float, a: float, b: float, share: float
) -> None:
    found = posterior_below(((low, a), (high, b)), low + share * (high - low))
    assert found == pytest.approx(scipy.stats.beta(b, a).cdf(share), abs=1e-8)


@pytest.mark.parametrize(
    "counts",
    [(0, 1, 4, 9, 6), (0, 0, 0, 1, 39), (10, 0, 3, 0, 7), (1, 0, 0, 0, 1), (20, 20, 20, 20, 20)],
)
def test_ends_are_quantiles_of_the_posterior(counts: tuple[int, ...]) -> None:
    scores = [float(level) for level, count in enumerate(counts, 1) for _ in range(count)]
    found = level_mean(scores)
    assert found is not None
    draws = np.random.default_rng(0).dirichlet([c + 0.2 for c in counts], 400_000)
    means = draws @ np.arange(1, 6)
    assert found.value == pytest.approx(np.mean(scores))
    assert np.mean(means <= found.low) == pytest.approx(0.025, abs=0.0015)
    assert np.mean(means <= found.high) == pytest.approx(0.975, abs=0.0015)


def test_a_finer_step_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = ((1.0, 0.2), (2.0, 1.2), (3.0, 4.2), (11 / 3, 3.0), (4.0, 9.2), (5.0, 6.2))
    at = (1.01, 2.9, 3.4, 11 / 3, 4.0, 4.4, 4.99)
    coarse = [posterior_below(weights, mean) for mean in at]
    monkeypatch.setattr("tui_eval.core.stats.scores.STEP", 1 / 64)
    assert coarse == pytest.approx([posterior_below(weights, mean) for mean in at], abs=1e-9)


def test_several_judges_give_each_items_mean() -> None:
    """Thirds are atoms of their own, as heavy as an item."""
    means = [4 + 1 / 3, 4 + 1 / 3, 3 + 2 / 3, 5.0, 2.0, 4.0, 3.5, 4.5] * 4
    found = level_mean(means)
    assert found is not None
    atoms = sorted({*means, 1.0, 3.0})
    weights = [means.count(v) + (0.2 if v == int(v) else 0.0) for v in atoms]
    draws = np.random.default_rng(0).dirichlet(weights, 400_000) @ np.array(atoms)
    assert np.mean(draws <= found.low) == pytest.approx(0.025, abs=0.0015)
    assert np.mean(draws <= found.high) == pytest.approx(0.975, abs=0.0015)


def test_equal_scores_still_leave_doubt() -> None:
    best, worst = level_mean([5] * 20), level_mean([1] * 20)
    assert best is not None
    assert worst is not None
    assert best.low is not None
    assert worst.high is not None
    assert 4.5 < best.low < 4.7
    assert best.value == best.high == 5.0
    assert worst.low == 1.0
    assert worst.high == pytest.approx(6 - best.low, abs=1e-7)


def test_one_score_has_no_interval() -> None:
    assert level_mean([]) is None
    assert level_mean([3]) == Interval(3.0, None, None, 1)


@pytest.mark.parametrize("score", [0.0, 5.1, math.nan])
def test_a_score_outside_1_to_5_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="between 1 and 5"):
        level_mean([3.0, score])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=60))
def test_the_interval_holds_the_mean_and_stays_on_the_scale(scores: list[int]) -> None:
    found = level_mean(scores)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert 1 <= found.low <= found.value <= found.high <= 5
    assert found.low < found.high


def test_length_explains_part_of_the_preference() -> None:
    found = length_adjusted(LONGER, VOTES)
    assert found is not None
    assert found.sd == pytest.approx(201.05057, abs=0.6e-5)
    assert (found.intercept, found.slope) == pytest.approx((0.155449, 2.391844), abs=0.6e-6)
    assert found.rate.value == pytest.approx(0.538784, abs=0.6e-6)
    assert found.rate.n == 24


@pytest.mark.parametrize("seed", range(8))
def test_the_fit_is_the_most_likely_one(seed: int) -> None:
    chance = np.random.default_rng(seed)
    longer = 10 ** chance.uniform(-2, 4) * chance.normal(chance.uniform(-1, 1), 1, 60)
    steepness = chance.uniform(-4, 4)
    x = np.tanh(longer / longer.std(ddof=1))
    won = chance.random(60) < 1 / (1 + np.exp(-chance.normal() - steepness * x))
    found = length_adjusted(longer.tolist(), won.tolist())
    assert found is not None

    def minus_log_likelihood(b: np.ndarray) -> float:
        return float(np.logaddexp(0, np.where(won, -1, 1) * (b[0] + b[1] * x)).sum())

    best = scipy.optimize.minimize(minus_log_likelihood, [0, 0], tol=1e-12)
    assert (found.intercept, found.slope) == pytest.approx(best.x, abs=1e-3)
    p = 1 / (1 + np.exp(-(found.intercept + found.slope * x)))
    design = np.column_stack([np.ones(60), x])
    covariance = np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))
    low = 1 / (1 + math.exp(-found.intercept + 1.959964 * math.sqrt(covariance[0, 0])))
    assert found.rate.low == pytest.approx(low, abs=1e-6)


@pytest.mark.parametrize(
    ("longer", "won"),
    [
        ([], []),
        ([5.0], [True]),
        ([1.0, 2.0, 3.0], [True] * 3),
        ([1.0, 2.0, 3.0], [False] * 3),
        ([-1.0, -2.0, 3.0, 4.0], [False, False, True, True]),
        ([-1.0, 0.0, 0.0, 4.0], [True, False, True, False]),
        ([7.0] * 4, [True, False, True, False]),
    ],
    ids=["none", "one", "all won", "all lost", "parted", "touching", "equal lengths"],
)
def test_lengths_that_part_the_votes_have_no_fit(longer: list[float], won: list[bool]) -> None:
    assert length_adjusted(longer, won) is None


def test_votes_nearly_parted_have_a_steep_fit() -> None:
    longer = [float(k) for k in range(-50, 50)]
    won = [value >= 0 for value in longer]
    won[49], won[50] = True, False
    found = length_adjusted(longer, won)
    assert found is not None
    assert found.slope > 20
    assert math.isfinite(found.rate.value)
