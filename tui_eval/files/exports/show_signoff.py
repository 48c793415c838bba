"""The sign-off and the contradictions between steps, as ``show`` tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui_eval.core.sign_off_records import WORDS, Contradiction, Decided
from tui_eval.core.steps.sign_off import deploy_lacks, needs_text
from tui_eval.core.text import clean

_NAME, _NOTE = 80, 4_000
"""Characters of a text that a journal from elsewhere may hold; JSON has it whole."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What is to be said of one candidate beyond its steps."""

    decided: Decided = field(default_factory=Decided)
    contradictions: Sequence[Contradiction] = ()


def as_json(told: Verdicts) -> dict[str, Any]:
    """Under ``signoff``. ``missing``: what ``deploy`` lacks, a signed one too; empty where it is
    open. ``faults``: journals in which a newer decision may be hidden."""
    decided, last = told.decided, told.decided.last
    return {
        "decision": decided.decision,
        "by": last.by if last is not None else None,
        "at": last.at if last is not None else None,
        "missing": needs_text(decided.missing),
        "note": last.note if last is not None else None,
        "stale": decided.stale,
        "changed": list(decided.changed),
        "unseen": list(decided.unseen),
        "faults": list(decided.faults),
        "contradictions": [
            {"code": one.code, "text": one.text, "steps": list(one.steps)}
            for one in told.contradictions
        ],
    }


def as_text(told: Verdicts, marks: Mapping[str, str]) -> list[str]:
    decided, last = told.decided, told.decided.last
    lines = [f"  {marks['caution']} {clean(one.text)}" for one in told.contradictions]
    if lines:
        lines = ["Contradictions", *lines, ""]
    lacks = deploy_lacks(decided)
    doubts = decided.stale or decided.faults or lacks
    mark = marks["caution" if doubts else "good" if last is not None else "waiting"]
    words = WORDS[decided.decision]
    if lacks:
        words += f", but lacks {clean(lacks)}"
    if last is not None:
        words += f", signed by {clean(last.by, limit=_NAME)} at {clean(last.at, limit=_NAME)}"
    lines += ["Sign-off", f"{mark} {words}"]
    if last is not None and last.note:
        lines.append(f"  note: {clean(last.note, limit=_NOTE)}")
    lines += [f"  ! {text}" for text in doubt_texts(decided)]
    if decided.unseen:
        lines.append(f"  not on this machine: {clean(', '.join(decided.unseen))}")
    if last is None and decided.missing:
        lines.append(f"  deploy needs {needs_text(decided.missing)}")
    return lines


def doubt_texts(decided: Decided) -> list[str]:
    """Why the decision is not to be gone by as it stands, a line each."""
    found = [f"out of date: {clean(one)}" for one in decided.changed]
    return [*found, *(f"a newer decision may be hidden: {clean(one)}" for one in decided.faults)]
