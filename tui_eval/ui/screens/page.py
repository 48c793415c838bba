"""A page of lines over the frame: help, log, how it was computed, settings, skipped rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from tui_eval.core.text import clean
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rowlist import Item, RowList
from tui_eval.ui.widgets.rows import wrapped

if TYPE_CHECKING:
    from textual.widgets import Input


MARGINS = 4
"""Cells of a page's width that the cursor's mark and the right edge take."""
READ = 96
"""Cells that paragraphs grow to."""


class Title(Drawn):
    """A page's first line: what it is, and at the right how much of it."""

    DEFAULT_CSS = "Title { height: 2; }"

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words
        self._right = ""

    def show(self, words: str, right: str = "") -> None:
        self._words, self._right = words, right
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        left = clean(self._words, limit=width)
        gap = " " * max(2, width - 2 - len(left) - len(self._right))
        return [[(f" {left}", "text!"), (gap, "text"), (self._right, "dim")]]


class Page(Plain):
    """``esc`` closes it. ``/`` shows only the lines that hold some words."""

    is_page = True
    footer = ("back", "page_down", "first", "filter", "copy", "help", "leave")

    def __init__(self, title: str, items: Sequence[Item] = ()) -> None:
        super().__init__()
        self._title = title
        self._items = list(items)

    def content(self) -> ComposeResult:
        yield Title(self._title)
        yield RowList(self._items)

    def on_mount(self) -> None:
        self.query_one(RowList).focus()

    async def on_row_list_filter_asked(self) -> None:
        await self.type_filter()

    def on_input_changed(self, event: Input.Changed) -> None:
        found = self.query_one(RowList).narrow(event.value)
        self.query_one(Title).show(self._title, f"{found} lines" if event.value else "")

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self.query_one(RowList).focus()

    async def close_innermost(self) -> bool:
        """Close the filter if there is one; whether there was."""
        entries = self.query("LineInput")
        if not entries:
            return False
        await entries.remove()
        self.query_one(RowList).narrow("")
        self.query_one(Title).show(self._title)
        self.query_one(RowList).focus()
        return True


class WrappedPage(Page):
    """A page whose lines are made for its width, and again when that changes."""

    def made(self, width: int) -> list[Item]:
        """The page's lines in ``width`` cells."""
        raise NotImplementedError

    def on_resize(self) -> None:
        self.refill()

    def refill(self, *, last: bool = False) -> None:
        """Make the lines anew; what they are narrowed to stays."""
        rows = self.query_one(RowList)
        rows.fill(self.made(max(20, self.size.width - MARGINS)), last=last)
        for entry in self.query("LineInput"):
            words = getattr(entry, "value", "")
            if words:
                rows.narrow(words)


def paragraphs(texts: Sequence[str], width: int) -> list[Item]:
    """Cleaned and wrapped, with a blank line between."""
    items: list[Item] = []
    for text in texts:
        if items:
            items.append(Item([]))
        for part in clean(text, newlines=True).split("\n"):
            items += wrapped_items(part, min(width, READ))
    return items


def wrapped_items(text: str, width: int) -> list[Item]:
    """A clean line in pieces, the later ones indented; each is found and copied as the whole."""
    first, *more = wrapped(text, width - 2)
    plain = text.strip()
    return [
        Item([(first, "text")], "-", plain),
        *(Item([(f"  {piece}", "text")], "-", plain) for piece in more),
    ]
