"""A blind A/B that is in the journals and not unblinded, with what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui_eval.core.judged import Judged
from tui_eval.core.judgements import Judgement, Round
from tui_eval.core.records import Sample


@dataclass(frozen=True, slots=True)
class AskedBlind:
    """One prompt and the texts of the answers to it that are compared."""

    sample: Sample
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenComparison:
    """One such comparison, whichever models, data and settings there are today."""

    round: str
    ids: frozenset[str]
    """Completion ids of everything that is planned."""
    asked: tuple[AskedBlind, ...] = ()
    """As recorded when it was planned."""
    rows: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """By a model of today whose file of answers is one of those compared: the rows compared."""
    judges: tuple[tuple[str, int, int], ...] = ()
    """Name, pairs judged, pairs planned."""
    fault: str = ""
    """What is wrong with a journal, where that is why nobody knows whether it is unblinded."""


def open_rounds(judgements: Sequence[Judgement]) -> tuple[Round, ...]:
    """Of every judge, begun or only planned; finished and closed ones too, for whoever has
    finished may reopen until somebody unblinds."""
    return Judged.of(judgements).open_comparisons()


def ever_planned(judgements: Sequence[Judgement]) -> Mapping[str, frozenset[str]]:
    """By blind A/B, the completion ids of every plan that stands in a journal: also of those that
    another one replaced, for whoever reads journals reads these too."""
    return Judged.of(judgements).ever_planned


def unblinded_rounds(judgements: Sequence[Judgement]) -> frozenset[str]:
    """Also of those whose plans can't be read."""
    return frozenset(
        str(one.event.get("round")) for one in judgements if one.event.get("kind") == "unblind"
    )


def planned_ids(one: Round) -> frozenset[str]:
    pairs = (pair for judge in one.judges for pair in judge.pairs)
    return frozenset(id for pair in pairs for id in (pair.left, pair.right))


def judged_so_far(one: Round) -> tuple[tuple[str, int, int], ...]:
    return tuple((judge.judge, len(judge.voted), judge.planned) for judge in one.judges)
