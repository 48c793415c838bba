"""Judges for a workspace whose answers are there: reviews and votes through the sessions
that people judge in, so that what they leave is what a person leaves."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

from tui_eval import config as settings
from tui_eval.core.judgements import CRITERIA, Side
from tui_eval.core.session import Pair
from tui_eval.files.judging import open_ab, open_review
from tui_eval.store.workspace import Workspace


def review(folder: Path, candidate: str = "tuned", judge: str = "ana", least: int = 1) -> int:
    """Score every answer that is ready by its likeness to the reference; how many."""
    workspace = _opened(folder)
    session = open_review(workspace, settings.load(folder / "eval.toml", files=False), candidate,
                          judge=judge)  # fmt: skip
    for token in tuple(session.order):
        item = session.item(token)
        alike = likeness(item.answer.text, item.reference or "")
        score = max(least, round(5 * alike))
        for place, criterion in enumerate(CRITERIA):
            session.score(token, criterion, min(5, score + place % 2))
        if alike < 0.5:
            session.note(token, "#wrong names another place than the question")
    session.close()
    workspace.close()
    return len(session.state.reviewed)


def compare(
    folder: Path,
    candidate: str = "tuned",
    judge: str = "ana",
    *,
    finish: bool = True,
    unblind: bool = False,
    most: int | None = None,
) -> int:
    """Vote for the answer that is more like the reference; how many votes."""
    workspace = _opened(folder)
    session = open_ab(workspace, settings.load(folder / "eval.toml", files=False), candidate,
                      judge=judge)  # fmt: skip
    voted = 0
    for token in tuple(session.order)[:most]:
        session.vote(token, preferred(session.pair(token)))
        voted += 1
    if finish:
        for place, token in enumerate(session.to_guess()):
            session.guess(token, "left" if place % 2 else "right")
        session.finish()
    if unblind:
        session.unblind()
    session.close()
    workspace.close()
    return voted


def preferred(pair: Pair) -> Side:
    left, right = (likeness(text, pair.reference or "") for text in (pair.left, pair.right))
    if abs(left - right) < 0.02:
        return "tie" if max(left, right) > 0.3 else "both_bad"
    return "left" if left > right else "right"


def likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:400], other[:400], autojunk=False).ratio()


def _opened(folder: Path) -> Workspace:
    workspace = Workspace.open(folder)
    workspace.catch_up()
    return workspace
