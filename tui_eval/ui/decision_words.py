"""A decision in the words of the checklist and the sign-off screen."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.moments import day, minute
from tui_eval.core.sign_off_records import WORDS, Decided, SignOff
from tui_eval.core.steps.sign_off import NOT_UNBLINDED, deploy_lacks
from tui_eval.core.steps.wording import fitting
from tui_eval.core.text import clean

MARKS = {
    "deploy": ("✓", "good"),
    "hold": ("✗", "bad"),
    "more_work": ("!", "caution"),
    "none": ("·", "dim"),
}
"""A decision's sign and the palette's role."""
NAME = 16
"""Cells of a signer's name in a line."""


def signer(one: SignOff) -> str:
    return clean(one.by, limit=NAME)


def first_words(decided: Decided) -> tuple[tuple[str, ...], str]:
    """The checklist's first words, the longest first, with their role: the signer goes before
    the date, the decision and that it is out of date never go."""
    last = decided.last
    doubt = _doubt(decided)
    if last is None:
        if doubt:
            return (f"! undecided, {doubt}", "! undecided"), "caution!"
        return ("… undecided",), "accent!"
    sign, role = MARKS[last.decision]
    word, who, when = WORDS[last.decision], signer(last), day(last.at)
    tails = (f", signed by {who} {when}", f", {who} {when}", f", {when}", "")
    if doubt:
        return tuple(f"! {word}{tail}, {doubt}" for tail in tails), "caution!"
    return tuple(f"{sign} {word}{tail}" for tail in tails), f"{role}!"


def _doubt(decided: Decided) -> str:
    """Why the decision is not to be gone by as it stands, in few words; mostly nothing."""
    if decided.stale:
        return "out of date"
    if decided.faults:
        return "journals damaged"
    return "lacks evidence" if deploy_lacks(decided) else ""


def row_words(decided: Decided, known: bool) -> tuple[str, str, str, str]:
    """The checklist's line: sign, word, the role of both, and what is said beside them."""
    last = decided.last
    if last is None:
        if not known:
            return "…", "looking", "dim", ""
        if decided.faults:
            return "!", "open", "caution", _doubt(decided)
        return "·", "open", "dim", lacking(decided.missing)
    sign, role = MARKS[last.decision]
    who = f"{signer(last)}, {day(last.at)}"
    doubt = _doubt(decided)
    if doubt:
        sign, role, who = "!", "caution", f"{who}: {doubt}"
    return sign, WORDS[last.decision], role, who


def more_words(decided: Decided) -> str:
    """What a second line says of a decision; mostly nothing."""
    if decided.changed:
        return "; ".join(decided.changed)
    if decided.faults:
        return f"a newer decision may be hidden: {clean(decided.faults[0])}"
    if deploy_lacks(decided):
        return f"deploy, but lacks {', '.join(map(_brief, decided.missing))}"
    return f"not on this machine: {', '.join(decided.unseen)}" if decided.unseen else ""


def lacking(missing: Sequence[str], what: str = "deploy ", room: int = 43) -> str:
    """``deploy needs 8 more reviews, 10 votes, unblinding``; without its first word where that
    would not fit."""
    if not missing:
        return "ready to be decided: press D"
    told = ", ".join(map(_brief, missing))
    return fitting((f"{what}needs {told}", f"needs {told}"), room)


def _brief(one: str) -> str:
    if one == NOT_UNBLINDED:
        return "unblinding"
    return one.replace(" in the blind A/B", "").partition(" in the A/B")[0]


def told(one: SignOff) -> str:
    """An earlier decision in a line, without its note."""
    who = f"{signer(one)} ({clean(one.login, limit=NAME)})" if one.login else signer(one)
    word = "withdrawn" if one.decision == "none" else WORDS[one.decision]
    return f"{minute(one.at)}  {word}, {who}"
