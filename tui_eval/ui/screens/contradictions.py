"""Every contradiction between steps, in words."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.checklist import CHECKLIST
from tui_eval.core.sign_off_records import Contradiction
from tui_eval.core.text import clean
from tui_eval.ui.screens.page import READ, WrappedPage, wrapped_items
from tui_eval.ui.widgets.rowlist import Item

NONE = (
    "None so far: no two steps that are done say opposite things.",
    "Looked at are figures whose interval or test settles them; the A/B's once it is unblinded.",
)


class ContradictionsPage(WrappedPage):
    def __init__(self, found: Sequence[Contradiction]) -> None:
        super().__init__("steps that don't agree")
        self._found = found

    def made(self, width: int) -> list[Item]:
        room = min(width, READ)
        items: list[Item] = []
        for words in NONE if not self._found else ():
            items += wrapped_items(words, room)
        titles = {entry.key: f"{n} {entry.title}" for n, entry in enumerate(CHECKLIST, 1)}
        for one in self._found:
            items += [Item([])] if items else []
            items += wrapped_items(clean(one.text), room)
            steps = ", ".join(titles.get(step, step) for step in one.steps)
            items.append(Item([(f"  {clean(steps)}", "dim")]))
        return items
