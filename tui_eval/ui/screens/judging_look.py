"""What a judging screen knows of its session: read in one go, on the writer's thread.

A ``Look`` does not change afterwards, so the thread that draws never meets a session in the
middle of a write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from tui_eval.core.judgements import Mark
from tui_eval.core.session import JudgingSession, Standing
from tui_eval.errors import StoreError, TuiEvalError

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Look:
    """``token`` is what is on the screen, or None: all done, or waiting for answers."""

    token: str | None = None
    item: Any = None
    """``core.session.Pair`` or ``Item`` of the token."""
    mark: Mark = field(default_factory=lambda: Mark(""))
    standing: Standing = field(default_factory=lambda: Standing(0, 0))
    place: int = 0
    """The token's number in the judge's order, from 1."""
    here: int = 0
    """How many have their answers."""
    judged: int = 0
    """How many were judged by a key; a pair that is shown twice counts twice."""
    equal: int = 0
    """Pairs of equal answers: ties that nobody is shown."""
    twice: int = 0
    """Pairs that are shown a second time. Only their number is ever told: which they are
    would show in a count that stands still."""
    not_saved: int = 0
    tags: Mapping[str, int] = field(default_factory=dict)
    begun: bool = False
    finished: bool = False
    closed_by: str = ""
    unblinded: bool = False
    undoable: bool = False
    before: tuple[str, ...] = ()

    @property
    def counted(self) -> int:
        """What the first line and ``saved #n`` count: every showing, and equal pairs."""
        return self.judged + self.equal

    @property
    def all(self) -> int:
        return self.standing.planned + self.twice


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a recording: ``look`` is what the screen shows now."""

    look: Look
    advanced: bool = False
    failure: StoreError | None = None
    value: Any = None


def look_at(
    session: JudgingSession,
    token: str | None,
    fetch: Callable[[str], Any],
    known: tuple[str, Any] = ("", None),
) -> Look:
    """``known`` is the item on the screen: it is not fetched again."""
    state = session.state
    order = list(session.order)
    return Look(
        token=token,
        item=None if token is None else known[1] if known[0] == token else fetch(token),
        mark=Mark("") if token is None else copy(session.mark(token)),
        standing=session.standing,
        place=order.index(token) + 1 if token in order else 0,
        here=len(order),
        judged=sum(1 for token in order if session.mark(token).side)
        if state.pairs
        else session.standing.done,
        equal=sum(pair.identical for pair in state.pairs),
        twice=sum(bool(pair.repeat_of) for pair in state.pairs),
        not_saved=session.not_saved,
        tags=dict(session.tags()),
        begun=state.begun,
        finished=state.finished,
        closed_by=state.closed_by,
        unblinded=bool(getattr(session, "unblinded", False)),
        undoable=bool(state.history),
        before=() if state.begun else tuple(session.before()),
    )


def recorded(
    session: JudgingSession,
    work: Work,
    token: str | None,
    fetch: Callable[[str], Any],
    known: tuple[str, Any],
    *,
    advance: bool,
) -> Recorded:
    """Do ``work``; then look at the next one (``advance``), or at the same again. What
    could not be saved keeps its item on the screen."""
    try:
        value = work()
    except StoreError as failure:
        return Recorded(look_at(session, token, fetch, known), False, failure)
    shown = session.following(token or "") if advance else token
    return Recorded(look_at(session, shown, fetch, known), advance, None, value)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, and how it had stood."""

    token: str
    kind: str
    before: Mark


def undo(session: JudgingSession) -> Undone | None:
    history = session.state.history
    before = copy(session.mark(history[-1][2])) if history else Mark("")
    taken = session.undo()
    return None if taken is None else Undone(taken[0], taken[1], before)


def told(error: TuiEvalError) -> str:
    return f"{error.message} {error.remedy}".strip()
