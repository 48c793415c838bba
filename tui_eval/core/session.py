"""What a judging screen is handed, and what it may ask for.

Blindness is a type: a pair is two texts and a token. Neither a model's name nor an id
that leads to one is in here, so no screen can show what it never held. The sessions of
``files.judging`` fulfil the protocols; ``--plain``, the screens and tests use the same ones.

Every method that records writes one event to the judge's journal and returns when it is on
the disk; it raises ``store.journal.NotSaved`` where that failed (the session counts the
judgement as made, ``not_saved`` tells how many wait). Screens call them on one thread of
their own, never on the UI's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tui_eval.core.judgements import JudgeRound, Mark, Side


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the prompt. ``calls`` are tool calls in readable words, one each."""

    role: str
    text: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """The last turn is what is answered; system and earlier turns are folded away."""

    turns: tuple[Turn, ...]
    category: str = ""
    tools: tuple[str, ...] = ()
    """Names of the tools that could be called."""

    @property
    def last(self) -> str:
        return self.turns[-1].text if self.turns else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``end`` in words: ended by itself, cut at the limit, empty, not known."""

    text: str
    thinking: str = ""
    end: str = ""
    words: int = 0
    calls: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """What A/B shows of one pair: no length but what is seen, no end, no thinking (it
    opens after the vote, by ``AbSession.thinking``)."""

    token: str
    prompt: Prompt
    left: str
    right: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What review shows of one answer."""

    token: str
    prompt: Prompt
    answer: Answer
    reference: str | None = None
    number: int = 0
    """From 1, in the judge's order."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A judging screen's first line and its notes, without a direction."""

    done: int
    planned: int
    waiting: int = 0
    """Planned, but their answers are not here yet."""
    ties: int = 0
    flagged: int = 0
    pace: float | None = None
    """Median seconds for one of the last; None until known."""
    enough: bool | None = None
    """Enough votes to decide? Looked at every 5; None: not looked at yet."""
    others: tuple[tuple[str, int, bool], ...] = ()
    """Other judges: name, how many they have done, whether they have finished."""
    opened: tuple[str, ...] = ()
    """Those of them who have opened the comparison and not voted yet: nobody waits for them,
    but unblinding shuts them out."""


def shut_out(standing: Standing) -> str:
    """What to know before unblinding: who has opened these pairs and could not vote any
    more. Empty where there is nobody."""
    names = standing.opened
    if not names:
        return ""
    who = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    have = "has" if len(names) == 1 else "have"
    return f"{who} {have} opened these pairs and not voted yet, and can't once they are unblinded."


class JudgingSession(Protocol):
    judge: str
    title: str
    """What is judged, in words that name no model where judging is blind."""

    @property
    def state(self) -> JudgeRound: ...

    @property
    def standing(self) -> Standing: ...

    @property
    def order(self) -> Sequence[str]:
        """Tokens in the order of judging, those that are shown (identical pairs are not)."""

    @property
    def not_saved(self) -> int: ...

    def before(self) -> Sequence[str]:
        """Sentences to be read before the first judgement: what N can show, cut answers."""

    def refresh(self) -> bool:
        """Read what came in: answers, other judges. True if something changed."""

    def following(self, after: str = "") -> str | None:
        """The next to judge: those not looked at in order, then the skipped; None: done or
        waiting for answers (``standing.waiting``)."""

    def mark(self, token: str) -> Mark: ...

    def skip(self, token: str) -> None: ...

    def flag(self, token: str, on: bool) -> None: ...

    def note(self, token: str, text: str) -> None: ...

    def view(self, token: str, what: str) -> None:
        """Log a look at ``reference``, ``thinking``, ``prompt``, ``diff``, ``rendered`` or
        ``tokens``."""

    def undo(self) -> tuple[str, str] | None:
        """Take back the newest effective event: ``(token, kind)``, or None if there is none."""

    def tags(self) -> Mapping[str, int]:
        """``#tags`` of this judge's notes with how often each was used."""

    def retry(self) -> int:
        """Try to write again what could not be saved; how many were."""

    def close(self) -> None: ...


class ReviewSession(JudgingSession, Protocol):
    blind: bool
    anchors: Mapping[str, tuple[str, str, str, str, str]]
    """By criterion, what levels 1 to 5 mean."""

    def item(self, token: str) -> Item: ...

    def score(self, token: str, criterion: str, value: int | None, **seen: Any) -> None:
        """1 to 5, 0 for not applicable, None to clear."""


class AbSession(JudgingSession, Protocol):
    mode: str

    def pair(self, token: str) -> Pair: ...

    def vote(self, token: str, side: Side, **seen: Any) -> None: ...

    def strong(self, token: str) -> None:
        """The vote on this pair was clear."""

    def thinking(self, token: str) -> tuple[str, str]:
        """Left and right; only after the vote, empty before."""

    def to_guess(self) -> Sequence[str]:
        """Pairs that this judge tied and may guess at, at most ten."""

    def guess(self, token: str, side: str) -> None:
        """``left`` or ``right`` is believed to be the candidate's."""

    def finish(self) -> None: ...

    def reopen(self) -> None: ...

    def close_judge(self, judge: str) -> None:
        """Close another judge's part; kept as an event with this judge's name."""

    def may_unblind(self) -> str:
        """Empty if unblinding is open, else why it is not yet. Judges who have voted are
        waited for; of those who have only opened the pairs, ``shut_out`` tells."""

    def unblind(self) -> None: ...

    @property
    def unblinded(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a screen says about how a pair was looked at; goes into the vote's event."""

    ms: int = 0
    left: float = 1.0
    """Fraction of the answer's lines that were on the screen."""
    right: float = 1.0
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Terminal size, zoom, diff, rendered."""
