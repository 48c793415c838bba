"""Step 3's figures against plain arithmetic, and the gap's findings with their neighbours."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from tests.core.made_evidence import MadeEvidence, made_log, made_loss
from tests.core.made_memory import noisy, trained
from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Finding, Reading
from tui_eval.core.records import Preflight, Recipe
from tui_eval.core.steps import overfitting
from tui_eval.core.text import cells

N = 200
NOTES = {"no_answers": "note", "no_off_task": "note"}
"""What a run without answers, off-task text and measure says in any case."""


def read(evidence: MadeEvidence) -> Reading:
    reading = overfitting.read(evidence, "tuned")
    assert cells(reading.headline) <= HEADLINE_CELLS
    assert cells(reading.summary) <= SUMMARY_CELLS
    return reading


def codes(reading: Reading) -> dict[str, str]:
    found = {finding.code: finding.severity for finding in reading.findings}
    return {code: severity for code, severity in found.items() if code not in NOTES}


def finding(reading: Reading, code: str) -> Finding:
    return next(f for f in reading.findings if f.code == code)


def gap_of(tuned: float, base: float = 0.0, n: int = N, spread: float = 0.1) -> MadeEvidence:
    """Validation losses above training's by so much, of either model."""
    return trained(
        (noisy(n, 2.0, spread, 1), noisy(n, 1.0, spread, 2)),
        (noisy(n, 2.0 + base, spread, 3), noisy(n, 1.0 + tuned, spread, 4)),
    )


def test_a_good_run() -> None:
    reading = read(gap_of(0.05))
    assert reading.verdict == "good"
    assert codes(reading) == {}
    assert reading.headline.startswith("gap 0.0")
    assert "no sign of overfitting" in reading.summary
    assert reading.summary.endswith("n = 200 + 200")


def test_identical_losses_have_no_gap_and_tell_nobody_apart() -> None:
    base, tuned = noisy(80, 2.0), noisy(80, 1.0)
    reading = read(trained((base, tuned), (base, tuned), (base, base)))
    for name in ("gap", "base_gap", "gap_used", "forgetting"):
        assert reading.numbers[name].value == pytest.approx(0.0, abs=1e-12), name
    assert reading.numbers["ratio"].value == pytest.approx(1.0)
    assert reading.numbers["member_auc"].value == pytest.approx(0.5)
    assert reading.verdict == "good"
    assert "-0.00" not in reading.summary


def test_a_model_that_learned_nothing_is_neither() -> None:
    train, validation = noisy(100, 2.0, 0.1, 1), noisy(100, 2.0, 0.1, 2)
    reading = read(trained((train, train), (validation, validation), (train, train)))
    assert codes(reading) == {}
    assert reading.numbers["member_auc"].value == 0.5
    assert reading.numbers["forgetting"].value == 0.0


def test_figures_are_token_weighted() -> None:
    counts = [3 + 7 * (at % 13) for at in range(60)]
    train, validation = (noisy(60, 2.0), noisy(60, 1.0)), (noisy(60, 2.4), noisy(60, 1.3))
    reading = read(trained(train, validation, tokens={"train": counts, "validation": counts[::-1]}))

    def mean(values: list[float], weights: list[int]) -> float:
        return float(np.average(values, weights=weights))

    gap = mean(validation[1], counts[::-1]) - mean(train[1], counts)
    base_gap = mean(validation[0], counts[::-1]) - mean(train[0], counts)
    expected = {
        "train_loss": mean(train[1], counts),
        "validation_loss": mean(validation[1], counts[::-1]),
        "base_train_loss": mean(train[0], counts),
        "base_validation_loss": mean(validation[0], counts[::-1]),
        "gap": gap,
        "base_gap": base_gap,
        "gap_used": gap - base_gap,
        "ratio": mean(validation[1], counts[::-1]) / mean(train[1], counts),
    }
    for name, value in expected.items():
        number = reading.numbers[name]
        assert number.value == pytest.approx(value), name
        assert number.low is not None
        assert number.high is not None
        assert number.low < value < number.high, name


@pytest.mark.parametrize(
    ("gap", "expected", "verdict"),
    [
        (0.12, {}, "good"),
        (0.35, {"gap_some": "caution"}, "caution"),
        (0.8, {"gap_high": "bad"}, "bad"),
        (-0.02, {}, "good"),
        (-0.3, {"train_unlike_trained": "caution"}, "caution"),
    ],
)
def test_the_rule(gap: float, expected: dict[str, str], verdict: str) -> None:
    reading = read(gap_of(gap))
    assert codes(reading) == expected
    assert reading.verdict == verdict


@pytest.mark.parametrize(
    ("gap", "code", "words"),
    [(0.21, "gap_some", "none and some"), (0.52, "gap_high", "some and high")],
)
def test_an_interval_over_a_mark_is_between(gap: float, code: str, words: str) -> None:
    reading = read(gap_of(gap, spread=0.25))
    assert set(codes(reading)) == {code, "gap_between"}
    assert finding(reading, "gap_between").severity == "note"
    assert words in finding(reading, "gap_between").text


def test_an_interval_over_both_marks_says_only_that_more_rows_are_needed() -> None:
    reading = read(gap_of(0.35, n=60, spread=0.9))
    number = reading.numbers["gap_used"]
    assert number.low is not None
    assert number.high is not None
    assert number.low < 0.2 < 0.5 < number.high
    assert codes(reading) == {"too_few_samples": "not_enough"}
    assert reading.verdict == "not_enough"


def test_a_merely_harder_validation_set_is_not_overfitting() -> None:
    reading = read(gap_of(0.75, base=0.75))
    assert reading.verdict == "good"
    assert codes(reading) == {"harder_validation": "note"}
    assert reading.numbers["gap"].value == pytest.approx(0.75, abs=0.05)
    assert reading.numbers["gap_used"].value == pytest.approx(0.0, abs=0.05)
    assert any("gap_used is gap - base_gap" in paragraph for paragraph in reading.how)
    assert "beyond base's" in reading.summary


def test_harder_and_memorised_too() -> None:
    reading = read(gap_of(1.4, base=0.6))
    assert codes(reading) == {"gap_high": "bad", "harder_validation": "note"}
    assert reading.numbers["gap_used"].value == pytest.approx(0.8, abs=0.05)


def test_training_rows_that_could_not_be_used_are_told() -> None:
    evidence = gap_of(0.05)
    assert not any("could not be used" in paragraph for paragraph in read(evidence).how)
    train = evidence.datasets["train"]
    evidence = replace(
        evidence, datasets={**evidence.datasets, "train": replace(train, bad_rows=3)}
    )
    assert any("train.jsonl; 3 rows could not be used." in one for one in read(evidence).how)


def test_a_base_gap_that_may_be_none_is_not_taken_off() -> None:
    evidence = gap_of(0.4)
    reading = read(evidence)
    base_gap = reading.numbers["base_gap"]
    assert base_gap.low is not None
    assert base_gap.low < 0
    assert reading.numbers["gap_used"] == reading.numbers["gap"]
    assert any("gap_used is the gap as it is" in paragraph for paragraph in reading.how)


def test_an_easier_validation_set_hides_nothing() -> None:
    reading = read(gap_of(0.1, base=-0.8))
    assert reading.numbers["gap_used"] == reading.numbers["gap"]


@pytest.mark.parametrize(("train", "validation"), [(49, 200), (200, 49), (3, 3)])
def test_fewer_than_fifty_on_either_side_judge_nothing(train: int, validation: int) -> None:
    reading = read(
        trained(
            (noisy(train, 2.0), noisy(train, 0.1)),
            (noisy(validation, 2.0), noisy(validation, 3.0)),
        )
    )
    assert codes(reading) == {"too_few_samples": "not_enough"}
    assert reading.verdict == "not_enough"
    assert f"{train} + {validation}" in reading.headline
    # The number is there for whoever wants it.
    assert reading.numbers["gap"].value == pytest.approx(2.9, abs=0.2)


def test_fifty_on_both_sides_are_enough() -> None:
    assert codes(read(gap_of(0.9, n=50))) == {"gap_high": "bad"}


def test_groups_make_the_interval_wider() -> None:
    chance = np.random.default_rng(0)
    means = [float(value) for value in np.repeat(chance.normal(1.2, 0.3, 20), 10)]
    names = [f"g{at // 10}" for at in range(200)]
    sides = ((noisy(200, 2.0), noisy(200, 1.0)), (noisy(200, 2.0), means))
    alone = read(trained(*sides)).numbers["gap"]
    grouped = read(trained(*sides, groups={"validation": names})).numbers["gap"]
    assert alone.value == grouped.value
    assert alone.low is not None
    assert grouped.low is not None
    assert grouped.value is not None
    assert grouped.value - grouped.low > 2 * (grouped.value - alone.low)


def test_one_group_says_nothing_of_spread() -> None:
    reading = read(
        trained(
            (noisy(60, 2.0), noisy(60, 0.1)),
            (noisy(60, 2.0), noisy(60, 3.0)),
            groups={"train": ["one"] * 60},
        )
    )
    assert codes(reading) == {"too_few_samples": "not_enough"}
    assert reading.numbers["gap"].low is None
    assert "one group" in finding(reading, "too_few_samples").text


def test_member_auc_against_all_pairs() -> None:
    train, validation = (noisy(70, 2.0), noisy(70, 0.9)), (noisy(90, 2.0), noisy(90, 1.0))
    learned = [np.array(base) - np.array(tuned) for base, tuned in (train, validation)]
    above = (learned[0][:, None] > learned[1][None, :]).mean()
    ties = (learned[0][:, None] == learned[1][None, :]).mean()
    number = read(trained(train, validation)).numbers["member_auc"]
    assert number.value == pytest.approx(above + ties / 2)
    assert number.low is not None
    assert number.high is not None
    assert 0.5 < number.low < (number.value or 0) < number.high <= 1.0


@pytest.mark.parametrize(("missing", "code"), [("train", "no_train"), ("validation", "no_valid")])
def test_without_a_file_there_is_no_gap(missing: str, code: str) -> None:
    evidence = gap_of(0.9)
    kept = {split: data for split, data in evidence.datasets.items() if split != missing}
    reading = read(replace(evidence, datasets=kept))
    (found,) = list(codes(reading))
    assert found.startswith(code)
    assert reading.verdict == "not_enough"
    assert reading.numbers["gap_used"].value is None
    assert reading.numbers["gap_used"].why.endswith("data")


def test_without_a_base_the_gap_is_raw() -> None:
    reading = read(replace(gap_of(0.9, base=0.9), base_name=None))
    assert codes(reading) == {"gap_high": "bad", "no_base": "note"}
    assert reading.numbers["base_gap"].why == "there is no base model"
    assert reading.numbers["member_auc"].value is None


def test_waiting_while_losses_are_to_come() -> None:
    evidence = gap_of(0.9)
    tuned = {name: loss for name, loss in evidence.scored["tuned"].items() if name[0] != "t"}
    reading = read(replace(evidence, scored={**evidence.scored, "tuned": tuned}))
    assert reading.verdict == "waiting"
    assert reading.headline == "200 of 400 rows scored"
    nothing = read(replace(evidence, scored={}))
    assert nothing.verdict == "waiting"
    assert nothing.headline == "needs 400 rows scored: press r"
    assert not any(number.n for number in nothing.numbers.values())


def test_a_loss_that_is_no_number() -> None:
    evidence = gap_of(0.1)
    broken = {**evidence.scored["tuned"], "t3": made_loss("t3", math.nan)}
    reading = read(replace(evidence, scored={**evidence.scored, "tuned": broken}))
    assert codes(reading) == {"non_finite": "bad"}
    assert finding(reading, "non_finite").at == {"samples": ["t3"]}
    assert reading.numbers["gap"].why == "a loss is not finite"


def test_other_tokens_are_measured_in_tuneds() -> None:
    base, tuned = noisy(80, 2.0), noisy(80, 1.0)
    evidence = trained((base, tuned), (base, tuned), checked=Preflight("", same_tokenizer=False))
    halved = {
        name: replace(loss, tokens=loss.tokens // 2)
        for name, loss in evidence.scored["base"].items()
    }
    reading = read(replace(evidence, scored={**evidence.scored, "base": halved}))
    assert reading.numbers["base_train_loss"].value == pytest.approx(np.mean(base))
    assert "different_tokenizer" in codes(reading)


# The log


def logged(train: list[float], evals: list[float], **fields: object) -> MadeEvidence:
    log = made_log(train, evals, every=10, eval_every=100, **fields)
    return replace(gap_of(0.05), training=log)


FALLING = [3.0 - 0.05 * at for at in range(50)]
ZIGZAG = [2.1, 1.9] * 15
"""Stands still, and its last stretch is below its first."""


@pytest.mark.parametrize(
    ("train", "evals", "expected"),
    [
        (FALLING, [2.0, 1.5, 1.52, 1.53, 1.54], "caution"),
        (FALLING, [2.0, 1.5, 1.6, 1.6, 1.6], "bad"),
        (FALLING, [2.0, 1.8, 1.7, 1.5, 1.54], None),
        (FALLING, [2.0, 1.8, 1.7, 1.6, 1.5], None),
        (FALLING[:20] + [2.2] * 30, [2.0, 1.5, 1.6, 1.6, 1.6], None),
        (FALLING[:20] + ZIGZAG, [2.0, 1.5, 1.6, 1.6, 1.6], None),
    ],
)
def test_validation_rises_while_training_falls(
    train: list[float], evals: list[float], expected: str | None
) -> None:
    reading = read(logged(train, evals))
    assert codes(reading).get("eval_rises") == expected
    row = reading.tables["signs"].rows[0]
    assert row[1] == {"caution": "! yes", "bad": "✗ yes", None: "✓ no"}[expected]


def test_a_best_eval_before_the_first_points_still_counts() -> None:
    reading = read(logged(FALLING, [1.5, 1.9, 2.4, 3.0, 3.5]))
    assert codes(reading)["eval_rises"] == "bad"


def test_suggestions_have_the_runs_own_values() -> None:
    log = made_log(
        FALLING,
        [2.0, 1.5, 1.6, 1.8, 2.0],
        every=10,
        per_epoch=20,
        checkpoints={200: "checkpoint-200"},
    )
    evidence = replace(
        gap_of(0.9), training=log, trained=Recipe(adapter=True, rank=16, alpha=32, dropout=0.0)
    )
    reading = read(evidence)
    found = finding(reading, "gap_high")
    assert found.at is not None
    assert (
        found.at["suggestions"]
        == list(reading.advice)
        == [
            "fewer epochs (now 2.5; best at step 200, checkpoint-200)",
            "more data (now 200 rows)",
            "lora_dropout 0 → 0.05",
            "rank 16 → 8",
        ]
    )


def test_nothing_is_to_be_mended_where_nothing_was_memorised() -> None:
    assert read(gap_of(0.05)).advice == ()


@pytest.mark.parametrize(
    ("recipe", "last"),
    [
        (None, ["a higher lora_dropout", "a lower rank"]),
        (Recipe(adapter=True), ["a higher lora_dropout", "a lower rank"]),
        (Recipe(adapter=True, rank=4, dropout=0.2), ["more data (now 200 rows)"]),
        (Recipe(adapter=False), ["more data (now 200 rows)"]),
    ],
)
def test_what_is_not_known_is_not_made_up(recipe: Recipe | None, last: list[str]) -> None:
    found = finding(read(replace(gap_of(0.9), trained=recipe)), "gap_high")
    assert found.at is not None
    assert found.at["suggestions"][-len(last) :] == last
    assert found.at["suggestions"][0] == "fewer epochs"


def test_the_log_is_reconciled_in_one_line() -> None:
    reading = read(logged(FALLING, [2.0, 1.8, 1.6, 1.4, 1.05]))
    assert "log says 1.050 at step 500" in finding(reading, "log_compared").text
    assert finding(reading, "log_compared").severity == "note"


def test_a_reading_is_plain_data_and_the_same_twice() -> None:
    evidence = gap_of(0.4, base=0.1)
    one, other = read(evidence), read(evidence)
    assert one == other
    json.dumps(asdict(one), allow_nan=False)
