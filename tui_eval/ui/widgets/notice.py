"""What a judging screen shows in place of an item, or over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.answer_pane import AnswerPane
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.judge_line import Ruled
from tui_eval.ui.widgets.rows import wrapped

READ = 76
"""Cells that sentences grow to."""


class Notice(Drawn, can_focus=True):
    """Sentences in place of an item: before the first, while waiting, when all is done."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("before")]
    DEFAULT_CSS = "Notice { height: 1fr; width: 1fr; display: none; }"

    class Read(Message):
        """``enter``."""

    def __init__(self) -> None:
        super().__init__(id="notice")
        self._words: tuple[str, ...] = ()
        self.footer: tuple[str, ...] = ()

    def show(self, words: Sequence[str], footer: tuple[str, ...] = ()) -> None:
        """The first sentence weighs most; then one paragraph each."""
        self._words, self.footer = tuple(words), footer
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        made: list[Line] = [[]]
        for number, words in enumerate(self._words):
            role = "text!" if number == 0 else "text"
            for text in wrapped(clean(spelled(words)), min(READ, width - 2)):
                made.append([(f" {text}", role)])
            made.append([])
        return made

    def action_begin(self) -> None:
        self.post_message(self.Read())


class Reader(Vertical):
    """One text over the whole height: the prompt, what was expected, the thinking."""

    DEFAULT_CSS = "Reader { height: 1fr; display: none; }"

    def __init__(self) -> None:
        super().__init__(id="reader")
        self.what = ""

    def compose(self) -> ComposeResult:
        yield Ruled()
        yield AnswerPane(on_scrolled=self._head)

    @property
    def pane(self) -> AnswerPane:
        return self.query_one(AnswerPane)

    def show(self, what: str, title: str, text: str) -> None:
        self.what, self._title = what, title
        self.pane.show(text)
        self.call_after_refresh(self._head)

    def _head(self) -> None:
        words: Line = [(self._title, "text!"), ("  esc closes", "dim")]
        self.query_one(Ruled).show((words, self.pane.position()))
