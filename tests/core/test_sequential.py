"""When enough votes are in: printed oracles, exact sums, and every way to go on."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.stats.rates import sign_p
from tui_eval.core.stats.sequential import (
    Enough,
    confidence_sequence,
    e_value,
    e_value_of_means,
    enough,
    lock,
    log_e_value,
)

EIGHT_ITEMS = [1, 5 / 6, 1 / 6, 1, 5 / 6, 1 / 6, 5 / 6, 2 / 3]
"""Mean votes of three judges: 111 11h 00h 111 11h 0h0 11h 101."""


def test_a_sign_test_may_be_significant_and_yet_not_clear() -> None:
    assert e_value(24, 10, 1) == pytest.approx(3.74331, abs=0.6e-5)
    assert e_value(24, 10) == pytest.approx(4.63698, abs=0.6e-5)
    assert confidence_sequence(24, 10) == pytest.approx((0.453263, 0.892448), abs=0.6e-6)
    assert sign_p(24, 10) < 0.05


@pytest.mark.parametrize(
    ("wins", "losses", "one", "two"),
    [
        (8, 0, 28.4444, 13.9636),
        (9, 0, 51.2, 23.2727),
        (17, 3, 43.8002, 37.3946),
        (24, 6, 58.3333, 58.0018),
        (36, 14, 23.5396, 28.4422),
    ],
)
def test_e_values(wins: int, losses: int, one: float, two: float) -> None:
    assert e_value(wins, losses, 1) == pytest.approx(one, abs=0.6e-4)
    assert e_value(wins, losses, 2) == pytest.approx(two, abs=0.6e-4)


@pytest.mark.parametrize(
    ("wins", "votes"),
    [(9, 9), (12, 12), (14, 15), (17, 20), (20, 25), (24, 30), (30, 40), (36, 50), (66, 100)],
)
def test_the_fewest_clear_wins(wins: int, votes: int) -> None:
    assert e_value(wins, votes - wins) >= 20
    if wins < votes:
        assert e_value(wins - 1, votes - wins + 1) < 20


def test_three_judges_on_eight_items() -> None:
    assert e_value_of_means(EIGHT_ITEMS, 1) == pytest.approx(1.356474, abs=0.6e-6)
    assert e_value_of_means(EIGHT_ITEMS) == pytest.approx(1.279376, abs=0.6e-6)


def exact(means: list[Fraction], a: int) -> Fraction:
    """The polynomial Π(1 + (2p - 1)(2x - 1)) over Beta(a, a), term by term in p."""
    terms = [Fraction(1)]
    for mean in means:
        sign = 2 * mean - 1
        longer = [Fraction(0)] * (len(terms) + 1)
        for power, term in enumerate(terms):
            longer[power] += term * (1 - sign)
            longer[power + 1] += term * 2 * sign
        terms = longer

    def moment(power: int) -> Fraction:
        return math.prod(
            (Fraction(a + step, 2 * a + step) for step in range(power)), start=Fraction(1)
        )

    return sum((term * moment(power) for power, term in enumerate(terms)), Fraction(0))


sixths = st.integers(0, 6).map(lambda k: Fraction(k, 6))


@settings(deadline=None)
@given(st.lists(sixths, max_size=40), st.sampled_from([1, 2, 5]))
def test_e_values_of_means_are_the_exact_integral(means: list[Fraction], a: int) -> None:
    found = e_value_of_means([float(mean) for mean in means], a)
    assert found == pytest.approx(float(exact(means, a)), rel=1e-9)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 50))
def test_one_judges_means_are_counts(wins: int, losses: int, ties: int) -> None:
    means = [1.0] * wins + [0.0] * losses + [0.5] * ties
    assert e_value_of_means(means) == pytest.approx(e_value(wins, losses), rel=1e-12)


def test_means_a_hair_from_unanimous_are_nearly_counts() -> None:
    """The integral, not the closed form, at 10,000 votes."""
    means = [1 - 1e-12] * 5150 + [1e-12] * 4850
    assert math.log(e_value_of_means(means)) == pytest.approx(log_e_value(5150, 4850), abs=1e-6)


def test_ten_thousand_votes_stay_numbers() -> None:
    assert json.loads(json.dumps(e_value(10_000, 0))) > 1e300
    assert e_value_of_means([2 / 3] * 10_000) > 1e300
    assert 0 < e_value(5000, 5000) < 0.1
    assert log_e_value(10_000, 0) == pytest.approx(10_000 * math.log(2), rel=0.01)
    low, high = confidence_sequence(10_000, 0)
    assert (low, high) == (pytest.approx(1, abs=0.01), 1.0)
    mixed = e_value_of_means([1, 2 / 3, 1 / 3, 0, 1 / 6] * 2000)
    assert math.isfinite(math.log(mixed))


def test_a_mean_vote_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        e_value_of_means([-0.1])


@settings(deadline=None)
@given(st.integers(0, 80), st.integers(0, 80))
def test_the_sequence_ends_where_the_bet_wins_twenty_fold(wins: int, losses: int) -> None:
    low, high = confidence_sequence(wins, losses)
    assert 0 <= low < high <= 1
    if not wins + losses:
        assert (low, high) == (0, 1)
        return
    assert low <= wins / (wins + losses) <= high
    for end in (low, high):
        if 0 < end < 1:
            assert fortune_against(end, wins, losses) == pytest.approx(20, rel=1e-5)


def fortune_against(rate: float, wins: int, losses: int) -> float:
    """By numeric integration of the bets."""

    def stake(p: float) -> float:
        won = wins * math.log(p / rate) + losses * math.log((1 - p) / (1 - rate))
        return math.exp(won) * 6 * p * (1 - p)

    fortune, _ = scipy.integrate.quad(stake, 0, 1, points=[wins / (wins + losses)], limit=200)
    return float(fortune)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((21, 0, 0, 30), "tuned"),
        ((0, 21, 0, 30), "base"),
        ((20, 0, 0, 30), None),
        ((10, 10, 0, 30), "undecidable"),
        ((9, 9, 0, 30), None),
        ((0, 0, 0, 5), "undecidable"),
        ((0, 0, 0, 6), None),
        ((0, 0, 0, 0), "undecidable"),
    ],
)
def test_locks(counts: tuple[int, int, int, int], verdict: str | None) -> None:
    assert lock(*counts) == verdict


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 14), st.integers(0, 14), st.integers(0, 8), st.integers(0, 14))
def test_a_lock_is_the_verdict_of_every_way_to_go_on(w: int, l: int, t: int, left: int) -> None:  # noqa: E741
    verdicts = set()
    for won in range(left + 1):
        for lost in range(left - won + 1):
            found = sign_p(w + won, l + lost) <= 0.05
            ahead = "tuned" if w + won > l + lost else "base"
            verdicts.add(ahead if found else "undecidable")
    expected = verdicts.pop() if len(verdicts) == 1 else None
    assert lock(w, l, t, w + l + t + left) == expected


def test_more_votes_than_planned_are_all_counted() -> None:
    assert lock(30, 2, 3, 20) == "tuned"


def test_enough_names_no_direction() -> None:
    assert enough(21, 0, 0, 30) == enough(0, 21, 0, 30) == Enough(locked=True, clear=True)
    assert enough(17, 3, 0, 50) == Enough(locked=False, clear=True)
    assert enough(10, 10, 0, 30) == Enough(locked=True, clear=False)
    assert not enough(9, 9, 0, 30)
    assert enough(8, 0, 0, 30, e=20.0).clear
    assert not enough(17, 3, 0, 50, e=19.9)
    assert not enough(17, 3, 0, 50, clear=50)
