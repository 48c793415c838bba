"""What asks comes up from the bottom edge: a question, a choice, a command's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.frame import KeyLine
from tui_eval.ui.widgets.rowlist import Item, RowList, item

if TYPE_CHECKING:
    from textual.widgets import Input

Answer = TypeVar("Answer")


class Heading(Drawn):
    """A rule, then what is asked."""

    def __init__(self, title: str, words: Sequence[str] = ()) -> None:
        super().__init__()
        self._title = clean(title)
        self._words = [clean(text) for text in words]
        self.styles.height = 2 + len(self._words)

    def lines(self, width: int, height: int) -> list[Line]:
        head: list[Line] = [[("─" * width, "rule")], [(f" {self._title}", "text!")]]
        return head + [[(f" {text}", "text")] for text in self._words]


class Sheet(ModalScreen[Answer], Generic[Answer], inherit_bindings=False):
    """What lies above stays as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("dialog")]
    footer: tuple[str, ...] = ("close",)

    def body(self) -> ComposeResult:
        yield from ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield from self.body()
        yield KeyLine(self.footer)

    def action_close(self) -> None:
        self.dismiss(None)


class Ask(Sheet[bool]):
    """A question with its cost; ``y`` or ``n``."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("ask")]
    footer = ("yes", "no")

    def __init__(self, question: str, words: Sequence[str] = ()) -> None:
        super().__init__()
        self._question, self._words = question, words

    def body(self) -> ComposeResult:
        yield Heading(self._question, self._words)

    def action_yes(self) -> None:
        self.dismiss(True)

    def action_no(self) -> None:
        self.dismiss(False)


class Choose(Sheet[str]):
    """One of a list; answers with its key, or what was typed."""

    footer = ("choose", "choice_down", "close")

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        *,
        at: str = "",
        typed: str | None = None,
        narrows: bool = False,
        lead: str = "",
    ) -> None:
        """``typed``: a line to type in, with this hint. ``narrows``: what is typed looks
        for items; otherwise it is an answer of its own, the list's last line, after ``lead``."""
        super().__init__()
        self._title, self._items, self._at = title, list(items), at
        self._hint, self._narrows, self._lead = typed, narrows, lead

    def body(self) -> ComposeResult:
        yield Heading(self._title)
        if self._hint is not None:
            from tui_eval.ui.widgets.line_input import LineInput

            yield LineInput(hint=self._hint)
        rows = RowList(self._items)
        # A line is kept for what is typed: nothing moves when it comes.
        own = self._hint is not None and not self._narrows
        rows.styles.height = min(max(1, len(self._items) + own), 12)
        yield rows

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.fill(self._items, at=self._at)
        first = self.query("LineInput")
        (first.first() if first else rows).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        rows = self.query_one(RowList)
        if self._narrows:
            rows.narrow(event.value)
            return
        typed = event.value.strip()
        known = any(one.key == typed for one in self._items)
        new = [item((self._lead, "dim"), (clean(typed), "text"), key=typed)]
        # The mark stands where Enter takes from, typed or not.
        rows.fill([*self._items, *(new if typed and not known else [])], at=typed or self._at)

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        chosen = self.query_one(RowList).current
        self.dismiss(chosen.key if chosen is not None else None)

    def action_choice_down(self) -> None:
        self.query_one(RowList).action_down()

    def action_choice_up(self) -> None:
        self.query_one(RowList).action_up()
