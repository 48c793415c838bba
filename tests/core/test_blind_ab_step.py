"""Step 5's figures, its findings with their silent neighbours, and its order of verdicts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.core.made_comparison import BETTER, codes, finding, opened, read, value
from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, compared, heard, result
from tui_eval.core.records import FROM_FILE
from tui_eval.core.stats.rates import bonett_price, sign_p, smallest_found
from tui_eval.core.stats.sequential import e_value

GOOD = "t" * 31 + "b" * 13 + "=" * 2 + "x" * 4
"""The picture in SCREENS."""
OPEN = "t" * 11 + "b" * 9


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
        "detectable": smallest_found(44), "votes": 50, "judged": 50,
        "judged_any": 50, "planned": 50, "ready": 50, "unanswerable": 0,
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


def vendor_without(letters: str, planned: int, *, given: bool) -> MadeEvidence:
    """As many pairs as ``letters`` can be judged: of the others base's answers have no row."""
    plan = {"planned": planned}
    evidence = compared(planned, *result(letters, **plan))
    made = dict(evidence.completions["base"])
    for place in range(len(letters), planned):
        del made[f"s{place}"]
    evidence.completions = {**evidence.completions, "base": made}
    if given:
        file = replace(evidence.generators["base"], scorer=FROM_FILE)
        evidence.generators = {**evidence.generators, "base": file}
    return evidence


def test_all_that_can_be_judged_is_all_that_was_planned() -> None:
    """25-11 of 36 possible: the sign test says better (p = 0.029), the e-value not yet."""
    letters = "t" * 25 + "b" * 11
    whole = read(vendor_without(letters, 50, given=True))
    assert (value(whole, "planned"), value(whole, "unanswerable")) == (36, 14)
    assert value(whole, "clear") == 0
    assert codes(whole) == {"unanswerable": "note"}
    told = finding(whole, "unanswerable").text
    assert "36 of 36 possible pairs" in told
    assert "14 have no answer" in told
    assert "Possible are 36 of 50 planned pairs" in whole.how[1]
    assert "Ended early" not in str(whole.findings)
    # Answers that may still be generated are waited for.
    early = read(vendor_without(letters, 50, given=False))
    assert (value(early, "planned"), value(early, "unanswerable")) == (50, 0)
    assert codes(early) == {"not_shown": "caution", "ended_early": "note"}


def test_whether_pairs_are_possible_does_not_depend_on_votes() -> None:
    for letters in ("t" * 36, "b" * 36, "=" * 36, "tb" * 18):
        assert value(read(vendor_without(letters, 50, given=True)), "planned") == 36
    some = read(compared(50, *result("t" * 36 + "." * 14)))
    assert value(some, "planned") == 50
    assert "ended_early" in codes(some)


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


def test_no_pairs_planned_is_said_by_the_setting() -> None:
    reading = read(compared(12, settings={"blind_ab.pairs": 0}))
    assert reading.verdict == "not_enough"
    assert "blind_ab.pairs is 0" in reading.findings[0].text


def test_votes_that_lean_while_pairs_do_not_are_explained() -> None:
    """Three judges: tuned's pairs are won by all, the other's by two of three."""
    judges = [Judge(name, place) for place, name in enumerate(("ana", "bo", "cy"))]
    rows = ["ttt"] * 12 + ["bbt"] * 12
    for place, judge in enumerate(judges):
        judge.pairs(24).votes("".join(row[place] for row in rows)).finish()
    judges[0].clock = judges[-1].clock
    judges[0].unblind()
    reading = read(compared(24, *heard(*judges)))
    (text,) = [f.text for f in reading.findings if f.code == "not_shown"]
    assert (reading.numbers["win_rate"].low or 0) > 0.5
    assert "judges differ within pairs" in text
    assert "judges differ" not in str(opened("t" * 10 + "b" * 8).findings)
