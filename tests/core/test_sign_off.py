"""What deploying lacks, what speaks for and against, whose decision counts, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.core import made_readings as made
from tests.core.made_readings import BASE_PREFERRED, NO_PREFERENCE, PREFERRED, hit, of
from tui_eval.checklist import CHECKLIST
from tui_eval.core.judgements import Judgement
from tui_eval.core.reading import Number
from tui_eval.core.sign_offs import sign_offs
from tui_eval.core.steps.sign_off import NAMES, decided, missing, needs_text, weigh
from tui_eval.core.steps.stands import changed

READY = of(made.review(n=20), PREFERRED)


def signed(id: str, decision: str, at: str, judge: str = "ana", **more: Any) -> Judgement:
    event: dict[str, Any] = {"kind": "signoff", "id": id, "at": f"2026-11-{at}T09:00:00.000Z"}
    event |= {"candidate": "tuned", "decision": decision, "note": "", "login": judge}
    return Judgement(judge, f"{judge}.jsonl", event | more)


# What deploying lacks.


@pytest.mark.parametrize(
    ("readings", "lacks"),
    [
        ({}, ("20 reviews", "10 votes in the blind A/B", "the A/B is not unblinded")),
        (of(made.review(n=12), PREFERRED), ("8 more reviews",)),
        (of(made.review(n=19), PREFERRED), ("1 more review",)),
        (READY, ()),
        (of(made.review(n=20), BASE_PREFERRED), ()),
        (of(made.review(n=20), NO_PREFERENCE), ()),
        (
            of(made.review(n=20), made.closed_ab(4)),
            ("6 more votes in the blind A/B", "the A/B is not unblinded"),
        ),
        (of(made.review(n=20), made.closed_ab(44)), ("the A/B is not unblinded",)),
        (
            of(made.review(n=20), made.blind_ab(5, 4, hit("too_few_votes", "not_enough"))),
            ("10 deciding pairs in the A/B (it has 9)",),
        ),
        (of(made.review(n=20), made.blind_ab(5, 5)), ()),
    ],
)
def test_what_is_missing_is_said(readings: Mapping[str, Any], lacks: tuple[str, ...]) -> None:
    assert missing(readings) == lacks


def test_a_review_that_goes_on_counts_what_is_there() -> None:
    assert missing(of(made.undone(made.review(n=20)), PREFERRED)) == ()


def test_before_unblinding_nothing_depends_on_how_pairs_were_decided() -> None:
    ready = made.review(n=20)
    for wins, losses in ((31, 13), (3, 4), (0, 0)):
        judged = {"judged": Number(44), "judged_any": Number(44)}
        closed = made.undone(made.blind_ab(wins, losses, **judged))
        assert missing(of(ready, closed)) == ("the A/B is not unblinded",)


def test_votes_of_who_is_ahead_are_not_asked_for_again() -> None:
    numbers = {"judged": Number(4), "judged_any": Number(50)}
    closed = made.undone(made.blind_ab(0, 0, **numbers))
    assert missing(of(made.review(n=20), closed)) == ("the A/B is not unblinded",)


def test_what_is_missing_is_one_sentence() -> None:
    told = needs_text(missing(of(made.review(n=12))))
    assert told == "8 more reviews, 10 votes in the blind A/B and the A/B unblinded"


# What speaks for and against.


def test_every_step_is_weighed_in_the_order_of_the_checklist() -> None:
    assert list(NAMES) == [entry.key for entry in CHECKLIST]


def test_only_what_was_shown_speaks() -> None:
    found = weigh(
        of(
            made.curves(hit("eval_peaked", "caution", step=1050.0)),
            made.perplexity(0.394),
            made.overfitting(hit("gap_some", "caution"), gap=0.31),
            made.review(),
            PREFERRED,
            made.tasks(labels=0.21, code=0.0),
        )
    )
    assert found.speaks_for == (
        "perplexity 39% lower",
        "accuracy 4.4 of 5 in 40 reviews",
        "preferred in 68% of 50 pairs",
        "labels +0.21",
    )
    assert found.against == (
        "validation was best at step 1050",
        "gap 0.31 [0.26, 0.36]: some overfitting",
    )
    assert found.open == ("code: no difference shown",)


def test_a_small_gap_is_no_acquittal_where_another_sign_speaks() -> None:
    alike = made.overfitting(hit("low_diversity", "bad"))
    found = weigh(of(alike))
    assert found.speaks_for == ("gap 0.05 [0.00, 0.10]: training loss near validation's",)
    assert found.against == ("answers much alike",)
    assert weigh(of(made.overfitting())).speaks_for == ("gap 0.05 [0.00, 0.10]: no overfitting",)


def test_undone_steps_are_open_and_a_leak_always_speaks() -> None:
    leak = made.overfitting(hit("leak", "bad"), waiting=True)
    found = weigh(of(made.curves(), leak, made.closed_ab(44)))
    assert found.speaks_for == ("curves headline",)
    assert found.against == ("validation rows in the training file",)
    assert found.open == (
        "perplexity not looked at",
        "overfitting not done",
        "review not looked at",
        "A/B not done",
        "tasks not looked at",
    )


def test_what_was_never_trained_has_no_open_steps_of_training() -> None:
    untrained = made.curves(hit("not_trained", "not_enough"))
    few = made.tasks(hit("no_tasks", "not_enough"))
    found = weigh(
        of(untrained, made.perplexity(), made.overfitting(), made.review(), PREFERRED, few)
    )
    assert found.open == ("tasks: task_metrics headline",)


def test_what_got_worse_speaks_against() -> None:
    worse = made.perplexity(-0.2, hit("worse", "bad"))
    low = made.review(hit("low_score", "bad"), accuracy=2.2)
    found = weigh(of(worse, low, BASE_PREFERRED, made.tasks(labels=-0.1)))
    assert found.speaks_for == ()
    assert found.against == (
        "perplexity 20% higher",
        "accuracy 2.2 of 5 in 40 reviews",
        "base preferred 31-13",
        "labels -0.10",
    )


def test_what_speaks_on_the_sample_run() -> None:
    good, bad = (weigh(made.sample_run(name)) for name in ("tuned", "overfitted"))
    assert missing(made.sample_run("tuned")) == ()
    assert good.against == good.open == ()
    assert "perplexity 72% lower" in good.speaks_for
    assert bad.speaks_for == ("summarise +0.32", "labels +0.12")
    assert {"gap 1.51 [1.24, 1.78]: overfitting", "code -0.33"} <= set(bad.against)
    assert "A/B: no preference shown, 30-16" in bad.open


# Whose decision counts.


def test_a_later_decision_of_anybody_counts_and_the_earlier_stay() -> None:
    events = [signed("a", "deploy", "20"), signed("b", "hold", "21", "bo")]
    found = decided("tuned", sign_offs(events), READY, {})
    assert (found.decision, found.last and found.last.by) == ("hold", "bo")
    assert [(one.by, one.decision) for one in found.earlier] == [("ana", "deploy")]


def test_a_withdrawal_leaves_no_decision_and_is_kept() -> None:
    events = [signed("a", "deploy", "20"), signed("b", "none", "21", "bo")]
    found = decided("tuned", sign_offs(events), READY, {})
    assert (found.decision, found.last, found.stale) == ("none", None, False)
    assert [one.decision for one in found.earlier] == ["none", "deploy"]


def test_decisions_about_others_don_t_count() -> None:
    other = signed("a", "deploy", "20", candidate="other")
    assert decided("tuned", sign_offs([other]), READY, {}).last is None


def test_a_journal_that_came_twice_signs_once() -> None:
    one = signed("a", "deploy", "20")
    assert len(sign_offs([one, one])) == 1


def test_a_clock_that_runs_ahead_does_not_outlast_who_saw_its_decision() -> None:
    ahead = signed("a", "deploy", "29")
    seen = signed("b", "hold", "21", "bo", after="a")
    later = signed("c", "more_work", "22", "cy")
    assert [one.id for one in sign_offs([ahead, seen, later])] == ["a", "b", "c"]
    # Whoever had not seen it comes before it, as the clocks say.
    assert [one.id for one in sign_offs([ahead, later])] == ["c", "a"]


def test_a_clock_that_was_set_back_keeps_the_journal_s_order() -> None:
    events = [signed("a", "deploy", "25"), signed("b", "hold", "20")]
    assert [one.id for one in sign_offs(events)] == ["a", "b"]


def test_decisions_that_name_each_other_as_seen_are_all_kept() -> None:
    events = [signed("a", "hold", "20", after="b"), signed("b", "hold", "21", "bo", after="a")]
    assert {one.id for one in sign_offs(events)} == {"a", "b"}
    long = [signed(f"{i:05}", "hold", "20", after=f"{i + 1:05}") for i in range(3000)]
    assert len(sign_offs(long)) == 3000


@pytest.mark.parametrize(
    "odd",
    [
        {"decision": "ship"},
        {"decision": ["deploy"]},
        {"candidate": 3},
        {"candidate": ""},
        {"decision": None},
    ],
)
def test_what_is_not_understood_is_passed_over(odd: Mapping[str, Any]) -> None:
    fine, other = signed("a", "hold", "20"), signed("b", "deploy", "21")
    strange = Judgement("bo", "bo.jsonl", {**other.event, **odd})
    assert [one.id for one in sign_offs([fine, strange])] == ["a"]


def test_odd_details_don_t_hide_a_decision() -> None:
    odd = signed("a", "hold", "20", note=7, standing=[1], seen={"review": 3}, login=None, after=[])
    (found,) = sign_offs([odd])
    assert (found.note, found.login, found.standing, found.seen) == ("", "", {}, {"review": {}})


# What changed since.

THEN = {"tuned.adapter": "1", "base.weights": "2", "data.validation": "3", "prompt.template": "4"}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({}, ()),
        ({"tuned.adapter": "9"}, ("the adapter of tuned changed",)),
        ({"data.validation": "9"}, ("the validation data changed",)),
        ({"prompt.template": "9"}, ("the prompt template changed",)),
        ({"tuned.adapter": ""}, ()),
        ({"tasks.labels": "5"}, ("the data of task labels was added",)),
        ({"another.kind": "5"}, ()),
        (
            {"base.weights": "9", "tuned.few_shot": "8"},
            ("the weights of base changed",),
        ),
    ],
)
def test_what_changed_is_said_in_words(now: Mapping[str, str], words: tuple[str, ...]) -> None:
    assert changed(THEN, {**THEN, **now}) == words


def test_data_that_is_named_no_more_is_a_change() -> None:
    now = {name: text for name, text in THEN.items() if name != "data.validation"}
    assert changed(THEN, now) == ("the validation data was taken out",)
    assert changed({**THEN, "tuned.odd": "1"}, {**THEN, "tuned.odd": "2"}) == (
        "odd of tuned changed",
    )


def test_a_withdrawn_decision_is_not_out_of_date() -> None:
    event = signed("a", "none", "20", standing=THEN)
    found = decided("tuned", sign_offs([event]), READY, {**THEN, "tuned.adapter": "9"})
    assert not found.stale
    held = signed("a", "hold", "20", standing=THEN)
    found = decided("tuned", sign_offs([held]), READY, {**THEN, "tuned.adapter": "9"})
    assert found.changed == ("the adapter of tuned changed",)


def test_a_review_that_goes_on_speaks_once_deploy_could_be_signed() -> None:
    """Deploy opens at twenty: what twenty answers say isn't kept back until all forty are read."""
    low = hit("low_score", "bad")
    few = weigh(of(made.review(low, accuracy=2.0, n=19, waiting=True)))
    assert "review not done" in few.open
    assert not any("review" in one for one in few.against)
    enough = weigh(of(made.review(low, accuracy=2.0, n=20, waiting=True)))
    assert "review 20 of 40, accuracy 2.0 so far" in enough.open
    assert any(one.startswith("review: ") for one in enough.against)
    fine = weigh(of(made.review(accuracy=4.0, n=22, waiting=True)))
    assert "review 22 of 40, accuracy 4.0 so far" in fine.open
    assert not any("review" in one for one in fine.against)
