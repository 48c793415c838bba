"""Agreement of judges: printed oracles, published data, and scipy."""

from __future__ import annotations

from typing import Any

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.stats.agreement import (
    EXACT_UP_TO,
    Level,
    cohen,
    fleiss,
    krippendorff,
    ranks,
    raw_agreement,
    spearman,
)
from tui_eval.core.stats.intervals import mean, wilson


def six(value: float) -> object:
    return pytest.approx(value, abs=0.6e-6)


def items(*judges: str) -> list[list[str | None]]:
    """By item; a dot is a missing vote."""
    rows = zip(*judges, strict=True)
    return [[None if vote == "." else vote for vote in row] for row in rows]


FIRST, SECOND = "FFFFFBBBTTFFBTFBFFBT", "FFFFBBBBTFFFBTFTFFFT"


def test_two_judges_of_twenty_pairs() -> None:
    both = items(FIRST, SECOND)
    assert raw_agreement(both) == pytest.approx(0.8)
    assert raw_agreement(both, without=frozenset("T")) == pytest.approx(13 / 15)
    assert cohen(FIRST, SECOND) == six(0.672131)
    assert krippendorff(both) == six(0.679671)


def test_three_judges() -> None:
    votes = items("FFBTFBFFTB", "FFBFFBTFTB", "FFBTFFFFBB")
    assert fleiss(votes) == six(0.553903)
    assert krippendorff(votes) == six(0.568773)


def test_three_judges_with_gaps() -> None:
    votes = items("FFBTFBFFT.", "FFBFFBTFT.", "F.BTFFFFBB")
    assert krippendorff(votes) == six(0.487179)
    assert fleiss(votes) is None


FOUR_BY_TWELVE = (
    "11.1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", ".555", "..11", "..3.",
)  # fmt: skip
"""Krippendorff's worked example "C": four observers of each unit."""


@pytest.mark.parametrize(
    ("level", "alpha"),
    [
        ("nominal", 0.743421),
        ("ordinal", 0.815388),
        ("interval", 0.849107),
        ("ratio", 0.797403),
    ],
)
def test_krippendorffs_four_observers_of_twelve_units(level: Level, alpha: float) -> None:
    units = [[None if c == "." else int(c) for c in unit] for unit in FOUR_BY_TWELVE]
    assert krippendorff(units, level) == six(alpha)


ONE, OTHER = ([int(c) for c in row] for row in ("54435245314452345324", "54334245224552344334"))


def test_two_judges_scores() -> None:
    both = list(zip(ONE, OTHER, strict=True))
    assert raw_agreement(both) == pytest.approx(0.65)
    assert cohen(ONE, OTHER) == six(0.531773)
    assert cohen(ONE, OTHER, "quadratic") == six(0.853556)
    assert krippendorff(both, "ordinal") == six(0.867560)


def test_one_judges_scores() -> None:
    scores, good = mean(ONE), wilson(sum(score >= 4 for score in ONE), len(ONE))
    assert scores is not None
    assert good is not None
    assert scores.value == 3.6
    assert (scores.low, scores.high) == pytest.approx((3.04416, 4.15584), abs=0.6e-5)
    assert good.value == 0.6
    assert (good.low, good.high) == six((0.386582, 0.781193))


@pytest.mark.parametrize("units", [[], [[]], [["F"]], [["F", "F"]], [["F", None], [None, "B"]]])
def test_nothing_to_compare_has_no_value(units: list[list[Any]]) -> None:
    assert krippendorff(units) is None
    assert krippendorff([[3] * len(unit) for unit in units], "ratio") is None
    assert fleiss(units) is None


def test_missing_votes_are_left_out() -> None:
    assert raw_agreement([["F", None], []]) is None
    assert raw_agreement([["F", "F", "B"], ["B", None]]) == pytest.approx(1 / 3)
    assert cohen(["F", None, "B"], ["F", "F", "B"]) == 1.0
    assert cohen(["F"], [None]) is None
    assert krippendorff([[0, 0], [0, 1]], "ratio") == pytest.approx(0)


def test_opposite_votes_agree_less_than_by_chance() -> None:
    assert cohen("FB", "BF") == -1.0
    alpha = krippendorff(items("FB", "BF"))
    assert alpha is not None
    assert alpha < 0


scores = st.lists(st.integers(1, 5).map(float), min_size=3, max_size=40)


@settings(deadline=None)
@given(scores)
def test_drift_is_scipys(values: list[float]) -> None:
    order = [float(place) for place in range(len(values))]
    found = spearman(order, values)
    if found is None:
        assert len(set(values)) == 1
        return
    reference = scipy.stats.spearmanr(order, values)
    assert found.rho == pytest.approx(reference.statistic, abs=1e-12)
    if len(values) > EXACT_UP_TO:
        assert found.p == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 5).map(float), min_size=3, max_size=5))
def test_drift_of_few_scores_is_exact(values: list[float]) -> None:
    order = [float(place) for place in range(len(values))]
    found = spearman(order, values)
    if found is None:
        return

    def rho(x: Any) -> Any:
        return scipy.stats.spearmanr(x, order).statistic

    reference = scipy.stats.permutation_test((values,), rho, permutation_type="pairings")
    assert found.p == pytest.approx(reference.pvalue)


def test_a_steady_fall_is_certain() -> None:
    found = spearman([float(k) for k in range(20)], [float(-k) for k in range(20)])
    assert found == (-1.0, 0.0)


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        spearman([1.0, 2.0], [1.0])


@given(st.lists(st.integers(0, 6), max_size=30))
def test_ranks_are_scipys(values: list[int]) -> None:
    assert ranks(values) == list(scipy.stats.rankdata(values))
