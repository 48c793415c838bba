"""The gate's conditions: what each operator and kind meets, what never does, and what is told
of a misspelt one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.core import made_readings as made
from tui_eval.config import nearest
from tui_eval.core import gate
from tui_eval.core.reading import Number, Reading, Verdict
from tui_eval.core.sign_off_records import Contradiction, Decided, SignOff
from tui_eval.core.steps.contradictions import RESTS_ON, unknown

KNOWN = gate.Known(
    ("tuned", "other-2"), {"labels": ("macro_f1", "accuracy"), "mine": ("politeness",)}
)
SIGNED = SignOff("tuned", "deploy", "ana", "ana@gpu-7", "2026-11-20T10:00:00Z")
DEPLOY = Decided("deploy", SIGNED)
STALE = replace(DEPLOY, changed=("tuned's weights",))
UNSIGNED = Decided(missing=("12 more reviews", "10 votes"))


def reading(step: str, verdict: Verdict = "good", **numbers: Number) -> Reading:
    named = {name.replace("__", "."): number for name, number in numbers.items()}
    return Reading(step, "tuned", verdict, "", f"what {step} says", numbers=named)


READINGS = {
    "curves": reading("curves", "caution", drop=Number(0.5, n=60)),
    "perplexity": reading(
        "perplexity",
        improvement=Number(0.25, 0.2, 0.3, 60),
        base=Number(None, why="another tokenizer"),
    ),
    "overfitting": reading("overfitting", "not_enough", gap_used=Number(0.3, 0.2, 0.4, 40)),
    "review": reading(
        "review",
        "waiting",
        reviewed=Number(12),
        flagged=Number(0),
        accuracy=Number(4.5, 4.0, 5.0, 12),
    ),
    "blind_ab": reading("blind_ab", "waiting", win_rate=Number(None, why="told after unblinding")),
    "task_metrics": reading(
        "task_metrics", "bad", labels__macro_f1__difference=Number(-0.1, -0.2, 0.0, 90)
    ),
}


def held(
    text: str, decided: Decided = DEPLOY, contradictions: tuple[Contradiction, ...] = ()
) -> gate.Outcome:
    condition = gate.parse(text, KNOWN, nearest)
    return gate.hold(condition, "tuned", READINGS, decided, contradictions)


@pytest.mark.parametrize(
    ("sign", "below", "at", "above"),
    [
        ("<", False, False, True),
        ("<=", False, True, True),
        (">", True, False, False),
        (">=", True, True, False),
        ("=", False, True, False),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_every_operator_below_at_and_above(sign: str, below: bool, at: bool, above: bool) -> None:
    met = [held(f"perplexity.improvement {sign} {value}").met for value in (0.2, 0.25, 0.3)]
    assert met == [below, at, above]
    assert held("perplexity.improvement.low = 0.2").met
    assert held("perplexity.improvement.high=0.3").met


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("task_metrics.labels.macro_f1.difference > -0.15", True),
        ("task_metrics.labels.macro_f1.difference.low > -0.15", False),
        ("  curves.drop  >=  5e-1 ", True),
        ('perplexity.verdict = "good"', True),
        ("perplexity.verdict = 'good'", True),
        ("perplexity.verdict = good", True),
        ('perplexity.verdict != "good"', False),
        ('curves.verdict = "good"', False),
        ('curves.verdict != "bad"', True),
        ('task_metrics.verdict != "bad"', False),
        ('overfitting.verdict = "not_enough"', True),
        ('review.verdict = "waiting"', True),
        ("review.reviewed >= 12", True),
        ('signoff.decision = "deploy"', True),
        ('signoff.decision != "hold"', True),
        ('signoff.decision != "deploy"', False),
        ('signoff.decision = "hold"', False),
        ("signoff.stale = false", True),
        ("signoff.stale = true", False),
    ],
)
def test_what_is_met(text: str, met: bool) -> None:
    assert held(text).met is met


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("perplexity.base > 0", "another tokenizer"),
        ("perplexity.base != 0", "another tokenizer"),
        ("perplexity.tuned > 0", "not measured: what perplexity says"),
        ("curves.drop.low > 0", "it has no interval"),
        ("blind_ab.win_rate > 0", "told after unblinding"),
        ("blind_ab.win_rate.low < 1", "told after unblinding"),
        ("review.accuracy > 1", "so far; review is not done: what review says"),
        ("review.flagged = 0", "so far; review is not done: what review says"),
        ('overfitting.verdict != "bad"', "what overfitting says"),
        ('blind_ab.verdict != "bad"', "what blind_ab says"),
        ("task_metrics.mine.politeness_tone.tuned > 0", "not measured: what task_metrics says"),
    ],
)
def test_what_is_not_there_meets_nothing_and_says_why(text: str, why: str) -> None:
    outcome = held(text)
    assert (outcome.met, outcome.why) == (False, why)


def test_a_decision_that_is_out_of_date_is_none() -> None:
    for text in ('signoff.decision = "deploy"', 'signoff.decision != "hold"'):
        outcome = held(text, STALE)
        assert (outcome.met, outcome.word) == (False, "deploy")
        assert outcome.why == "out of date: tuned's weights; sign again"
    assert not held("signoff.stale = false", STALE).met
    assert held("signoff.stale = true", STALE).met


def test_without_a_decision_it_says_what_deploy_lacks() -> None:
    outcome = held('signoff.decision = "deploy"', UNSIGNED)
    assert not outcome.met
    assert outcome.why == "nobody has signed; deploy needs 12 more reviews and 10 votes"
    assert not held("signoff.stale = false", UNSIGNED).met
    assert held('signoff.decision = "none"', UNSIGNED).met


def test_another_decision_is_told_with_its_moment_as_everywhere() -> None:
    outcome = held('signoff.decision = "hold"')
    assert outcome.why == "ana signed deploy, 20 Nov 2026 10:00 UTC"


def counted(readings: Mapping[str, Reading], *found: Contradiction) -> list[gate.Outcome]:
    """Of as many kinds of comparison as there are."""
    told = [
        gate.parse(f"contradictions {one}", KNOWN, nearest)
        for one in ("= 0", "!= 9", "< 9", "<= 0", ">= 0", "> -1")
    ]
    return [gate.hold(one, "tuned", readings, DEPLOY, found) for one in told]


def done() -> dict[str, Reading]:
    return made.of(
        made.curves(), made.perplexity(), made.overfitting(), made.review(), made.PREFERRED,
        made.tasks(labels=0.2),
    )  # fmt: skip


def test_contradictions_are_counted_and_told() -> None:
    assert all(one.met for one in counted(done()))
    outcome = counted(done(), Contradiction("c", "they differ.", ()))[0]
    assert (outcome.met, outcome.why, outcome.number) == (False, "they differ", Number(1))


@pytest.mark.parametrize("step", ["curves", "perplexity", "overfitting", "review", "blind_ab"])
def test_contradictions_are_not_counted_before_every_step_is_known(step: str) -> None:
    whole = done()
    number = next(iter(RESTS_ON[step]), "")
    without = {name: one for name, one in whole[step].numbers.items() if name != number}
    hidden = (*whole[step].findings, made.hit("made", "bad"), made.hit("unread", "not_enough"))
    worse: list[Reading | None] = [
        None,
        made.undone(whole[step]),
        made.read(step, whole[step].numbers, made.hit("unreadable", "not_enough")),
        made.read(step, whole[step].numbers, *hidden),
        *([replace(whole[step], numbers=without)] if number else []),
    ]
    for reading in worse:
        readings = {name: one for name, one in whole.items() if name != step}
        readings |= {step: reading} if reading is not None else {}
        for outcome in counted(readings):
            assert not outcome.met
            assert step in outcome.why
            assert outcome.number is None, "a part is no count"
    assert "1 so far; they differ; " in counted({}, Contradiction("c", "they differ.", ()))[0].why


def test_a_step_that_has_nothing_to_look_at_contradicts_nothing() -> None:
    none = made.read("task_metrics", {}, made.hit("no_tasks", "not_enough"))
    untrained = [
        made.read(step, {}, made.hit("not_trained", "not_enough"))
        for step in ("curves", "overfitting")
    ]
    assert all(one.met for one in counted(done() | made.of(none, *untrained)))
    assert unknown(made.sample_run("tuned")) == ()


UNUSABLE = ("ana's journal can't be used from line 7 on",)


@pytest.mark.parametrize(
    "text",
    [
        'signoff.decision = "deploy"',
        'signoff.decision != "hold"',
        "signoff.stale = false",
        "contradictions = 0",
        "review.reviewed >= 12",
        'review.verdict = "good"',
        'blind_ab.verdict = "good"',
    ],
)
def test_a_journal_that_cant_be_used_hides_what_people_wrote(text: str) -> None:
    condition = gate.parse(text, KNOWN, nearest)
    assert gate.hold(condition, "tuned", done(), DEPLOY, ()).met
    outcome = gate.hold(condition, "tuned", done(), replace(DEPLOY, faults=UNUSABLE), ())
    assert (outcome.met, UNUSABLE[0] in outcome.why) == (False, True)
    none = gate.parse('signoff.decision = "none"', KNOWN, nearest)
    assert not gate.hold(none, "tuned", done(), Decided(faults=UNUSABLE), ()).met
    assert held("perplexity.improvement > 0", replace(DEPLOY, faults=UNUSABLE)).met


def test_a_deploy_that_lacks_what_it_needs_is_none() -> None:
    bare = replace(DEPLOY, missing=("20 reviews", "10 votes in the blind A/B"))
    for text in ('signoff.decision = "deploy"', 'signoff.decision != "hold"'):
        outcome = held(text, bare)
        assert (outcome.met, outcome.word) == (False, "deploy")
        assert outcome.why == "deploy lacks 20 reviews and 10 votes in the blind A/B"
    hold = replace(bare, decision="hold", last=replace(SIGNED, decision="hold"))
    assert held('signoff.decision = "hold"', hold).met, "hold needs nothing"


def test_without_a_decision_none_is_met_but_none_by_name() -> None:
    withdrawn = Decided(earlier=(replace(SIGNED, decision="none"), SIGNED))
    for decided in (Decided(), UNSIGNED, withdrawn):
        for word in ("deploy", "hold", "more_work", "none"):
            outcome = held(f'signoff.decision != "{word}"', decided)
            assert (outcome.met, "nobody has signed" in outcome.why) == (False, True)
        assert held('signoff.decision = "none"', decided).met


def test_what_is_not_on_this_machine_is_told() -> None:
    unseen = replace(DEPLOY, unseen=("the adapter of tuned",))
    for text in ('signoff.decision = "deploy"', "signoff.stale = false"):
        outcome = held(text, unseen)
        assert (outcome.met, outcome.why) == (True, "not on this machine: the adapter of tuned")


def test_nothing_is_met_by_what_is_left_of_damaged_results() -> None:
    told = ("facts.jsonl, line 3 can't be used",)
    for text, stands in (
        ("perplexity.improvement > 0", False),
        ("overfitting.gap_used < 1", False),
        ('overfitting.verdict != "bad"', False),
        ("contradictions = 0", False),
        ("curves.eval_points > 0", True),
        ('signoff.decision = "deploy"', True),
    ):
        condition = gate.parse(text, KNOWN, nearest)
        assert gate.hold(condition, "tuned", done(), DEPLOY, ()).met
        outcome = gate.hold(condition, "tuned", done(), DEPLOY, (), told)
        assert (outcome.met, told[0] in outcome.why) == (stands, not stands)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("perplexty.improvement > 0", "did you mean perplexity?"),
        ("perplexity.improvment > 0", "did you mean improvement?"),
        ("perplexity.improvement.lo > 0", "did you mean improvement.low?"),
        ("task_metrics.labels.macro_f.difference > 0", "did you mean labels.macro_f1.difference?"),
        ("task_metrics.mine.polite.tuned > 0", "did you mean mine.politeness.tuned?"),
        ("labels.macro_f1.tuned > 0", "did you mean task_metrics.labels.macro_f1.tuned?"),
        ("perplexity > 0", "known: verdict, improvement"),
        ("tund:perplexity.improvement > 0", "did you mean tuned?"),
        ("perplexity.improvement => 0", "did you mean >=?"),
        ("perplexity.improvement ~ 0", "known: <  <=  >  >=  =  !="),
        ("perplexity.improvement > 5%", "5% is 0.05"),
        ("perplexity.improvement > nan", "not finite"),
        ('perplexity.improvement = "good"', "did you mean perplexity.verdict?"),
        ('perplexity.verdict = "god"', "did you mean good?"),
        ('perplexity.verdict > "bad"', "a word is = or !="),
        ("perplexity.verdict < 3", "a word is = or !="),
        ('signoff.decision = "deplay"', "did you mean deploy?"),
        ('signoff.decison = "deploy"', "did you mean decision?"),
        ("signoff.stale = 0", "neither true nor false"),
        ("signoff.stale < true", "= or != true or false"),
        ("contradictions.count = 0", "write contradictions = 0"),
        ("perplexity.improvement", "write NAME OPERATOR VALUE"),
        ("perplexity.improvement >", "write NAME OPERATOR VALUE"),
        ("", "write NAME OPERATOR VALUE"),
        ("x" * 400 + " > 0", "longer than 300"),
    ],
)
def test_a_misspelt_condition_is_told_with_the_nearest_right_name(text: str, told: str) -> None:
    with pytest.raises(gate.Fault) as fault:
        gate.parse(text, KNOWN, nearest)
    assert told in str(fault.value)


def test_only_the_steps_that_are_asked_about_are_read() -> None:
    def needed(*texts: str) -> tuple[str, ...]:
        return gate.needed([gate.parse(text, KNOWN, nearest) for text in texts])

    assert needed("perplexity.improvement > 0", "curves.drop > 0", "perplexity.base > 1") == (
        "perplexity",
        "curves",
    )
    assert needed("perplexity.improvement > 0", "signoff.stale = false") == ()
