"""Intervals of a task's figures where little or nothing varies, and how they are told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, stdev

import pytest

from tests.core.made_tasks import codes, evidence_of, fits, labelled, made_items, numbers_task
from tui_eval.core.metrics import squad
from tui_eval.core.reading import Reading
from tui_eval.core.stats.alike import bounds
from tui_eval.core.stats.intervals import wilson
from tui_eval.core.stats.student import t95
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
def test_a_mean_without_spread_is_bounded_by_the_rule_of_three(name: str) -> None:
    reading = numbers_task([0.0] * 30, [0.0] * 30, name)
    share = 1 - 0.05 ** (1 / 30)
    assert ends(reading, f"sums.{name}.base") == (0.0, pytest.approx(share))
    assert ends(reading, f"sums.{name}.difference") == (
        pytest.approx(-share),
        pytest.approx(share),
    )
    assert codes(reading) == ["not_shown"]
    number = reading.numbers[f"sums.{name}.detectable"]
    assert number.value is None
    assert "too few" not in number.why
    fits(reading)


def test_the_bound_covers_a_mean_of_which_all_that_were_seen_are_the_same() -> None:
    """Otherwise only as often as 1 in 20: whatever share is otherwise, and however far."""
    for n in (6, 20, 100):
        for share in (0.001, 0.01, 0.03, 0.1, 0.4):
            for far in (-1.0, 1.0):
                mean = (1 - share) * 0.5 + share * far
                low, high = bounds(0.5, n, (-1.0, 1.0)) or (0, 0)
                covered = low <= mean <= high
                assert covered or (1 - share) ** n <= 0.05
    assert bounds(0.5, 1, (0.0, 1.0)) is None


@pytest.mark.parametrize("name", ["token_f1", "rougeL", "mine"])
@pytest.mark.parametrize("step", [1.0, 0.5, 0.01])
def test_the_same_difference_on_every_item_is_shown(name: str, step: float) -> None:
    low, high = [0.2 * (step < 1)] * 40, [0.2 * (step < 1) + step] * 40
    better, worse = numbers_task(low, high, name), numbers_task(high, low, name)
    assert (better.verdict, codes(better)) == ("good", [])
    assert (worse.verdict, codes(worse)) == ("bad", ["worse"])
    moved = better.numbers[f"sums.{name}.difference"]
    # An interval doesn't deny what is shown; where there is none it says why.
    assert "every item moved by the same" in moved.why if moved.low is None else moved.low > 0
    detectable = better.numbers[f"sums.{name}.detectable"]
    assert detectable.value is not None or "too few" not in detectable.why
    fits(better)
    fits(worse)


@pytest.mark.parametrize("name", ["token_f1", "mine"])
def test_fewer_than_six_differing_items_show_nothing(name: str) -> None:
    for n, code in ((5, ["not_shown"]), (6, [])):
        tuned = [0.5] * n + [0.25] * (40 - n)
        assert codes(numbers_task([0.25] * 40, tuned, name)) == code
    # Nor do five groups, however many items each holds.
    for size, code in ((8, ["not_shown"]), (5, [])):
        reading = grouped([0.25] * 40, [0.75] * 40, size, name)
        assert codes(reading) == code
    text = grouped([0.0] * 40, [0.9] * 40, 8, "token_f1").findings[0].text
    assert "the models differ on 5 groups, which could be chance" in text
    assert "may be none" not in text


def test_an_end_that_decides_shows_its_side_of_zero() -> None:
    chance = random.Random(3)
    moved = [chance.gauss(0, 0.1) for _ in range(40)]
    centre, deviation = fmean(moved), stdev(moved)
    least = t95(39) * deviation / 40**0.5 - 0.0004
    base = [0.5] * 40
    tuned = [0.5 + one - centre + least for one in moved]
    reading = numbers_task(base, tuned)
    assert codes(reading) == ["not_shown"]
    assert "difference [-0.0004, +0.0" in reading.findings[0].text


def test_the_smallest_difference_lies_in_the_range_or_says_why_not() -> None:
    one = numbers_task([0.0], [1.0], "exact_match").numbers["sums.exact_match.detectable"]
    assert (one.value, one.why) == (None, "too few items")
    few = numbers_task([0.0] * 2, [1.0] * 2, "exact_match").numbers["sums.exact_match.detectable"]
    assert (few.value, few.why) == (None, "too few items")


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


def test_the_smallest_difference_stands_below_the_table_too() -> None:
    chance = random.Random(1)
    base = [chance.random() for _ in range(40)]
    reading = numbers_task(base, [one + chance.gauss(0, 0.1) for one in base])
    least = reading.numbers["sums.rougeL.detectable"].value
    assert least is not None
    table = reading.tables["metrics"]
    assert table.rows[-1][0] == f"least that could show: sums {least:.3f}"
    assert table.opens[-1] == "note"
    keys = [column.key for column in table.columns]
    assert table.rows[0][keys.index("detectable")] == least
    # Where nothing varies there is none to tell.
    assert len(numbers_task([0.5] * 40, [0.5] * 40).tables["metrics"].rows) == 1
