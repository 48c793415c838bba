"""``i``: how the numbers of a step were computed."""

from __future__ import annotations

from tui_eval.checklist import StepEntry
from tui_eval.core.reading import Reading
from tui_eval.ui.screens.page import WrappedPage, paragraphs
from tui_eval.ui.widgets.rowlist import Item, item


class HowPage(WrappedPage):
    def __init__(self, entry: StepEntry, reading: Reading | None) -> None:
        super().__init__(f"how {entry.title.lower()} was computed")
        self._reading = reading

    def made(self, width: int) -> list[Item]:
        return how_items(self._reading, width)


def how_items(reading: Reading | None, width: int) -> list[Item]:
    if reading is None or not reading.how:
        return [item(("There is nothing computed here yet.", "dim"))]
    return paragraphs(reading.how, width)
