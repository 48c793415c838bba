"""The way out of a comparison that no session opens any more: its files, models or settings
are gone, and until somebody unblinds it, what it asks is kept back."""

from __future__ import annotations

from tui_eval.core.judgements import Round, rounds
from tui_eval.core.open_comparison import open_rounds
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.judging.base import KINDS
from tui_eval.store.workspace import Workspace


def end_comparison(workspace: Workspace, judge: str, name: str) -> str:
    """Close every part of the round that is still judged, then unblind it, as events with the
    ender's name. What was done, in words. InputError where no such comparison is open."""
    one = _found(workspace, name)
    going = [part.judge for part in one.judges if not part.ended]
    with workspace.journal(judge) as journal:
        for each in going:
            journal.append("close", round=one.id, judge=each)
        journal.append("unblind", round=one.id)
    closed = f" Closed before that: {', '.join(clean(one, limit=24) for one in going)}."
    return f"Comparison {clean(one.id, limit=40)} is unblinded.{closed if going else ''}"


def to_be_ended(workspace: Workspace, name: str) -> str:
    """What ending it would do, in words. InputError where no such comparison is open."""
    one = _found(workspace, name)
    far = ", ".join(
        f"{clean(part.judge, limit=24)} {len(part.voted)} of {part.planned}" for part in one.judges
    )
    return f"Comparison {clean(one.id, limit=40)} ({far}) will be closed and unblinded."


def _found(workspace: Workspace, name: str) -> Round:
    events = workspace.judgements(KINDS)
    known = rounds(events).get(name)
    if known is not None and known.unblinded_at:
        raise InputError(f"Comparison {clean(name, limit=40)} is unblinded already.")
    still = {one.id: one for one in open_rounds(events)}
    if name not in still:
        names = ", ".join(clean(id, limit=40) for id in still)
        raise InputError(
            f"No blind comparison {clean(name, limit=40)} is open here.",
            f"Open: {names}" if names else "None is.",
        )
    return still[name]
