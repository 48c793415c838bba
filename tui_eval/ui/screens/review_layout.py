"""Long texts laid out line by line, the rules between them, and words for an answer's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui_eval.core.session import Answer
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.fold import call_lines
from tui_eval.ui.widgets.rows import cropped, line, wrapped

AHEAD = 400
"""Lines that are made beyond the ones on the screen, to tell how many there are."""
CHUNK = 20_000
"""Characters that are cleaned at once."""
FLAG_WORDS = {
    "truncated": "cut at the limit",
    "empty": "empty",
    "repetitive": "repeats itself",
    "unclosed_thinking": "no answer: thinking never ended",
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

    def view(self, height: int) -> list[Line]:
        """The lines that are seen in ``height``."""
        self.page = max(1, height)
        self.upto(self.top + self.page + AHEAD)
        self.top = min(self.top, self._last_top())
        self.furthest = max(self.furthest, min(len(self.lines), self.top + self.page))
        return self.lines[self.top : self.top + self.page]

    def move(self, by: int) -> bool:
        before = self.top
        self.upto(self.top + by + self.page + AHEAD)
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
        """``line 1-12/19 ↓``; a ``+`` where more may follow than was counted."""
        total = len(self.lines)
        last = min(total, self.top + self.page)
        more = "" if self.ended else "+"
        arrow = " ↓" if last < total else ""
        return f"line {min(self.top + 1, total)}-{last}/{total}{more}{arrow}"


def laid_text(text: str, width: int) -> Iterator[Line]:
    """Cleaned and wrapped with a margin of one cell, a piece at a time."""
    for piece in _chunks(text.rstrip()):
        for made in wrapped(clean(piece, newlines=True), max(10, width - 2)):
            yield line(" ", made)


def _chunks(text: str) -> Iterator[str]:
    """Whole lines where they are not longer than a chunk."""
    start = 0
    while len(text) - start > CHUNK:
        end = text.rfind("\n", start, start + CHUNK)
        if end <= start:
            end = text.rfind(" ", start, start + CHUNK)
        if end <= start:
            yield text[start : start + CHUNK]
            start += CHUNK
        else:
            yield text[start:end]
            start = end + 1
    yield text[start:]


def answer_lines(answer: Answer, width: int) -> Iterator[Line]:
    """The answer with its tool calls, or why there is none."""
    if answer.text.strip():
        yield from laid_text(answer.text, width)
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
    count = f"{answer.words:,} word{'s' * (answer.words != 1)}"
    return ", ".join(part for part in ("answer", count, clean(answer.end, limit=60)) if part)


def rule(width: int, left: Line, right: Line | None = None) -> Line:
    """``─ left ────── right ─``; what doesn't fit is the right one."""
    left = cropped(left, width - 4)
    room = width - 4 - _wide(left)
    if not right or _wide(right) + 3 > room:
        return [("─ ", "rule"), *left, (" " + "─" * (room + 1), "rule")]
    dashes = "─" * (room - _wide(right) - 2)
    return [("─ ", "rule"), *left, (f" {dashes} ", "rule"), *right, (" ─", "rule")]


def _wide(runs: Line) -> int:
    return sum(cells(text) for text, _ in runs)
