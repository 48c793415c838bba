"""The fold of journals: what counts after undoing, copying, closing and unblinding."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.core.judgements import CRITERIA, Judgement, JudgeRound, Mark, Round, advance, rounds

ROUND = "r1"


class Journal:
    """Writes events as a journal does; ``at`` counts milliseconds."""

    clock = 0

    def __init__(self, judge: str = "ana", name: str = "", step: str = "blind_ab") -> None:
        self.judge, self.name, self.step = judge, name or f"{judge}.jsonl", step
        self.plan = f"plan of {self.name}"
        self.found: list[Judgement] = []

    def add(self, kind: str, at: str = "", **fields: Any) -> str:
        Journal.clock += 1
        name = f"{self.name}-{len(self.found)}"
        event = {
            "id": name,
            "seq": len(self.found) + 1,
            "at": at or f"2026-01-01T00:00:{Journal.clock / 1000:09.6f}Z",
            "kind": kind,
            **fields,
        }
        self.found.append(Judgement(self.judge, self.name, event))
        return name

    def begin(self, ordinal: int = 0, pairs: int = 4, **more: Any) -> None:
        planned = [{"pair": f"p{n}", "left": f"l{n}", "right": f"r{n}"} for n in range(pairs)]
        given = {"items": [f"i{n}" for n in range(pairs)]} if self.step == "review" else {}
        asked = {"pairs": planned} if self.step == "blind_ab" else given
        self.add(
            "plan", plan=self.plan, step=self.step, round=ROUND, ordinal=ordinal, planned=pairs,
            **(asked | more),
        )  # fmt: skip

    def vote(self, pair: str, side: str, **more: Any) -> str:
        return self.add("vote", plan=self.plan, pair=pair, side=side, **more)

    def score(self, item: str, criterion: str, value: int | None) -> str:
        return self.add("score", plan=self.plan, item=item, criterion=criterion, value=value)

    def undo(self, of: str) -> str:
        return self.add("undo", of=of)


@pytest.fixture
def ana() -> Journal:
    journal = Journal()
    journal.begin()
    return journal


def folded(*journals: Journal) -> Round:
    return rounds([one for journal in journals for one in journal.found])[ROUND]


def part(*journals: Journal, judge: str = "ana") -> JudgeRound:
    found = folded(*journals).judge(judge)
    assert found is not None
    return found


def test_the_last_vote_counts_and_undo_brings_back_the_one_before(ana: Journal) -> None:
    ana.vote("p0", "left", ms=1200)
    second = ana.vote("p0", "tie")
    assert part(ana).mark("p0").side == "tie"
    ana.undo(second)
    mark = part(ana).mark("p0")
    assert mark.side == "left"
    assert mark.detail["ms"] == 1200
    assert [entry[1] for entry in part(ana).history] == ["vote"]


def test_undo_without_end(ana: Journal) -> None:
    votes = [ana.vote(f"p{n}", "left") for n in range(4)]
    for vote in reversed(votes):
        ana.undo(vote)
    state = part(ana)
    assert not state.begun
    assert not state.history
    assert not state.order


def test_strong_belongs_to_its_vote(ana: Journal) -> None:
    first = ana.vote("p0", "left")
    clear = ana.add("strong", of=first)
    assert part(ana).mark("p0").strong
    again = ana.vote("p0", "right")
    assert not part(ana).mark("p0").strong
    ana.undo(again)
    assert part(ana).mark("p0").strong
    ana.undo(clear)
    assert not part(ana).mark("p0").strong
    assert part(ana).mark("p0").side == "left"


def test_a_strong_vote_that_is_undone_is_gone_with_it(ana: Journal) -> None:
    vote = ana.vote("p0", "left")
    ana.add("strong", of=vote)
    ana.undo(vote)
    assert part(ana).mark("p0") == Mark("p0")
    assert not part(ana).history


def test_finish_reopen_and_close(ana: Journal) -> None:
    bo = Journal("bo")
    bo.begin(ordinal=1)
    ana.vote("p0", "left")
    bo.vote("p0", "right")
    ana.add("finish", plan=ana.plan)
    assert not folded(ana, bo).all_ended
    ana.add("close", round=ROUND, judge="bo")
    closed = folded(ana, bo)
    assert closed.all_ended
    assert part(ana, bo, judge="bo").closed_by == "ana"
    bo.add("reopen", plan=bo.plan)
    assert not part(ana, bo, judge="bo").ended
    ana.add("reopen", plan=ana.plan)
    assert not part(ana, bo).finished


def test_who_has_finished_is_not_closed_and_who_has_not_begun_is_not_waited_for(
    ana: Journal,
) -> None:
    bo = Journal("bo")
    bo.begin(ordinal=1)
    ana.vote("p0", "left")
    ana.add("finish", plan=ana.plan)
    bo.add("close", round=ROUND, judge="ana")
    found = folded(ana, bo)
    assert part(ana, bo).closed_by == ""
    assert found.all_ended
    assert [one.judge for one in found.judges] == ["ana", "bo"]
    assert [one.judge for one in found.begun] == ["ana"]


def test_votes_after_the_unblinding_do_not_count(ana: Journal) -> None:
    bo = Journal("bo")
    bo.begin(ordinal=1)
    ana.vote("p0", "left")
    bo.vote("p0", "left")
    ana.add("unblind", round=ROUND)
    bo.vote("p1", "left")
    bo.add("guess", plan=bo.plan, pair="p0", side="left")
    assert part(ana, bo, judge="bo").voted == ("p0",)
    assert part(ana, bo, judge="bo").mark("p0").guess is None
    assert folded(ana, bo).unblinded_by == "ana"


EARLY = "2020-01-01T00:00:00.000Z"


def test_votes_after_ones_own_finish_count_once_it_is_reopened(ana: Journal) -> None:
    vote = ana.vote("p0", "left")
    ana.add("finish", plan=ana.plan)
    ana.vote("p0", "right")
    ana.vote("p1", "left", at=EARLY)
    ana.undo(vote)
    state = part(ana)
    assert state.voted == ("p0",)
    assert state.mark("p0").side == "left"
    ana.add("reopen", plan=ana.plan)
    ana.vote("p1", "right", at=EARLY)
    assert part(ana).mark("p1").side == "right"
    ana.undo(vote)
    assert part(ana).voted == ("p1",)


def test_votes_after_a_close_do_not_count_until_reopening(ana: Journal) -> None:
    bo = Journal("bo")
    bo.begin(ordinal=1)
    vote = bo.vote("p0", "left")
    ana.vote("p0", "left")
    ana.add("close", round=ROUND, judge="bo")
    bo.vote("p1", "left")
    bo.undo(vote)
    assert part(ana, bo, judge="bo").voted == ("p0",)
    bo.add("reopen", plan=bo.plan)
    bo.vote("p2", "left")
    assert part(ana, bo, judge="bo").voted == ("p0", "p2")


def test_a_review_has_no_end_that_scores_could_come_after() -> None:
    ana = Journal(step="review")
    ana.begin()
    ana.add("finish", plan=ana.plan)
    ana.score("i0", "accuracy", 4)
    assert part(ana).mark("i0").scores == {"accuracy": 4}


def test_a_second_plan_of_the_same_judge_is_the_first_ones_alias(ana: Journal) -> None:
    other = Journal("ana", name="ana-elsewhere.jsonl")
    other.begin(pairs=3)
    ana.vote("p0", "left")
    other.vote("p1", "right")
    state = part(ana, other)
    assert state.plan == ana.plan
    assert [state.mark(f"p{n}").side for n in range(2)] == ["left", "right"]
    assert state.planned == 4


def test_a_plan_instead_of_another_takes_its_place(ana: Journal) -> None:
    old = ana.plan
    ana.plan = "another"
    ana.begin(pairs=2, instead=True)
    ana.vote("p0", "left")
    ana.plan = old
    ana.vote("p1", "left")
    state = part(ana)
    assert (state.plan, state.planned, len(state.pairs)) == ("another", 2, 2)
    assert state.voted == ("p0",)


def test_pairs_and_items_are_added_once_and_keep_their_first_sides(ana: Journal) -> None:
    more = [{"pair": "p9", "left": "x", "right": "y"}, {"pair": "p0", "left": "r0", "right": "l0"}]
    ana.add("more", plan=ana.plan, pairs=more)
    ana.add("more", plan=ana.plan, pairs=more)
    state = part(ana)
    assert [pair.pair for pair in state.pairs] == ["p0", "p1", "p2", "p3", "p9"]
    assert state.pairs[0].left == "l0"


def test_nobody_adds_to_anothers_plan(ana: Journal) -> None:
    bo = Journal("bo")
    bo.begin()
    bo.add("more", plan=ana.plan, pairs=[{"pair": "px", "left": "x", "right": "y"}])
    bo.add("vote", plan=ana.plan, pair="p0", side="left")
    bo.add("finish", plan=ana.plan)
    assert len(part(ana, bo).pairs) == 4
    assert not part(ana, bo).begun
    assert not part(ana, bo).finished


def test_nobody_takes_anothers_plan_for_their_own(ana: Journal) -> None:
    bo = Journal("bo")
    bo.plan = ana.plan
    bo.begin()
    ana.vote("p0", "left")
    assert part(ana, bo).voted == ("p0",)
    assert folded(ana, bo).judge("bo") is None


def test_a_clock_that_was_set_back_does_not_turn_the_order_round(ana: Journal) -> None:
    ana.vote("p0", "left")
    ana.vote("p0", "right", at="2020-01-01T00:00:00.000Z")
    vote = ana.vote("p1", "tie", at="2020-01-01T00:00:01.000Z")
    ana.add("strong", at="2019-01-01T00:00:00.000Z", of=vote)
    state = part(ana)
    assert state.mark("p0").side == "right"
    assert state.mark("p1").strong


def test_copies_of_journals_change_nothing(ana: Journal) -> None:
    ana.vote("p0", "left")
    ana.vote("p1", "tie")
    copy = Journal("ana", name="ana copy.jsonl")
    copy.found = [Judgement(one.judge, copy.name, one.event) for one in ana.found]
    assert folded(ana, copy) == folded(ana) == folded(copy)
    assert folded(ana, ana) == folded(ana)


def test_scores_one_by_one_cleared_and_not_applicable() -> None:
    ana = Journal(step="review")
    ana.begin()
    for criterion in CRITERIA[:3]:
        ana.score("i0", criterion, 4)
    assert not part(ana).reviewed
    last = ana.score("i0", "format", 0)
    assert part(ana).reviewed == ("i0",)
    ana.score("i0", "accuracy", None)
    assert not part(ana).mark("i0").scored
    ana.undo(last)
    assert list(part(ana).mark("i0").scores) == ["relevance", "fluency"]


@pytest.mark.parametrize("value", [6, -1, True, 2.5, "4", [4]])
def test_what_is_no_score_is_none(value: Any) -> None:
    ana = Journal(step="review")
    ana.begin()
    ana.score("i0", "accuracy", value)
    ana.score("i0", "beauty", 3)
    assert not part(ana).mark("i0").scores


def test_what_is_no_vote_is_none(ana: Journal) -> None:
    ana.vote("p0", "tuned")
    ana.add("guess", plan=ana.plan, pair="p0", side="tie")
    ana.add("strong", of="nothing")
    ana.add("vote", plan="unknown", pair="p0", side="left")
    ana.add("dance", plan=ana.plan, pair="p0")
    assert not part(ana).begun
    assert not part(ana).history


def test_notes_flags_skips_and_views(ana: Journal) -> None:
    ana.add("note", plan=ana.plan, pair="p0", text="why #tag")
    flag = ana.add("flag", plan=ana.plan, pair="p0", on=True)
    ana.add("skip", plan=ana.plan, pair="p0")
    ana.add("view", plan=ana.plan, pair="p0", what="diff")
    ana.add("view", plan=ana.plan, pair="p0", what="diff")
    mark = part(ana).mark("p0")
    assert (mark.note, mark.flagged, mark.skipped, mark.views) == ("why #tag", True, 1, ("diff",))
    ana.undo(flag)
    assert not part(ana).mark("p0").flagged
    assert not part(ana).begun


def test_identical_pairs_are_done_and_repeats_are_not_counted(ana: Journal) -> None:
    more = [
        {"pair": "same", "left": "a", "right": "b", "identical": True},
        {"pair": "again", "left": "r0", "right": "l0", "repeat_of": "p0"},
    ]
    ana.add("more", plan=ana.plan, pairs=more)
    ana.vote("p0", "left")
    ana.vote("again", "right")
    assert part(ana).voted == ("p0", "same")


def test_one_event_more_is_as_folding_all_again(ana: Journal) -> None:
    random.seed(4)
    state = part(ana)
    for number in range(200):
        pair = f"p{random.randrange(4)}"
        kind = random.choice(["vote", "note", "flag", "skip", "view", "guess", "strong"])
        if kind == "strong":
            ana.add("strong", of=state.mark(pair).vote)
        else:
            side = random.choice(["left", "right"])
            ana.add(
                kind, plan=ana.plan, pair=pair, side=side, text=str(number), on=True, what="diff"
            )
        if number % 25 == 0:
            ana.add("reopen" if number % 50 else "finish", plan=ana.plan)
            advance(state, ana.found[-2].event)
        advance(state, ana.found[-1].event)
    assert state == part(ana)
    assert list(state.order) == list(part(ana).order)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.floats()
    | st.sampled_from(["", "left", "p0", "r1", "review", "accuracy", "ana", "bo", "x-0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["pair", "left", "right", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = (
    *("id", "seq", "at", "plan", "round", "step", "seed", "planned", "ordinal", "mode", "items"),
    *("pairs", "pair", "item", "side", "of", "text", "on", "what", "judge", "criterion", "value"),
    "instead",
)
KINDS = (
    *("plan", "more", "score", "vote", "strong", "note", "flag", "skip", "view", "undo"),
    *("guess", "finish", "reopen", "close", "unblind", "dance"),
)
EVENTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS)}, optional=dict.fromkeys(FIELDS, ODD)
)


@given(st.lists(st.tuples(st.sampled_from(["ana", "bo"]), EVENTS), max_size=12))
@settings(deadline=None, max_examples=300)
def test_no_event_can_make_the_fold_fail(events: list[tuple[str, dict[str, Any]]]) -> None:
    judgements = [
        Judgement(judge, f"{judge}.jsonl", {"id": f"x-{number}", **event})
        for number, (judge, event) in enumerate(events)
    ]
    for found in rounds(judgements).values():
        assert isinstance(found.all_ended, bool)
        for judge in found.judges:
            assert len(judge.voted) <= len(judge.pairs)
            assert len(judge.reviewed) <= len(judge.items)
