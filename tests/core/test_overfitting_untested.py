"""What step 3 says of signs that could not be tested, and of a gap that excludes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.core.made_evidence import MadeEvidence, made_log
from tests.core.made_memory import completions, matches, nearest, noisy, sentence, trained
from tests.core.test_overfitting import FALLING, codes, gap_of, logged, read
from tests.core.test_overfitting_signs import answered, copied, forgotten, graded
from tests.core.test_overfitting_unlike import learned
from tui_eval.core.reading import Cell, Reading

RISES, COPIES, NEAR_FAR, DIVERSITY, FORGETTING = range(5)


def sign(reading: Reading, at: int) -> Cell:
    return reading.tables["signs"].rows[at][1]


def without(evidence: MadeEvidence, *splits: str) -> MadeEvidence:
    kept = {split: data for split, data in evidence.datasets.items() if split not in splits}
    return replace(evidence, datasets=kept)


def test_base_forgot_without_a_training_file() -> None:
    reading = read(without(forgotten(0.5), "train"))
    assert codes(reading) == {"no_train": "not_enough", "forgetting": "caution"}
    assert sign(reading, FORGETTING) == "! yes"
    assert reading.summary == "no training file; off-task text is forgotten"
    assert sign(read(without(forgotten(0.0), "train")), FORGETTING) == "✓ no"


def few_rows(off_task: int) -> MadeEvidence:
    side = (noisy(20, 2.0), noisy(20, 1.0))
    base = noisy(off_task, 3.0, 0.1)
    return trained(side, side, (base, [value + 0.6 for value in base]))


def test_base_forgot_with_few_rows_on_both_sides() -> None:
    assert codes(read(few_rows(10)))["forgetting"] == "caution"


@pytest.mark.parametrize("texts", [1, 9])
def test_a_handful_of_off_task_texts_tells_nothing(texts: int) -> None:
    reading = read(few_rows(texts))
    assert "forgetting" not in codes(reading)
    assert sign(reading, FORGETTING) == "· too few texts"


def test_near_and_far_need_validation_rows_only() -> None:
    evidence = graded(0.5)
    scored = {
        model: {name: one for name, one in found.items() if name[0] != "t" or int(name[1:]) < 40}
        for model, found in evidence.scored.items()
    }
    data = evidence.datasets["train"]
    fewer = replace(data, samples=data.samples[:40], rows=40)
    some = {**evidence.datasets, "train": fewer}
    reading = read(replace(evidence, datasets=some, scored=scored))
    assert codes(reading) == {"too_few_samples": "not_enough", "near_far": "caution"}
    assert sign(reading, NEAR_FAR) == "! yes"


def test_near_and_far_of_one_group_are_not_told_apart() -> None:
    evidence = graded(0.5)
    data = evidence.datasets["validation"]
    samples = tuple(replace(one, group="one") for one in data.samples)
    both = {**evidence.datasets, "validation": replace(data, samples=samples)}
    assert sign(read(replace(evidence, datasets=both)), NEAR_FAR) == "· too few groups"
    assert sign(read(replace(evidence, base_name=None)), NEAR_FAR) == "· no base"


def test_one_eval_can_not_rise() -> None:
    assert sign(read(logged(FALLING, [1.05])), RISES) == "· one eval logged"


def test_a_rise_without_training_losses_beside_it_is_not_told() -> None:
    log = made_log([2.0], [1.5, 1.9, 2.4], every=10, eval_every=100)
    assert sign(read(replace(gap_of(0.05), training=log)), RISES) == "· too few points"


def test_answers_of_one_word_have_no_diversity_to_judge() -> None:
    labels = {f"s{at}": "yes" for at in range(60)}
    evidence = answered(gap_of(0.05, n=100), labels)
    data = evidence.datasets["validation"]
    expected = data.samples[0].messages[1]
    # One expected answer, so that one answer to all of them is no wonder.
    same = tuple(replace(one, messages=(one.messages[0], expected)) for one in data.samples)
    both = {**evidence.datasets, "validation": replace(data, samples=same)}
    assert sign(read(replace(evidence, datasets=both)), DIVERSITY) == "· answers too short"


# Copies


def answering(count: int) -> MadeEvidence:
    tuned = {f"s{at}": sentence(at, "a") for at in range(count)}
    base = {f"s{at}": sentence(at, "b") for at in range(count)}
    return answered(gap_of(0.05, n=100), tuned, base)


def test_no_copy_in_a_handful_of_answers_is_no_no() -> None:
    assert sign(read(answering(1)), COPIES) == "· 0 of 1, too few"
    assert sign(read(answering(19)), COPIES) == "· 0 of 19, too few"
    assert sign(read(answering(20)), COPIES) == "✓ 0 of 20, ≤15%"


@pytest.mark.parametrize(
    ("echoes", "told"), [(50, "✓ 0 of 100, ≤3.0%"), (51, "· all may be echoes")]
)
def test_where_most_references_are_training_text_nothing_is_told(echoes: int, told: str) -> None:
    """As where the validation file is the training file itself."""
    tuned: Mapping[str, str] = {f"s{at}": sentence(at) for at in range(100)}
    planted = {sentence(at): 0 for at in range(echoes)}
    assert sign(read(answered(gap_of(0.05, n=100), tuned, copies=planted)), COPIES) == told


def test_copies_that_may_be_chance_are_named() -> None:
    assert read(copied(2)).summary.endswith("no sign of overfitting; 2 copies, maybe chance")
    tuned = {f"s{at}": sentence(at, "a") for at in range(7)}
    looked = (*tuned.values(), *(sentence(at) for at in range(7)))
    wide = replace(
        unsure(),
        completions={"tuned": completions(tuned)},
        matches=matches(*looked, copies={tuned["s6"]: 0}),
        near=nearest([1.0] * 200),
    )
    reading = read(wide)
    assert codes(reading) == {"gap_between": "note", "copies": "note"}
    assert reading.summary.endswith("possible; 1 copy")


# A gap that excludes nothing


def unsure(gap: float = 0.25) -> MadeEvidence:
    return gap_of(gap, spread=1.0)


def test_a_wide_interval_is_no_sign_of_none() -> None:
    """As of another file than the one that was memorised: little gap, and nothing excluded."""
    reading = read(unsure())
    number = reading.numbers["gap_used"]
    assert number.value is not None
    assert number.high is not None
    assert number.value < 0.2 < number.high < 0.5
    assert reading.verdict == "good"
    assert codes(reading) == {"gap_between": "note"}
    upto = f"{number.high:.2f}"
    assert f"no overfitting shown, up to {upto} can't be ruled out" in reading.summary
    assert reading.headline.endswith(f"none shown, up to {upto} possible")
    # Beside a verdict of good nothing says that there is some.
    assert "may be some" not in reading.headline + reading.summary
    assert "no sign" not in reading.summary


# Advice


def test_the_size_of_a_doubted_file_is_not_quoted() -> None:
    log = made_log(FALLING, [2.0, 1.5, 1.6, 1.8, 2.0], every=10, eval_every=100)
    reading = read(replace(learned((2.0, 0.9), (2.0, 0.5)), training=log))
    assert {"train_unlike_trained", "eval_rises"} <= set(codes(reading))
    assert "more data" in reading.advice
    assert not any("rows" in one for one in reading.advice)


def test_one_row_is_one_row() -> None:
    evidence = logged(FALLING, [1.5, 1.9, 2.4, 3.0, 3.5])
    data = evidence.datasets["train"]
    one = {**evidence.datasets, "train": replace(data, samples=data.samples[:1], rows=1)}
    assert "more data (now 1 row)" in read(replace(evidence, datasets=one)).advice


# The list of copies


def test_the_number_of_the_training_row_comes_first() -> None:
    evidence = copied(3, run=70)
    assert [row[5] for row in read(evidence).tables["copies"].rows] == ["#7"] * 3
    assert evidence.matches is not None
    first = sorted(name for name, one in evidence.matches.items() if one.copied)[0]
    other = replace(evidence.matches[first], source="more.jsonl", row=12_345)
    several = read(replace(evidence, matches={**evidence.matches, first: other}))
    told = {row[5] for row in several.tables["copies"].rows}
    assert told == {"#7 of train.jsonl", "#12345 of more.jsonl"}
