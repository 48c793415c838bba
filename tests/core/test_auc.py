"""The area under the ROC curve against every pair, and its bootstrap's promises."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.stats.auc import auc, auc_interval

values = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=25)


def by_pairs(members: list[float], others: list[float]) -> float:
    wins = sum((m > o) + (m == o) / 2 for m in members for o in others)
    return wins / (len(members) * len(others))


@given(values, values)
def test_it_is_the_share_of_pairs_with_ties_as_half(one: list[float], other: list[float]) -> None:
    assert auc(one, other) == pytest.approx(by_pairs(one, other))
    assert auc(other, one) == pytest.approx(1 - by_pairs(one, other))


def test_nothing_has_no_area() -> None:
    assert auc([], [1.0]) is None
    assert auc_interval([1.0], []) is None


def test_equal_values_tell_nobody_apart() -> None:
    found = auc_interval([1.0] * 30, [1.0] * 40)
    assert found is not None
    assert (found.low, found.value, found.high, found.n) == (0.5, 0.5, 0.5, 70)


def test_parted_values_tell_everybody() -> None:
    found = auc_interval([2.0, 3.0], [0.0, 1.0])
    assert found is not None
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def sides(n: int, shift: float = 0.5) -> tuple[list[float], list[float]]:
    chance = random.Random(n)
    return [chance.gauss(shift, 1) for _ in range(n)], [chance.gauss(0, 1) for _ in range(n)]


def test_the_same_seed_gives_the_same_ends_and_another_one_others() -> None:
    one, other = sides(60)
    first = auc_interval(one, other, seed=3)
    assert first == auc_interval(list(one), list(other), seed=3)
    assert first != auc_interval(one, other, seed=4)


def test_the_interval_is_as_wide_as_hanley_and_mcneils() -> None:
    """Their standard error from the area alone, for normal scores of equal spread."""
    one, other = sides(200)
    found = auc_interval(one, other)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    a = found.value
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + 199 * (q1 - a * a) + 199 * (q2 - a * a)) / 200**2
    assert found.high - found.low == pytest.approx(2 * 1.96 * variance**0.5, rel=0.1)


def test_groups_are_drawn_together() -> None:
    one, other = sides(20)
    repeated = [value for value in one for _ in range(10)]
    names = [f"g{at // 10}" for at in range(200)]
    alone, grouped = auc_interval(repeated, other), auc_interval(repeated, other, names)
    assert alone is not None
    assert grouped is not None
    assert alone.value == grouped.value
    assert alone.low is not None
    assert grouped.low is not None
    assert grouped.value - grouped.low > 1.2 * (alone.value - alone.low)


def test_one_group_has_no_interval() -> None:
    found = auc_interval([1.0, 2.0], [0.0, 1.5], ["g", "g"])
    assert found is not None
    assert found.low is None
    assert auc_interval([1.0, 2.0], [0.0, 1.5], ["g", None]).low is not None  # type: ignore[union-attr]
