"""Each rule fires on what it is about, and on nothing that only looks like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.core import made_readings as made
from tests.core.made_readings import BASE_PREFERRED, NO_PREFERENCE, PREFERRED, hit, of
from tui_eval.core.reading import Number, Reading
from tui_eval.core.steps.contradictions import contradictions

WORSE = hit("worse", "bad")
LOW = made.review(hit("low_score", "bad"), accuracy=2.2)
UNCLEAR = made.review(hit("unclear_score", "caution"), accuracy=3.4)
HIGH = made.review()
LONGER = made.blind_ab(31, 13, hit("length_bias", "caution"))
LONGER_EXPLAINED = made.blind_ab(
    13, 31, WORSE, hit("length_bias", "note"), length_adjusted=made.around(0.48)
)
COPIES = made.overfitting(hit("copies", "caution"))
LEAKED = made.perplexity(0.4, hit("validation_in_training", "bad"))
PEAKED = made.curves(hit("eval_peaked", "bad", step=9.0))
FORGOT = made.overfitting(hit("forgetting", "caution"))
FEW = made.tasks(hit("too_few_samples", "not_enough", task="a"), a=-0.2)
BY_DESIGN = made.curves(hit("objective", "note"))
HIGH_GAP = made.overfitting(hit("gap_high", "bad"), gap=0.9)

FIRES: Mapping[str, tuple[Reading, ...]] = {
    "no_effect": (made.perplexity(0.0, hit("no_effect_adapter", "bad")), PREFERRED),
    "leaked_validation": (LEAKED, made.curves()),
    "perplexity_people": (made.perplexity(), BASE_PREFERRED),
    "tasks_people": (made.tasks(labels=-0.2), PREFERRED),
    "review_people": (HIGH, BASE_PREFERRED),
    "preferred_length": (LONGER,),
    "preferred_unblinded": (made.blind_ab(31, 13, hit("blinding_broken", "caution")),),
    "preferred_inconsistent": (made.blind_ab(31, 13, hit("inconsistent_repeats", "caution")),),
    "preferred_both_bad": (made.blind_ab(31, 13, hit("both_bad", "caution")),),
    "tasks_copies": (made.tasks(labels=0.2), COPIES),
    "tasks_memorised": (made.tasks(labels=0.2), HIGH_GAP),
    "curves_memorised": (made.curves(), HIGH_GAP),
    "tasks_monotonous": (made.tasks(labels=0.2), made.overfitting(hit("low_diversity", "bad"))),
    "perplexity_peaked": (
        made.perplexity(),
        made.curves(hit("eval_peaked", "caution", step=1050.0, checkpoint="checkpoint-1050")),
    ),
    "perplexity_forgetting": (made.perplexity(), FORGOT),
    "perplexity_tasks": (made.perplexity(), made.tasks(labels=-0.2)),
    "perplexity_review": (made.perplexity(), LOW),
    "review_tasks": (HIGH, made.tasks(labels=-0.2)),
}

ALSO: tuple[tuple[str, tuple[Reading, ...]], ...] = (
    ("perplexity_people", (made.perplexity(-0.2, hit("worse", "bad")), PREFERRED)),
    ("tasks_people", (made.tasks(labels=0.2, code=0.0), BASE_PREFERRED)),
    ("review_people", (LOW, PREFERRED)),
    ("preferred_length", (LONGER_EXPLAINED,)),
    ("leaked_validation", (made.perplexity(), made.overfitting(hit("leak", "caution")))),
    (
        "perplexity_peaked",
        (made.perplexity(), made.overfitting(hit("eval_rises", "caution", step=40.0))),
    ),
    ("no_effect", (made.perplexity(0.0, hit("no_effect_adapter", "bad")), made.tasks(a=0.2))),
)

NEAR: tuple[tuple[str, tuple[Reading, ...]], ...] = (
    ("no_effect", (made.perplexity(0.0, hit("no_effect_adapter", "bad")), NO_PREFERENCE)),
    ("leaked_validation", (made.perplexity(0.01, hit("validation_in_training", "bad")),)),
    ("leaked_validation", (made.perplexity(0.4, hit("validation_in_training", "note")),)),
    ("leaked_validation", (made.curves(evals=0), made.overfitting(hit("leak", "bad")))),
    ("perplexity_people", (made.perplexity(), NO_PREFERENCE)),
    ("perplexity_people", (made.perplexity(0.01), BASE_PREFERRED)),
    ("perplexity_people", (made.perplexity(), PREFERRED)),
    (
        "perplexity_people",
        (made.perplexity(-0.2, hit("worse", "note")), PREFERRED, BY_DESIGN),
    ),
    ("perplexity_people", (made.perplexity(-0.2, hit("worse", "note")), PREFERRED)),
    ("tasks_people", (made.tasks(labels=-0.2, code=0.2), PREFERRED)),
    ("tasks_people", (made.tasks(labels=0.0), BASE_PREFERRED)),
    ("tasks_people", (FEW, PREFERRED)),
    ("review_people", (UNCLEAR, PREFERRED)),
    ("preferred_length", (made.blind_ab(31, 13, hit("length_bias", "note")),)),
    (
        "preferred_length",
        (made.blind_ab(31, 13, hit("length_bias", "note"), length_adjusted=made.around(0.52)),),
    ),
    ("preferred_length", (made.blind_ab(13, 31, WORSE, hit("length_bias", "caution")),)),
    ("preferred_unblinded", (NO_PREFERENCE,)),
    ("preferred_both_bad", (made.blind_ab(13, 31, WORSE, hit("both_bad", "caution")),)),
    ("tasks_copies", (made.tasks(labels=0.2), made.overfitting(hit("copies", "note")))),
    ("tasks_copies", (made.tasks(labels=0.0), COPIES)),
    ("tasks_memorised", (made.tasks(labels=0.2), made.overfitting(hit("gap_some", "caution")))),
    ("curves_memorised", (made.curves(hit("not_decreased", "caution")), HIGH_GAP)),
    ("perplexity_peaked", (made.perplexity(0.01), PEAKED)),
    ("perplexity_forgetting", (made.perplexity(-0.2), FORGOT)),
    ("perplexity_tasks", (made.perplexity(), made.tasks(labels=-0.2, code=0.3))),
    ("perplexity_review", (made.perplexity(), UNCLEAR)),
    ("review_tasks", (UNCLEAR, made.tasks(labels=-0.2))),
)


def codes(readings: tuple[Reading, ...]) -> set[str]:
    return {one.code for one in contradictions(of(*readings))}


@pytest.mark.parametrize(("code", "readings"), [*FIRES.items(), *ALSO])
def test_a_contradiction_is_called_out(code: str, readings: tuple[Reading, ...]) -> None:
    (found,) = (one for one in contradictions(of(*readings)) if one.code == code)
    assert found.text[0].isupper()
    assert set(found.steps) <= {reading.step for reading in readings}


@pytest.mark.parametrize(("code", "readings"), NEAR)
def test_a_near_miss_is_none(code: str, readings: tuple[Reading, ...]) -> None:
    assert code not in codes(readings)


@pytest.mark.parametrize("code", FIRES)
def test_nothing_fires_while_its_steps_are_at_work(code: str) -> None:
    """A leak and an adapter without effect are facts; what they are held against is not."""
    undone = tuple(made.undone(reading) for reading in FIRES[code])
    assert contradictions(of(*undone)) == ()


@pytest.mark.parametrize("votes", [0, 44])
def test_nothing_tells_a_direction_before_unblinding(votes: int) -> None:
    everything = of(made.perplexity(), HIGH, made.tasks(labels=0.2), made.curves())
    closed = {**everything, "blind_ab": made.closed_ab(votes)}
    assert contradictions(closed) == contradictions(everything) == ()
    # Not even where a Reading held more than it should.
    leaky = {**everything, "blind_ab": made.undone(BASE_PREFERRED)}
    assert contradictions(leaky) == ()


@pytest.mark.parametrize("code", FIRES)
def test_too_few_samples_are_no_evidence(code: str) -> None:
    few = tuple(
        replace(one, verdict="not_enough", findings=(hit("too_few_samples", "not_enough"),))
        for one in FIRES[code]
    )
    assert contradictions(of(*few)) == ()


def test_an_interval_without_ends_shows_nothing() -> None:
    bare = made.read("perplexity", {"improvement": Number(0.4, n=1)})
    assert contradictions(of(bare, BASE_PREFERRED)) == ()


def test_figures_and_checkpoints_are_named() -> None:
    (peaked,) = contradictions(of(*FIRES["perplexity_peaked"]))
    assert "40% lower" in peaked.text
    assert "checkpoint-1050" in peaked.text
    (people,) = contradictions(of(*FIRES["perplexity_people"]))
    assert "people prefer base's answers (31-13)" in people.text
    (length,) = contradictions(of(*FIRES["preferred_length"]))
    assert "longer answer in 90% of 40 votes" in length.text


def test_a_candidate_without_faults_has_no_contradictions() -> None:
    good = of(
        made.curves(),
        made.perplexity(),
        made.overfitting(),
        HIGH,
        PREFERRED,
        made.tasks(labels=0.2),
    )
    assert contradictions(good) == ()
    assert contradictions({}) == ()


def test_the_sample_run_s_good_candidate_has_none() -> None:
    assert contradictions(made.sample_run("tuned")) == ()


def test_the_sample_run_s_overfitted_candidate_is_called_out() -> None:
    found = contradictions(made.sample_run("overfitted"))
    assert [one.code for one in found] == ["tasks_copies", "tasks_memorised"]
    assert "tasks are better (summarise +0.32 and labels +0.12)" in found[0].text.lower()
    assert "5 of 200 answers repeat training text" in found[0].text
