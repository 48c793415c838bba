"""What people judged: the events of the journals, folded into who judged what.

Journals hold events (DESIGN section 5); nothing here knows which model wrote an answer.
``rounds`` is a pure function of the events: reading a journal twice, or copies of it,
changes nothing.

Events, besides the fields that every line has (``id``, ``seq``, ``at``, ``kind``):

- ``plan``: ``plan`` (its id), ``step`` (``review`` or ``blind_ab``), ``round``, ``seed``,
  ``planned`` (N), ``ordinal`` (the judge's place among the round's judges, from 0; its
  parity chooses the complement of sides), ``mode``, ``blind``, ``login``, and ``items``
  (completion ids in the order of judging) or ``pairs`` (each ``pair``, ``left``, ``right``,
  and ``repeat_of`` or ``identical`` where it is one). With ``instead`` it replaces the
  judge's earlier plan, under which nothing was judged: the settings were changed since
- ``more``: ``plan`` and further ``items`` or ``pairs``, for answers that came later
- ``score``: ``plan``, ``item``, ``criterion``, ``value`` (1-5; 0 not applicable; null clears)
- ``vote``: ``plan``, ``pair``, ``side`` (left, right, tie, both_bad); what else it holds
  (time on screen, fractions seen, what was looked at) is for the log
- ``strong``: ``of``, the vote that was clear
- ``note``: ``plan``, ``item`` or ``pair``, ``text``; ``flag``: the same with ``on``;
  ``skip``: the same alone; ``view``: the same with ``what``
- ``undo``: ``of``, an event that no longer counts
- ``guess``: ``plan``, ``pair``, ``side`` that is believed to be the fine-tuned model's
- ``finish``: ``plan``; ``reopen``: ``plan``, judging goes on after all, also where somebody
  closed it
- ``close``: ``round``, ``judge`` (whose judging is closed by the journal's owner)
- ``unblind``: ``round``; votes that were cast later do not count
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Step = Literal["review", "blind_ab"]
Side = Literal["left", "right", "tie", "both_bad"]
SIDES: tuple[Side, ...] = ("left", "right", "tie", "both_bad")
CRITERIA = ("accuracy", "relevance", "fluency", "format")
UNDOABLE = frozenset({"score", "vote", "strong", "note", "flag", "skip", "guess"})
"""Kinds that ``undo`` may take back, the newest first."""
_MARKING = UNDOABLE | {"view"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One event and whose it is. ``judge`` is the true name in the journal's first line."""

    judge: str
    journal: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedPair:
    """Two completion ids as this judge sees them. A repeat is a pair of its own."""

    pair: str
    left: str
    right: str
    repeat_of: str = ""
    identical: bool = False
    """Equal answers: a tie by itself, never shown."""


@dataclass(slots=True)
class Mark:
    """What one judge has said of one item or pair, as it stands after all undoing."""

    target: str
    scores: dict[str, int] = field(default_factory=dict)
    """By criterion; 0 stands for not applicable."""
    side: Side | None = None
    vote: str = ""
    """The id of the vote that counts."""
    strong: bool = False
    note: str = ""
    flagged: bool = False
    skipped: int = 0
    """How often it was put to the end of the queue."""
    guess: Literal["left", "right"] | None = None
    views: tuple[str, ...] = ()
    """What was looked at: reference, thinking, prompt, diff, rendered."""
    at: str = ""
    """When it was scored or voted on last."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """The counting vote's or last score's other fields (``ms``, ``seen``)."""

    @property
    def scored(self) -> bool:
        """Every criterion has a score or is not applicable."""
        return all(name in self.scores for name in CRITERIA)


@dataclass(slots=True)
class JudgeRound:
    """One judge's part of a round. ``marks`` are by item or pair."""

    judge: str
    plan: str
    round: str
    step: Step
    seed: int = 0
    planned: int = 0
    ordinal: int = 0
    mode: str = "planned"
    blind: bool = True
    items: tuple[str, ...] = ()
    pairs: tuple[PlannedPair, ...] = ()
    marks: dict[str, Mark] = field(default_factory=dict)
    history: list[tuple[str, str, str]] = field(default_factory=list)
    """``(event id, kind, target)`` of what could be undone, oldest first."""
    order: dict[str, None] = field(default_factory=dict)
    """Targets in the order in which they were last scored or voted on."""
    finished: bool = False
    closed_by: str = ""

    def mark(self, target: str) -> Mark:
        return self.marks.get(target) or Mark(target)

    @property
    def begun(self) -> bool:
        """Whether there is a score or vote of this judge."""
        return any(mark.side or mark.scores for mark in self.marks.values())

    @property
    def ended(self) -> bool:
        return self.finished or bool(self.closed_by)

    @property
    def voted(self) -> tuple[str, ...]:
        """Pairs that count as judged: voted on, or identical; repeats are not among them."""
        return tuple(
            one.pair
            for one in self.pairs
            if not one.repeat_of and (one.identical or self.mark(one.pair).side)
        )

    @property
    def reviewed(self) -> tuple[str, ...]:
        return tuple(item for item in self.items if self.mark(item).scored)


@dataclass(slots=True)
class Round:
    """All judges of one review or comparison, by their place."""

    id: str
    step: Step
    judges: tuple[JudgeRound, ...] = ()
    unblinded_at: str = ""
    unblinded_by: str = ""

    def judge(self, name: str) -> JudgeRound | None:
        return next((one for one in self.judges if one.judge == name), None)

    @property
    def begun(self) -> tuple[JudgeRound, ...]:
        return tuple(one for one in self.judges if one.begun)

    @property
    def all_ended(self) -> bool:
        """Whether unblinding is open: somebody judged, and nobody who has begun still does."""
        return bool(self.begun) and all(one.ended for one in self.begun)


def rounds(judgements: Iterable[Judgement]) -> dict[str, Round]:
    """Every round that there is a plan for, by id.

    A judge has one plan a round: the oldest of their journals' (a second host's journal of
    the same judge goes on with it). Votes later than the unblinding are left out, and so
    are pairs that were planned and judgements that were taken back after it.
    """
    events = _once(judgements)
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
        if (judgement.judge, str(judgement.event.get("id"))) not in undone:
            _take(found, plans, opened, judgement)
    for each in found.values():
        each.judges = tuple(sorted(each.judges, key=lambda judge: (judge.ordinal, judge.judge)))
    return found


def _once(judgements: Iterable[Judgement]) -> list[Judgement]:
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
        said = str(judgement.event.get("at", ""))
        at = max(said, latest.get(judgement.journal, ""))
        latest[judgement.journal] = at
        if at != said:
            judgement = replace(judgement, event={**judgement.event, "at": at})
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
        return _whole(judgement.event["seq"]) > _whole(closing.event.get("seq"))
    return str(judgement.event.get("at", "")) > str(closing.event.get("at", ""))


def _undone(
    events: Sequence[Judgement],
    plans: Mapping[str, JudgeRound],
    opened: Mapping[str, Judgement],
) -> set[tuple[str, str]]:
    """``(judge, event id)`` of what its judge has taken back in time."""
    about: dict[tuple[str, str], JudgeRound | None] = {}
    undone = set()
    for judgement in events:
        judge, event = judgement.judge, judgement.event
        of = (judge, str(event.get("of")))
        if event.get("kind") == "undo":
            plan = about.get(of)
            if plan is None or not _late(plan, opened, judgement):
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
            made = _plan(judgement.judge, event)
            known = first.setdefault((judgement.judge, made.round), made)
            if event.get("instead") and known is not made:
                plans = {name: plan for name, plan in plans.items() if plan is not known}
                known = first[judgement.judge, made.round] = made
            plans[made.plan] = known
        elif event.get("kind") == "more":
            plan = plans.get(str(event.get("plan")))
            own = plan is not None and plan.judge == judgement.judge
            if plan is not None and own and not _late(plan, opened, judgement):
                _grow(plan, event)
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
            for pair in _pairs(judgement.event):
                for journal in (judgement.journal, ""):
                    lefts.setdefault((journal, name, pair.pair), pair.left)
    planned = {(id(plan), one.pair): one for plan in plans.values() for one in plan.pairs}
    for judgement in events:
        event = judgement.event
        name, token = str(event.get("plan")), str(event.get("pair"))
        counts = planned.get((id(plans.get(name)), token))
        swapped = {"left": "right", "right": "left"}.get(str(event.get("side")))
        if event.get("kind") in ("vote", "guess") and counts is not None and swapped:
            left = lefts.get((judgement.journal, name, token)) or lefts.get(("", name, token))
            if left == counts.right and left != counts.left:
                judgement = replace(judgement, event={**event, "side": swapped})
        yield judgement


def _plan(judge: str, event: Mapping[str, Any]) -> JudgeRound:
    made = JudgeRound(
        judge=judge,
        plan=str(event.get("plan", "")),
        round=str(event.get("round", "")),
        step="review" if event.get("step") == "review" else "blind_ab",
        seed=_whole(event.get("seed")),
        planned=_whole(event.get("planned")),
        ordinal=_whole(event.get("ordinal")),
        mode=str(event.get("mode", "planned")),
        blind=bool(event.get("blind", True)),
    )
    _grow(made, event)
    return made


def _grow(plan: JudgeRound, event: Mapping[str, Any]) -> None:
    """What stands in a plan stays as it is: a pair that comes again, as two hosts may add
    it at once, keeps the sides that were seen first."""
    items = (item for item in _listed(event.get("items")) if isinstance(item, str))
    plan.items = tuple(dict.fromkeys((*plan.items, *items)))
    known = {pair.pair: pair for pair in plan.pairs}
    for pair in _pairs(event):
        known.setdefault(pair.pair, pair)
    plan.pairs = tuple(known.values())


def _pairs(event: Mapping[str, Any]) -> Iterator[PlannedPair]:
    for pair in _listed(event.get("pairs")):
        if isinstance(pair, Mapping) and pair.keys() >= {"pair", "left", "right"}:
            yield PlannedPair(
                str(pair["pair"]),
                str(pair["left"]),
                str(pair["right"]),
                str(pair.get("repeat_of", "")),
                bool(pair.get("identical", False)),
            )


def understood(event: Mapping[str, Any]) -> bool:
    """Whether a plan holds what plans hold. The fold passes over anything else; whoever takes
    a journal in from elsewhere need not."""
    if event.get("kind") not in ("plan", "more"):
        return True
    numbers = [event.get(name, 0) for name in ("seed", "planned", "ordinal")]
    items, pairs = event.get("items", []), event.get("pairs", [])
    return (
        all(isinstance(number, int) for number in numbers)
        and isinstance(items, list)
        and all(isinstance(item, str) for item in items)
        and isinstance(pairs, list)
        and len(pairs) == sum(1 for _ in _pairs(event))
    )


def _listed(value: Any) -> Sequence[Any]:
    """A journal may come from anywhere: what is no list holds nothing."""
    return value if isinstance(value, (list, tuple)) else ()


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


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
    if kind in _MARKING and _late(plan, opened, judgement):
        return
    if kind != "more":
        advance(plan, event)


def advance(plan: JudgeRound, event: Mapping[str, Any]) -> None:
    """Apply one further event of this plan's judge, as ``rounds`` would. An ``undo`` is none:
    it takes an event out, which only folding again can do."""
    kind = str(event.get("kind"))
    if kind == "finish":
        plan.finished = True
    elif kind == "reopen":
        plan.finished, plan.closed_by = False, ""
    elif kind == "more":
        _grow(plan, event)
    elif kind in _MARKING:
        _mark(plan, kind, event)


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


def _mark(plan: JudgeRound, kind: str, event: Mapping[str, Any]) -> None:
    name = str(event.get("id"))
    if kind == "strong":
        mark = next((m for m in plan.marks.values() if m.vote == event.get("of")), None)
        if mark is not None:
            mark.strong = True
            plan.history.append((name, kind, mark.target))
        return
    target = str(event.get("item") or event.get("pair") or "")
    mark = plan.marks.setdefault(target, Mark(target))
    if not _apply(mark, kind, event):
        return
    if kind in UNDOABLE:
        plan.history.append((name, kind, target))
    if kind in ("score", "vote"):
        mark.at = str(event.get("at", ""))
        plan.order.pop(target, None)
        plan.order[target] = None


def _apply(mark: Mark, kind: str, event: Mapping[str, Any]) -> bool:
    """Whether the event says something that is understood."""
    if kind == "score":
        return _score(mark, event)
    if kind == "vote":
        if event.get("side") not in SIDES:
            return False
        mark.side, mark.vote, mark.strong = event["side"], str(event.get("id")), False
        mark.detail = event
    elif kind == "note":
        mark.note = str(event.get("text", ""))
    elif kind == "flag":
        mark.flagged = bool(event.get("on", True))
    elif kind == "skip":
        mark.skipped += 1
    elif kind == "view":
        what = str(event.get("what", ""))
        mark.views += (what,) if what not in mark.views else ()
    elif kind == "guess" and event.get("side") in ("left", "right"):
        mark.guess = event["side"]
    else:
        return False
    return True


def _score(mark: Mark, event: Mapping[str, Any]) -> bool:
    criterion, value = event.get("criterion"), event.get("value")
    if criterion not in CRITERIA:
        return False
    if value is None:
        mark.scores.pop(str(criterion), None)
    elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 5:
        mark.scores[str(criterion)] = value
        mark.detail = event
    else:
        return False
    return True
