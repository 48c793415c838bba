"""Pairs of one group, and several judges of one pair: what is not independent counts once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.made_comparison import BETTER, codes, opened, read, value, with_lengths
from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, compared, heard
from tui_eval.core.stats.intervals import wilson
from tui_eval.core.stats.rates import binomial_p, sign_p, win_rate
from tui_eval.core.stats.sequential import e_value, e_value_of_means


def test_pairs_of_one_group_count_together() -> None:
    samples = [made_sample(i, group=f"g{i // 4}") for i in range(20)]
    reading = opened(BETTER, samples=samples)
    rate = reading.numbers["win_rate"]
    means = [1.0] * 16 + [0.0] * 4
    expected = win_rate(means, [f"g{i // 4}" for i in range(20)])
    assert expected is not None
    assert (rate.value, rate.low, rate.high) == (expected.value, expected.low, expected.high)
    alone = opened(BETTER).numbers["win_rate"]
    assert (alone.low or 0) > (rate.low or 0)
    assert any("one group count together" in paragraph for paragraph in reading.how)


def three(rows: tuple[str, ...], **fields: Any) -> MadeEvidence:
    """Three judges, a row of their votes for each pair."""
    judges = [Judge(name, place) for place, name in enumerate(("ana", "bo", "cy"))]
    for place, judge in enumerate(judges):
        judge.pairs(len(rows)).votes("".join(row[place] for row in rows)).finish()
    judges[0].clock = judges[-1].clock
    judges[0].unblind()
    return compared(len(rows), *heard(*judges), **fields)


def test_several_judges_make_one_vote_of_each_pair() -> None:
    rows = ("ttt", "tt=", "b==", "ttt", "ttb", "b=b", "ttb", "tbt")
    means = [1, 5 / 6, 1 / 3, 1, 2 / 3, 1 / 6, 2 / 3, 2 / 3]
    reading = read(three(rows))
    assert (value(reading, "wins"), value(reading, "losses"), value(reading, "ties")) == (6, 2, 0)
    rate, expected = reading.numbers["win_rate"], win_rate([float(x) for x in means])
    assert expected is not None
    assert rate.value == pytest.approx(sum(means) / 8)
    assert (rate.low, rate.high) == pytest.approx((expected.low, expected.high))
    assert value(reading, "e_value") == pytest.approx(e_value_of_means(means))
    assert value(reading, "sign_p") == sign_p(6, 2)
    assert value(reading, "votes") == 24
    assert value(reading, "judged") == 8


def test_the_worked_example_of_three_judges() -> None:
    """Eight items, mean .6875 of 111 11h 00h 111 h11 0h0 11h 101, E 1.279376 (a = 2)."""
    rows = ("ttt", "tt=", "bb=", "ttt", "=tt", "b=b", "tt=", "tbt")
    reading = read(three(rows))
    assert value(reading, "win_rate") == pytest.approx(0.6875)
    assert value(reading, "e_value") == pytest.approx(1.279376, abs=1e-6)


def test_votes_that_cancel_out_make_a_tie() -> None:
    ana = Judge().pairs(4).votes("tttt").finish()
    bo = Judge("bo", 1).pairs(4).votes("bb=t").finish()
    reading = read(compared(4, *heard(ana, bo.unblind())))
    assert (value(reading, "wins"), value(reading, "losses"), value(reading, "ties")) == (2, 0, 2)
    assert [row[1] for row in reading.tables["pairs"].rows] == ["tie 1-1"] * 2 + ["● 1-0", "● 2-0"]


def test_agreement_is_of_models_and_not_of_sides() -> None:
    one = "tttttbbbbb==ttbt=bbt"
    two = "ttttbbbbb==ttt=bt=bt"
    first = "".join({"F": "t", "B": "b", "T": "="}[x] for x in "FFFFFBBBTTFFBTFBFFBT")
    second = "".join({"F": "t", "B": "b", "T": "="}[x] for x in "FFFFBBBBTFFFBTFTFFFT")
    ana = Judge().pairs(20).votes(first).finish()
    bo = Judge("bo", 1).pairs(20).votes(second).finish().unblind()
    reading = read(compared(20, *heard(ana, bo)))
    assert value(reading, "agreement") == pytest.approx(0.8)
    assert value(reading, "alpha") == pytest.approx(0.679671, abs=1e-6)
    assert any("kappa 0.672" in paragraph for paragraph in reading.how)
    other = Judge("bo", 1).pairs(20).votes(two).finish().unblind()
    differs = read(compared(20, *heard(Judge().pairs(20).votes(one).finish(), other)))
    assert value(differs, "agreement") != value(reading, "agreement")


def test_both_bad_agrees_with_a_tie() -> None:
    ana = Judge().pairs(4).votes("=xtb").finish()
    bo = Judge("bo", 1).pairs(4).votes("x=tt").finish().unblind()
    assert value(read(compared(4, *heard(ana, bo))), "agreement") == 0.75


def test_votes_on_one_pair_are_not_independent() -> None:
    """Rates of single votes: two judges who agree on 12 pairs know little more than one."""
    votes = "x" * 3 + "t" * 9
    ana = Judge().pairs(12).votes(votes).finish()
    bo = Judge("bo", 1).pairs(12).votes(votes).finish().unblind()
    rate = read(compared(12, *heard(ana, bo))).numbers["both_bad_rate"]
    pairs = [f"p{i}" for i in range(12) for _ in "ab"]
    expected = win_rate([1.0] * 6 + [0.0] * 18, pairs)
    assert expected is not None
    assert (rate.value, rate.n) == (0.25, 24)
    assert (rate.low, rate.high) == pytest.approx((expected.low, expected.high))
    alone = read(compared(12, *heard(Judge().pairs(12).votes(votes).finish().unblind())))
    single, naive = alone.numbers["both_bad_rate"], wilson(6, 24)
    assert naive is not None
    width = (rate.high or 0) - (rate.low or 0)
    assert width > naive.high - naive.low
    assert width < 1.2 * ((single.high or 0) - (single.low or 0))


def test_a_pair_counts_once_for_the_length_however_many_judged_it() -> None:
    """Three judges who always agree, and the longer answer in 15 of 20 pairs: as for one."""
    votes, longer = "t" * 14 + "b" * 6, "t" * 20
    tuned = dict.fromkeys(range(20), "word " * 9)
    alone = with_lengths(votes, longer)
    together = read(three(tuple(v * 3 for v in votes), tuned=tuned))
    assert value(together, "longer_rate") == value(alone, "longer_rate") == 0.7
    # 42 of 60 single votes would look far from chance; 14 of 20 pairs do not.
    assert binomial_p(42, 60) < 0.01
    assert "length_bias" not in codes(alone)
    assert "length_bias" not in codes(together)


def test_equal_means_have_an_interval_too() -> None:
    ana = Judge().pairs(12).votes("t" * 12).finish()
    bo = Judge("bo", 1).pairs(12).votes("=" * 12).finish().unblind()
    rate = read(compared(12, *heard(ana, bo))).numbers["win_rate"]
    assert rate.value == pytest.approx(0.75)
    assert (rate.low or 1) < 0.75 < (rate.high or 0)


def test_the_votes_of_a_closed_judge_count() -> None:
    ana = Judge().pairs(20).votes("t" * 12 + "b" * 8).finish()
    bo = Judge("bo", 1).pairs(20).votes("t" * 10)
    ana.clock = max(ana.clock, bo.clock)
    ana.close("bo").unblind()
    reading = read(compared(20, *heard(ana, bo)))
    assert value(reading, "votes") == 30
    assert (value(reading, "wins"), value(reading, "losses")) == (12, 8)
    # Only what all who have begun voted on enters a bet that may be looked at any time.
    assert value(reading, "e_value") == pytest.approx(e_value(10, 0))
    assert reading.numbers["e_value"].n == 10
    assert any("bo (10 of 20) was closed by ana" in paragraph for paragraph in reading.how)
    assert [row[-1] for row in reading.tables["judges"].rows] == ["finished", "closed by ana"]


def test_a_judge_who_never_voted_is_not_waited_for() -> None:
    ana = Judge().pairs(20).votes(BETTER).finish().unblind()
    reading = read(compared(20, *heard(ana, Judge("bo", 1).pairs(20))))
    assert reading.verdict == "good"
    assert value(reading, "e_value") == pytest.approx(e_value(16, 4))
