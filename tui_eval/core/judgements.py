"""What people judged: the events of the journals, folded into who judged what.

Nothing here knows which model wrote an answer. ``rounds`` is a pure function of the events:
reading a journal twice, or copies of it, changes nothing. What the events hold stands in
``judgement_events``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tui_eval.core.judgement_events import advance, grow, made_plan, pairs_in, understood, whole
from tui_eval.core.judgement_records import (
    CRITERIA,
    MARKING,
    SIDES,
    UNDOABLE,
    Judgement,
    JudgeRound,
    Mark,
    PlannedPair,
    Round,
    Side,
    Step,
)

__all__ = [
    "CRITERIA",
    "SIDES",
    "UNDOABLE",
    "JudgeRound",
    "Judgement",
    "Mark",
    "PlannedPair",
    "Round",
    "Side",
    "Step",
    "advance",
    "by_round",
    "in_order",
    "of_round",
    "rounds",
    "understood",
]


def rounds(judgements: Iterable[Judgement]) -> dict[str, Round]:
    """Every round that there is a plan for, by id.

    A judge has one plan a round: the oldest of their journals' (a second host's journal of
    the same judge goes on with it). Votes later than the unblinding are left out, and so
    are pairs that were planned and judgements that were taken back after it. So are votes,
    and their undoing, that come after the judge's own end and before reopening.
    """
    events = in_order(judgements)
    opened = _opened(events)
    plans = _plans(events, opened)
    found: dict[str, Round] = {}
    for one in {id(plan): plan for plan in plans.values()}.values():
        found.setdefault(one.round, Round(one.round, one.step)).judges += (one,)
    for name in found.keys() & opened.keys():
        found[name].unblinded_at = str(opened[name].event.get("at", ""))
        found[name].unblinded_by = opened[name].judge
    undone = _undone(events, plans, opened)
    for judgement in _as_planned(events, plans):
        if undone and (judgement.judge, str(judgement.event.get("id"))) in undone:
            continue
        _take(found, plans, opened, judgement)
    for each in found.values():
        each.judges = tuple(sorted(each.judges, key=lambda judge: (judge.ordinal, judge.judge)))
    return found


def of_round(judgements: Sequence[Judgement], round: str) -> list[Judgement]:
    """The events that ``rounds`` needs for one round: whoever asks about one folds no others,
    however long the workspace's history is."""
    plans = [
        one
        for one in judgements
        if one.event.get("kind") == "plan" and one.event.get("round") == round
    ]
    names = {str(one.event.get("plan")) for one in plans}
    judges = {one.judge for one in plans}

    def belongs(one: Judgement) -> bool:
        kind = one.event.get("kind")
        if kind in ("plan", "close", "unblind"):
            return one.event.get("round") == round
        if kind in ("undo", "strong"):
            return one.judge in judges
        return str(one.event.get("plan")) in names

    return [one for one in judgements if belongs(one)]


def by_round(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """``of_round`` for every round at once, the one that was planned first before the others:
    whoever asks about all of a long history goes through it once, not once for each."""
    plans = [one for one in judgements if one.event.get("kind") == "plan"]
    rounds_of_plan: dict[str, dict[str, None]] = {}
    rounds_of_judge: dict[str, dict[str, None]] = {}
    found: dict[str, list[Judgement]] = {}
    for one in sorted(plans, key=lambda one: str(one.event.get("at", ""))):
        name = str(one.event.get("round"))
        rounds_of_plan.setdefault(str(one.event.get("plan")), {})[name] = None
        rounds_of_judge.setdefault(one.judge, {})[name] = None
        found.setdefault(name, [])
    for one, names in zip(judgements, _places(judgements, rounds_of_plan, rounds_of_judge),
                          strict=True):  # fmt: skip
        for name in names:
            if name in found:
                found[name].append(one)
    return found


def _places(
    judgements: Sequence[Judgement],
    rounds_of_plan: Mapping[str, Mapping[str, None]],
    rounds_of_judge: Mapping[str, Mapping[str, None]],
) -> list[Iterable[str]]:
    """The rounds of each judgement."""
    found: list[Iterable[str]] = []
    places: dict[tuple[str, str], Iterable[str]] = {}
    none: Mapping[str, None] = {}
    later: dict[str, list[int]] = {"strong": [], "undo": []}
    for at, one in enumerate(judgements):
        event = one.event
        kind = event.get("kind")
        names: Iterable[str] = ()
        if kind in later:
            later[kind].append(at)
        elif kind in ("plan", "close", "unblind"):
            names = (str(event.get("round")),)
        else:
            names = rounds_of_plan.get(str(event.get("plan")), none)
        places[one.judge, str(event.get("id"))] = names
        found.append(names)
    # What takes back or stresses a judgement belongs where that does, which may stand in
    # another journal of the same judge: so it is placed last, an undo after what it undoes.
    for at in (*later["strong"], *later["undo"]):
        one = judgements[at]
        of = places.get((one.judge, str(one.event.get("of"))))
        found[at] = of or rounds_of_judge.get(one.judge, none)
        places[one.judge, str(one.event.get("id"))] = found[at]
    return found


def in_order(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Each event once, in the order of time; within a journal its own order stays."""
    seen: set[str] = set()
    kept = []
    for judgement in judgements:
        name = str(judgement.event.get("id"))
        if name not in seen:
            seen.add(name)
            kept.append(judgement)
    # A clock that was set back must not turn a journal's order round.
    latest: dict[str, str] = {}
    keyed = []
    for judgement in kept:
        at = str(judgement.event.get("at", ""))
        last = latest.get(judgement.journal, "")
        if at < last:
            at = last
            judgement = replace(judgement, event={**judgement.event, "at": at})
        latest[judgement.journal] = at
        keyed.append((at, judgement))
    return [judgement for _, judgement in sorted(keyed, key=lambda pair: pair[0])]


def _opened(events: Sequence[Judgement]) -> dict[str, Judgement]:
    """The event that first unblinded a round, by round."""
    found: dict[str, Judgement] = {}
    for judgement in events:
        if judgement.event.get("kind") == "unblind":
            found.setdefault(str(judgement.event.get("round")), judgement)
    return found


def _late(plan: JudgeRound, opened: Mapping[str, Judgement], judgement: Judgement) -> bool:
    """Unblinding closes a comparison: nothing later changes what is counted. Within a
    journal the order tells, between journals the time."""
    closing = opened.get(plan.round)
    if plan.step != "blind_ab" or closing is None:
        return False
    if judgement.journal == closing.journal and "seq" in judgement.event:
        return whole(judgement.event["seq"]) > whole(closing.event.get("seq"))
    return str(judgement.event.get("at", "")) > str(closing.event.get("at", ""))


def _after_the_end(
    events: Sequence[Judgement], plans: Mapping[str, JudgeRound]
) -> set[tuple[str, str]]:
    """``(judge, event id)`` of what would undo a vote whose judge has finished or was closed
    since, and has not reopened. (Votes that come then, ``advance`` passes over.)"""
    ended: set[tuple[str, str]] = set()
    votes: dict[tuple[str, str], tuple[str, str]] = {}
    late = set()
    for judgement in events:
        judge, event = judgement.judge, judgement.event
        kind, name = event.get("kind"), (judge, str(event.get("id")))
        plan = plans.get(str(event.get("plan")))
        if kind == "close":
            ended.add((str(event.get("judge")), str(event.get("round"))))
        elif kind == "undo" and votes.get((judge, str(event.get("of")))) in ended:
            late.add(name)
        elif plan is not None and plan.judge == judge and plan.step == "blind_ab":
            if kind == "finish":
                ended.add((judge, plan.round))
            elif kind == "reopen":
                ended.discard((judge, plan.round))
            elif kind == "vote":
                votes[name] = (judge, plan.round)
    return late


def _undone(
    events: Sequence[Judgement],
    plans: Mapping[str, JudgeRound],
    opened: Mapping[str, Judgement],
) -> set[tuple[str, str]]:
    """``(judge, event id)`` of what its judge has taken back in time."""
    if not any(judgement.event.get("kind") == "undo" for judgement in events):
        return set()
    about: dict[tuple[str, str], JudgeRound | None] = {}
    too_late = _after_the_end(events, plans)
    undone = set()
    for judgement in events:
        judge, event = judgement.judge, judgement.event
        of = (judge, str(event.get("of")))
        if event.get("kind") == "undo":
            plan = about.get(of)
            late = plan is not None and _late(plan, opened, judgement)
            if not late and (judge, str(event.get("id"))) not in too_late:
                undone.add(of)
        elif event.get("kind") in UNDOABLE:
            plan = about.get(of) if "of" in event else plans.get(str(event.get("plan")))
            about[judge, str(event.get("id"))] = plan
    return undone


def _plans(events: Sequence[Judgement], opened: Mapping[str, Judgement]) -> dict[str, JudgeRound]:
    """Plans by id; a judge's later plan for the same round is an alias of the first, unless
    it replaces that."""
    plans: dict[str, JudgeRound] = {}
    first: dict[tuple[str, str], JudgeRound] = {}
    for judgement in events:
        event = judgement.event
        if event.get("kind") == "plan":
            made = made_plan(judgement.judge, event)
            if made.plan in plans and plans[made.plan].judge != judgement.judge:
                continue
            known = first.setdefault((judgement.judge, made.round), made)
            if event.get("instead") and known is not made:
                plans = {name: plan for name, plan in plans.items() if plan is not known}
                known = first[judgement.judge, made.round] = made
            plans[made.plan] = known
        elif event.get("kind") == "more":
            plan = plans.get(str(event.get("plan")))
            own = plan is not None and plan.judge == judgement.judge
            if plan is not None and own and not _late(plan, opened, judgement):
                grow(plan, event)
    return plans


def _as_planned(
    events: Sequence[Judgement], plans: Mapping[str, JudgeRound]
) -> Iterator[Judgement]:
    """Votes and guesses with the sides of the plan that counts.

    A judge on two hosts may have planned a pair for one side here and the other there,
    before the journals met. A vote's side is that of its own plan, in its own journal."""
    lefts: dict[tuple[str, str, str], str] = {}
    for judgement in events:
        name = str(judgement.event.get("plan"))
        if judgement.event.get("kind") in ("plan", "more"):
            for pair in pairs_in(judgement.event):
                for journal in (judgement.journal, ""):
                    lefts.setdefault((journal, name, pair.pair), pair.left)
    planned = {(id(plan), one.pair): one for plan in plans.values() for one in plan.pairs}
    for judgement in events:
        event = judgement.event
        swapped = _SWAPPED.get(str(event.get("side"))) if "side" in event else None
        if swapped and event.get("kind") in ("vote", "guess"):
            name, token = str(event.get("plan")), str(event.get("pair"))
            counts = planned.get((id(plans.get(name)), token))
            if counts is not None:
                left = lefts.get((judgement.journal, name, token)) or lefts.get(("", name, token))
                if left == counts.right and left != counts.left:
                    judgement = replace(judgement, event={**event, "side": swapped})
        yield judgement


_SWAPPED = {"left": "right", "right": "left"}


def _take(
    found: Mapping[str, Round],
    plans: Mapping[str, JudgeRound],
    opened: Mapping[str, Judgement],
    judgement: Judgement,
) -> None:
    event = judgement.event
    kind = str(event.get("kind"))
    if kind == "close":
        _close(found, judgement)
        return
    plan = plans.get(str(event.get("plan"))) if kind != "strong" else _plan_of(plans, judgement)
    if plan is None or plan.judge != judgement.judge:
        return
    if opened and kind in MARKING and _late(plan, opened, judgement):
        return
    if kind != "more":
        advance(plan, event)


def _close(found: Mapping[str, Round], judgement: Judgement) -> None:
    one = found.get(str(judgement.event.get("round")))
    judge = one.judge(str(judgement.event.get("judge"))) if one is not None else None
    if judge is not None and not judge.finished:
        judge.closed_by = judgement.judge


def _plan_of(plans: Mapping[str, JudgeRound], judgement: Judgement) -> JudgeRound | None:
    of = str(judgement.event.get("of"))
    for plan in plans.values():
        if plan.judge == judgement.judge and any(of == mark.vote for mark in plan.marks.values()):
            return plan
    return None
