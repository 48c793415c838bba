"""What a session is made of. Names of models and sides stay in closures of whoever opens the
round: a session, and a screen that holds one, has nowhere to read them from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tui_eval.core.blinding import Answered, Repeats
from tui_eval.core.judgements import JudgeRound
from tui_eval.core.records import Completion, Sample


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers that are there at one moment; a session keeps texts and prompts of it."""

    texts: Mapping[str, Completion]
    """By completion id."""
    samples: Mapping[str, Sample]
    answered: tuple[Answered, ...] = ()
    """Planned prompts that both models have answered; read and forgotten."""
    items: tuple[str, ...] = ()
    """Completion ids of the planned prompts of a review."""
    left_out: int = 0
    """Planned prompts to which a model could give no answer."""
    before: tuple[str, ...] = ()
    """What this batch gives reason to say before the first judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One round, ready to be judged. ``read`` looks at the answers again; ``keep`` makes sure
    that what is judged is in facts."""

    id: str
    title: str
    seed: int
    planned: int
    before: tuple[str, ...]
    read: Callable[[], Batch]
    keep: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbRound(Material):
    """One comparison. ``decides`` answers "enough votes?"."""

    mode: str
    repeats: Repeats
    guesses: int
    decides: Callable[[Sequence[JudgeRound]], bool]
    samples: tuple[str, ...] = ()
    """Ids of the prompts; empty where a plan that is there is followed as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRound(Material):
    """One review."""

    blind: bool
    anchors: Mapping[str, tuple[str, str, str, str, str]] = field(default_factory=dict)
