"""Words about a sample as a whole: its losses, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.figures import figure
from tui_eval.core.text import clean
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, width_of
from tui_eval.ui.widgets.token_data import Passage, Token


def losses_words(passage: Passage, tokens: Sequence[Token]) -> str:
    """``○ 1.42 → ● 2.97 nats/token, 34 scored``; of what was never scored, from its tokens."""
    base, tuned = passage.base, passage.tuned
    known = [(mark, loss) for mark, loss in (("○", base), ("●", tuned)) if loss is not None]
    failed = passage.error or next((loss.error for _, loss in known if loss.error), "")
    if failed:
        return clean(failed, limit=60)
    if known:
        means = [f"{mark} {figure(loss.mean)}" for mark, loss in known]
        last = known[-1][1]
        cut = f", {last.cut_tokens} of the prompt cut" if last.cut_tokens else ""
        return f"{spelled(' → ').join(means)} nats/token, {last.tokens} scored{cut}"
    scored = [token for token in tokens if token.scored]
    means = [
        f"{mark} {figure(mean)}"
        for mark, side in (("○", "base"), ("●", "tuned"))
        if (mean := _mean(scored, side)) is not None
    ]
    if not means:
        return ""
    count = sum(token.tokens for token in scored)
    return f"{spelled(' → ').join(means)} nats/token of {count}"


def _mean(tokens: Sequence[Token], side: str) -> float | None:
    """Nats per token; None where one is not known."""
    losses = [token.loss(side) for token in tokens]
    known = [loss for loss in losses if loss is not None]
    count = sum(token.tokens for token in tokens)
    return sum(known) / count if count and len(known) == len(losses) else None


def unknown(passage: Passage) -> str:
    """Why no token is told."""
    if "answer" in passage.wants:
        return "not looked at yet: a asks for it"
    if passage.scored:
        return "not scored yet: r on the step fills this in, a this one alone"
    return "as the row has it: rendered and scored once r was pressed on the step, or a here"


def ends(left: Line, right: str, width: int) -> Line:
    """A line with words at its right end, where both have room."""
    gap = width - width_of(left) - len(right)
    return [*left, (" " * gap, "text"), (right, "dim")] if gap > 1 else cropped(left, width)
