"""Who judged what, when, and in which files it stands. Nothing here tells a direction: how
often somebody voted, never for which."""

from __future__ import annotations

import hashlib
from typing import Any

from tui_eval.core.judgements import JudgeRound, Round
from tui_eval.files.evidence import JUDGED
from tui_eval.files.judging.recording import comparison_of
from tui_eval.store.journal import JournalView
from tui_eval.store.workspace import Workspace


def judges(workspace: Workspace) -> list[dict[str, Any]]:
    """A journal each; a judge on two hosts has two."""
    return [_journal(one) for one in workspace.journals()]


def _journal(view: JournalView) -> dict[str, Any]:
    times = [str(event.get("at", "")) for event in view.events]
    try:
        with view.path.open("rb") as file:
            content: str | None = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        content = None
    header = view.events[0] if view.events else {}
    return {
        "judge": view.judge,
        "login": str(header.get("login", "")),
        "host": view.host,
        "file": view.path.name,
        "sha256": content,
        "events": len(view.events),
        "last_checksum": str(view.events[-1].get("sum", "")) if view.events else "",
        "first_at": min(times, default=None),
        "last_at": max(times, default=None),
        "fault": view.fault or None,
    }


def rounds_of(workspace: Workspace) -> list[dict[str, Any]]:
    """Reviews and comparisons with their judges. An open comparison tells no seeds: sides
    follow from them."""
    found = workspace.judgements(JUDGED).rounds()
    return [_round(workspace, one) for one in found if one.judges]


def _round(workspace: Workspace, one: Round) -> dict[str, Any]:
    what = comparison_of(workspace, one.id)
    told = one.step == "review" or bool(one.unblinded_at)
    return {
        "round": one.id,
        "step": one.step,
        "models": list(what.models) if what is not None else [],
        "sources": [source for source in what.sources if source] if what is not None else [],
        "unblinded_at": one.unblinded_at or None,
        "unblinded_by": one.unblinded_by or None,
        "judges": [_judge(judge, told) for judge in one.judges],
    }


def _judge(judge: JudgeRound, told: bool) -> dict[str, Any]:
    times = [mark.at for mark in judge.marks.values() if mark.at]
    done = judge.reviewed if judge.step == "review" else judge.voted
    return {
        "judge": judge.judge,
        "mode": judge.mode if judge.step == "blind_ab" else None,
        "planned": judge.planned,
        "done": len(done),
        "flagged": sum(mark.flagged for mark in judge.marks.values()),
        "notes": sum(bool(mark.note) for mark in judge.marks.values()),
        "finished": judge.finished,
        "closed_by": judge.closed_by or None,
        "seed": judge.seed if told else None,
        "first_at": min(times, default=None),
        "last_at": max(times, default=None),
    }
