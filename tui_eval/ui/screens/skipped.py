"""Rows of the data files that could not be used, each with its line and reason."""

from __future__ import annotations

from pathlib import PurePath

from tui_eval.core.text import clean
from tui_eval.ui.scene import About
from tui_eval.ui.screens.page import Page
from tui_eval.ui.widgets.rowlist import Item, item


class SkippedPage(Page):
    def __init__(self, about: About) -> None:
        super().__init__("rows that were skipped", skipped_items(about))


def skipped_items(about: About) -> list[Item]:
    if not about.skipped:
        return [item(("Every row of the data files can be used.", "dim"))]
    listed = [
        item(
            (f"{clean(PurePath(row.source).name)} line {row.row:<8}", "dim"),
            (clean(row.reason, limit=300), "text"),
        )
        for row in about.skipped
    ]
    more = about.skipped_rows - len(about.skipped)
    return [*listed, item((f"and {more:,} more", "dim"))] if more > 0 else listed
