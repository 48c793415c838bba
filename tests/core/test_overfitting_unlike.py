"""A training file that is not the one that the model was trained on: told, and not cried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.core.made_evidence import MadeEvidence, made_log
from tests.core.made_memory import noisy, trained
from tests.core.test_overfitting import FALLING, codes, finding, gap_of, logged, read
from tui_eval.core.steps.overfitting_unlike import at_equal_base
from tui_eval.core.steps.pairs import scored

CODE = "train_unlike_trained"
Losses = Sequence[float]


def learned(
    train: tuple[float, float],
    validation: tuple[float, float],
    n: int = 200,
    spread: float = 0.3,
    seed: int = 0,
) -> MadeEvidence:
    """Each side is (mean under base, share of it that tuned keeps), with skewed difficulty."""
    chance = np.random.default_rng(seed)

    def side(base: float, kept: float) -> tuple[list[float], list[float]]:
        hard = base * np.exp(chance.normal(0, spread, n) - spread**2 / 2)
        tuned = kept * hard * np.exp(chance.normal(0, 0.2, n))
        return list(hard), list(tuned)

    return trained(side(*train), side(*validation))


# Told


def test_rows_that_improved_less_than_validation_were_not_trained_on() -> None:
    reading = read(learned((2.0, 0.9), (2.0, 0.5)))
    assert codes(reading) == {CODE: "caution"}
    assert reading.verdict == "caution"
    assert "is this the right file?" in reading.summary
    assert reading.headline.endswith("wrong training file?")
    found = finding(reading, CODE)
    assert found.text.startswith("It looks as if the model has not seen these training rows:")
    assert "train.jsonl" in found.text
    assert (reading.numbers["member_auc"].high or 1) < 0.5


def test_also_where_validation_is_harder_for_base() -> None:
    """Base's own gap taken off leaves a gap far below 0, which must not read as good."""
    reading = read(learned((1.0, 0.95), (2.0, 0.3)))
    assert codes(reading) == {CODE: "caution", "harder_validation": "note"}


def test_the_log_tells_a_file_of_the_same_kind() -> None:
    """Overfitted by the log; another file of the same kind shows no gap at all."""
    falls = [max(0.02, 2.0 * 0.9**at) for at in range(60)]
    reading = read(replace(gap_of(0.02), training=made_log(falls, [1.02], eval_every=600)))
    assert codes(reading)[CODE] == "caution"
    assert "The log's training loss is 1.0" in finding(reading, CODE).text


def test_without_a_base_a_clearly_negative_gap_is_told() -> None:
    reading = read(replace(gap_of(-0.6), base_name=None))
    assert codes(reading) == {CODE: "caution", "no_base": "note"}
    assert "only harder" in finding(reading, CODE).text


def test_leaks_in_a_doubted_file_are_no_training() -> None:
    evidence = learned((2.0, 0.9), (2.0, 0.5))
    leaked = {f"s{at}": True for at in range(3)}
    reading = read(replace(evidence, leaks=leaked))
    assert codes(reading) == {CODE: "caution", "leak": "caution"}
    everything = read(replace(evidence, leaks={f"s{at}": True for at in range(200)}))
    assert "one file?" in finding(everything, "leak").text
    assert "trained on" not in everything.summary


# Not cried


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        ((2.0, 1.0), (2.0, 1.0)),  # nothing learned
        ((2.0, 0.5), (2.0, 0.5)),  # a short training: nobody can tell rows apart
        ((2.0, 0.3), (2.0, 0.5)),  # memorised
        ((1.0, 0.5), (2.0, 0.5)),  # validation is harder and had more to lose
        ((2.0, 0.5), (1.0, 0.5)),  # and easier
    ],
)
def test_the_right_file_is_not_doubted(
    train: tuple[float, float], validation: tuple[float, float]
) -> None:
    assert CODE not in codes(read(learned(train, validation)))


def test_preference_training_may_raise_the_loss_of_its_rows() -> None:
    evidence = replace(learned((2.0, 1.2), (2.0, 0.9)), told="preference")
    assert CODE not in codes(read(evidence))


def test_a_log_that_counts_otherwise_tells_nothing() -> None:
    """Its eval loss is not ours, so its gap need not be ours either."""
    reading = read(logged([*FALLING[:-10], *[0.1] * 10], [2.0, 1.8, 1.6, 1.4, 1.9]))
    assert CODE not in codes(reading)


def test_a_log_with_a_gap_like_ours_speaks_for_the_file() -> None:
    evidence = replace(gap_of(0.9), training=made_log([1.0] * 50, [1.9], eval_every=500))
    assert CODE not in codes(read(evidence))


def test_the_difference_at_equal_base_is_that_of_a_regression() -> None:
    evidence = trained(
        (noisy(90, 2.0, 0.4, 1), noisy(90, 1.0, 0.2, 2)),
        (noisy(110, 2.5, 0.4, 3), noisy(110, 1.2, 0.2, 4)),
    )
    sides = scored(evidence, "tuned", "base", "train"), scored(evidence, "tuned", "base")
    assert sides[0] is not None
    assert sides[1] is not None
    found = at_equal_base(*sides)
    x = np.array([p.base.mean for s in sides for p in s.pairs if p.base])  # type: ignore[union-attr]
    y = np.array([p.tuned.mean for s in sides for p in s.pairs])  # type: ignore[union-attr]
    member = np.array([1.0] * 90 + [0.0] * 110)
    design = np.column_stack([np.ones(200), x, member])
    fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
    assert found is not None
    assert found.value == pytest.approx(fitted[2])
    rest = y - design @ fitted
    inverse = np.linalg.inv(design.T @ design)
    sandwich = inverse @ (design.T * rest**2) @ design @ inverse
    assert found.se == pytest.approx(np.sqrt(sandwich[2, 2] * 200 / 199), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [1.0, 0.9, 0.5])
@pytest.mark.parametrize("validation", [1.0, 2.0, 3.0])
def test_false_alarms_are_rare(kept: float, validation: float) -> None:
    """Where training rows improved just as validation rows did, whatever base finds harder."""
    called = sum(
        CODE in codes(read(learned((2.0, kept), (validation, kept), seed=seed, spread=0.5)))
        for seed in range(150)
    )
    assert called <= 4
