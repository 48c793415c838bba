"""The sign-off and the contradictions between steps, as ``show`` tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui_eval.core.sign_off_records import WORDS, Contradiction, Decided
from tui_eval.core.steps.sign_off import needs_text
from tui_eval.core.text import clean


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What is to be said of one candidate beyond its steps."""

    decided: Decided = field(default_factory=Decided)
    contradictions: Sequence[Contradiction] = ()


def as_json(told: Verdicts) -> dict[str, Any]:
    """Under ``signoff``. ``missing``: what ``deploy`` lacks; empty where it is open."""
    decided, last = told.decided, told.decided.last
    return {
        "decision": decided.decision,
        "by": last.by if last is not None else None,
        "at": last.at if last is not None else None,
        "missing": needs_text(decided.missing),
        "note": last.note if last is not None else None,
        "stale": decided.stale,
        "changed": list(decided.changed),
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
    mark = marks["good" if last is not None and not decided.stale else "waiting"]
    words = WORDS[decided.decision]
    if last is not None:
        words += f", signed by {clean(last.by)} at {clean(last.at)}"
    lines += ["Sign-off", f"{mark} {words}"]
    if last is not None and last.note:
        lines.append(f"  note: {clean(last.note)}")
    lines += [f"  ! out of date: {clean(one)}" for one in decided.changed]
    if last is None and decided.missing:
        lines.append(f"  deploy needs {needs_text(decided.missing)}")
    return lines
