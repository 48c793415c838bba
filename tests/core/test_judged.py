"""Folding each round once, for whoever asks, says what folding all of them at once says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.test_judgements_apart import STEPS, history
from tui_eval.core.judged import Judged
from tui_eval.core.judgements import rounds


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


def test_a_round_is_folded_once_and_judgements_stay_what_they_are() -> None:
    events = history([("ana", "r1", "vote", 0, "left")])
    judged = Judged(events)
    assert judged.round("r1") is judged.round("r1")
    assert Judged.of(judged) is judged
    assert (len(judged), list(judged), judged[0]) == (len(events), events, events[0])
    assert list(Judged.of(events[1:])) == list(judged[1:])
