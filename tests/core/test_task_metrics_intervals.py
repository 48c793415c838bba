"""Intervals of a task's figures where little or nothing varies, and how they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.core.made_tasks import codes, evidence_of, fits, labelled, made_items, numbers_task
from tui_eval.core.metrics import squad
from tui_eval.core.reading import Reading
from tui_eval.core.stats.intervals import wilson
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.task_records import (
    Asked,
    Measured,
    MetricOptions,
    Task,
)


def grouped(base: Sequence[float], tuned: Sequence[float], size: int, name: str) -> Reading:
    items = [made_items(1, group=f"g{at // size}")[0] for at in range(len(base))]
    items = [
        replace(one, sample=replace(one.sample, id=f"s{at}", row=at + 1))
        for at, one in enumerate(items)
    ]
    task = Task("sums", tuple(items), (name,))
    made = [[Measured({name: one}) for one in some] for some in (base, tuned)]
    return read(evidence_of(task, *made), "tuned")


def ends(reading: Reading, name: str) -> tuple[float | None, float | None]:
    return reading.numbers[name].low, reading.numbers[name].high


def test_a_perfect_rate_of_groups_has_a_width_by_their_number() -> None:
    reading = grouped([0.0] * 40, [1.0] * 40, 4, "exact_match")
    ten = wilson(10, 10)
    assert ten is not None
    assert ends(reading, "sums.exact_match.tuned") == (ten.low, 1.0)
    low, high = ends(reading, "sums.exact_match.base")
    assert (low, high) == (0.0, pytest.approx(1 - (ten.low or 0)))
    low, high = ends(reading, "sums.exact_match.difference")
    assert low is not None
    assert 0.5 < low < 1
    assert high == 1.0
    # One right and one wrong in each: the groups are all the same, the items aren't.
    halves = grouped([0.0, 1.0] * 20, [1.0, 0.0] * 20, 2, "exact_match")
    low, high = ends(halves, "sums.exact_match.tuned")
    half = wilson(10, 20)
    assert half is not None
    assert (low, high) == (pytest.approx(half.low), pytest.approx(half.high))


def test_models_that_are_both_right_may_differ_on_other_items() -> None:
    reading = numbers_task([1.0] * 50, [1.0] * 50, "exact_match")
    low, high = ends(reading, "sums.exact_match.difference")
    assert low is not None
    assert high is not None
    assert -0.1 < low < 0 < high < 0.1
    assert codes(reading) == ["not_shown"]


@pytest.mark.parametrize("name", ["rougeL", "token_f1"])
def test_a_mean_without_spread_has_no_interval_and_says_why(name: str) -> None:
    reading = numbers_task([0.0] * 30, [0.0] * 30, name)
    for one in ("base", "tuned", "difference"):
        number = reading.numbers[f"sums.{name}.{one}"]
        assert (number.value, number.low, number.high) == (0.0, None, None)
        assert "nothing varies" in number.why
    assert codes(reading) == ["not_shown"]
    fits(reading)


def test_a_label_figure_of_which_all_draws_are_the_same_has_no_interval() -> None:
    truth = ["a", "b"] * 20
    wrong = ["b", "a"] * 20
    reading = read(labelled(truth, wrong, truth), "tuned")
    for one, value in (("base", 0.0), ("tuned", 1.0), ("difference", 1.0)):
        number = reading.numbers[f"moods.macro_f1.{one}"]
        assert (number.value, number.low, number.high) == (value, None, None)
    assert reading.numbers["moods.accuracy.tuned"].low == pytest.approx(0.912, abs=0.001)


def test_intervals_stay_in_the_range_of_their_figure() -> None:
    base, tuned = [0.0] * 30, [1.0] * 29 + [0.0]
    for name in ("exact_match", "rougeL"):
        assert ends(numbers_task(base, tuned, name), f"sums.{name}.difference")[1] == 1.0
        assert ends(numbers_task(tuned, base, name), f"sums.{name}.difference")[0] == -1.0


def test_how_says_what_is_done() -> None:
    how = " ".join(numbers_task([0.0] * 30, [1.0] * 30).how)
    assert "Wilson on the number of groups" in how
    asked = Asked("", ("東京",), "東")
    assert squad.measure(asked).values["token_f1"] == pytest.approx(2 / 3)
    assert "Unlike SQuAD" in squad.ruler(MetricOptions()).how


@pytest.mark.parametrize("better", [True, False])
def test_all_wrong_to_all_right_is_a_difference_though_nothing_varies(better: bool) -> None:
    truth = ["a", "b"] * 15
    wrong = ["b", "a"] * 15
    reading = read(labelled(truth, *((wrong, truth) if better else (truth, wrong))), "tuned")
    assert reading.numbers["moods.macro_f1.difference"].low is None
    assert codes(reading) == ([] if better else ["worse"])
    assert reading.verdict == ("good" if better else "bad")
