"""Before the first score: what this review can show, and what the levels mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from tui_eval.core.text import clean
from tui_eval.ui import keys
from tui_eval.ui.screens.page import READ, WrappedPage, wrapped_items
from tui_eval.ui.screens.review_layout import Laid
from tui_eval.ui.spelling import spelled
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.notice import Notice
from tui_eval.ui.widgets.rowlist import Item
from tui_eval.ui.widgets.rows import line, plain, wrapped
from tui_eval.ui.widgets.scorecard import Anchors, anchor_lines


def opening_lines(sentences: Sequence[str], anchors: Anchors, width: int) -> list[Line]:
    """The first sentence weighs most; then a paragraph each, then every level in words."""
    made: list[Line] = []
    for number, words in enumerate(sentences):
        role = "text!" if number == 0 else "text"
        pieces = wrapped(clean(spelled(words)), min(READ, width - 2))
        made += [line((f" {piece}", role)) for piece in pieces]
    made += [[], line((" Each answer gets four scores from 1 to 5; 0 is not applicable.", "text"))]
    return [*made, [], *([(" ", "text"), *row] for row in anchor_lines(anchors, width - 2))]


class Opening(Drawn, can_focus=True):
    """Scrolls where it is longer than the screen; enter begins."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("before", "scroll")]
    DEFAULT_CSS = "Opening { height: 1fr; width: 1fr; display: none; }"
    footer = ("begin", "page_down", "help", "leave")

    def __init__(self, anchors: Anchors) -> None:
        super().__init__(id="opening")
        self._anchors = anchors
        self._sentences: Sequence[str] = ()
        self._laid = Laid()
        self._width = 0

    def show(self, sentences: Sequence[str]) -> None:
        self._sentences, self._width = sentences, 0
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        if width != self._width:
            self._width = width
            self._laid = Laid(opening_lines(self._sentences, self._anchors, width))
            self._laid.upto(None)
        shown = self._laid.view(height - 2)
        place = "" if self._laid.fits else self._laid.position()
        return [[], *shown, *([[]] * (height - 2 - len(shown))), [(f" {place}", "dim")]]

    def action_down(self) -> None:
        self._moved(self._laid.move(1))

    def action_up(self) -> None:
        self._moved(self._laid.move(-1))

    def action_page_down(self) -> None:
        self._moved(self._laid.turn(1))

    def action_page_up(self) -> None:
        self._moved(self._laid.turn(-1))

    def action_first(self) -> None:
        self._moved(self._laid.move(-len(self._laid.lines)))

    def action_last(self) -> None:
        self._moved(self._laid.end())

    def _moved(self, moved: bool) -> None:
        if moved:
            self.redraw()

    def action_begin(self) -> None:
        self.post_message(Notice.Read())


class LevelsPage(WrappedPage):
    """``i``: what each level of each criterion means."""

    def __init__(self, anchors: Anchors) -> None:
        super().__init__("what the levels mean")
        self._anchors = anchors

    def made(self, width: int) -> list[Item]:
        rows = anchor_lines(self._anchors, min(width, READ))
        ours = "eval.toml rewords them under [review.anchors], for every judge alike."
        return [
            *(Item(row, "-" if row else "", plain(row).strip()) for row in rows),
            Item([]),
            *wrapped_items(ours, min(width, READ)),
        ]
