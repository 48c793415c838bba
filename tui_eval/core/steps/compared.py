"""Who was compared with whom: every blind A/B of a workspace, one row each.

Until a comparison is unblinded its row tells how far judging is, never a direction: the
figures are those of its Reading, which holds none before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui_eval.core.judgements import JudgeRound, Round
from tui_eval.core.reading import Column, Number, Reading, Table, finite
from tui_eval.core.steps import judging
from tui_eval.core.steps.wording import count_text, share_text
from tui_eval.core.text import clean

NAME_CELLS = 60
JUDGES = 2
"""Judges that a row names; of more it tells how many."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison as it stands. Names are exact, not cleaned; ``against`` is what the
    candidate is held against."""

    round: str
    candidate: str
    against: str
    standing: Round
    reading: Reading
    current: bool = True
    """Whether the answers are those that the models and settings of today give."""

    @property
    def unblinded(self) -> bool:
        return bool(self.standing.unblinded_at)


def table(made: Sequence[Comparison]) -> Table:
    """``refs`` are the rounds' ids."""
    columns = (
        Column("candidate", "●"),
        Column("against", "○"),
        Column("verdict", ""),
        Column("win_rate", "● preferred", "percent", 1),
        Column("low", "low", "percent", 1),
        Column("high", "high", "percent", 1),
        Column("state", "judging"),
        Column("wins", "● won", "count", 0, spare=True),
        Column("losses", "○ won", "count", 0, spare=True),
        Column("ties", "tied", "count", 0, spare=True),
    )
    rows = tuple(
        (
            clean(one.candidate, limit=NAME_CELLS),
            clean(one.against, limit=NAME_CELLS),
            VERDICTS[one.reading.verdict] if one.unblinded else "",
            *_rate(one),
            state_text(one),
            *(_count(one, name) for name in ("wins", "losses", "ties")),
        )
        for one in made
    )
    refs = tuple(one.round for one in made)
    return Table("● against ○", columns, rows, refs, ("comparison",) * len(rows))


VERDICTS = {
    "good": "✓ good",
    "caution": "! caution",
    "bad": "✗ bad",
    "not_enough": "? not enough",
    "waiting": "… waiting",
}


def _count(one: Comparison, name: str) -> int | None:
    number = _number(one, name)
    value = finite(number.value) if number is not None else None
    return None if value is None else int(value)


def _rate(one: Comparison) -> tuple[float | None, float | None, float | None]:
    number = _number(one, "win_rate")
    if number is None:
        return None, None, None
    return finite(number.value), finite(number.low), finite(number.high)


def _number(one: Comparison, name: str) -> Number | None:
    """Nothing before the unblinding, whatever the Reading might hold."""
    return one.reading.numbers.get(name) if one.unblinded else None


def state_text(one: Comparison) -> str:
    """``unblinded by ana``, ``can be unblinded: ana 50``, ``ana 12 of 50``."""
    standing = one.standing
    earlier = "" if one.current else "earlier answers, "
    if standing.unblinded_at:
        judges = _judges(standing.begun)
        return f"{earlier}unblinded; {judges}" if judges else f"{earlier}unblinded"
    if not standing.begun:
        return f"{earlier}opened, no vote yet"
    if standing.all_ended:
        return f"{earlier}can be unblinded: {_judges(standing.begun)}"
    return f"{earlier}{_judges(standing.begun, unanswerable(one.reading))}"


def unanswerable(reading: Reading) -> int:
    """Planned prompts that will never have both answers."""
    number = reading.numbers.get("unanswerable")
    value = finite(number.value) if number is not None else None
    return int(value or 0)


def _judges(judges: Sequence[JudgeRound], without: int | None = None) -> str:
    """``ana 12 of 50, bo 3 of 50``, or how many there are; of how many without those
    ``without`` an answer."""
    if len(judges) > JUDGES:
        votes = sum(len(one.voted) for one in judges)
        return f"{count_text(len(judges), 'judge')}, {count_text(votes, 'vote')}"
    return ", ".join(
        f"{judging.judge_name(one.judge)} {len(one.voted)}"
        + ("" if without is None else f" of {one.planned - without}")
        for one in judges
    )


def judged_elsewhere(found: Iterable[Round], round: str) -> frozenset[str]:
    """Ids of the answers that somebody voted on in another comparison than ``round``."""
    return frozenset(
        id
        for one in found
        if one.step == "blind_ab" and one.id != round
        for judge in one.begun
        for pair in judge.pairs
        if judge.mark(pair.pair).side
        for id in (pair.left, pair.right)
    )


def said(made: Sequence[Comparison], alpha: float) -> tuple[str, ...]:
    """What goes with several results: how many looks were taken, and what doesn't follow."""
    opened = sum(one.unblinded for one in made)
    if opened < 2:
        return ()
    chance = min(1.0, opened * alpha)
    return (
        f"{opened} comparisons were unblinded. Each finds a preference that isn't there in at"
        f" most {share_text(alpha)} of cases; that any of the {opened} does, in up to"
        f" {share_text(chance)} (Bonferroni's bound).",
        "Who is preferred to whom is told only where the two were compared: wins over a third"
        " model are no ranking.",
    )


def between(
    made: Sequence[Comparison], one: str, other: str, order: Sequence[str]
) -> tuple[str, str]:
    """Candidate and what it is held against, of two models in any order: as they are compared
    already, or as ``eval.toml`` names them (``base`` is never the candidate)."""
    both = {one, other}
    for known in made:
        if known.current and {known.candidate, known.against} == both:
            return known.candidate, known.against
    places = {name: place for place, name in enumerate(order)}
    first, second = sorted(
        (one, other), key=lambda name: (name == "base", places.get(name, len(places)))
    )
    return first, second
