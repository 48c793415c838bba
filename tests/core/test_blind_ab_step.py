"""Step 5's figures, its findings with their silent neighbours, and its order of verdicts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, compared, heard, result
from tests.core.test_step_words import check
from tui_eval.core.reading import Finding, Reading
from tui_eval.core.stats.intervals import wilson
from tui_eval.core.stats.rates import binomial_p, bonett_price, sign_p, smallest_found, win_rate
from tui_eval.core.stats.sequential import e_value, e_value_of_means
from tui_eval.core.steps import blind_ab

GOOD = "t" * 31 + "b" * 13 + "=" * 2 + "x" * 4
"""The picture in SCREENS."""
BETTER = "t" * 16 + "b" * 4
OPEN = "t" * 11 + "b" * 9


def read(evidence: MadeEvidence, **fields: Any) -> Reading:
    reading = blind_ab.read(evidence, "tuned", **fields)
    check(reading)
    return reading


def opened(letters: str, plan: dict[str, Any] | None = None, **fields: Any) -> Reading:
    """One judge's votes, unblinded."""
    return read(compared(len(letters), *result(letters, **(plan or {})), **fields))


def codes(reading: Reading) -> dict[str, str]:
    """Without the note that says what so many votes can find, which a preference has."""
    return {f.code: f.severity for f in reading.findings if f.code != "power"}


def finding(reading: Reading, code: str) -> Finding:
    return next(f for f in reading.findings if f.code == code)


def value(reading: Reading, name: str) -> float | None:
    return reading.numbers[name].value


def test_the_picture_of_a_good_comparison() -> None:
    reading = opened(GOOD)
    assert reading.verdict == "good"
    assert [finding.code for finding in reading.findings] == ["power"]
    told = "44 deciding pairs find a true preference of 71% or more, 4 times in 5."
    assert reading.findings[0].text == told
    assert reading.summary == "● preferred 31-13, 6 tied of 50: 68.0% [55.4, 79.2], both bad 4"
    assert reading.headline == "● preferred 31-13, 6 tied: 68% [55, 79]"


def test_the_worked_example_to_its_printed_digits() -> None:
    """24 wins, 10 losses, 6 ties: significant, and yet not clear."""
    reading = opened("t" * 24 + "b" * 10 + "=" * 6)
    rate, decisive = reading.numbers["win_rate"], reading.numbers["decisive_rate"]
    assert (rate.value, rate.low, rate.high) == pytest.approx((0.675, 0.536058, 0.797275), abs=1e-6)
    assert (decisive.value, decisive.low, decisive.high) == pytest.approx(
        (0.705882, 0.538311, 0.831654), abs=1e-6
    )
    assert value(reading, "sign_p") == pytest.approx(0.02430651, abs=1e-8)
    assert value(reading, "e_value") == pytest.approx(4.63698, abs=1e-5)
    assert (value(reading, "clear"), value(reading, "locked")) == (0, 1)
    assert any("[45.3, 89.2]%" in paragraph for paragraph in reading.how)
    assert reading.verdict == "good"


def test_every_number_has_its_meaning() -> None:
    reading = opened(GOOD)
    expected = {
        "wins": 31, "losses": 13, "ties": 6, "win_rate": 0.68, "decisive_rate": 31 / 44,
        "sign_p": sign_p(31, 13), "e_value": e_value(31, 13), "both_bad_rate": 4 / 50,
        # Sides alternate, beginning with tuned left.
        "left_rate": (16 + 7) / 44,
        "detectable": smallest_found(44), "votes": 50, "judged": 50, "planned": 50, "ready": 50,
        "locked": 1, "clear": 0, "flagged": 0, "pace": 30, "guesses": 0, "guesses_right": 0,
    }  # fmt: skip
    for name, number in expected.items():
        assert value(reading, name) == pytest.approx(number), name
    empty = {"longer_rate", "self_consistency", "agreement", "alpha", "length_adjusted"}
    assert {name for name, n in reading.numbers.items() if n.value is None} == empty
    assert set(reading.numbers) == set(expected) | empty


def test_base_preferred_is_bad() -> None:
    reading = opened(GOOD.translate(str.maketrans("tb", "bt")))
    assert reading.verdict == "bad"
    assert codes(reading) == {"worse": "bad"}
    expected = "base preferred 31-13, 6 tied of 50: ● 32.0% [20.8, 44.6], both bad 4"
    assert reading.summary == expected
    assert "13-31" in finding(reading, "worse").text


def test_not_shown_says_what_so_many_could_have_found() -> None:
    reading = opened("t" * 24 + "b" * 20 + "=" * 6)
    assert codes(reading) == {"not_shown": "caution"}
    expected = "no preference shown, 24-20, 6 tied; 44 deciding pairs find 71% or more"
    assert reading.summary == expected
    assert "does not say that the two are equal" in finding(reading, "not_shown").text


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("t" * 15 + "b" * 5, {}),
        ("t" * 14 + "b" * 6, {"not_shown": "caution"}),
        ("t" * 5 + "b" * 15, {"worse": "bad"}),
        ("t" * 6 + "b" * 14, {"not_shown": "caution"}),
        ("t" * 10, {}),
        ("t" * 9 + "=" * 20, {"too_few_votes": "not_enough"}),
        ("=" * 20, {"too_few_votes": "not_enough"}),
        ("t" * 16 + "b" * 4 + "x" * 5, {}),
        ("t" * 16 + "b" * 4 + "x" * 6, {"both_bad": "caution"}),
        ("t" * 9 + "x" * 20, {"too_few_votes": "not_enough"}),
        ("t" * 11 + "b" * 9 + "x" * 6, {"not_shown": "caution", "both_bad": "caution"}),
        ("b" * 16 + "t" * 4 + "x" * 6, {"worse": "bad", "both_bad": "caution"}),
    ],
)
def test_findings_of_the_votes(letters: str, expected: dict[str, str]) -> None:
    reading = opened(letters)
    assert codes(reading) == expected
    order = ("bad", "not_enough", "caution")
    assert reading.verdict == next((s for s in order if s in expected.values()), "good")


def test_below_ten_deciding_pairs_no_estimate_is_judged_but_every_number_is_there() -> None:
    reading = opened("b" * 9 + "=" * 3, {"lefts": dict.fromkeys(range(12), False)})
    assert [finding.code for finding in reading.findings] == ["too_few_votes"]
    assert value(reading, "win_rate") == pytest.approx(1.5 / 12)
    assert value(reading, "left_rate") == 1
    assert reading.headline == "only 9 deciding pairs: 0-9, 3 tied"


# Sides, lengths, repeats, guesses.


def sides(chosen: str, left: int) -> dict[str, Any]:
    """Where tuned must stand for so many votes on the left."""
    lefts = {i: (letter == "t") == (i < left) for i, letter in enumerate(chosen)}
    return {"lefts": lefts}


def test_position_bias() -> None:
    """15 of 20 by chance: p = 0.041; 14: 0.115."""
    assert codes(opened(BETTER, sides(BETTER, 14))) == {}
    reading = opened(BETTER, sides(BETTER, 15))
    assert codes(reading) == {"position_bias": "caution"}
    assert value(reading, "left_rate") == 0.75
    assert reading.verdict == "caution"
    assert reading.summary == "● preferred 16-4, 0 tied: 80.0% [59.8, 94.8]; left chosen 15 of 20"
    assert codes(opened(BETTER, sides(BETTER, 5))) == {"position_bias": "caution"}


def test_the_worked_example_of_sides() -> None:
    """14-3 with tuned left, 10-7 with tuned right: left chosen 21 of 34, .705882 adjusted."""
    letters = "t" * 24 + "b" * 10
    lefts = {i: i < 14 or 24 <= i < 27 for i in range(34)}
    reading = opened(letters, {"lefts": lefts})
    assert value(reading, "left_rate") == pytest.approx(21 / 34)
    assert codes(reading) == {}
    told = "left 14 of 17, on the right 10 of 17 deciding votes: 71% on average"
    assert any("p = 0.2295" in words and told in words for words in reading.how)
    side = reading.tables["checks"].rows[0]
    assert side == ("side", "left one chosen 21 of 34: could be chance")


def with_lengths(letters: str, longer: str) -> Reading:
    """``longer``: per pair which answer is the longer one, ``t``, ``b`` or ``=``."""
    tuned = {i: "word " * (9 if which == "t" else 5) for i, which in enumerate(longer)}
    base = {i: "wort " * (9 if which == "b" else 5) for i, which in enumerate(longer)}
    return opened(letters, tuned=tuned, base=base)


def test_length_bias_is_a_note_where_tuned_is_ahead_with_its_shorter_answers() -> None:
    reading = with_lengths("t" * 18 + "b" * 2, "t" * 15 + "b" * 5)
    assert value(reading, "longer_rate") == pytest.approx(17 / 20)
    assert codes(reading) == {"length_bias": "note"}
    assert reading.verdict == "good"
    assert "won 3 and lost 2" in finding(reading, "length_bias").text


def test_length_bias_is_a_caution_where_it_is_not() -> None:
    even = with_lengths("t" * 17 + "b" * 3, "t" * 14 + "b" * 6)
    assert value(even, "longer_rate") == pytest.approx(17 / 20)
    assert codes(even) == {"length_bias": "caution"}
    assert even.verdict == "caution"
    never = with_lengths("t" * 20, "t" * 20)
    assert codes(never) == {"length_bias": "caution"}
    assert "never the shorter one" in finding(never, "length_bias").text


def test_ties_tell_nothing_of_length() -> None:
    reading = with_lengths("t" * 6 + "b" * 6 + "=" * 4 + "x" * 4, "t" * 12 + "t" * 8)
    longer = reading.numbers["longer_rate"]
    assert (longer.value, longer.n) == (0.5, 12)


def test_length_is_no_bias_by_chance_and_equal_lengths_tell_nothing() -> None:
    assert codes(with_lengths("t" * 16 + "b" * 4, "t" * 10 + "b" * 6 + "b" * 2 + "t" * 2)) == {}
    reading = with_lengths("t" * 16 + "b" * 4, "=" * 20)
    assert codes(reading) == {}
    assert value(reading, "longer_rate") is None


def test_shorter_answers_may_win_too() -> None:
    reading = with_lengths("t" * 18 + "b" * 2, "b" * 18 + "t" * 2)
    assert value(reading, "longer_rate") == 0
    assert codes(reading) == {"length_bias": "note"}
    assert "The shorter answer was chosen 20 of 20" in finding(reading, "length_bias").text


def test_the_rate_at_equal_lengths_needs_forty_deciding_pairs() -> None:
    letters, longer = "t" * 26 + "b" * 14, "tttb" * 5 + "=" * 6 + "bbbt" * 3 + "bt"
    reading = with_lengths(letters, longer)
    adjusted = reading.numbers["length_adjusted"]
    assert adjusted.value is not None
    assert adjusted.low is not None
    assert adjusted.low < adjusted.value < (adjusted.high or 0)
    assert any("logistic" in paragraph for paragraph in reading.how)
    assert value(with_lengths(letters[1:], longer[1:]), "length_adjusted") is None


def test_a_rate_at_equal_lengths_is_no_guess() -> None:
    letters = "ttb" * 14
    texts = {
        sign: {i: "word " * (i % 5 + more) for i in range(42)}
        for sign, more in (("t", 4), ("b", 1))
    }
    varied = {i: text + "word " * (i % 4) for i, text in texts["t"].items()}
    always = opened(letters, tuned=varied, base=texts["b"])
    assert value(always, "length_adjusted") is None
    texts["b"][3] += "word " * 12
    assert value(opened(letters, tuned=varied, base=texts["b"]), "length_adjusted") is not None


def repeated(same: int, n: int) -> Reading:
    """``n`` repeats, ``same`` of them judged as before."""
    again = "t" * same + "b" * (n - same)
    judge = Judge().pairs(20, repeats=range(n)).votes(BETTER).again(range(n), again)
    return read(compared(20, *heard(judge.finish().unblind())))


def test_repeats_measure_the_judge_and_never_the_models() -> None:
    reading = repeated(4, 5)
    assert codes(reading) == {}
    assert value(reading, "self_consistency") == 0.8
    assert (value(reading, "wins"), value(reading, "votes"), value(reading, "judged")) == (
        16,
        20,
        20,
    )
    assert value(reading, "win_rate") == value(opened(BETTER), "win_rate")
    # A repeat stands the other way round: same choice, other side.
    assert value(reading, "left_rate") == value(opened(BETTER), "left_rate")


def test_inconsistent_repeats() -> None:
    assert codes(repeated(3, 6)) == {}
    assert codes(repeated(2, 5)) == {"inconsistent_repeats": "caution"}
    assert codes(repeated(0, 4)) == {}
    assert "only 2 of 5 pairs" in finding(repeated(2, 5), "inconsistent_repeats").text


def test_a_repeat_whose_pair_has_no_vote_says_nothing() -> None:
    judge = Judge().pairs(20, repeats=[0]).votes("." + BETTER[1:]).again([0], "t")
    reading = read(compared(20, *heard(judge.finish().unblind())))
    assert value(reading, "self_consistency") is None
    assert (value(reading, "wins"), value(reading, "judged")) == (15, 19)


def guessed(right: int, n: int) -> Reading:
    letters = BETTER + "=" * 10
    judge = Judge().pairs(30).votes(letters).guesses(range(20, 20 + n), right)
    return read(compared(30, *heard(judge.finish().unblind())))


@pytest.mark.parametrize(
    ("right", "n", "broken"),
    [(9, 10, True), (8, 10, False), (6, 10, False), (5, 5, True), (4, 5, False), (4, 4, False)],
)
def test_guesses_test_the_blinding(right: int, n: int, broken: bool) -> None:
    """One-sided: 9 of 10 has p = 0.011, 8 of 10 0.055, 5 of 5 0.031; 4 are too few."""
    reading = guessed(right, n)
    assert codes(reading) == ({"blinding_broken": "caution"} if broken else {})
    told = reading.tables["checks"].rows[-1][1]
    assert isinstance(told, str)
    assert ("better than chance" in told) == broken
    assert ("not tested" in told) == (n < 5)
    assert (value(reading, "guesses"), value(reading, "guesses_right")) == (n, right)


def test_a_guess_counts_while_its_pair_is_tied() -> None:
    judge = Judge().pairs(30).votes(BETTER + "=" * 10).guesses(range(20, 30), 10)
    judge.vote(20, "t")
    reading = read(compared(30, *heard(judge.finish().unblind())))
    assert value(reading, "guesses") == 9


# Answers and prompts.


def test_truncated_names_the_side_only_after_unblinding() -> None:
    assert codes(opened(BETTER, cut={"tuned": 2, "base": 2})) == {}
    one = opened(BETTER, cut={"tuned": 3})
    assert codes(one) == {"truncated": "caution"}
    assert "3 of 20 of tuned's answers" in finding(one, "truncated").text
    assert one.verdict == "caution"
    both = finding(opened(BETTER, cut={"tuned": 3, "base": 5}), "truncated").text
    assert "3 of 20 of tuned's answers (15%) and 5 of 20 of base's answers (25%)" in both
    for cut, words in (({"base": 3}, "one side's"), ({"base": 3, "tuned": 3}, "either side's")):
        before = read(compared(20, cut=cut))
        assert words in finding(before, "truncated").text
        assert before.verdict == "waiting"
    left, right = read(compared(20, cut={"base": 3})), read(compared(20, cut={"tuned": 3}))
    assert left == right


def test_prompts_that_are_also_reviewed_are_told_before_and_after() -> None:
    settings = {"review.samples": 15, "blind_ab.pairs": 10}
    before = read(compared(20, settings=settings))
    assert codes(before) == {"shared_prompts": "note"}
    assert "5 prompts of 10" in finding(before, "shared_prompts").text
    apart = read(compared(20, settings={"review.samples": 10, "blind_ab.pairs": 10}))
    assert codes(apart) == {}
    whole = {"review.samples": 20, "blind_ab.pairs": 20}
    after = opened(BETTER, settings=whole)
    assert codes(after) == {"shared_prompts": "note"}
    assert after.verdict == "good"


def test_identical_answers_are_ties_and_done() -> None:
    judge = Judge().pairs(22, identical=[20, 21]).votes(BETTER).finish().unblind()
    reading = read(compared(22, *heard(judge)))
    assert (value(reading, "ties"), value(reading, "judged"), value(reading, "votes")) == (
        2,
        22,
        20,
    )
    assert value(reading, "win_rate") == pytest.approx(17 / 22)
    assert codes(reading) == {}
    assert "same text" in [row[1] for row in reading.tables["pairs"].rows]


def test_a_vote_on_identical_answers_is_none() -> None:
    judge = Judge().pairs(21, identical=[20]).votes(BETTER + "b").finish().unblind()
    reading = read(compared(21, *heard(judge)))
    assert (value(reading, "ties"), value(reading, "votes")) == (1, 20)


def test_flagged_pairs_count_and_both_results_are_shown() -> None:
    judge = Judge().pairs(20).votes(BETTER).flag(0).flag(1).finish().unblind()
    reading = read(compared(20, *heard(judge)))
    assert value(reading, "win_rate") == pytest.approx(0.8)
    assert value(reading, "flagged") == 2
    assert codes(reading) == {"flagged": "note"}
    text = finding(reading, "flagged").text
    assert "80.0%" in text
    assert "14-4, 0 tied, 77.8%" in text
    assert [row[0] for row in reading.tables["results"].rows] == ["all pairs", "without flagged"]
    assert reading.tables["results"].rows[1][1:5] == (18, 14, 4, 0)


def test_answers_that_are_gone_are_left_out_and_told() -> None:
    evidence = compared(20, *result(BETTER))
    evidence.completions = {
        "tuned": evidence.completions["tuned"],
        "base": {k: v for k, v in evidence.completions["base"].items() if k != "s0"},
    }
    reading = read(evidence)
    assert codes(reading)["unknown_answers"] == "note"
    assert value(reading, "wins") == 15


def test_slices_have_counts_and_intervals_from_eight_pairs_on() -> None:
    names = ["refunds"] * 9 + ["billing"] * 8 + ["rare"] * 3
    samples = [made_sample(i, category=name) for i, name in enumerate(names)]
    reading = opened(BETTER, samples=samples)
    table = reading.tables["by_category"]
    assert [row[:5] for row in table.rows] == [("refunds", 9, 9, 0, 0), ("billing", 8, 7, 1, 0)]
    expected = bonett_price(7, 1, 8)
    assert expected is not None
    assert table.rows[1][5:] == pytest.approx((expected.value, expected.low, expected.high))
    assert "by_category" not in opened(BETTER).tables


def test_the_pairs_that_were_lost_come_first() -> None:
    judge = Judge().pairs(4)
    judge.vote(0, "t")
    judge.say("strong", of=judge.vote(1, "t"))
    judge.vote(2, "b")
    judge.vote(3, "x")
    judge.say("note", plan=judge.plan, pair=judge.token(3), text="neither \x1b[31mworks")
    table = read(compared(4, *heard(judge.finish().unblind()))).tables["pairs"]
    assert table.refs == ("s2", "s3", "s0", "s1")
    assert [row[1] for row in table.rows] == ["○", "both bad", "●", "● !"]
    assert table.rows[1][-1] == "neither ␛[31mworks"


def test_another_candidate_takes_the_place_of_base() -> None:
    evidence = compared(20, *result(BETTER.translate(str.maketrans("tb", "bt"))))
    evidence.base_name = "original"
    reading = read(evidence, against="base")
    assert reading.against == "base"
    assert reading.verdict == "bad"
    evidence.generators = {**evidence.generators, "run\x1b2": evidence.generators["base"]}
    evidence.completions = {**evidence.completions, "run\x1b2": evidence.completions["base"]}
    other = read(evidence, against="run\x1b2")
    assert other.summary.startswith("run␛2 preferred 16-4")


# Groups, several judges.


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


# How it is decided.


def test_the_sign_test_decides_what_was_planned() -> None:
    reading = opened("t" * 15 + "b" * 5)
    assert value(reading, "clear") == 0
    assert reading.verdict == "good"


def test_ended_early_the_e_value_decides() -> None:
    few = opened("t" * 16 + "b" * 4, {"planned": 50})
    assert sign_p(16, 4) < 0.05
    assert codes(few) == {"not_shown": "caution", "ended_early": "note"}
    assert "20 of 50 planned pairs" in finding(few, "ended_early").text
    clear = opened("t" * 17 + "b" * 3, {"planned": 50})
    assert value(clear, "clear") == 1
    assert value(clear, "locked") == 0
    assert codes(clear) == {"ended_early": "note"}
    assert clear.summary.startswith("ended early, ● preferred 17-3, 0 tied of 20: 85.0%")
    worse = opened("b" * 17 + "t" * 3, {"planned": 50})
    assert codes(worse) == {"worse": "bad", "ended_early": "note"}


def test_ended_early_but_locked_the_sign_test_decides() -> None:
    locked = opened("t" * 21, {"planned": 30})
    assert value(locked, "locked") == 1
    assert "could have changed the sign test" in finding(locked, "ended_early").text
    even = opened("t" * 10 + "b" * 10, {"planned": 30})
    assert value(even, "locked") == 1
    assert codes(even) == {"not_shown": "caution", "ended_early": "note"}


def test_an_open_comparison_is_decided_by_the_e_value() -> None:
    plan = {"mode": "open"}
    assert codes(opened("t" * 16 + "b" * 4, plan)) == {"not_shown": "caution"}
    assert codes(opened("t" * 17 + "b" * 3, plan)) == {}
    assert codes(opened("b" * 17 + "t" * 3, plan)) == {"worse": "bad"}
    assert any("is open" in paragraph for paragraph in opened(OPEN, plan).how)


def test_settings_move_the_thresholds() -> None:
    strict = opened("t" * 16 + "b" * 4, settings={"blind_ab.significance": 0.01})
    assert codes(strict) == {"not_shown": "caution"}
    few = opened("t" * 9, settings={"blind_ab.enough_pairs": 9})
    assert codes(few) == {}
    bad = opened("t" * 16 + "b" * 4 + "x" * 6, settings={"blind_ab.both_bad": 0.3})
    assert codes(bad) == {}


def test_looks_at_the_expected_answer_are_told() -> None:
    judge = Judge().pairs(20).votes(BETTER)
    judge.say("view", plan=judge.plan, pair=judge.token(2), what="reference")
    judge.say("view", plan=judge.plan, pair=judge.token(3), what="diff")
    told = read(compared(20, *heard(judge.finish().unblind()))).how[-1]
    assert "looked at for 1 vote." in told
    assert "looked at" not in opened(BETTER).how[-1]


def test_unblinded_without_a_vote() -> None:
    judge = Judge().pairs(20).unblind()
    reading = read(compared(20, *heard(judge)))
    assert codes(reading) == {"too_few_votes": "not_enough", "ended_early": "note"}
    assert value(reading, "win_rate") is None


def test_a_single_pair_has_no_interval() -> None:
    reading = opened("t")
    rate = reading.numbers["win_rate"]
    assert (rate.value, rate.low, rate.high) == (1, None, None)
    assert codes(reading) == {"too_few_votes": "not_enough"}


def test_no_number_library_is_needed_for_judgement() -> None:
    code = (
        "import sys\n"
        "from tests.core.made_judging import Judge, compared, heard, result, reviewable\n"
        "from tui_eval.core.steps import blind_ab, review\n"
        "blind_ab.read(compared(40, *result('t' * 26 + 'b' * 14)), 'tuned')\n"
        "scored = heard(Judge().items(20).scores(['4545', '5454'] * 10))\n"
        "review.read(reviewable(20, *scored), 'tuned')\n"
        "print([m for m in ('numpy', 'scipy', 'polars', 'torch') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
