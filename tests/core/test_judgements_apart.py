"""One round's events, picked out of a long history, fold to what they fold to among all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.judgements import Judgement, by_round, of_round, rounds

ROUNDS, JUDGES = ("r1", "r2", "r3"), ("ana", "bo")
STEPS = st.tuples(
    st.sampled_from(JUDGES),
    st.sampled_from(ROUNDS),
    st.sampled_from(
        ("vote", "vote", "undo", "strong", "note", "finish", "reopen", "close", "unblind", "flag")
    ),
    st.integers(0, 3),
    st.sampled_from(("left", "right", "tie")),
)


def history(steps: list[tuple[str, str, str, int, str]]) -> list[Judgement]:
    """Journals of two judges who take part in three comparisons in turns."""
    events: list[Judgement] = []

    def say(judge: str, kind: str, /, **fields: object) -> None:
        event = {
            "id": f"e{len(events)}", "seq": len(events) + 1, "kind": kind,
            "at": f"2026-01-01T00:{len(events) // 60:02d}:{len(events) % 60:02d}Z", **fields,
        }  # fmt: skip
        events.append(Judgement(judge, f"journal of {judge}", event))

    for judge in JUDGES:
        for name in ROUNDS:
            pairs = [{"pair": f"{name}-p{n}", "left": f"t{n}", "right": f"b{n}"} for n in range(4)]
            fields = {"plan": f"{judge}-{name}", "step": "blind_ab", "round": name}
            say(judge, "plan", planned=4, ordinal=0, mode="planned", pairs=pairs, **fields)
    for judge, name, kind, pair, side in steps:
        own = [one.event["id"] for one in events if one.judge == judge]
        fields = {"plan": f"{judge}-{name}", "pair": f"{name}-p{pair}"}
        if kind == "vote":
            say(judge, kind, side=side, **fields)
        elif kind in ("undo", "strong"):
            say(judge, kind, of=own[-1 - pair % len(own)])
        elif kind in ("close", "unblind"):
            say(judge, kind, round=name, judge=JUDGES[pair % 2])
        else:
            say(judge, kind, text="#tag", on=True, **fields)
    return sorted(events, key=lambda one: one.journal)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(STEPS, max_size=40))
def test_a_round_alone_is_what_it_is_among_others(
    steps: list[tuple[str, str, str, int, str]],
) -> None:
    events = history(steps)
    whole, apart = rounds(events), by_round(events)
    assert set(apart) == set(whole)
    for name, one in whole.items():
        assert rounds(apart[name]) == {name: one}
        assert rounds(of_round(events, name))[name] == one
