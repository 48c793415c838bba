"""What a person decided about a candidate, and what that decision stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from tui_eval.core.text import content_id

Decision = Literal["deploy", "hold", "more_work", "none"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
WORDS: Mapping[Decision, str] = {
    "deploy": "deploy",
    "hold": "hold",
    "more_work": "more work",
    "none": "undecided",
}


def standing_key(standing: Mapping[str, str]) -> str:
    """Names a standing: fingerprints by what they are of (``tuned.weights``,
    ``base.adapter``, ``data.validation``, ``prompt``)."""
    return content_id(dict(sorted(standing.items())))


@dataclass(frozen=True, slots=True)
class SignOff:
    """One decision as it stands in a journal. Texts are exact, not cleaned. ``none`` withdraws
    the one before."""

    candidate: str
    decision: Decision
    by: str
    login: str
    at: str
    """ISO 8601 with its zone."""
    note: str = ""
    standing: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By step, ``verdict`` and ``summary`` as they were when it was signed."""
    journal: str = ""
    id: str = ""
    """Of the event."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Where the decision about one candidate stands now."""

    decision: Decision = "none"
    last: SignOff | None = None
    """The decision that counts; None before the first, or after a withdrawal."""
    missing: tuple[str, ...] = ()
    """What ``deploy`` still lacks, in words; empty where it is open."""
    changed: tuple[str, ...] = ()
    """What changed since it was signed (models, data, prompt), in words, or why a model can't be
    known here to be the one that was signed for."""
    earlier: tuple[SignOff, ...] = ()
    """Those before the last, newest first, withdrawals too."""
    unseen: tuple[str, ...] = ()
    """What is not on this machine, in words: models that count as they were last recorded, which
    is said, and data. A model that is not on record either is told in ``changed``."""
    faults: tuple[str, ...] = ()
    """Journals that can't be used whole, in words: a newer decision may lie in them."""

    @property
    def stale(self) -> bool:
        """Whether models or data changed since, as far as anybody can know."""
        return bool(self.changed)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two steps that don't agree, in one sentence."""

    code: str
    text: str
    steps: tuple[str, ...]
