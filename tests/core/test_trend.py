from __future__ import annotations

import math
import random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.stats.order import mad, median, quantile, trailing_medians, window_medians
from tui_eval.core.stats.student import incomplete_beta, t95, t_quantile
from tui_eval.core.stats.trend import block_medians, kendall, smooth, theil_sen

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(VALUES, st.floats(0, 1))
def test_order_statistics_are_numpys(values: list[float], share: float) -> None:
    assert median(values) == pytest.approx(np.median(values), rel=1e-12, abs=1e-9)
    assert quantile(values, share) == pytest.approx(np.quantile(values, share), rel=1e-9, abs=1e-6)
    assert mad(values) == pytest.approx(
        scipy.stats.median_abs_deviation(values), rel=1e-12, abs=1e-9
    )


@given(VALUES, st.integers(1, 15))
def test_sliding_medians(values: list[float], window: int) -> None:
    expected = [float(np.median(values[i : i + window])) for i in range(len(values) - window + 1)]
    assert window_medians(values, window) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    trailing = trailing_medians(values, window)
    assert len(trailing) == len(values)
    assert all(math.isnan(value) for value in trailing[: window - 1])
    assert trailing[window - 1 :] == window_medians(values, window)


def test_the_median_of_nothing_is_not_a_number() -> None:
    assert math.isnan(median([]))
    assert window_medians([1.0], 3) == []


@pytest.mark.parametrize("n", [2, 5, 7, 8, 20, 33, 34, 150])
@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("direction", ["falls", "rises"])
def test_kendall_is_scipys(n: int, rounded: bool, direction: str) -> None:
    chance = random.Random(n)
    for slope in (0.0, 0.02, -0.1):
        values = [chance.gauss(0, 1) + slope * i for i in range(n)]
        values = [round(value, 0) for value in values] if rounded else values
        if len(set(values)) == 1:
            continue
        alternative = "less" if direction == "falls" else "greater"
        known = scipy.stats.kendalltau(range(n), values, alternative=alternative)
        ours = kendall(values, direction)  # type: ignore[arg-type]
        assert ours.tau == pytest.approx(known.statistic, abs=1e-12)
        if not rounded or len(set(values)) < n:
            assert ours.p == pytest.approx(known.pvalue, rel=1e-9, abs=1e-300)


def test_five_points_in_order_are_just_enough() -> None:
    assert kendall([5, 4, 3, 2, 1], "falls").p == pytest.approx(1 / 120)
    assert kendall([4, 3, 2, 1], "falls").p == pytest.approx(1 / 24)


def test_a_constant_series_has_no_trend() -> None:
    assert kendall([1.0] * 20, "falls").p == 1.0
    assert kendall([], "rises").p == 1.0


def test_theil_sen_is_scipys() -> None:
    chance = random.Random(3)
    x = sorted(chance.uniform(0, 100) for _ in range(40))
    y = [3 - 0.2 * a + chance.gauss(0, 1) for a in x]
    assert theil_sen(x, y) == pytest.approx(scipy.stats.theilslopes(y, x).slope, rel=1e-12)
    assert math.isnan(theil_sen([1.0], [2.0]))


def test_long_series_become_block_medians() -> None:
    x = [float(i) for i in range(1218)]
    blocks_x, blocks_y = block_medians(x, x, 300)
    assert len(blocks_x) == len(blocks_y) == 300
    assert blocks_x == sorted(blocks_x)
    assert block_medians(x[:300], x[:300], 300) == (x[:300], x[:300])


def test_smoothing_is_tensorboards() -> None:
    assert smooth([1, 0.5, 0], 0.6) == pytest.approx([1, 0.6875, 0.33673], abs=1e-5)


def test_smoothing_passes_what_is_not_finite() -> None:
    smoothed = smooth([1, math.nan, 0.5, math.inf, 0], 0.6)
    assert math.isnan(smoothed[1])
    assert smoothed[3] == math.inf
    assert [smoothed[i] for i in (0, 2, 4)] == pytest.approx([1, 0.6875, 0.33673], abs=1e-5)


def test_smoothing_leaves_a_constant_and_weight_zero_alone() -> None:
    assert smooth([0.1] * 7, 0.9) == [0.1] * 7
    assert smooth([1, 2, 3], 0.0) == [1, 2, 3]


@pytest.mark.parametrize("df", [1, 1.5, 2, 3, 9, 19, 30, 99, 599, 12345.6, 1e6, 3e6, 1e9])
def test_students_t_is_scipys(df: float) -> None:
    assert t95(df) == pytest.approx(scipy.stats.t.ppf(0.975, df), rel=1e-9)
    assert t_quantile(0.999, df) == pytest.approx(scipy.stats.t.ppf(0.999, df), rel=1e-9)


def test_the_t_of_no_degrees_of_freedom_is_infinite() -> None:
    assert t95(0) == math.inf
    assert t95(math.inf) == pytest.approx(scipy.stats.norm.ppf(0.975), rel=1e-6)


@given(st.floats(0.1, 500), st.floats(0.1, 500), st.floats(0, 1))
def test_incomplete_beta_is_scipys(a: float, b: float, x: float) -> None:
    known = scipy.special.betainc(a, b, x)
    assert incomplete_beta(a, b, x) == pytest.approx(known, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("weight", [0.6, 0.9, 0.99])
def test_smoothing_of_a_long_series_keeps_to_the_formula(weight: float) -> None:
    chance = random.Random(2)
    values = [chance.gauss(1, 0.3) for _ in range(6000)]
    average, expected = 0.0, []
    for place, value in enumerate(values):
        average = average * weight + (1 - weight) * value
        expected.append(average / (1 - weight ** (place + 1)))
    assert smooth(values, weight) == pytest.approx(expected, rel=1e-12)
