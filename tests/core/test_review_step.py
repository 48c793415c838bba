"""Step 4's figures, its findings with their silent neighbours, and its words."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import REVIEW, Judge, answered, heard, reviewable
from tests.core.test_step_words import check
from tui_eval.core.reading import Finding, Reading
from tui_eval.core.stats.agreement import cohen, krippendorff
from tui_eval.core.stats.scores import level_mean
from tui_eval.core.steps import review
from tui_eval.core.steps.judging import judge_name, minutes_text, names_text, tags_in

FINE = ["5455", "4545", "4454", "5545"] * 5
"""Twenty items that leave nothing to be said."""


def read(evidence: MadeEvidence) -> Reading:
    reading = review.read(evidence, "tuned")
    check(reading)
    return reading


def scored(rows: list[str], **fields: Any) -> Reading:
    """One judge's scores of everything that was planned."""
    return read(reviewable(len(rows), *heard(Judge().items(len(rows)).scores(rows)), **fields))


def codes(reading: Reading) -> dict[str, str]:
    return {finding.code: finding.severity for finding in reading.findings}


def finding(reading: Reading, code: str) -> Finding:
    return next(f for f in reading.findings if f.code == code)


def value(reading: Reading, name: str) -> float | None:
    return reading.numbers[name].value


def with_accuracy(levels: str) -> list[str]:
    """Items that differ in accuracy alone, the others good and not all equal."""
    return [f"{level}545" for level in levels]


def shuffled(levels: str) -> str:
    """In an order without a drift."""
    return "".join(random.Random(4).sample(levels, len(levels)))


def test_a_good_review() -> None:
    reading = scored(FINE)
    assert reading.verdict == "good"
    assert reading.findings == ()
    assert reading.headline == "accuracy 4.5, 20 of 20 at 4 or more"
    assert reading.summary.startswith("accuracy 4.5 [4.1, 4.7], 20 of 20 at 4 or more; relevance")


def test_the_worked_example_of_twenty_scores() -> None:
    """54435245314452345324: mean 3.6, 12 of 20 at 4 or more [.386582, .781193]."""
    levels = "54435245314452345324"
    reading = scored(with_accuracy(levels))
    mean, share = reading.numbers["accuracy"], reading.numbers["accuracy_share4"]
    expected = level_mean([float(level) for level in levels])
    assert expected is not None
    assert mean.value == pytest.approx(3.6)
    assert (mean.low, mean.high, mean.n) == (expected.low, expected.high, 20)
    assert (share.value, share.low, share.high) == pytest.approx(
        (0.6, 0.386582, 0.781193), abs=1e-6
    )
    assert codes(reading) == {"unclear_score": "caution"}
    row = reading.tables["criteria"].rows[0]
    assert row == ("accuracy", mean.value, mean.low, mean.high, share.value, 1, 3, 4, 7, 5, 0)
    plot = next(plot for plot in reading.plots if plot.key == "accuracy")
    assert [series.y for series in plot.series] == [(1.0,), (3.0,), (4.0,), (7.0,), (5.0,)]


def test_every_number_is_there() -> None:
    reading = scored(FINE)
    names = {"accuracy", "relevance", "fluency", "format"}
    expected = names | {f"{name}_share4" for name in names}
    expected |= {"reviewed", "planned", "ready", "notes", "flagged", "references_viewed", "pace"}
    assert set(reading.numbers) == expected
    assert all("." not in name for name in reading.numbers)
    assert (value(reading, "reviewed"), value(reading, "planned")) == (20, 20)
    assert value(reading, "pace") == 120


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        # Share of 4 or more by Wilson: 14 of 20 from 0.48, 15 of 20 from 0.53.
        ("5" * 14 + "3" * 6, {"unclear_score": "caution"}),
        ("5" * 15 + "3" * 5, {}),
        # 6 of 20 up to 0.52, 5 of 20 up to 0.47.
        ("5" * 6 + "3" * 14, {"unclear_score": "caution"}),
        ("5" * 5 + "3" * 15, {"low_score": "bad"}),
        # Shown to be good mostly, and yet 4 is not reached on average.
        ("4" * 19 + "3", {"unclear_score": "caution"}),
        ("4" * 19 + "5", {}),
    ],
)
def test_findings_of_accuracy(levels: str, expected: dict[str, str]) -> None:
    reading = scored(with_accuracy(shuffled(levels)))
    assert codes(reading) == expected
    assert reading.verdict == next(iter(expected.values()), "good")


def test_any_criterion_may_be_low() -> None:
    low = scored(["5542"] * 20)
    assert codes(low) == {"low_score": "bad"}
    assert finding(low, "low_score").text.startswith("Format is 2.0")
    assert low.summary.startswith("format low, 2.0")
    middling = scored(["5543"] * 20)
    assert codes(middling) == {"unclear_score": "caution"}
    assert "format 3.0" in finding(middling, "unclear_score").text
    near = scored(["5543"] * 10 + ["5542"] + ["5543"] * 9)
    mean = near.numbers["format"]
    assert (mean.value or 5) < 3 < (mean.high or 0)
    assert codes(near) == {"unclear_score": "caution"}
    just = scored(["5542", "5543", "5543", "5544"] * 5)
    assert codes(just) == {"unclear_score": "caution"}


def test_not_applicable_is_left_out() -> None:
    rows = [row[:3] + "0" for row in FINE[:10]] + FINE[10:]
    reading = scored(rows)
    assert reading.numbers["format"].n == 10
    assert value(reading, "reviewed") == 20
    assert reading.tables["criteria"].rows[3][-1] == 10
    assert reading.tables["items"].rows[0][6] == "n/a"
    never = scored([row[:3] + "0" for row in FINE])
    assert value(never, "format") is None
    assert never.numbers["format"].why


def test_too_few_is_said_at_the_end_and_nothing_is_estimated() -> None:
    rows = with_accuracy("1" * 19)
    ended = scored(rows)
    assert codes(ended) == {"too_few_samples": "not_enough"}
    assert value(ended, "accuracy") == 1
    going = read(reviewable(40, *heard(Judge().items(40).scores(rows))))
    assert (going.verdict, codes(going)) == ("waiting", {})


def test_findings_so_far_are_listed_while_waiting() -> None:
    going = read(reviewable(40, *heard(Judge().items(40).scores(with_accuracy("1" * 20)))))
    assert going.verdict == "waiting"
    assert codes(going) == {"low_score": "bad"}


def test_straight_lining() -> None:
    odd = ["5455", "4545", "5545", "4454"]
    assert codes(scored(["5555", "4444"] * 8 + odd)) == {"straight_lining": "caution"}
    reading = scored(["5555"] * 16 + odd)
    assert "ana on 16 of 20" in finding(reading, "straight_lining").text
    apart = scored([*odd[:2], *["5555"] * 15, *odd[2:], "5454"])
    assert set(codes(apart)) <= {"drift"}
    few = read(reviewable(30, *heard(Judge().items(30).scores(["5555"] * 19))))
    assert codes(few) == {}


def test_drift_is_a_note_of_the_order_of_scoring() -> None:
    rows = ["5545"] * 12 + ["4445"] * 12
    falling = scored(rows)
    assert codes(falling) == {"drift": "note"}
    assert "ana's became lower" in finding(falling, "drift").text
    assert falling.verdict == "good"
    assert "higher" in finding(scored(rows[::-1]), "drift").text
    few = read(reviewable(16, *heard(Judge().items(16).scores(rows[4:20]))))
    assert codes(few) == {"too_few_samples": "not_enough"}
    mixed = list(rows)
    random.Random(3).shuffle(mixed)
    assert codes(scored(mixed)) == {}
    # The order in which they were scored, not that of the file.
    judge = Judge().items(24)
    for place in random.Random(3).sample(range(24), 24):
        judge.scores([rows[place]], place)
    assert codes(read(reviewable(24, *heard(judge)))) == {}


def test_notes_flags_tags_and_looks_are_counted() -> None:
    judge = Judge().items(20).scores(FINE)
    judge.on_item("note", 0, text="wrong year #fact #fact, #Ton-fall")
    judge.on_item("note", 1, text="first").on_item("note", 1, text="#fact \x1b[2J")
    judge.on_item("flag", 2, on=True).on_item("flag", 3, on=True).on_item("flag", 3, on=False)
    judge.on_item("view", 4, what="reference").on_item("view", 5, what="thinking")
    reading = read(reviewable(20, *heard(judge)))
    counts = {name: value(reading, name) for name in ("notes", "flagged", "references_viewed")}
    assert counts == {"notes": 2, "flagged": 1, "references_viewed": 1}
    assert codes(reading) == {"flagged": "note"}
    assert reading.tables["tags"].rows == (("#fact", 2), ("#Ton-fall", 1))
    notes = [row[-1] for row in reading.tables["items"].rows]
    assert notes[:2] == ["wrong year #fact #fact, #Ton-fall", "#fact ␛[2J"]


def test_tags_are_words_with_their_sign() -> None:
    assert tags_in("#a b#c ##d #e-f, (#g) &#38; #日本") == ["a", "e-f", "g", "日本"]
    assert tags_in("no. 5 # nothing") == []


def test_times_and_names_in_words() -> None:
    assert minutes_text(1, 5.0) == "about 1 minute"
    assert minutes_text(12, 60.0) == "about 12 minutes"
    assert minutes_text(40, 60.0) == "about 40 minutes"
    assert minutes_text(200, None) == "about 2 hours"
    assert names_text(["ana"]) == "ana"
    assert names_text(["ana", "bo"]) == "ana and bo"
    assert names_text(["ana", "bo", "cy"]) == "ana, bo and cy"
    assert names_text(list("abcdef"), 2) == "a, b and 4 more"
    assert judge_name("\u200b") == "(no name)"


def test_the_worst_five_open_their_answers() -> None:
    rows = [*with_accuracy("45545"), "1223", "3333", "1555", "2223", "1111", *FINE[:10]]
    table = scored(rows).tables["worst"]
    assert table.refs == tuple(f"key-of-tuned/s{place}" for place in (9, 5, 8, 6, 7))
    assert [row[0] for row in table.rows] == ["#10", "#6", "#9", "#7", "#8"]
    assert len(scored(rows).tables["items"].rows) == 20


def test_of_equally_bad_answers_the_less_accurate_stands_first() -> None:
    reading = scored(["5114", "1154", "4115", *FINE[:17]])
    assert reading.tables["worst"].refs[:3] == tuple(f"key-of-tuned/s{n}" for n in (1, 2, 0))


def test_categories_stand_apart() -> None:
    samples = [made_sample(i, category="refunds" if i < 15 else None) for i in range(20)]
    table = scored(FINE, samples=samples).tables["by_category"]
    assert [row[:2] for row in table.rows] == [("refunds", 15), ("(none)", 5)]
    assert "by_category" not in scored(FINE).tables


# Several judges.

ONE, OTHER = "54435245314452345324", "54334245224552344334"


def two_judges() -> Reading:
    ana = Judge().items(20).scores(with_accuracy(ONE))
    bo = Judge("bo", 1).items(20, blind=True).scores(with_accuracy(OTHER))
    return read(reviewable(20, *heard(ana, bo)))


def test_an_item_counts_once_whoever_scored_it() -> None:
    reading = two_judges()
    means = [(int(a) + int(b)) / 2 for a, b in zip(ONE, OTHER, strict=True)]
    expected = level_mean(means)
    assert expected is not None
    number = reading.numbers["accuracy"]
    assert (number.value, number.low, number.high) == (expected.value, expected.low, expected.high)
    assert number.n == 20
    assert value(reading, "accuracy_share4") == sum(m >= 4 for m in means) / 20
    assert value(reading, "reviewed") == 20
    assert reading.tables["items"].rows[2][3] == 3.5


def test_agreement_of_two_judges() -> None:
    row = two_judges().tables["agreement"].rows[0]
    assert row[:3] == ("accuracy", 20, 0.65)
    assert row[3] == pytest.approx(0.853556, abs=1e-6)
    assert row[4] == pytest.approx(0.867560, abs=1e-6)
    one, other = [int(x) for x in ONE], [int(x) for x in OTHER]
    assert row[3] == cohen(one, other, "quadratic")
    assert row[4] == krippendorff(list(zip(one, other, strict=True)), "ordinal")
    assert not {"agreement", "judges"} & scored(FINE).tables.keys()


def test_judges_have_a_row_each() -> None:
    rows = two_judges().tables["judges"].rows
    assert [(row[0], row[1], row[-1]) for row in rows] == [("ana", 20, "no"), ("bo", 20, "yes")]
    assert rows[0][2] == pytest.approx(3.6)
    assert any("1 of them scored blind" in paragraph for paragraph in two_judges().how)


def test_all_who_have_begun_are_waited_for() -> None:
    ana = Judge().items(20).scores(FINE)
    idle = Judge("cy", 2).items(20)
    assert read(reviewable(20, *heard(ana, idle))).verdict == "good"
    bo = Judge("bo", 1).items(20).scores(FINE[:3])
    waiting = read(reviewable(20, *heard(ana, bo)))
    assert waiting.verdict == "waiting"
    assert waiting.summary.startswith("ana 20, bo 3 of 20; so far accuracy 4.5")
    ana.clock = bo.clock
    assert read(reviewable(20, *heard(ana.close("bo", REVIEW), bo))).verdict == "good"


def test_a_goal_of_judges_is_only_a_goal() -> None:
    reading = scored(FINE, settings={"review.judges": 5})
    assert reading.verdict == "good"
    assert any("goal of 5" in paragraph for paragraph in reading.how)


# While waiting, and what is gone.


def test_words_while_waiting() -> None:
    empty = read(reviewable(40, completions={}))
    assert (empty.verdict, empty.headline) == ("waiting", "needs 40 prompts answered: press r")
    ready = read(reviewable(40))
    assert ready.headline == "40 answers ready, about 25 minutes"
    first = {"tuned": dict(list(answered(40).completions["tuned"].items())[:7])}
    assert read(reviewable(40, completions=first)).headline.startswith("7 of 40 answers ready")
    going = read(reviewable(40, *heard(Judge().items(40).scores(FINE[:12]))))
    assert going.headline == "12 of 40, accuracy 4.5, relevance 4.5"
    assert going.summary.startswith("12 of 40 reviewed; so far accuracy 4.5, relevance 4.5")


def test_half_an_item_is_not_reviewed_but_its_digits_are_kept() -> None:
    reading = read(reviewable(20, *heard(Judge().items(20).scores([*FINE[:19], "5..."]))))
    assert reading.verdict == "waiting"
    assert value(reading, "reviewed") == 19
    assert reading.numbers["accuracy"].n == 20
    assert reading.numbers["format"].n == 19


def test_undone_and_changed_scores() -> None:
    judge = Judge().items(20).scores(FINE)
    judge.scores(["1..."], 3)
    judge.say("undo", of=judge.events[-1].event["id"])
    assert value(read(reviewable(20, *heard(judge))), "accuracy") == 4.5
    judge.scores(["1..."], 3)
    assert value(read(reviewable(20, *heard(judge))), "accuracy") == pytest.approx(4.3)


def test_nothing_to_answer_is_said_in_words() -> None:
    reading = read(MadeEvidence())
    assert (reading.verdict, codes(reading)) == ("not_enough", {"no_validation": "not_enough"})


def test_a_retrained_model_is_reviewed_anew() -> None:
    evidence = reviewable(20, *heard(Judge().items(20).scores(FINE)))
    evidence.generators = {"tuned": replace(evidence.generators["tuned"], key="next run")}
    reading = read(evidence)
    assert reading.verdict == "waiting"
    assert value(reading, "reviewed") == 0


def test_answers_that_are_gone_are_left_out_and_told() -> None:
    evidence = reviewable(21, *heard(Judge().items(21).scores([*FINE, "1111"])))
    made = {k: v for k, v in evidence.completions["tuned"].items() if k != "s20"}
    evidence.completions = {"tuned": made}
    reading = read(evidence)
    assert codes(reading) == {"unknown_answers": "note"}
    assert value(reading, "accuracy") == 4.5


def test_prompts_that_could_not_be_answered_are_not_waited_for() -> None:
    evidence = reviewable(22, *heard(Judge().items(20, planned=22).scores(FINE)))
    made = dict(evidence.completions["tuned"])
    for name in ("s20", "s21"):
        made[name] = replace(made[name], error="does not fit", text="", answer="")
    evidence.completions = {"tuned": made}
    reading = read(evidence)
    assert reading.verdict == "good"
    assert value(reading, "planned") == 20


ROW = st.text("012345.", min_size=4, max_size=4)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(ROW, max_size=24), max_size=3), st.booleans())
def test_any_scores_are_read(rows: list[list[str]], named: bool) -> None:
    samples = [made_sample(i, category="c" if named and i % 2 else None) for i in range(24)]
    judges = [
        Judge(f"judge\x1b {place}", place)
        .items(24)
        .scores(given)
        .on_item("note", 0, text="#x\ud800")
        for place, given in enumerate(rows)
    ]
    read(reviewable(24, *heard(*judges), samples=samples))
