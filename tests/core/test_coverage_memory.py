"""How often step 3's other intervals hold the truth: the gap that counts, after base's own gap
chose which of the two it is; forgetting; the bound that copies have to pass. With and without
groups, on skewed losses over answers of very different lengths."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.core.made_memory import trained
from tests.core.test_coverage_gap import Side, holds
from tui_eval.core.stats.intervals import mean
from tui_eval.core.steps.overfitting_gap import Gaps, gaps
from tui_eval.core.steps.overfitting_signs import forgotten
from tui_eval.core.steps.pairs import Scored, scored

pytestmark = pytest.mark.slow

RUNS = 300
NOISE = 3 * math.sqrt(0.05 * 0.95 / RUNS)
"""What chance may take from the lowest of some ten points."""
WHOLE = 60_000
"""Rows from which the truth is read."""
GROUP = 4
SPREADS = [0.3, 0.6, 0.9]
HARDER = [1.0, 1.1, 1.4]
"""Times which base loses more on validation rows: no gap of its own, one that is found in
some draws only, and one that is found in nearly all."""


@pytest.fixture(autouse=True)
def _no_area(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_eval.core.steps.overfitting_gap.auc_interval", lambda *_: None)


def side(chance: np.random.Generator, n: int, spread: float, drop: float, grouped: bool) -> Side:
    made = Side(chance, n, spread, drop)
    if grouped:
        shared = np.repeat(np.exp(chance.normal(0, 0.7 * spread, -(-n // GROUP))), GROUP)[:n]
        made.base, made.tuned = made.base * shared, made.tuned * shared**0.8
    return made


def drawn(
    chance: np.random.Generator, n: int, spread: float, harder: float, grouped: bool
) -> tuple[Scored, Scored]:
    train, validation = (side(chance, n, spread, drop, grouped) for drop in (1.0, 1.3))
    names = [f"g{at // GROUP}" for at in range(n)]
    evidence = trained(
        (list(train.base), list(train.tuned)),
        (list(harder * validation.base), list(harder * validation.tuned)),
        tokens={"train": list(train.tokens), "validation": list(validation.tokens)},
        groups={"train": names, "validation": names} if grouped else None,
    )
    sides = scored(evidence, "tuned", "base", "train"), scored(evidence, "tuned", "base")
    assert sides[0] is not None
    assert sides[1] is not None
    return sides[0], sides[1]


def within_the_band(found: dict[object, float], n: int) -> None:
    """Mean 93 to 97%, no point below 90% at 50 and 92% from 200."""
    print(n, {key: round(value, 3) for key, value in found.items()})
    assert 0.93 <= np.mean(list(found.values())) <= 0.97, found
    assert min(found.values()) >= (0.90 if n < 200 else 0.92) - NOISE, found


def truth_of(whole: Gaps, found: Gaps) -> float:
    """Of the gap that was chosen, which the Reading names."""
    chosen = whole.excess if found.harder else whole.gap
    assert chosen is not None
    return chosen.value


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n", [50, 200])
def test_the_gap_that_counts_after_it_was_chosen(n: int, grouped: bool) -> None:
    coverage: dict[object, float] = {}
    for spread in SPREADS:
        for harder in HARDER:
            chance = np.random.default_rng(n + int(100 * spread) + int(1000 * harder))
            whole = gaps(*drawn(chance, WHOLE, spread, harder, grouped))
            hits = 0
            for _ in range(RUNS):
                found = gaps(*drawn(chance, n, spread, harder, grouped))
                hits += holds(found.used, truth_of(whole, found))
            coverage[spread, harder] = hits / RUNS
    within_the_band(coverage, n)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n", [50, 200])
def test_ratio_with_and_without_groups(n: int, grouped: bool) -> None:
    coverage: dict[object, float] = {}
    for spread in SPREADS:
        chance = np.random.default_rng(2 * n + int(100 * spread))
        whole = gaps(*drawn(chance, WHOLE, spread, 1.1, grouped)).ratio
        assert whole is not None
        found = (gaps(*drawn(chance, n, spread, 1.1, grouped)).ratio for _ in range(2 * RUNS))
        coverage[spread] = sum(holds(one, whole.value) for one in found) / (2 * RUNS)
    within_the_band(coverage, n)


FORGOT = [2.3, 3.0]
"""Tuned's loss where base's is 2: a little forgotten, and much. Text that has nothing to do
with the task does not get easier."""


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n", [50, 200])
def test_forgetting(n: int, grouped: bool) -> None:
    coverage: dict[object, float] = {}
    names = [f"g{at // GROUP}" for at in range(n)] if grouped else None
    for forgot in FORGOT:
        for spread in SPREADS:
            chance = np.random.default_rng(3 * n + int(100 * spread))
            whole = side(chance, 10 * WHOLE, spread, forgot, grouped)
            truth = float(((whole.tuned - whole.base) * whole.tokens).sum() / whole.tokens.sum())
            hits = 0
            for _ in range(2 * RUNS):
                made = side(chance, n, spread, forgot, grouped)
                means = (list(made.base), list(made.tuned))
                tokens = list(made.tokens)
                evidence = trained(
                    means,
                    means,
                    tokens={"train": tokens, "validation": tokens},
                    groups={"validation": names} if names else None,
                )
                data = scored(evidence, "tuned", "base")
                assert data is not None
                hits += holds(forgotten(data.pairs, True), truth)
            coverage[forgot, spread] = hits / (2 * RUNS)
    within_the_band(coverage, n)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n", [50, 200])
def test_the_bound_that_copies_must_pass(n: int, grouped: bool) -> None:
    """Only the lower end of the difference is ever read: nominally it errs in 2.5%."""
    runs, size = 1000, 5
    chance = np.random.default_rng(n)
    found: dict[object, float] = {}
    for ours, theirs in ((0.02, 0.0), (0.05, 0.02), (0.1, 0.05), (0.2, 0.1), (0.5, 0.2)):
        groups = [at // size for at in range(n)] if grouped else None
        held = 0
        for _ in range(runs):
            copied = []
            for rate in (ours, theirs):
                shares = np.full(n, rate)
                if grouped and rate:
                    shares = np.repeat(chance.beta(4 * rate, 4 - 4 * rate, n // size), size)
                copied.append((chance.random(n) < shares).astype(float))
            excess = mean(list(copied[0] - copied[1]), groups)
            assert excess is not None
            assert excess.low is not None
            held += excess.low <= ours - theirs
        found[ours, theirs] = held / runs
    print(n, grouped, found)
    # Where copies are rare the bound is cautious: it may hold more often.
    assert min(found.values()) >= 0.975 - 0.015 - 2 * math.sqrt(0.025 * 0.975 / runs), found
