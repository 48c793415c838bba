"""Which items of a task a row or a cell of step 6 opens."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from tui_eval.core.text import clean

MATRIX = "confusion_"
"""Begins the key of a confusion matrix; the task's name follows."""
OPENS = "items"
"""``core.reading.Table.opens`` of a row that leads to several items; its ref is ``Chosen.ref``."""
OPENS_ONE = "item"
"""Of a row that leads to one: its ref is the sample's id, and the task follows a colon."""
UNPARSED_NAME = "(unparsed)"
NO_CATEGORY = "(none)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some items of a task: all of them, or those of a category, of a true label, of a cell of
    the confusion matrix (``true`` with ``said``, empty for unparsed), or wrong for a reason."""

    task: str
    metric: str = ""
    """By whose difference they are ordered; empty: the first."""
    category: str | None = None
    true: str | None = None
    said: str | None = None
    side: Literal["base", "tuned"] = "tuned"
    """Whose answers ``said`` is about."""
    reason: str = ""

    @property
    def ref(self) -> str:
        empty = asdict(Chosen(""))
        return json.dumps({k: value for k, value in asdict(self).items() if value != empty[k]})

    @classmethod
    def of(cls, ref: str) -> Chosen:
        return cls(**{"task": "", **json.loads(ref)})

    def words(self) -> str:
        """What they have in common; empty for all items."""
        if self.said is not None:
            who = {"base": "○ base", "tuned": "● tuned"}[self.side]
            return f"true {label_text(self.true or '')}, {who} answered {label_text(self.said)}"
        if self.true is not None:
            return f"true label {label_text(self.true)}"
        if self.category is not None:
            return f"category {clean(self.category, limit=40)}"
        return clean(self.reason, limit=60)


def label_text(label: str) -> str:
    return clean(label, limit=40) if label else UNPARSED_NAME
