"""One event of a journal, and what it says of one judge's plan.

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
- ``finish``: ``plan``; votes of a comparison that come after it do not count
- ``reopen``: ``plan``, judging goes on after all, also where somebody closed it
- ``close``: ``round``, ``judge`` (whose judging is closed by the journal's owner, as if that
  judge had finished)
- ``unblind``: ``round``; votes that were cast later do not count

``signoff`` is of a candidate, not of a plan: see ``core.sign_offs``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tui_eval.core.judgement_records import (
    CRITERIA,
    MARKING,
    SIDES,
    UNDOABLE,
    JudgeRound,
    Mark,
    PlannedPair,
)


def made_plan(judge: str, event: Mapping[str, Any]) -> JudgeRound:
    made = JudgeRound(
        judge=judge,
        plan=str(event.get("plan", "")),
        round=str(event.get("round", "")),
        step="review" if event.get("step") == "review" else "blind_ab",
        seed=whole(event.get("seed")),
        planned=whole(event.get("planned")),
        ordinal=whole(event.get("ordinal")),
        mode=str(event.get("mode", "planned")),
        blind=bool(event.get("blind", True)),
    )
    grow(made, event)
    return made


def grow(plan: JudgeRound, event: Mapping[str, Any]) -> None:
    """What stands in a plan stays as it is: a pair that comes again, as two hosts may add
    it at once, keeps the sides that were seen first."""
    items = (item for item in _listed(event.get("items")) if isinstance(item, str))
    plan.items = tuple(dict.fromkeys((*plan.items, *items)))
    known = {pair.pair: pair for pair in plan.pairs}
    for pair in pairs_in(event):
        known.setdefault(pair.pair, pair)
    plan.pairs = tuple(known.values())


def pairs_in(event: Mapping[str, Any]) -> Iterator[PlannedPair]:
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
        and len(pairs) == sum(1 for _ in pairs_in(event))
    )


def _listed(value: Any) -> Sequence[Any]:
    """A journal may come from anywhere: what is no list holds nothing."""
    return value if isinstance(value, (list, tuple)) else ()


def whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def advance(plan: JudgeRound, event: Mapping[str, Any]) -> None:
    """Apply one further event of this plan's judge, as ``rounds`` would. An ``undo`` is none:
    it takes an event out, which only folding again can do. A vote in a comparison that this
    judge has ended counts no more, whatever time it gives."""
    kind = str(event.get("kind"))
    if kind == "vote" and plan.ended and plan.step == "blind_ab":
        return
    if kind == "finish":
        plan.finished = True
    elif kind == "reopen":
        plan.finished, plan.closed_by = False, ""
    elif kind == "more":
        grow(plan, event)
    elif kind in MARKING:
        _mark(plan, kind, event)


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
