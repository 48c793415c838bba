"""Findings on answers that there are none of, and on rows that serve no item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tui_eval.core.reading import Severity
from tui_eval.core.steps.task_metrics_figures import Side
from tui_eval.core.steps.task_metrics_look import Looked
from tui_eval.core.steps.wording import count_text, share_text
from tui_eval.core.text import clean

MOST_MISSING = 0.5
"""Share of a model's answers above which what is left says nothing of the task."""
REASONS = 2


def missing(looked: Looked, limit: float) -> tuple[Severity, str, str] | None:
    """Severity, sentence and phrase; None where every item has both answers. Either model's
    count: items that base lacks are missing from the comparison all the same."""
    some = {side: _none(looked, side) for side in looked.sides}
    total = len(looked.task.items)
    most = max(looked.sides, key=lambda side: (len(some[side]), side == "tuned"))
    count = len(some[most])
    if not count:
        return None
    share = count / total
    severity: Severity = "caution" if share > limit else "note"
    if share > MOST_MISSING:
        severity = "not_enough"
    told = sorted(some.items(), reverse=True)
    text = ", ".join(
        f"{len(rows):,} of {looked.names[side]}'s {total:,}" for side, rows in told if rows
    )
    items = f"item{'' if total == 1 else 's'}"
    items += (
        " has no answer and is"
        if sum(map(len, some.values())) == 1
        else (" have no answer and are")
    )
    text += f" {items} in no figure ({_why(looked, some)})."
    if severity != "note":
        text += (
            " They are hardly missing at random: a model that gives none where an item is hard"
            " looks better than it is."
        )
    return severity, text, f"{share_text(share)} of {looked.names[most]} unanswered"


def mostly_missing(looked: Looked) -> bool:
    total = len(looked.task.items)
    return any(len(_none(looked, side)) > MOST_MISSING * total for side in looked.sides)


def _none(looked: Looked, side: Side) -> list[tuple[int, str]]:
    """Row and reason of each item whose answer could not be made or read."""
    found = []
    for item in looked.task.items:
        answer = looked.answers[side].get(item.sample.id)
        if answer is not None and answer.error:
            found.append((item.sample.row, answer.error))
    return found


def _why(looked: Looked, some: dict[Side, list[tuple[int, str]]]) -> str:
    told = []
    for side, rows in sorted(some.items(), reverse=True):
        for why, n in Counter(why for _, why in rows).most_common(REASONS):
            count = f" on {count_text(n, 'item')}" if n < len(rows) else ""
            told.append(
                f"{looked.names[side]}: {clean(why, limit=300)}{count}, first #{_first(rows, why)}"
            )
    return "; ".join(told)


def _first(rows: Sequence[tuple[int, str]], why: str) -> int:
    return next(row for row, one in rows if one == why)


def left_over(looked: Looked) -> str:
    """A sentence; empty where every row of the files serves an item."""
    return "; ".join(clean(one, limit=400) for one in looked.task.answer_notes)
