"""What a journal from elsewhere may not bring into a workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_eval.core.judgements import UNDOABLE, Judgement, JudgeRound, Round, rounds, understood
from tui_eval.core.sign_offs import KIND as SIGNED
from tui_eval.core.sign_offs import sign_off_of
from tui_eval.errors import InputError, StoreError
from tui_eval.files.judging.base import KINDS
from tui_eval.store.files import Event
from tui_eval.store.journal import JournalView, being_written
from tui_eval.store.workspace import Workspace

HANDED_OUT = "packed"
"""What a ``view`` event says of a plan that is in somebody's bundle."""
_COUNTED = {"vote": "vote", "score": "score", "note": "note"}
_DECIDED = "decision"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A journal that could be read, and all that is here already."""

    path: Path
    found: JournalView
    views: Sequence[JournalView]
    here: JournalView | None
    """The copy of the same journal that is here."""

    def new(self) -> list[Event]:
        known = {event["id"] for view in self.views for event in view.events}
        return [event for event in self.found.events if event["id"] not in known]

    def judgements(self, *, arrived: bool) -> list[Judgement]:
        """The events here, with those that would come if ``arrived``."""
        known = [(view.judge, view.path.name, view.events) for view in self.views]
        if arrived:
            name = self.here.path.name if self.here is not None else str(self.path)
            known.append((self.found.judge, name, self.found.events))
        # Those kinds alone, as everybody folds them: others would shift what time it was.
        return [
            Judgement(judge, name, event)
            for judge, name, events in known
            for event in events
            if event["kind"] in KINDS
        ]

    def places(self) -> dict[tuple[str, str], str]:
        """The round of each plan, and of each event that says its plan: by judge and id."""
        events = self.judgements(arrived=True)
        places: dict[tuple[str, str], str] = {}
        for one in events:
            if one.event["kind"] == "plan":
                key = (one.judge, str(one.event.get("plan")))
                places.setdefault(key, str(one.event.get("round")))
        for one in events:
            plan = places.get((one.judge, str(one.event.get("plan"))))
            if plan is not None and one.event["kind"] in UNDOABLE:
                places[one.judge, str(one.event["id"])] = plan
        return places

    def judged(self, judge: str, events: Sequence[Event]) -> Iterator[tuple[str, Event]]:
        """Events that say something of a pair or item of one of ``judge``'s own plans, and
        those that take such back, each with its round."""
        places = self.places()
        for event in events:
            if event["kind"] in UNDOABLE or event["kind"] == "undo":
                about = event.get("of") if "of" in event else event.get("plan")
                place = places.get((judge, str(about)))
                if place is not None:
                    yield place, event


def check_sense(found: JournalView, path: Path) -> None:
    """Sealed lines can still hold anything: what no reader would use stays outside."""
    for line, event in enumerate(found.events, 1):
        signed = Judgement(found.judge, path.name, event)
        if not understood(event) or (event["kind"] == SIGNED and sign_off_of(signed) is None):
            raise InputError(
                f"{path}, line {line}: a {event['kind']} that can't be understood.",
                "It may be of a newer version: update tui-eval.",
            )


def check_copies(workspace: Workspace, arrival: Arrival) -> None:
    """Refuse what was judged in the name of somebody who judges the same round here, in a
    journal of their own: one person is at one place at a time."""
    found, others = arrival.found, [view for view in arrival.views if view is not arrival.here]
    owners = {
        str(event.get("plan")): view.judge
        for view in others
        for event in view.events
        if event["kind"] == "plan"
    }
    known = {event["id"]: event for view in others for event in view.events}
    for event in found.events:
        here = known.get(event["id"])
        if here is not None and here["sum"] != event["sum"]:
            raise _two_copies(arrival, f"its event {event['id']} says something else here")
        owner = owners.get(str(event.get("plan")), found.judge)
        if event["kind"] == "plan" and owner != found.judge:
            raise InputError(
                f"{arrival.path} holds a plan that is {owner}'s here, not {found.judge}'s.",
                "Each judge has a plan of their own: judge the bundle that bears your name.",
            )
    brought = {place for place, event in arrival.judged(found.judge, arrival.new())}
    ids = {event["id"] for event in found.events}
    for view in others:
        if view.judge != found.judge:
            continue
        elsewhere = [event for event in view.events if event["id"] not in ids]
        if brought & {place for place, _ in arrival.judged(view.judge, elsewhere)}:
            raise _two_copies(arrival, f"{view.path} has judgements of the same answers")
        if brought & _opened(view) and being_written(view.judge, workspace.layout):
            raise _two_copies(arrival, f"{found.judge} has opened the same answers here")


def _two_copies(arrival: Arrival, why: str) -> StoreError:
    return StoreError(
        f"{arrival.path} is in the name of {arrival.found.judge}, but {why}.",
        "Two copies were judged on separately. Keep the one that counts and move the other away.",
    )


def _opened(view: JournalView) -> set[str]:
    """Rounds that a journal has a plan for which is in no bundle."""
    packed = {
        event.get("plan")
        for event in view.events
        if event["kind"] == "view" and event.get("what") == HANDED_OUT
    }
    return {
        str(event.get("round"))
        for event in view.events
        if event["kind"] == "plan" and event.get("plan") not in packed
    }


def check_unblinding(arrival: Arrival) -> None:
    """Refuse to unblind what somebody here still judges, and whatever would change a result
    that is unblinded here: everybody may have seen by now who is who."""
    here = rounds(arrival.judgements(arrived=False))
    _check_nobody_judges(here, arrival.found)
    opened = {name for name, one in here.items() if one.unblinded_at}
    late = {place for place, event in _votes(arrival) if not _after_own(arrival, place)} & opened
    if not late:
        then = rounds(arrival.judgements(arrived=True))
        late = {name for name in opened if _result(here[name]) != _result(then[name])}
    if late:
        who = here[min(late)].unblinded_by
        raise InputError(
            f"This journal would change a comparison that {who} has unblinded here: what it "
            "says of those pairs was not here before, and may have been said with the sides "
            "known.",
            "Nothing was taken in. Journals are imported before unblinding; scores of a review "
            "that are in it can still be taken in as a sheet: tui-eval export sheet there, "
            "import here.",
        )


def _check_nobody_judges(here: Mapping[str, Round], found: JournalView) -> None:
    unblinds = [str(event.get("round")) for event in found.events if event["kind"] == "unblind"]
    for name in unblinds:
        if name in here and not here[name].unblinded_at:
            judging = [one.judge for one in here[name].begun if _still(one, found.judge)]
            if judging:
                raise InputError(
                    f"This journal unblinds a comparison that {', '.join(judging)} "
                    "here still judge.",
                    f"Finish first, or close a judge's part: tui-eval ab --close {judging[0]}",
                )


def _still(one: JudgeRound, judge: str) -> bool:
    return not one.ended and one.judge != judge


def _votes(arrival: Arrival) -> Iterator[tuple[str, Event]]:
    for place, event in arrival.judged(arrival.found.judge, arrival.new()):
        if event["kind"] == "vote":
            yield place, event


def _after_own(arrival: Arrival, round: str) -> bool:
    """Whether the copy that is here has unblinded the round: what it goes on with is later."""
    events = arrival.here.events if arrival.here is not None else ()
    return any(one["kind"] == "unblind" and str(one.get("round")) == round for one in events)


def _result(one: Round) -> object:
    """All of a comparison that a result is made of."""
    return (
        one.unblinded_at,
        one.unblinded_by,
        {
            judge.judge: (
                judge.plan,
                judge.ordinal,
                judge.mode,
                judge.planned,
                judge.pairs,
                judge.ended,
                {
                    mark.target: (mark.side, mark.strong, mark.flagged, mark.guess)
                    for mark in judge.marks.values()
                    if mark.side or mark.flagged or mark.guess
                },
            )
            for judge in one.judges
            if judge.begun
        },
    )


def taken_in(arrival: Arrival) -> str:
    """What came, in words; called before it is written."""
    found, new = arrival.found, arrival.new()
    if not new:
        return f"{found.judge}'s journal is here already, with all that is in this one."
    own = [event for _, event in arrival.judged(found.judge, new)]
    counts = Counter(_COUNTED[event["kind"]] for event in own if event["kind"] in _COUNTED)
    decisions = sum(event["kind"] == SIGNED for event in new)
    said = [event for event in new if event["kind"] in _COUNTED]
    foreign = len(said) - counts.total()
    if foreign and not counts:
        counts = Counter({_COUNTED[said[0]["kind"]]: 0})
    all_of_them = [*counts.items(), *([(_DECIDED, decisions)] if decisions else [])]
    told = ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in all_of_them)
    held = f" ({told})" if told else ""
    torn = " Its last line was cut off and is left out." if found.torn else ""
    told = f"{found.judge}'s journal: {len(new)} new events{held} taken in."
    return told + _foreign(found, foreign) + torn


def _foreign(found: JournalView, number: int) -> str:
    if not number:
        return ""
    one = number == 1
    return (
        f" {number} judgement{'' if one else 's'} in it {'is' if one else 'are'} not on a plan "
        f"of {found.judge}'s own and {'does' if one else 'do'} not count."
    )
