"""A text to read: wrapped by cells, scrolled by lines, laid out only as far as it is seen."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.lines import RIGHT_TO_LEFT, apart
from tui_eval.ui.widgets.markdown import Part, Renderer
from tui_eval.ui.widgets.wrapping import Span, folds, marked

COLUMN = 100
"""Cells that a column of text grows to: longer lines are hard to follow."""
PIECE = 4_000
"""Characters of a line that are laid out at a time; what goes on begins a line."""
SLICE = 0.01
"""Seconds of laying out between two turns of the screen."""
NOTHING = "(empty)"
"""In the place of a text without a word; dim, as no text is."""
RTL_SHARE = 0.1
RTL_LOOKED_AT = 20_000

Marks = Callable[[str, int], Sequence[Span]]
"""Spans of a cleaned source line, given the line and where it begins in the raw text."""


def right_to_left(text: str) -> bool:
    """Whether a text is written from right to left, in good part."""
    head = text[:RTL_LOOKED_AT]
    if head.isascii():
        return False
    letters = sum(character.isalpha() for character in head)
    return len(RIGHT_TO_LEFT.findall(head)) > RTL_SHARE * max(1, letters)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the screen, and which part of the raw text it is."""

    line: Line
    start: float
    end: float


class Layout:
    """A text in lines of one width, made as they are asked for."""

    def __init__(
        self, text: str, width: int, *, rendered: bool = False, marks: Marks | None = None
    ) -> None:
        self.rows: list[Row] = []
        self.width = width
        self._rendered, self._marks = rendered, marks
        self._source = self._rows(text)
        self.whole = False
        """Whether all of the text is laid out."""

    def until(self, rows: int) -> None:
        """Lay out at least so many rows, if there are."""
        while not self.whole and len(self.rows) < rows:
            self._next()

    def some(self, seconds: float = SLICE) -> None:
        """Lay out for so long."""
        end = time.monotonic() + seconds
        while not self.whole and time.monotonic() < end:
            self.until(len(self.rows) + 100)

    def all(self) -> None:
        while not self.whole:
            self._next()

    def _next(self) -> None:
        row = next(self._source, None)
        if row is None:
            self.whole = True
        else:
            self.rows.append(row)

    def _rows(self, text: str) -> Iterator[Row]:
        renderer = Renderer() if self._rendered else None
        for start, end in _pieces(text):
            # Cleaning may bring line ends of other kinds to light.
            parts = clean(text[start:end].removesuffix("\r"), newlines=True).split("\n")
            lines = [line for part in parts for line in self._lines(part, start, renderer)]
            share = (end + 1 - start) / len(lines)
            for number, line in enumerate(lines):
                yield Row(line, start + number * share, start + (number + 1) * share)

    def _lines(self, text: str, start: int, renderer: Renderer | None) -> list[Line]:
        if renderer is not None:
            return _rendered(renderer.take(text), self.width)
        # What goes on below an indented line is indented as much: code stays readable.
        inset = min(len(text) - len(text.lstrip(" ")), self.width // 2)
        spans = self._marks(text, start) if self._marks is not None else ()
        before: Line = [(" " * inset, "text")] if inset else []
        return [
            [*before, *_apart(marked(text, inset + first, inset + last, spans))]
            for first, last in folds(text[inset:], self.width - inset)
        ]


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Lines of the raw text by their places, long ones in pieces."""
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        while end - start > PIECE:
            space = text.rfind(" ", start + PIECE // 2, start + PIECE)
            cut = space if space > 0 else _before_marks(text, start + PIECE)
            yield start, cut
            start = cut + (space > 0)
        yield start, end
        start = end + 1


def _before_marks(text: str, cut: int) -> int:
    """A place near ``cut`` where no mark is parted from what it sits on."""
    return next((at for at in range(cut, cut - 64, -1) if cells(text[at : at + 1])), cut)


def _rendered(part: Part, width: int) -> list[Line]:
    if part.rule:
        return [[("─" * min(width, 40), "rule")]]
    taken = cells(part.first)
    made: list[Line] = []
    for first, last in folds(part.text, max(8, width - taken)):
        before = part.rest if made else part.first
        runs = marked(part.text, first, last, part.spans, part.role)
        made.append(_apart([(before, "dim"), *runs] if before else runs))
    return made


def _apart(line: Line) -> Line:
    """Text from right to left must not pull what stands beside it along."""
    if not line or line[-1][0].isascii():
        return line
    return [*line[:-1], (apart(line[-1][0]), line[-1][1])]


class Seen:
    """Which parts of a text were on the screen, whatever the width was then."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._parts: list[tuple[float, float]] = []

    def add(self, start: float, end: float) -> None:
        merged = []
        for first, last in self._parts:
            if last < start or first > end:
                merged.append((first, last))
            else:
                start, end = min(start, first), max(end, last)
        self._parts = sorted([*merged, (start, end)])

    @property
    def fraction(self) -> float:
        covered = sum(end - start for start, end in self._parts)
        return min(1.0, round(covered / max(1, self._size), 4)) if self._parts else 0.0


class AnswerPane(Drawn):
    """One text. The screen has the keys and calls ``scroll``, ``page`` and ``ends``.

    ``on_scrolled`` is called when the text has moved or more of it is known: whoever shows
    ``position`` draws it anew.
    """

    DEFAULT_CSS = "AnswerPane { width: 1fr; height: 1fr; }"

    def __init__(
        self,
        text: str = "",
        *,
        on_scrolled: Callable[[], object] | None = None,
        margin: int = 1,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.top = 0
        self.rendered = False
        self._margin = margin
        self._on_scrolled = on_scrolled
        self._marks: Marks | None = None
        self._layout: Layout | None = None
        self._working = False
        self.show(text)

    def show(self, text: str) -> None:
        """Another text, from its beginning."""
        self._text = text
        self.seen = Seen(len(text) + 1)
        self.top = 0
        self._marks = None
        self._again()

    def render_markdown(self, on: bool) -> None:
        if on != self.rendered:
            self.rendered = on
            self._turned()

    def mark(self, marks: Marks | None) -> None:
        """Roles for stretches of the raw view; None: plain."""
        if marks is not self._marks:
            self._marks = marks
            self._turned()

    def _turned(self) -> None:
        """The same text in other lines: what was at the top stays there."""
        at = self._rows(self.top + 1)[self.top].start if self._layout is not None else 0.0
        self._again(at)

    def _again(self, at: float = 0.0) -> None:
        self._layout = None
        self._at = at
        self.redraw()

    # Reading on.

    @property
    def height(self) -> int:
        """Lines that are shown at once."""
        return max(1, self.size.height)

    def scroll(self, by: int) -> None:
        self._go(self.top + by)

    def page(self, by: int) -> None:
        """A page on or back, one line of it staying."""
        self._go(self.top + by * max(1, self.height - 1))

    def ends(self, last: bool) -> None:
        if last:
            self._laid().all()
            self._go(len(self._laid().rows))
        else:
            self._go(0)

    def _go(self, top: int) -> None:
        layout = self._laid()
        layout.until(top + self.height)
        top = max(0, min(top, len(layout.rows) - self.height))
        if top != self.top:
            self.top = top
            self.redraw()
            self._tell()

    def _tell(self) -> None:
        if self._on_scrolled is not None:
            self._on_scrolled()

    # What is known of it.

    def position(self) -> str:
        """``1-14/22 ↓``: which lines are shown, of how many, and where there are more."""
        layout = self._laid()
        layout.until(self.top + self.height + 1)
        last = min(len(layout.rows), self.top + self.height)
        total = str(len(layout.rows)) if layout.whole else "…"
        more = ("↑" if self.top else "") + ("↓" if last < len(layout.rows) else "")
        return f"{self.top + 1}-{last}/{total} {more}".rstrip()

    @property
    def fraction_seen(self) -> float:
        """The part of the text that was on the screen since ``show``; 0 to 1."""
        return self.seen.fraction

    def panefuls(self, width: int, height: int) -> float:
        """How many screens of ``width`` by ``height`` it takes, told exactly up to four."""
        layout = Layout(self._text, max(8, min(COLUMN, width)))
        layout.until(4 * height)
        return len(layout.rows) / max(1, height)

    def needs(self, width: int, most: int) -> int:
        """Lines that it takes at ``width``, as written or rendered, counted up to ``most``."""
        both = [Layout(self._text, max(8, min(COLUMN, width)), rendered=on) for on in (False, True)]
        for layout in both:
            layout.until(most)
        return max(1, min(most, max(len(layout.rows) for layout in both)))

    def shown(self) -> str:
        """What is on the screen, without colours."""
        return "\n".join("".join(text for text, _ in line) for line in self.lines(*self.size))

    # Drawing.

    def lines(self, width: int, height: int) -> list[Line]:
        if not self._text.strip():
            self.seen.add(0, len(self._text) + 1)
            return [[(" " * self._margin, "text"), (NOTHING, "dim")]]
        rows = self._rows(self.top + height)
        self.top = max(0, min(self.top, len(rows) - height))
        shown = rows[self.top : self.top + height]
        if shown:
            self.seen.add(shown[0].start, shown[-1].end)
        left = " " * self._margin
        return [[(left, "text"), *row.line] for row in shown]

    def _rows(self, count: int) -> list[Row]:
        layout = self._laid()
        layout.until(count)
        return layout.rows

    def _laid(self) -> Layout:
        width = max(8, min(COLUMN, self.size.width - self._margin - 1))
        if self._layout is None or self._layout.width != width:
            if self._layout is not None and self._layout.rows:
                self._at = self._layout.rows[min(self.top, len(self._layout.rows) - 1)].start
            marks = None if self.rendered else self._marks
            self._layout = Layout(self._text, width, rendered=self.rendered, marks=marks)
            self.top = self._place(self._layout, self._at)
            self._go_on()
        return self._layout

    def _place(self, layout: Layout, at: float) -> int:
        """The row of the text's place ``at``."""
        if at <= 0:
            return 0
        while not layout.whole and (not layout.rows or layout.rows[-1].end <= at):
            layout.until(len(layout.rows) + 100)
        return max(0, bisect_right([row.start for row in layout.rows], at) - 1)

    def _go_on(self) -> None:
        """Lay out the rest between the turns of the screen, to know how long it is."""
        if self.is_mounted and not self._working:
            self._working = True
            self.set_timer(0.02, self._more)

    def _more(self) -> None:
        self._working = False
        layout = self._laid()
        layout.some()
        if not layout.whole:
            self._go_on()
        else:
            self._tell()
