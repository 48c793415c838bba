"""Long texts laid out line by line, and words for how an answer ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from time import monotonic

from tui_eval.core.session import Answer
from tui_eval.core.text import clean
from tui_eval.ui.widgets.answer_pane import NOTHING, Layout
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.fold import call_lines
from tui_eval.ui.widgets.rows import line

SLICE = 0.01
"""Seconds of laying out between two turns of the screen."""
FLAG_WORDS = {
    "truncated": "cut at the limit",
    "empty": "empty",
    "repetitive": "repeats itself",
    "unclosed_thinking": "no answer: its thinking never ended",
    "cut_prompt": "its prompt was cut to fit",
}
"""Flags of an answer as they are said beside it."""


class Laid:
    """Lines of one text, made as far as they are asked for: a text of 50,000 lines must not
    be wrapped before its first one is seen."""

    def __init__(self, made: Iterable[Line] = ()) -> None:
        self._made = iter(made)
        self.lines: list[Line] = []
        self.ended = False
        self.top = 0
        self.page = 1
        self.furthest = 0
        """Lines that have been on the screen, counted from the first."""

    def upto(self, count: int | None) -> None:
        while not self.ended and (count is None or len(self.lines) < count):
            piece = next(self._made, None)
            if piece is None:
                self.ended = True
            else:
                self.lines.append(piece)

    def some(self, seconds: float = SLICE) -> bool:
        """Make lines for so long; whether all are made."""
        end = monotonic() + seconds
        while not self.ended and monotonic() < end:
            self.upto(len(self.lines) + 100)
        return self.ended

    def view(self, height: int) -> list[Line]:
        """The lines that are seen in ``height``."""
        self.page = max(1, height)
        self.upto(self.top + self.page + 1)
        self.top = min(self.top, self._last_top())
        self.furthest = max(self.furthest, min(len(self.lines), self.top + self.page))
        return self.lines[self.top : self.top + self.page]

    def move(self, by: int) -> bool:
        before = self.top
        self.upto(self.top + by + self.page + 1)
        self.top = min(max(0, self.top + by), self._last_top())
        return self.top != before

    def turn(self, pages: int) -> bool:
        """By a screenful less a line, so that the eye finds its place."""
        return self.move(pages * max(1, self.page - 1))

    def end(self) -> bool:
        self.upto(None)
        return self.move(len(self.lines))

    def _last_top(self) -> int:
        return max(0, len(self.lines) - self.page)

    @property
    def fits(self) -> bool:
        return self.ended and len(self.lines) <= self.page

    @property
    def seen(self) -> float:
        """Share of the lines that have been on the screen; of a long text's known ones."""
        return min(1.0, self.furthest / len(self.lines)) if self.lines else 1.0

    def position(self) -> str:
        """``line 1-12/19 ↓``; ``…`` until it is known how many there are."""
        known = len(self.lines)
        last = min(known, self.top + self.page)
        total = str(known) if self.ended else "…"
        more = ("↑" if self.top else "") + ("↓" if last < known else "")
        return f"line {min(self.top + 1, known)}-{last}/{total} {more}".rstrip()


def text_rows(text: str, width: int, *, rendered: bool = False) -> Iterator[Line]:
    """Cleaned and wrapped with a margin of one cell, made as they are asked for."""
    if not text.strip():
        yield [(" ", "text"), (NOTHING, "dim")]
        return
    layout = Layout(text.rstrip(), max(10, width - 2), rendered=rendered)
    for number in count():
        layout.until(number + 1)
        if number >= len(layout.rows):
            return
        yield [(" ", "text"), *layout.rows[number].line]


def answer_lines(answer: Answer, width: int, *, rendered: bool = False) -> Iterator[Line]:
    """The answer with its tool calls, or why there is none."""
    if answer.text.strip():
        yield from text_rows(answer.text, width, rendered=rendered)
    elif not answer.calls:
        yield line((f" {_nothing(answer)}", "dim"))
    yield from call_lines(answer.calls, width)


def _nothing(answer: Answer) -> str:
    if "unclosed_thinking" in answer.flags:
        return "There is no answer: the thinking never ended. h shows it."
    return "The answer is empty."


def flag_words(answer: Answer) -> str:
    """The answer's flags in words, without what its end says already."""
    known = [FLAG_WORDS.get(flag, clean(flag, limit=40)) for flag in answer.flags]
    return ", ".join(word for word in known if word != answer.end)


def heading(answer: Answer) -> str:
    """``answer, 214 words, ended by itself``."""
    size = f"{answer.words:,} word{'s' * (answer.words != 1)}"
    return ", ".join(part for part in ("answer", size, clean(answer.end, limit=60)) if part)
