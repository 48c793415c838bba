"""What is read in review: the prompt, the answer and, when asked for, what was expected.

One widget for all of it, so that opening one text moves nothing else than it must.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal

from tui_eval.core.session import Item, Prompt
from tui_eval.core.text import clean, words
from tui_eval.ui.screens.review_layout import (
    Laid,
    answer_lines,
    flag_words,
    heading,
    text_rows,
)
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.fold import folded_words, last_lines, turn_lines, whole_lines
from tui_eval.ui.widgets.judge_line import ruled
from tui_eval.ui.widgets.rows import beside, filled, line

COLUMN = 100
"""Cells that a column of text grows to."""
BESIDE = 164
"""Cells from which what was expected stands beside the answer, not below it."""

EXPECTED = 3
"""Lines kept for what was expected, to be opened below the answer."""

Text = Literal["answer", "thinking", "prompt", "reference"]


class ReviewText(Drawn):
    """Scrolls the answer; ``reference``, ``thinking`` and ``prompt`` open and close."""

    DEFAULT_CSS = "ReviewText { width: 1fr; height: 1fr; }"

    def __init__(self) -> None:
        super().__init__(id="review-text")
        self.item: Item | None = None
        self.body: Text = "answer"
        self.reference = False
        self.below = False
        """Whether the keys scroll what was expected, not the body."""
        self.rendered = False
        self._message: list[Line] = []
        self._laid: dict[tuple[str, int, bool], Laid] = {}
        self._now: dict[str, Laid] = {}
        self._free: dict[tuple[int, int], int] = {}
        """By width and height, the lines that the texts leave to the prompt."""
        self._working = False

    # What is shown

    def show(self, item: Item) -> None:
        self.item, self._message = item, []
        self.body, self.reference, self.below = "answer", False, False
        self._laid, self._now, self._free = {}, {}, {}
        self.redraw()

    def tell(self, message: list[Line]) -> None:
        """Sentences in the place of an answer."""
        self.item, self._message = None, message
        self.redraw()

    def open(self, what: Text) -> bool:
        """Opens a text, or closes it if it was open; whether it is open now."""
        if what == "reference":
            self.reference = not self.reference
            self.below = False
            opened = self.reference
        else:
            self.body = "answer" if self.body == what else what
            self.below = False
            opened = self.body == what
        self.redraw()
        return opened

    def render_markdown(self) -> bool:
        self.rendered = not self.rendered
        self.redraw()
        return self.rendered

    @property
    def seen(self) -> float:
        """Share of the answer's lines that have been on the screen."""
        return self._now["answer"].seen if "answer" in self._now else 1.0

    # Keys

    @property
    def _scrolled(self) -> Laid:
        return self._now.get("reference" if self.below else self.body) or Laid()

    def scroll(self, by: int) -> None:
        if self._scrolled.move(by):
            self.redraw()

    def page(self, pages: int) -> None:
        if self._scrolled.turn(pages):
            self.redraw()

    def to_end(self, last: bool) -> None:
        laid = self._scrolled
        if laid.end() if last else laid.move(-len(laid.lines)):
            self.redraw()

    def other(self) -> None:
        """Scroll the other of two texts."""
        if self.reference:
            self.below = not self.below
            self.redraw()

    # The picture

    def lines(self, width: int, height: int) -> list[Line]:
        if self.item is None:
            return [[], *self._message]
        if self.body == "prompt":
            return self._whole(width, height)
        above = self._prompt(self.item.prompt, width, height)
        room = height - len(above)
        if width >= BESIDE:
            half = min(COLUMN, (width - 3) // 2)
            left, right = self._body(half, room), self._expected(half, room)
            heads = [*left[0], ("─┬", "rule"), *right[0]]
            return [*above, heads, *beside(left[1:], right[1:], half)]
        # A blank line parts the texts from the scores where there is room for one.
        blank = int(room >= 12)
        below = self._expected(width, self._below_height(width, room - blank)) + [[]] * blank
        return filled(
            [*above, *self._body(width, self._need(width, room - len(below))), *below], height
        )

    def _need(self, width: int, room: int) -> int:
        """Lines for the answer with its rule and a blank one after it: what was expected
        stands close below a short answer."""
        laid = self._text(self.body, width)
        laid.upto(room)
        return min(room, len(laid.lines) + 2)

    def _prompt(self, prompt: Prompt, width: int, height: int) -> list[Line]:
        most = 3 if height < 20 else 6
        if self.body == "answer":
            most = max(most, self._left_over(width, height))
        shown = last_lines(prompt, min(width, COLUMN), most)
        cut = (
            len(shown) == most
            and len(turn_lines(prompt.turns[-1], min(width, COLUMN), most + 1)) > most
        )
        folded = folded_words(prompt, cut=cut)
        right = f"p shows {folded}" if folded else ""
        group = f"prompt, {clean(prompt.category, limit=40)}" if prompt.category else "prompt"
        return [ruled(line((group, "dim")), right, width), *shown]

    def _left_over(self, width: int, height: int) -> int:
        """Lines that nothing below the prompt needs. They follow from the item alone, open or
        not, rendered or not: what is read must not move while it is scored."""
        assert self.item is not None
        if (width, height) not in self._free:
            item, beside_ = self.item, width >= BESIDE
            column = min(COLUMN, (width - 3) // 2 if beside_ else width)
            answer = max(
                _count(answer_lines(item.answer, column, rendered=on), height)
                for on in (False, True)
            )
            expected = _count(text_rows(item.reference or "", column), EXPECTED)
            # Two rules; below the answer a blank line, a third rule and another blank one.
            taken = 2 + max(answer, expected) if beside_ else 5 + answer + expected
            self._free[width, height] = height - taken
        return self._free[width, height]

    def _whole(self, width: int, height: int) -> list[Line]:
        assert self.item is not None
        shown = self._text("prompt", width).view(height - 1)
        right = f"{self._now['prompt'].position()}  p closes"
        return filled([ruled(line(("whole prompt", "dim")), right, width), *shown], height)

    def _body(self, width: int, height: int) -> list[Line]:
        assert self.item is not None
        answer = self.item.answer
        shown = self._text(self.body, width).view(height - 1)
        right = self._place(self.body)
        if self.body == "thinking":
            count = len(words(answer.thinking[:200_000]))
            left = line((f"thinking, {count:,} words", "dim"))
            return filled([ruled(left, f"{right}  h closes", width), *shown], height)
        flags = flag_words(answer)
        left = line((heading(answer), "dim"), (f", {flags}" if flags else "", "caution"))
        if answer.thinking:
            right = f"h shows thinking  {right}"
        return filled([ruled(left, right, width), *shown], height)

    def _place(self, which: Text) -> str:
        """Where a text stands; the one that the keys don't scroll says how they would."""
        both = self.reference and not (
            self._now["reference"].fits if "reference" in self._now else True
        )
        mine = (which == "reference") == self.below
        return self._now[which].position() + ("" if mine or not both else " tab")

    def _below_height(self, width: int, room: int) -> int:
        """A rule while it is closed; open, what it needs up to a third of the room."""
        assert self.item is not None
        if not self.reference or self.item.reference is None:
            return 1
        laid = self._text("reference", width)
        laid.upto(room)
        return 1 + min(len(laid.lines), max(2, room // 3))

    def _expected(self, width: int, height: int) -> list[Line]:
        assert self.item is not None
        if self.item.reference is None:
            words_ = line(("no expected answer in the data", "dim"))
            return filled([ruled(words_, "", width)], height)
        left = line(("expected", "dim"))
        if not self.reference:
            return filled([ruled(left, "e shows it", width)], height)
        shown = self._text("reference", width).view(height - 1)
        right = f"{self._place('reference')}  e closes"
        return filled([ruled(left, right, width), *shown], height)

    def _text(self, which: Text, width: int) -> Laid:
        """The text's lines at this width; where it stood is kept."""
        width = min(width, COLUMN)
        key = (which, width, self.rendered)
        if key not in self._laid:
            before = self._now.get(which)
            self._laid[key] = self._layout(which, width)
            if before is not None:
                self._laid[key].top = before.top
        self._now[which] = self._laid[key]
        if not self._laid[key].some(0.0):
            self._go_on()
        return self._laid[key]

    def _go_on(self) -> None:
        """Lay out the rest between the turns of the screen, to know how long it is."""
        if self.is_mounted and not self._working:
            self._working = True
            self.set_timer(0.02, self._more)

    def _more(self) -> None:
        self._working = False
        if all(laid.some() for laid in self._now.values()):
            self.redraw()
        else:
            self._go_on()

    def _layout(self, which: Text, width: int) -> Laid:
        assert self.item is not None
        if which == "prompt":
            return Laid(whole_lines(self.item.prompt, width))
        if which == "reference":
            return Laid(text_rows(self.item.reference or "", width, rendered=self.rendered))
        if which == "thinking":
            return Laid(text_rows(self.item.answer.thinking or "(no thinking)", width))
        return Laid(answer_lines(self.item.answer, width, rendered=self.rendered))


def _count(lines: Iterator[Line], most: int) -> int:
    return sum(1 for _ in islice(lines, most))
