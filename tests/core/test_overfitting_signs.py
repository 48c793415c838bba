"""The signs of memorising besides the gap, each planted and each with its silent neighbour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.core.made_evidence import MadeEvidence
from tests.core.made_judging import Judge, completion, heard, producer
from tests.core.made_memory import (
    completions,
    matches,
    nearest,
    noisy,
    sentence,
    trained,
)
from tests.core.test_overfitting import codes, finding, gap_of, read
from tui_eval.core.answers import completion_id
from tui_eval.core.records import Completion
from tui_eval.core.stats.paired import loss_difference_of_few
from tui_eval.core.text import words

ANSWERS = 100
Texts = Mapping[str, str]


def texts(mark: str, count: int = ANSWERS) -> dict[str, str]:
    """One answer of its own to each prompt."""
    return {f"s{at}": sentence(at, mark) for at in range(count)}


def answered(
    evidence: MadeEvidence,
    tuned: Texts,
    base: Texts | None = None,
    copies: Mapping[str, int] | None = None,
    unmeasured: Sequence[str] = (),
) -> MadeEvidence:
    """Answers that were all compared with the training file; ``copies``: run by text."""
    base = texts("b") if base is None else base
    references = [sentence(at) for at in range(ANSWERS)]
    looked = (*tuned.values(), *base.values(), *references)
    return replace(
        evidence,
        completions={"tuned": completions(tuned), "base": completions(base, "base")},
        matches=matches(*(t for t in looked if t not in unmeasured), copies=copies),
        # As near as can be: nothing is left for near and far.
        near=nearest([1.0] * ANSWERS),
    )


def copied(count: int, run: int = 0, gap: float = 0.05, base: Texts | None = None) -> MadeEvidence:
    """``count`` of tuned's answers are copies."""
    tuned = texts("a")
    planted = {tuned[f"s{at}"]: run for at in range(count)}
    return answered(gap_of(gap, n=100), tuned, base, planted)


# Copies


def test_copies_beyond_base_and_references() -> None:
    reading = read(copied(12))
    assert codes(reading) == {"copies": "caution"}
    assert reading.numbers["copies"].value == 12
    assert reading.numbers["copy_rate"].value == pytest.approx(0.12)
    assert reading.numbers["base_copy_rate"].value == 0
    assert reading.numbers["reference_copy_rate"].value == 0
    found = finding(reading, "copies")
    assert "12 of 100 answers repeat" in found.text
    assert "row 7 of train.jsonl" in found.text
    assert reading.tables["signs"].rows[1] == (
        "copies of training text",
        "! 12 of 100",
        "0",
        "12",
        "0",
    )


def test_copies_with_a_high_gap_are_bad() -> None:
    reading = read(copied(12, gap=0.9))
    assert codes(reading) == {"gap_high": "bad", "copies": "bad"}


def test_a_few_whole_copies_may_be_chance() -> None:
    reading = read(copied(2))
    assert codes(reading) == {"copies": "note"}
    assert reading.verdict == "good"
    assert reading.numbers["copies"].value == 2


def test_one_long_run_is_enough() -> None:
    assert codes(read(copied(1, run=50))) == {"copies": "caution"}
    assert codes(read(copied(1, run=49))) == {"copies": "note"}
    assert read(copied(1, run=50)).numbers["longest_copied_run"].value == 50


def test_a_short_whole_copy_is_a_run_of_all_its_words() -> None:
    """Runs so short are not told of other texts."""
    evidence = copied(2)
    assert evidence.matches is not None
    whole = {
        name: replace(one, run=0) if one.exact else one for name, one in evidence.matches.items()
    }
    reading = read(replace(evidence, matches=whole))
    assert reading.numbers["copies"].value == 2
    assert reading.numbers["longest_copied_run"].value == 10
    assert "the whole answer (10 words)" in finding(reading, "copies").text


def test_what_base_says_too_is_no_copy() -> None:
    """An instruction that every model echoes stands in the training answers as well."""
    echo = {f"s{at}": sentence(at, "echo") for at in range(30)}
    tuned, base = texts("a") | echo, texts("b") | echo
    reading = read(
        answered(gap_of(0.05, n=100), tuned, base, copies=dict.fromkeys(echo.values(), 60))
    )
    assert codes(reading) == {}
    assert reading.numbers["copies"].value == 0
    assert reading.numbers["copy_rate"].value == pytest.approx(0.3)
    assert reading.numbers["base_copy_rate"].value == pytest.approx(0.3)
    assert len(reading.tables["copies"].rows) == 30
    assert {row[3] for row in reading.tables["copies"].rows} == {"yes"}


def test_boilerplate_of_the_references_is_no_copy() -> None:
    """Tuned answers as the data do, and the data's answers repeat."""
    tuned = {f"s{at}": sentence(at) for at in range(ANSWERS)}
    planted = {sentence(at): 0 for at in range(40)}
    reading = read(answered(gap_of(0.05, n=100), tuned, copies=planted))
    assert codes(reading) == {}
    assert reading.numbers["copies"].value == 0
    assert reading.numbers["reference_copy_rate"].value == pytest.approx(0.4)


def test_none_seen_is_told_as_at_most() -> None:
    row = read(copied(0)).tables["signs"].rows[1]
    assert row[1:] == ("✓ 0 of 100, ≤3.0%", "0", "0", "0")
    assert "copies" not in read(copied(0)).tables


def test_the_span_stands_beside_its_training_row() -> None:
    table = read(copied(3, run=70)).tables["copies"]
    assert [column.key for column in table.columns][-3:] == ["answer", "source", "training"]
    row = table.rows[0]
    assert row[0] == "#1"
    assert row[1] == 70
    assert row[4] == row[6] == sentence(0, "a")
    assert row[5] == "#7"
    assert table.refs == ("s0", "s1", "s2")


def test_hostile_answers_are_shown_safe() -> None:
    text = f"\x1b[31m{sentence(0, 'a')}\u202e\nend"
    tuned = texts("a") | {"s0": text}
    row = read(answered(gap_of(0.05, n=100), tuned, copies={text: 0})).tables["copies"].rows[0]
    assert "\x1b" not in str(row)
    assert "\u202e" not in str(row)
    assert "\n" not in str(row[4])


def test_answers_not_measured_yet_are_told() -> None:
    tuned = texts("a")
    late = [tuned["s3"], tuned["s4"]]
    reading = read(answered(gap_of(0.05, n=100), tuned, unmeasured=late))
    assert "2 answers" in finding(reading, "not_measured").text
    assert reading.verdict == "waiting"
    assert reading.headline == "2 answers to compare: press r"
    assert reading.summary == "2 answers to be compared with the training file: press r"
    assert reading.numbers["copies"].n == 98


def test_without_base_answers_the_references_are_what_is_left() -> None:
    evidence = copied(12, base={})
    reading = read(evidence)
    assert codes(reading) == {"copies": "caution"}
    assert reading.numbers["base_copy_rate"].value is None
    assert reading.numbers["base_copy_rate"].why == "base has no answers"


def test_without_answers_it_is_said_that_copies_were_not_looked_at() -> None:
    reading = read(gap_of(0.05))
    assert finding(reading, "no_answers").severity == "note"
    assert reading.numbers["copies"].value is None
    assert {row[1] for row in reading.tables["signs"].rows[1:4]} == {"· not looked at"}


# Near and far


def graded(
    far: float, base_far: float = 0.0, similar: Sequence[float] | None = None
) -> MadeEvidence:
    """Of 90 rows, the third that is farthest from training loses so much more."""
    n = 90
    places = list(similar or [0.2 + 0.6 * at / n for at in range(n)])
    lost = [1.0 if value < sorted(places)[n // 3] else 0.0 for value in places]
    base = [m + base_far * part for m, part in zip(noisy(n, 2.0, 0.1, 5), lost, strict=True)]
    tuned = [m + far * part for m, part in zip(noisy(n, 1.0, 0.1, 6), lost, strict=True)]
    evidence = trained((noisy(n, 2.0, 0.1, 7), noisy(n, 1.0, 0.1, 8)), (base, tuned))
    return replace(evidence, near=nearest(places), matches={})


def test_good_near_and_poor_far() -> None:
    reading = read(graded(0.5))
    assert codes(reading)["near_far"] == "caution"
    number = reading.numbers["near_far"]
    assert number.value == pytest.approx(0.5, abs=0.08)
    assert number.n == 60
    table = reading.tables["near_far"]
    assert [row[:2] for row in table.rows] == [("near", 30), ("middle", 30), ("far", 30)]
    assert float(str(table.rows[2][6])) > float(str(table.rows[0][6]))


def test_near_far_against_plain_arithmetic() -> None:
    evidence = graded(0.3, 0.1)
    by_name = {
        model: np.array([evidence.scored[model][f"s{at}"].mean for at in range(90)])
        for model in ("base", "tuned")
    }
    far, near = slice(0, 30), slice(60, 90)
    tuned = by_name["tuned"][far].mean() - by_name["tuned"][near].mean()
    base = by_name["base"][far].mean() - by_name["base"][near].mean()
    assert read(evidence).numbers["near_far"].value == pytest.approx(tuned - base)


@pytest.mark.parametrize(
    ("far", "base_far"), [(0.0, 0.0), (0.5, 0.5), (-0.5, 0.0), (0.0, -0.5), (-0.2, -0.9)]
)
def test_what_holds_for_base_too_is_no_memory(far: float, base_far: float) -> None:
    """Nor what base merely had more to gain from near the training prompts."""
    assert "near_far" not in codes(read(graded(far, base_far)))


def test_near_duplicates_stand_apart() -> None:
    places = [0.96] * 20 + [0.2 + 0.6 * at / 70 for at in range(70)]
    reading = read(graded(0.0, similar=places))
    rows = {row[0]: row for row in reading.tables["near_far"].rows}
    assert rows["near-duplicates"][1] == 20
    assert sum(int(str(row[1])) for row in rows.values()) == 90
    assert rows["near"][1] == rows["far"][1] == 23


def test_a_prompt_of_the_training_file_is_a_near_duplicate() -> None:
    evidence = replace(graded(0.0), leaks={f"s{at}": False for at in range(10)})
    rows = {row[0]: row for row in read(evidence).tables["near_far"].rows}
    assert rows["near-duplicates"][1] == 10


def test_fewer_than_thirty_are_not_parted() -> None:
    places = [0.97] * 61 + [0.5] * 29
    reading = read(graded(0.5, similar=places))
    assert "near_far" not in reading.tables
    assert reading.numbers["near_far"].why == "29 rows are left that are no near-duplicates"


def reviewed(judge: Judge, count: int = 90) -> MadeEvidence:
    made = {f"s{at}": completion("tuned", f"s{at}", sentence(at, "a")) for at in range(count)}
    return replace(
        graded(0.5),
        generators={"tuned": producer("tuned")},
        completions={"tuned": made},
        journals=heard(judge),
        settings={"review.samples": count, "blind_ab.pairs": 0},
    )


def test_scores_that_people_gave_stand_beside_the_losses() -> None:
    """The first 30 rows are the far ones."""
    scores = ["2222"] * 30 + ["4444"] * 30 + ["5555"] * 30
    table = read(reviewed(Judge().items(90).scores(scores))).tables["near_far"]
    assert table.columns[-1].key == "score"
    assert {row[0]: row[-1] for row in table.rows} == {"near": 5.0, "middle": 4.0, "far": 2.0}


def test_nobodys_scores_are_shown_before_the_review_is_done() -> None:
    table = read(reviewed(Judge().items(90).scores(["2222"] * 89))).tables["near_far"]
    assert table.columns[-1].key == "change"


# Diversity


def varied(distinct: int, count: int = 60) -> dict[str, str]:
    """``count`` answers of ten words, only ``distinct`` of them different."""
    return {f"s{at}": sentence(at % distinct, "v") for at in range(count)}


def test_as_varied_as_the_references() -> None:
    reading = read(answered(gap_of(0.05, n=100), varied(60)))
    assert codes(reading) == {}
    assert reading.numbers["distinct_2"].value == reading.numbers["reference_distinct_2"].value


@pytest.mark.parametrize(
    ("distinct", "expected"), [(45, None), (41, "caution"), (15, "caution"), (11, "bad")]
)
def test_low_diversity(distinct: int, expected: str | None) -> None:
    reading = read(answered(gap_of(0.05, n=100), varied(distinct)))
    assert codes(reading).get("low_diversity") == expected


def test_one_answer_to_a_third_of_the_prompts() -> None:
    same = {f"s{at}": "I can't help you with that" for at in range(21)}
    tuned = varied(60) | same
    found = finding(read(answered(gap_of(0.05, n=100), tuned)), "low_diversity")
    assert "21 of 60 different prompts got one answer" in found.text
    assert "i can't help you" in found.text.lower()
    fewer = varied(60) | {name: same[name] for name in list(same)[:20]}
    told = [f.text for f in read(answered(gap_of(0.05, n=100), fewer)).findings]
    assert not any("one answer" in text for text in told)


def test_a_handful_of_answers_says_nothing_of_diversity() -> None:
    reading = read(answered(gap_of(0.05, n=100), varied(2, count=19)))
    assert "low_diversity" not in codes(reading)
    assert reading.tables["signs"].rows[3][1] == "· too few answers"


def test_answers_that_failed_are_no_answers() -> None:
    evidence = answered(gap_of(0.05, n=100), texts("a"))
    failed = Completion(completion_id("tuned", "s0"), "s0", "", "", error="does not fit")
    made = {**evidence.completions, "tuned": {**evidence.completions["tuned"], "s0": failed}}
    assert read(replace(evidence, completions=made)).numbers["copies"].n == 99


# Forgetting and leaks


def forgotten(change: float, spread: float = 0.1, n: int = 60) -> MadeEvidence:
    base = noisy(n, 3.0, 0.3)
    tuned = [b + change + e for b, e in zip(base, noisy(n, 1.0, spread, 9), strict=True)]
    side = (noisy(100, 2.0), noisy(100, 1.0))
    return trained(side, side, (base, [value - 1.0 for value in tuned]))


@pytest.mark.parametrize(
    ("change", "spread", "expected"),
    [(0.5, 0.1, "caution"), (0.25, 0.6, None), (0.1, 0.1, None), (-0.5, 0.1, None)],
)
def test_forgetting(change: float, spread: float, expected: str | None) -> None:
    reading = read(forgotten(change, spread))
    assert codes(reading).get("forgetting") == expected
    assert reading.numbers["forgetting"].value == pytest.approx(change, abs=0.2)


def test_the_most_forgotten_come_first() -> None:
    table = read(forgotten(0.5)).tables["off_task"]
    lost = [float(str(row[3])) - float(str(row[2])) for row in table.rows]
    assert lost == sorted(lost, reverse=True)
    assert table.refs[0].startswith("o")


def test_off_task_text_that_is_named_is_waited_for() -> None:
    evidence = forgotten(0.5)
    base = {name: loss for name, loss in evidence.scored["base"].items() if name[0] != "o"}
    reading = read(replace(evidence, scored={**evidence.scored, "base": base}))
    assert reading.verdict == "waiting"


@pytest.mark.parametrize(
    ("whole", "prompts", "expected"),
    [(5, 0, "caution"), (6, 0, "bad"), (0, 9, "note"), (0, 0, None)],
)
def test_leaks(whole: int, prompts: int, expected: str | None) -> None:
    leaks = {f"s{at}": at < whole for at in range(whole + prompts)}
    reading = read(replace(gap_of(0.05, n=100), leaks=leaks))
    assert codes(reading).get("leak") == expected


def test_one_word_labels_have_no_diversity_to_judge() -> None:
    labels = {f"s{at}": ("yes", "no")[at % 2] for at in range(60)}
    assert all(len(words(text)) == 1 for text in labels.values())
    reading = read(answered(gap_of(0.05, n=100), labels))
    assert reading.numbers["distinct_2"].value is None
    assert reading.numbers["distinct_2"].why == "the answers have no two words"


# What is left to do, and what can't be done


def test_waiting_while_prompts_are_to_be_compared() -> None:
    """The measure job was never run, or was killed in the middle."""
    reading = read(replace(gap_of(0.9), near=nearest([0.3] * 150), matches={}))
    assert reading.verdict == "waiting"
    assert reading.headline == "50 prompts to compare: press r"
    assert codes(reading) == {"gap_high": "bad", "not_measured": "note"}
    assert read(replace(gap_of(0.05), near=nearest([1.0] * 200), matches={})).verdict == "good"


def test_answers_alone_have_copies_and_diversity_but_no_gap() -> None:
    evidence = replace(copied(12), scored={}, answers_alone=("tuned", "base"))
    reading = read(evidence)
    assert reading.verdict == "not_enough"
    assert codes(reading) == {"no_model": "not_enough", "copies": "caution"}
    assert "path under [models.tuned]" in finding(reading, "no_model").text
    assert reading.headline == "no model to score"
    assert reading.summary == "no model to score; 12 copied answers of training text"
    assert reading.numbers["copies"].value == 12
    assert reading.numbers["distinct_2"].value is not None
    assert reading.numbers["gap"].why == "there is no model to score"
    assert reading.numbers["forgetting"].why == "there is no model to score"


def test_a_base_of_answers_alone_is_compared_by_them() -> None:
    evidence = copied(12)
    tuned_only = {"tuned": evidence.scored["tuned"]}
    reading = read(replace(evidence, scored=tuned_only, answers_alone=("base",)))
    assert codes(reading) == {"copies": "caution", "no_base": "note"}
    assert reading.numbers["base_copy_rate"].value == 0
    assert reading.numbers["gap"].value is not None


def test_forgetting_has_the_jackknifes_interval() -> None:
    """Each group left out once, brute force, and fewer degrees of freedom than groups."""
    chance = np.random.default_rng(5)
    count = [float(value) for value in chance.integers(5, 90, 40)]
    base = [value * n for value, n in zip(chance.lognormal(0.5, 0.6, 40), count, strict=True)]
    tuned = [
        1.4 * value * n for value, n in zip(chance.lognormal(0.5, 0.6, 40), count, strict=True)
    ]
    groups = [at // 2 for at in range(40)]

    def change(left_out: int = -1) -> float:
        kept = [at for at in range(40) if groups[at] != left_out]
        nats = sum(tuned[at] - base[at] for at in kept)
        return float(nats / sum(count[at] for at in kept))

    found = loss_difference_of_few(tuned, base, count, count, groups)
    assert found is not None
    assert found.value == pytest.approx(change())
    squares = [(change(group) - change()) ** 2 for group in range(20)]
    assert found.se == pytest.approx(np.sqrt(sum(squares) * 19 / 20))
    spread = np.var(squares, ddof=1) / 20 / np.mean(squares) ** 2
    assert found.df == pytest.approx(min(19.0, 2 / spread))
    assert found.df < 19
    alike = loss_difference_of_few([1.0] * 9, [1.0] * 9, [2.0] * 9, [2.0] * 9)
    assert alike is not None
    assert (alike.low, alike.high) == (0.0, 0.0)
