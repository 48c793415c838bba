"""Items of a task by difference, and ``enter`` on one: base's and tuned's answer beside each
other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.steps.task_metrics_items import ItemDetail, Listed
from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.page import Title
from tui_eval.ui.screens.task_answers import Column, columns_of, drawn, heads
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.rows import READ, line, wrapped

Ask = Callable[[str, Callable[[ItemDetail | None], object]], object]
"""Look one item up by its sample's id, aside; tells what was found."""
LIST_KEYS = ("down", "up", "page_down", "page_up", "first", "last", "copy")


class ItemList(Drawn, can_focus=True):
    """A table with a cursor."""

    DEFAULT_CSS = "ItemList { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(binding for binding in keys.bindings("step") if binding.id == "enter"),
        *keys.bindings("list"),
    ]

    class Opened(Message):
        """``enter`` on the row of the sample ``ref``."""

        def __init__(self, ref: str) -> None:
            super().__init__()
            self.ref = ref

    class Moved(Message):
        """Other rows are seen."""

    class FilterAsked(Message):
        """``/`` was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.listing: Listing | None = None
        self.words = "Looking them up."

    @property
    def footer(self) -> tuple[str, ...]:
        some = ("enter", "filter", "down", "page_down", "copy") if self.refs else ()
        return (*some, "back", "help")

    @property
    def refs(self) -> tuple[str, ...]:
        """Of the rows that are shown, in their order."""
        found = self.listing
        return tuple(found.table.refs[row] for row in found.rows) if found is not None else ()

    def show(self, found: Listed | None) -> None:
        self.words = "This task is no longer there, or nothing of it is measured."
        self.listing = Listing(found.table) if found is not None else None
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        if self.listing is None:
            return [line((f" {self.words}", "dim"))]
        before = self.listing.position()
        made = self.listing.draw(min(width - 2, READ), height)
        if before != self.listing.position():
            self.post_message(self.Moved())
        return [[(" ", "text"), *runs] for runs in made]

    def cursor_line(self) -> int | None:
        return self.listing.cursor_at if self.listing is not None else None

    def point_at(self, ref: str) -> None:
        if self.listing is not None and ref in self.refs:
            self.listing.at = self.refs.index(ref)
            self._moved()

    def narrow(self, words: str) -> None:
        if self.listing is not None:
            self.listing.filter(words)
            self._moved()

    def _moved(self) -> None:
        self.redraw()
        self.post_message(self.Moved())

    def _move(self, move: Callable[[Listing], bool]) -> None:
        if self.listing is not None and move(self.listing):
            self._moved()

    def action_enter(self) -> None:
        if self.listing is not None and self.listing.ref:
            self.post_message(self.Opened(self.listing.ref))

    def action_down(self) -> None:
        self._move(lambda listing: listing.move(1))

    def action_up(self) -> None:
        self._move(lambda listing: listing.move(-1))

    def action_page_down(self) -> None:
        self._move(lambda listing: listing.turn(1))

    def action_page_up(self) -> None:
        self._move(lambda listing: listing.turn(-1))

    def action_first(self) -> None:
        self._move(lambda listing: listing.first())

    def action_last(self) -> None:
        self._move(lambda listing: listing.last())

    def action_filter(self) -> None:
        self.post_message(self.FilterAsked())

    def action_copy(self) -> None:
        if self.listing is not None:
            self.app.copy_to_clipboard(self.listing.text())
            getattr(self.screen, "say", lambda words: None)("copied")


class Kept(Drawn):
    """What is not listed, and why: a line or two, or nothing."""

    DEFAULT_CSS = "Kept { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._words = ""

    def show(self, words: str) -> None:
        self._words = words
        self.styles.height = 2 if words else 0
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        return [line((f" {text}", "caution")) for text in wrapped(self._words, width - 2, 2)]


class TaskItemsPage(Plain):
    """``ask`` looks an item up."""

    is_page = True
    help_places = ("step", "list", "scroll")

    class Found(Message):
        def __init__(self, found: Listed | None) -> None:
            super().__init__()
            self.found = found

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._title = "items"

    def content(self) -> ComposeResult:
        yield Title(self._title)
        yield Kept()
        yield ItemList()

    def on_mount(self) -> None:
        self.query_one(Kept).show("")
        self.items.focus()

    @property
    def items(self) -> ItemList:
        return self.query_one(ItemList)

    def on_task_items_page_found(self, event: Found) -> None:
        self.items.show(event.found)
        if event.found is not None:
            self._title = event.found.title
            self.query_one(Kept).show(event.found.kept)
        self._tell()
        self.show_keys()

    def on_item_list_moved(self) -> None:
        self._tell()

    def _tell(self) -> None:
        found = self.items.listing
        self.query_one(Title).show(self._title, found.position() if found is not None else "")

    def on_item_list_opened(self, event: ItemList.Opened) -> None:
        def closed(ref: str | None) -> None:
            self.items.point_at(ref or "")

        self.app.push_screen(TaskAnswersPage(event.ref, self.items.refs, self._ask, closed))

    async def on_item_list_filter_asked(self) -> None:
        await self.type_filter()

    def on_input_changed(self, event: Message) -> None:
        self.items.narrow(getattr(event, "value", ""))

    def on_input_submitted(self) -> None:
        self.items.focus()

    async def close_innermost(self) -> bool:
        """Close the filter if there is one; whether there was."""
        entries = self.query("LineInput")
        if not entries:
            return False
        await entries.remove()
        self.items.narrow("")
        self.items.focus()
        return True


class TaskAnswers(Drawn, can_focus=True):
    """One item: its prompt, references, and what both models answered and are worth."""

    DEFAULT_CSS = "TaskAnswers { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("pair"),
        *(binding for binding in keys.bindings("answers")),
        *(binding for binding in keys.bindings("list") if binding.id in LIST_KEYS),
    ]

    class Turned(Message):
        """To another item."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__()
        self.place = ""
        self.several = False
        self._detail: ItemDetail | None = None
        self._looked = self._whole = False
        self._columns: tuple[int, Sequence[Column]] | None = None

    @property
    def footer(self) -> tuple[str, ...]:
        turn = ("next_pair",) if self.several else ()
        whole = ("whole_prompt",) if self._detail is not None else ()
        return ("back", *turn, *whole, "down", "page_down", "copy", "help")

    def show(self, detail: ItemDetail | None, place: str) -> None:
        self._detail, self._looked, self.place = detail, True, place
        self._columns, self._whole = None, False
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        detail = self._detail
        if detail is None:
            words = "This item is no longer in the data." if self._looked else "Looking it up."
            return [line((f" {words}", "dim"))]
        top = heads(detail, self.place, width, height, whole=self._whole)
        if detail.kept:
            return top
        if self._columns is None or self._columns[0] != width:
            self._columns = width, columns_of(detail, width)
        return [*top, *drawn(detail, self._columns[1], width, height - len(top))]

    def action_whole_prompt(self) -> None:
        self._whole = not self._whole
        self.redraw()

    def action_next_pair(self) -> None:
        self.post_message(self.Turned(1))

    def action_previous_pair(self) -> None:
        self.post_message(self.Turned(-1))

    def _scroll(self, by: int) -> None:
        moved = [column.move(by) for column in (self._columns[1] if self._columns else ())]
        if any(moved):
            self.redraw()

    @property
    def _page(self) -> int:
        return max(1, min((c.page for c in (self._columns[1] if self._columns else ())), default=2))

    def action_down(self) -> None:
        self._scroll(1)

    def action_up(self) -> None:
        self._scroll(-1)

    def action_page_down(self) -> None:
        self._scroll(max(1, self._page - 1))

    def action_page_up(self) -> None:
        self._scroll(-max(1, self._page - 1))

    def action_first(self) -> None:
        self._scroll(-max((len(c.lines) for c in self._columns[1]), default=0)
                     if self._columns else 0)  # fmt: skip

    def action_last(self) -> None:
        for column in self._columns[1] if self._columns else ():
            column.end()
        self.redraw()

    def action_copy(self) -> None:
        detail = self._detail
        if detail is not None and not detail.kept:
            texts = [f"{one.heading}\n{one.text}" for one in detail.said]
            self.app.copy_to_clipboard(clean("\n\n".join(texts), newlines=True))
            getattr(self.screen, "say", lambda words: None)("copied: the answers")


class TaskAnswersPage(Plain):
    """``refs``: the items that ``n`` and ``N`` go through."""

    is_page = True
    help_places = ("pair", "answers", "scroll")

    class Found(Message):
        def __init__(self, ref: str, detail: ItemDetail | None) -> None:
            super().__init__()
            self.ref = ref
            self.detail = detail

    def __init__(
        self,
        ref: str,
        refs: Sequence[str],
        ask: Ask,
        closed: Callable[[str], object] = lambda ref: None,
    ) -> None:
        super().__init__()
        self._refs = list(refs) if ref in refs else [ref]
        self._at = self._refs.index(ref)
        self._ask, self._tell_closed = ask, closed

    def content(self) -> ComposeResult:
        yield TaskAnswers()

    def on_mount(self) -> None:
        answers = self.query_one(TaskAnswers)
        answers.several = len(self._refs) > 1
        answers.focus()
        self._look()

    def on_unmount(self) -> None:
        self._tell_closed(self._refs[self._at])

    def _look(self) -> None:
        ref = self._refs[self._at]
        self._ask(ref, lambda detail: self.post_message(self.Found(ref, detail)))

    def on_task_answers_turned(self, event: TaskAnswers.Turned) -> None:
        self._at = (self._at + event.by) % len(self._refs)
        self._look()

    def on_task_answers_page_found(self, event: Found) -> None:
        if event.ref == self._refs[self._at]:
            place = f"{self._at + 1} of {len(self._refs)}" if len(self._refs) > 1 else ""
            self.query_one(TaskAnswers).show(event.detail, place)
            self.show_keys()
