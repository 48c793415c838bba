"""Win rates and exact tests: against printed oracles, scipy, and by counting."""

from __future__ import annotations

import itertools
import math

import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.stats.intervals import Interval, mean, wilson
from tui_eval.core.stats.rates import (
    binomial_p,
    binomial_upper,
    bonett_price,
    fewest_wins,
    pairs_needed,
    sign_flip_p,
    sign_p,
    smallest_found,
    win_rate,
)
from tui_eval.core.stats.reference import (
    clopper_pearson,
    fisher,
    other_methods,
    tango,
)


def six(value: float) -> object:
    """Equal to the six digits that the oracles print."""
    return pytest.approx(value, abs=0.6e-6)


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_24_wins_10_losses_and_6_ties() -> None:
    found, decisive = bonett_price(24, 10, 40), wilson(24, 34)
    assert found is not None
    assert decisive is not None
    assert found.value == 0.675
    assert ends(found) == six((0.536058, 0.797275))
    assert decisive.value == six(0.705882)
    assert ends(decisive) == six((0.538311, 0.831654))
    assert sign_p(24, 10) == pytest.approx(0.02430651, abs=0.6e-8)


def test_the_same_votes_by_other_methods() -> None:
    found = other_methods(24, 10, 6)
    assert found == {
        "tango_low": six(0.532793),
        "tango_high": six(0.789334),
        "clopper_pearson_low": six(0.525219),
        "clopper_pearson_high": six(0.849016),
        "mid_p": pytest.approx(0.01667385, abs=0.6e-8),
        "standard_error": six(0.068290),
        "elo_gap": pytest.approx(126.9682, abs=0.6e-4),
        "elo_gap_decisive": pytest.approx(152.0845, abs=0.6e-4),
        "chance_above_half": six(0.991663),
    }


def test_no_votes_give_no_numbers() -> None:
    assert bonett_price(0, 0, 0) is None
    assert win_rate([]) is None
    assert bonett_price(1, 0, 1) == Interval(1.0, None, None, 1)
    assert sign_p(0, 0) == binomial_upper(0, 0) == 1.0
    empty = other_methods(0, 0, 0)
    assert empty["tango_low"] is empty["elo_gap"] is empty["standard_error"] is None


def test_position() -> None:
    """Left 14-3, right 10-7: the left answer was chosen 21 times in 34."""
    chosen = wilson(21, 34)
    assert chosen is not None
    assert chosen.value == six(0.617647)
    assert binomial_p(21, 34) == six(0.229481)
    assert fisher(14, 3, 10, 7) == six(0.258732)


def test_longer_was_chosen_18_times_in_24() -> None:
    assert binomial_p(18, 24) == six(0.022656)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.5, 0.1, 0.3, 0.62, 0.9]))
def test_binomial_tests_are_scipys(hits: int, more: int, rate: float) -> None:
    n = hits + more
    if n:
        assert binomial_p(hits, n, rate) == pytest.approx(
            scipy.stats.binomtest(hits, n, rate).pvalue, rel=1e-9
        )
        assert binomial_upper(hits, n, rate) == pytest.approx(
            scipy.stats.binomtest(hits, n, rate, "greater").pvalue, rel=1e-9
        )
        exact = scipy.stats.binomtest(hits, n).proportion_ci(0.95, "exact")
        assert clopper_pearson(hits, n) == pytest.approx((exact.low, exact.high), abs=1e-9)


@settings(deadline=None)
@given(*[st.integers(0, 15)] * 4)
def test_fishers_test_is_scipys(a: int, b: int, c: int, d: int) -> None:
    reference = scipy.stats.fisher_exact([[a, b], [c, d]]).pvalue
    assert fisher(a, b, c, d) == pytest.approx(reference, rel=1e-9)


def test_ten_thousand_votes_have_a_sign_test() -> None:
    reference = scipy.stats.binomtest(5150, 10_000).pvalue
    assert sign_p(5150, 4850) == pytest.approx(reference, rel=1e-8)


@pytest.mark.parametrize(("wins", "losses", "n"), [(24, 10, 40), (0, 3, 20), (9, 9, 20), (7, 0, 7)])
def test_tangos_ends_by_maximising_the_likelihood(wins: int, losses: int, n: int) -> None:
    """The score statistic at the ends is 1.96, its shares found by a search."""

    def statistic(difference: float) -> float:
        def minus_log_likelihood(lost: float) -> float:
            shares = (lost + difference, lost, 1 - 2 * lost - difference)
            counts = (wins, losses, n - wins - losses)
            pairs = zip(counts, shares, strict=True)
            return -sum(c * math.log(max(p, 1e-300)) for c, p in pairs if c)

        bounds = (max(0.0, -difference), (1 - difference) / 2)
        options = {"xatol": 1e-12}
        best = scipy.optimize.minimize_scalar(
            minus_log_likelihood, bounds=bounds, method="bounded", options=options
        )
        variance = n * (2 * best.x + difference * (1 - difference))
        return (wins - losses - n * difference) / math.sqrt(variance)

    low, high = tango(wins, losses, n)
    if low > 0:
        assert statistic(2 * low - 1) == pytest.approx(1.959964, abs=1e-3)
    if high < 1:
        assert statistic(2 * high - 1) == pytest.approx(-1.959964, abs=1e-3)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_one_judges_means_are_bonett_prices(wins: int, losses: int, ties: int) -> None:
    means = [1.0] * wins + [0.0] * losses + [0.5] * ties
    counted, averaged = bonett_price(wins, losses, len(means)), win_rate(means)
    assert (counted is None) == (averaged is None)
    if counted is not None and averaged is not None and counted.n > 1:
        assert averaged.value == pytest.approx(counted.value)
        assert ends(averaged) == pytest.approx(ends(counted))
        assert 0 <= ends(counted)[0] <= counted.value <= ends(counted)[1] <= 1


@settings(deadline=None)
@given(st.lists(st.sampled_from([0, 1 / 6, 1 / 3, 0.5, 2 / 3, 1]), min_size=2, max_size=40))
def test_the_other_side_is_the_mirror(means: list[float]) -> None:
    groups = [place // 3 for place in range(len(means))]
    for by in (None, groups):
        one, other = win_rate(means, by), win_rate([1 - x for x in means], by)
        assert one is not None
        assert other is not None
        assert one.value == pytest.approx(1 - other.value)
        if one.low is not None:
            assert ends(one) == pytest.approx(tuple(1 - end for end in reversed(ends(other))))


def test_pairs_of_one_document_widen_the_interval() -> None:
    means = [1.0] * 15 + [0.0] * 15
    apart, together = win_rate(means), win_rate(means, [place // 5 for place in range(30)])
    assert ends(together)[0] < ends(apart)[0]
    assert ends(together)[1] > ends(apart)[1]
    assert win_rate(means, list(range(30))) == apart
    assert win_rate(means, [None] * 30) == apart
    assert win_rate([1.0, 0.0], ["a", "a"]) == Interval(0.5, None, None, 2)


def test_a_mean_vote_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        win_rate([0.5, 1.5])


def test_three_judges_on_eight_items() -> None:
    """Votes of one item are not independent: the standard error by item is larger."""
    value = {"1": 1.0, "h": 0.5, "0": 0.0}
    items = ["111", "11h", "00h", "111", "11h", "0h0", "11h", "101"]
    votes = [value[vote] for item in items for vote in item]
    of = [item for item in range(8) for _ in range(3)]
    naive, clustered = mean(votes), mean(votes, of)
    by_item = mean([math.fsum(value[vote] for vote in item) / 3 for item in items])
    assert naive is not None
    assert clustered is not None
    assert by_item is not None
    assert clustered.value == by_item.value == six(0.6875)
    assert naive.se == six(0.084122)
    assert clustered.se == six(0.119678)
    assert clustered.se * math.sqrt(7 / 8) == six(0.111949)
    assert by_item.se == six(0.119678)


def test_differences_of_twelve_answers() -> None:
    base, tuned = ([int(c) for c in row] for row in ("324332432343", "434433542445"))
    differences = [float(t - b) for t, b in zip(tuned, base, strict=True)]
    found = mean(differences)
    assert found is not None
    assert found.value == 0.75
    assert found.se == six(0.179435)
    assert (found.low, found.high) == six((0.355066, 1.144934))
    one, other = mean(tuned), mean(base)
    assert one is not None
    assert other is not None
    assert math.hypot(one.se, other.se) == six(0.328564)
    assert sign_flip_p(differences) == 0.0078125


@settings(deadline=None)
@given(st.lists(st.sampled_from([-3, -1, -0.5, 0, 0.1, 0.7, 2]), max_size=9))
def test_sign_flips_are_counted(differences: list[float]) -> None:
    seen = abs(sum(differences)) - 1e-9
    flips = list(itertools.product((-1, 1), repeat=len(differences)))
    sums = [sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in flips]
    assert sign_flip_p(differences) == pytest.approx(sum(abs(s) >= seen for s in sums) / len(flips))


@given(st.integers(0, 80), st.integers(0, 80))
def test_sign_flips_of_single_votes_are_the_sign_test(wins: int, losses: int) -> None:
    assert sign_flip_p([1.0] * wins + [-1.0] * losses) == pytest.approx(sign_p(wins, losses))


def test_sign_flips_of_many_sums_come_from_t() -> None:
    values = [math.sin(place * place) + 0.3 for place in range(40)]
    reference = scipy.stats.ttest_1samp(values, 0).pvalue
    assert sign_flip_p(values) == pytest.approx(reference, rel=1e-6)


@pytest.mark.parametrize(
    ("deciding", "rate"), [(20, 0.799), (30, 0.749), (50, 0.704), (100, 0.645), (200, 0.602)]
)
def test_the_smallest_rate_found_four_times_in_five(deciding: int, rate: float) -> None:
    assert smallest_found(deciding) == pytest.approx(rate, abs=0.6e-3)


def test_five_votes_can_find_nothing() -> None:
    assert fewest_wins(5) is smallest_found(5) is smallest_found(0) is None
    assert fewest_wins(6) == 6
    assert smallest_found(6) == pytest.approx(0.8 ** (1 / 6))


@pytest.mark.parametrize(
    ("rate", "four_in_five", "nineteen_in_twenty"),
    [(0.55, 786, 1302), (0.6, 199, 327), (0.65, 90, 145), (0.7, 49, 79), (0.75, 30, 49)],
)
def test_how_many_pairs(rate: float, four_in_five: int, nineteen_in_twenty: int) -> None:
    assert pairs_needed(rate, 0.8) == four_in_five
    assert pairs_needed(rate, 0.95) == nineteen_in_twenty


@pytest.mark.parametrize("rate", [0.6, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("power", [0.3, 0.5, 0.8, 0.99])
def test_no_fewer_pairs_would_do(rate: float, power: float) -> None:
    def found(deciding: int) -> bool:
        wins = fewest_wins(deciding)
        return wins is not None and scipy.stats.binom.sf(wins - 1, deciding, rate) >= power

    assert pairs_needed(rate, power) == next(d for d in itertools.count(1) if found(d))


@pytest.mark.parametrize(("rate", "power"), [(0.5, 0.8), (0.4, 0.8), (0.7, 1.0)])
def test_a_rate_of_one_half_needs_no_number_of_pairs(rate: float, power: float) -> None:
    with pytest.raises(ValueError, match="above one half"):
        pairs_needed(rate, power)
