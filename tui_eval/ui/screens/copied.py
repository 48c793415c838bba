"""``enter`` on a copy: the fine-tuned one's answer beside the training row that it repeats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.aside import Aside, Progress
from tui_eval.ui.screens.base import Plain
from tui_eval.ui.screens.copied_text import (
    BESIDE,
    Column,
    Part,
    Repeated,
    drawn,
    heads,
    training_parts,
)
from tui_eval.ui.widgets.drawn import Drawn, Line

if TYPE_CHECKING:
    from tui_eval.config import DataConfig
    from tui_eval.files.measuring import TrainingRow

CHANGED = "The file has changed since it was searched: "
KEYS = ("down", "up", "page_down", "page_up", "first", "last", "copy")


class CopiedText(Drawn, can_focus=True):
    """One text and its training row; ``next_pair`` turns to the next."""

    DEFAULT_CSS = "CopiedText { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("pair"),
        *(binding for binding in keys.bindings("list") if binding.id in KEYS),
    ]

    class Turned(Message):
        """Another is on the screen: its training row is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[Repeated] | None = None
        self._at = 0
        self._row: TrainingRow | None = None
        self._said = ""
        self._columns: tuple[int, Column, Column] | None = None

    @property
    def footer(self) -> tuple[str, ...]:
        several = ("next_pair",) if self._all and len(self._all) > 1 else ()
        return ("back", *several, "down", "page_down", "copy", "help")

    @property
    def current(self) -> Repeated | None:
        return self._all[self._at] if self._all else None

    def show(self, found: Sequence[Repeated], ref: str) -> None:
        """Begin with the one of the sample ``ref``."""
        self._all = found
        ids = [one.sample.id for one in found]
        self._at = ids.index(ref) if ref in ids else 0
        self._turn(0)

    def say(self, words: str) -> None:
        """In the place of the training row."""
        self._said = words
        self._columns = self._anew()
        self.redraw()

    def take(self, row: TrainingRow | None) -> None:
        one = self.current
        if row is None and one is not None:
            gone = "" if one.row is None else f"there is no row {one.row:,} in it any more."
            self.say(f"{CHANGED}{gone}" if gone else "There is none.")
            return
        self._row, self._said = row, ""
        self._columns = self._anew()
        self.redraw()

    def _anew(self) -> tuple[int, Column, Column] | None:
        """The left column stays where it is while the right one is made anew."""
        if self._columns is None:
            return None
        return (self._columns[0], self._columns[1], self._right(self._columns[0]))

    # Keys

    def action_next_pair(self) -> None:
        self._turn(1)

    def action_previous_pair(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if not self._all:
            self.redraw()
            return
        self._at = (self._at + by) % len(self._all)
        self._row, self._said, self._columns = None, "", None
        self.redraw()
        self.post_message(self.Turned())

    def action_down(self) -> None:
        self._scroll(1)

    def action_up(self) -> None:
        self._scroll(-1)

    def action_page_down(self) -> None:
        self._scroll(self._page)

    def action_page_up(self) -> None:
        self._scroll(-self._page)

    def action_first(self) -> None:
        for column in self._both():
            column.laid.move(-len(column.laid.lines))
        self.redraw()

    def action_last(self) -> None:
        for column in self._both():
            column.laid.end()
        self.redraw()

    def action_copy(self) -> None:
        one = self.current
        if one is not None and one.match is not None:
            own = next(part for part in one.parts if part.mark)
            self.app.copy_to_clipboard(own.text[slice(*own.mark)] if own.mark else own.text)
            getattr(self.screen, "say", lambda words: None)("copied: what is repeated")

    @property
    def _page(self) -> int:
        return max(1, min((column.laid.page for column in self._both()), default=2) - 1)

    def _both(self) -> tuple[Column, ...]:
        return self._columns[1:] if self._columns is not None else ()

    def _scroll(self, by: int) -> None:
        """Both together: what is beside each other stays so."""
        moved = [column.laid.move(by) for column in self._both()]
        if any(moved):
            self.redraw()

    # The picture

    def lines(self, width: int, height: int) -> list[Line]:
        one = self.current
        if one is None:
            none = self._all is not None
            words = "This is no longer there: the answers or the training file have changed since."
            return [[(f" {words if none else 'Looking it up.'}", "dim")]]
        place = f"{self._at + 1} of {len(self._all or ())}"
        top = [*heads(one, place, width), []]
        if self._columns is None or self._columns[0] != width:
            before = self._columns
            self._columns = width, Column(one.parts, self._own(width)), self._right(width)
            if before is not None:
                self._columns[1].opened = False
        _, left, right = self._columns
        names = (one.heading, self._where(one))
        return [*top, *drawn(left, right, names, width, height - len(top))]

    def _right(self, width: int) -> Column:
        one = self.current
        if one is None or self._row is None or self._said:
            return Column([Part("", self._said or "Reading the training file.")], self._own(width))
        parts, same = training_parts(self._row, one.match)
        if not same:
            words = f"{CHANGED}its row {self._row.number:,} holds something else now."
            parts = [Part("", words), *parts]
        return Column(parts, self._own(width))

    @staticmethod
    def _own(width: int) -> int:
        return (width - 1) // 2 if width >= BESIDE else width

    @staticmethod
    def _where(one: Repeated) -> str:
        name = clean(one.source, limit=40)
        return f"{name} row {one.row:,}" if one.row is not None else "training"


class CopiedPage(Plain):
    """``file`` and ``fields``: the training file and how it is read."""

    is_page = True
    footer = ("back", "help", "leave")

    class Found(Message):
        def __init__(self, found: Sequence[Repeated]) -> None:
            super().__init__()
            self.found = found

    def __init__(self, ref: str, file: Path | None, fields: DataConfig) -> None:
        super().__init__()
        self._ref, self._file, self._fields = ref, file, fields
        self._aside = Aside(self)

    def content(self) -> ComposeResult:
        yield CopiedText()

    def on_mount(self) -> None:
        self.text.focus()

    def on_unmount(self) -> None:
        self._aside.stop()

    @property
    def text(self) -> CopiedText:
        return self.query_one(CopiedText)

    def on_copied_page_found(self, event: Found) -> None:
        self.text.show(event.found, self._ref)
        self.show_keys()

    def on_copied_text_turned(self) -> None:
        one = self.text.current
        self._aside.stop()
        if one is None or one.row is None:
            self.text.take(None)
            return
        if self._file is None:
            self.text.say("No training file is named any more.")
            return
        path, fields, number, source = self._file, self._fields, one.row, one.source

        def read(progress: Progress) -> object:
            from tui_eval.files.training_row import training_row

            return training_row(path, fields, number, source, progress)

        self._aside.begin(one.sample.id, read)

    def on_aside_progressed(self, event: Aside.Progressed) -> None:
        if not event.stale:
            self.text.say(f"{event.stage} {event.rows:,}")

    def on_aside_done(self, event: Aside.Done) -> None:
        if not event.stale:
            self.text.take(event.result)  # type: ignore[arg-type]

    def on_aside_failed(self, event: Aside.Failed) -> None:
        if not event.stale:
            self.text.say(event.words)
