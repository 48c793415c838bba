"""Folding each round once, for whoever asks, says what folding all of them at once says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.test_judgements_apart import STEPS, history
from tui_eval.core.judged import Judged
from tui_eval.core.judgements import Judgement, rounds


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(STEPS, max_size=40))
def test_rounds_are_those_of_folding_everything(
    steps: list[tuple[str, str, str, int, str]],
) -> None:
    events = history(steps)
    judged, whole = Judged(events), rounds(events)
    # In the order in which they were planned.
    assert list(judged.rounds()) == list(whole.values())
    assert all(judged.round(name) == one for name, one in whole.items())
    assert judged.round("none such") is None
    open_ = [one for one in whole.values() if one.step == "blind_ab" and not one.unblinded_at]
    assert list(Judged(events).open_comparisons()) == open_


def test_a_round_is_folded_once_and_judgements_stay_what_they_are() -> None:
    events = history([("ana", "r1", "vote", 0, "left")])
    judged = Judged(events)
    assert judged.round("r1") is judged.round("r1")
    assert Judged.of(judged) is judged
    assert (len(judged), list(judged), judged[0]) == (len(events), events, events[0])
    assert list(Judged.of(events[1:])) == list(judged[1:])


def test_what_is_no_open_comparison_is_not_folded() -> None:
    events = [
        Judgement("ana", "j", {"id": f"{number}", "seq": number, "at": at, **fields})
        for number, (at, fields) in enumerate(
            [
                ("1", {"kind": "plan", "plan": "p1", "round": "r", "step": "review"}),
                ("2", {"kind": "plan", "plan": "p2", "round": "told", "step": "blind_ab"}),
                ("3", {"kind": "unblind", "round": "told"}),
                ("4", {"kind": "plan", "plan": "p3", "round": "open", "step": "blind_ab"}),
            ]
        )
    ]
    judged = Judged(events)
    assert [one.id for one in judged.open_comparisons()] == ["open"]
    assert set(judged._folded) == {"open"}
