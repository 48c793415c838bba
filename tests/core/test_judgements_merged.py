"""One judge on two hosts, whose journals meet later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tui_eval.core.judgements import Judgement, JudgeRound, rounds

TOKENS = ("p0", "p1")


def host(
    name: str, plan: str, lefts: Sequence[str], votes: Sequence[str], hour: int = 9
) -> list[Judgement]:
    """A journal: a plan with these answers left, then a vote on each pair."""
    pairs = [
        {"pair": token, "left": f"{left}{i}", "right": f"{'tb'[left == 't']}{i}"}
        for i, (token, left) in enumerate(zip(TOKENS, lefts, strict=True))
    ]
    events: list[dict[str, Any]] = [
        {"kind": "plan", "plan": plan, "step": "blind_ab", "round": "r", "pairs": pairs}
    ]
    events += [
        {"kind": "vote", "plan": plan, "pair": token, "side": side}
        for token, side in zip(TOKENS, votes, strict=True)
        if side
    ]
    return [
        Judgement(
            "ana",
            name,
            {"id": f"{name}{i}", "seq": i, "at": f"2026-01-01T{hour:02}:00:{i:02}Z", **event},
        )
        for i, event in enumerate(events, 1)
    ]


def chosen(judge: JudgeRound | None) -> dict[str, str]:
    """The answers that were preferred, by pair."""
    assert judge is not None
    return {
        pair.pair: getattr(pair, side) if side in ("left", "right") else side
        for pair in judge.pairs
        if (side := judge.mark(pair.pair).side or "none")
    }


def merged(*journals: Sequence[Judgement]) -> dict[str, str]:
    found = rounds(event for journal in journals for event in journal)["r"]
    assert len(found.judges) == 1
    return chosen(found.judge("ana"))


def test_a_vote_is_for_the_answer_that_stood_there_in_its_own_plan() -> None:
    here = host("here", "one", "tt", ["left", ""])
    there = host("there", "two", "tb", ["", "left"], hour=10)
    assert merged(here, there) == {"p0": "t0", "p1": "b1"}
    assert merged(there, here) == {"p0": "t0", "p1": "b1"}


@pytest.mark.parametrize("side", ["tie", "both_bad"])
def test_what_has_no_side_stays(side: str) -> None:
    here = host("here", "one", "tt", ["", ""])
    there = host("there", "two", "bb", [side, "right"], hour=10)
    assert merged(here, there) == {"p0": side, "p1": "t1"}


def test_the_same_plan_with_other_sides_elsewhere_keeps_to_its_own_journal() -> None:
    here = host("here", "one", "tt", ["left", ""])
    there = host("there", "one", "bb", ["", "left"], hour=10)
    assert merged(here, there) == {"p0": "t0", "p1": "b1"}


def test_guesses_follow_their_plan_too() -> None:
    here = host("here", "one", "tt", ["tie", "tie"])
    there = host("there", "two", "bb", ["", ""], hour=10)
    guess = {"id": "g", "seq": 9, "at": "2026-01-01T11:00:00Z", "kind": "guess", "plan": "two"}
    there.append(Judgement("ana", "there", {**guess, "pair": "p0", "side": "left"}))
    judge = rounds([*here, *there])["r"].judge("ana")
    assert judge is not None
    assert judge.mark("p0").guess == "right"
