"""What is known of a judge, a round and everything that was said in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Step = Literal["review", "blind_ab"]
Side = Literal["left", "right", "tie", "both_bad"]
SIDES: tuple[Side, ...] = ("left", "right", "tie", "both_bad")
CRITERIA = ("accuracy", "relevance", "fluency", "format")
UNDOABLE = frozenset({"score", "vote", "strong", "note", "flag", "skip", "guess"})
"""Kinds that ``undo`` may take back, the newest first."""
MARKING = UNDOABLE | {"view"}
"""Kinds that say something of one item or pair."""


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
