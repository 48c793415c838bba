"""A list of lines with a cursor: what help, logs, choices and settings are shown with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui_eval.ui import keys
from tui_eval.ui.widgets.drawn import Drawn, Line


@dataclass(frozen=True, slots=True)
class Item:
    """``line`` is drawn (its texts are clean), ``key`` is what a choice is called by;
    an item without one is a heading or blank, and the cursor passes over it."""

    line: Line
    key: str = ""
    plain: str = field(default="")

    @property
    def text(self) -> str:
        return self.plain or "".join(text for text, _ in self.line).strip()


def item(*runs: tuple[str, str], key: str = "-", plain: str = "") -> Item:
    return Item(list(runs), key, plain)


class RowList(Drawn, can_focus=True):
    """Scrolls by pages at its edges: moving inside a page repaints two lines."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("list")]
    DEFAULT_CSS = "RowList { width: 1fr; height: 1fr; }"

    class Moved(Message):
        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class FilterAsked(Message):
        """``/`` was pressed."""

    def __init__(self, items: Sequence[Item] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all = list(items)
        self._items = self._all
        self._at = self._nearest(0, 1)
        self._top = 0

    @property
    def current(self) -> Item | None:
        return self._items[self._at] if 0 <= self._at < len(self._items) else None

    def fill(self, items: Sequence[Item], *, at: str | None = None, last: bool = False) -> None:
        """New content; the cursor goes to the item called ``at``, to the end, or stays."""
        self._all = self._items = list(items)
        if last:
            self._at = self._nearest(len(self._items) - 1, -1)
        elif at is not None:
            found = [index for index, entry in enumerate(self._items) if entry.key == at]
            self._at = found[0] if found else self._nearest(0, 1)
        else:
            self._at = self._nearest(min(self._at, len(self._items) - 1), 1)
        self._follow()
        self.redraw()

    def narrow(self, words: str) -> int:
        """Show only items that hold all of ``words``; how many do."""
        wanted = words.casefold().split()
        self._items = [
            entry
            for entry in self._all
            if not wanted or (entry.key and all(w in entry.text.casefold() for w in wanted))
        ]
        self._top = 0
        self._at = self._nearest(0, 1)
        self.redraw()
        self._tell()
        return sum(bool(entry.key) for entry in self._items)

    def lines(self, width: int, height: int) -> list[Line]:
        self._follow()
        shown = self._items[self._top : self._top + height]
        lines = []
        for index, entry in enumerate(shown, self._top):
            mark = " ▸ " if index == self._at else "   "
            lines.append([(mark, "accent"), *entry.line])
        return lines

    def cursor_line(self) -> int | None:
        return self._at - self._top if self.current is not None else None

    def _nearest(self, index: int, step: int) -> int:
        """The first place of the cursor from ``index`` on, else the last before it."""
        size = len(self._items)
        index = min(max(index, 0), size - 1)
        ahead = range(index, size) if step > 0 else range(index, -1, -1)
        behind = range(index, -1, -1) if step > 0 else range(index, size)
        for place in chain(ahead, behind):
            if 0 <= place < size and self._items[place].key:
                return place
        return 0

    def _follow(self) -> None:
        height = self.size.height
        if not height:
            # Before its first layout nothing is above or below what is seen.
            return
        last = max(0, len(self._items) - height)
        if self._at < self._top:
            self._top = max(0, self._at - height + 1)
            if not any(entry.key for entry in self._items[: self._at]):
                self._top = 0
        elif self._at >= self._top + height:
            self._top = self._at
        self._top = min(self._top, last)

    def _move(self, by: int) -> None:
        step = 1 if by > 0 else -1
        before = self._at
        self._at = self._nearest(self._at + by, step)
        if self._at != before:
            self.redraw()
            self._tell()

    def _tell(self) -> None:
        if self.current is not None:
            self.post_message(self.Moved(self.current.key))

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_page_down(self) -> None:
        self._move(max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        self._move(-max(1, self.size.height - 1))

    def action_first(self) -> None:
        self._move(-len(self._items))

    def action_last(self) -> None:
        self._move(len(self._items))

    def action_filter(self) -> None:
        self.post_message(self.FilterAsked())

    def action_copy(self) -> None:
        if self.current is not None:
            self.app.copy_to_clipboard(self.current.text)
            getattr(self.screen, "say", lambda words: None)("copied")
