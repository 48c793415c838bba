"""A widget that draws lines of coloured runs, and sends only what changed of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui_eval.core.text import cells, cut
from tui_eval.ui.themes import Palette, palette_of

Run = tuple[str, str]
"""A text and the palette's role that colours it (``good``, ``good!`` for bold). The text is
ours, or has passed ``core.text.clean``."""
Line = list[Run]


DOUBTFUL = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0590-\u109f\u1100-\u11ff\u1780-\u17ff\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u200b-\u200f\u2028-\u202e\u2060-\u206f\u20d0-\u20ff\ufb1d-\ufdff"
    "\ufe00-\ufe0f\ufe20-\ufe2f\ufe70-\ufeff\U0001f000-\U0001faff\U000e0000-\U000e01ef]"
)
"""Characters that terminals place, or count the cells of, each in its own way: written from
right to left, marks on others, joined emoji, syllables of several signs."""


class Drawn(Widget, can_focus=False):
    """Subclasses say their ``lines``; ``redraw`` repaints the cells that differ from
    what is on the screen, which over a slow line is most of what a key costs. Calling it
    without need sends nothing."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._painted: list[Strip] = []
        self._painted_for: tuple[Size, str] | None = None
        self._doubtful = False
        """Whether a terminal may show what was painted in other cells than these."""

    def lines(self, width: int, height: int) -> list[Line]:
        """What to show in ``width`` by ``height`` cells."""
        raise NotImplementedError

    def cursor_line(self) -> int | None:
        """The line, of those in ``lines``, that is shown as the one under the cursor."""
        return None

    def redraw(self) -> None:
        if not self.is_mounted:
            return
        if not self.size:
            # Hidden: what was painted will not be true any more when it is shown again.
            self._painted_for = None
            self.refresh()
            self._wipe()
            return
        if self._painted_for != self._drawn_for():
            # Its size changes: what was painted is of no use even where the old one comes back
            # before it is drawn, as under another screen.
            self._painted_for = None
            self.refresh()
            self._wipe()
            return
        doubtful = self._doubtful
        before, self._painted = self._painted, self._paint()
        pairs = zip_longest(before, self._painted, fillvalue=Strip.blank(self.size.width))
        regions = [changed_region(old, new, y) for y, (old, new) in enumerate(pairs)]
        changed = [region for region in regions if region]
        if changed:
            self.refresh(*changed)
            self._wipe(doubtful)

    def _wipe(self, doubtful: bool = False) -> None:
        """Write every line of the screen in full: what a terminal has put into other cells
        than ours can't be told, and would stay where only differences are sent."""
        if doubtful or self._doubtful:
            self.screen.refresh()

    def on_hide(self) -> None:
        self._wipe()

    def on_resize(self) -> None:
        self._wipe()

    def render_line(self, y: int) -> Strip:
        if self._painted_for != self._drawn_for():
            self._painted_for = self._drawn_for()
            self._painted = self._paint()
        if y < len(self._painted):
            return self._painted[y]
        return Strip.blank(self.size.width, self.palette.style())

    def notify_style_update(self) -> None:
        self._painted_for = None
        super().notify_style_update()

    @property
    def palette(self) -> Palette:
        return palette_of(self.app)

    def _drawn_for(self) -> tuple[Size, str]:
        return self.size, self.app.theme

    def _paint(self) -> list[Strip]:
        width, height = self.size
        drawn = self.lines(width, height)[:height]
        cursor = self.cursor_line()
        self._doubtful = any(
            not text.isascii() and DOUBTFUL.search(text) for line in drawn for text, _ in line
        )
        return [
            paint(line, width, self.palette, cursor=index == cursor)
            for index, line in enumerate(drawn)
        ]


def paint(line: Line, width: int, palette: Palette, *, cursor: bool = False) -> Strip:
    """One line of cells, cut or padded to ``width``. Blanks take the colour of what stands
    before them, so that they cost no escape sequence of their own."""
    segments: list[Segment] = []
    left = width
    for text, role in line:
        text = cut(text, left)
        if not text:
            continue
        left -= cells(text)
        _append(segments, text, palette.style(role, cursor=cursor))
    if left > 0:
        _append(segments, " " * left, palette.style(cursor=cursor))
    return Strip(segments, width)


def _append(segments: list[Segment], text: str, style: Style) -> None:
    if segments:
        before = segments[-1]
        known = before.style
        if known is not None and (known == style or (not text.strip(" ") and _alike(known, style))):
            segments[-1] = Segment(before.text + text, known)
            return
        if (
            not before.text.strip(" ")
            and known is not None
            and len(segments) == 1
            and _alike(known, style)
        ):
            segments[-1] = Segment(before.text + text, style)
            return
    segments.append(Segment(text, style))


def _alike(one: Style, other: Style) -> bool:
    """Whether a blank looks the same in both."""
    return (
        one.bgcolor == other.bgcolor
        and bool(one.reverse) == bool(other.reverse)
        and not one.reverse
        and not one.underline
        and not other.underline
    )


def changed_region(old: Strip, new: Strip, y: int) -> Region:
    """The cells of line ``y`` from the first to the last that differ.

    Textual sends a line from its widget's left edge to the region's end, so one region a
    line is the cheapest, and only its right end matters.
    """
    if old == new:
        return Region()
    before, after = _cells(old), _cells(new)
    start = _alike_for(before, after)
    if start == len(before) == len(after):
        return Region()
    same = _alike_for(before[:start:-1], after[:start:-1])
    end = max(len(before), len(after)) - (same if len(before) == len(after) else 0)
    # Never begin within a wide character.
    while start > 0 and not (after[start : start + 1] or [("x", None)])[0][0]:
        start -= 1
    return Region(start, y, max(1, end - start), 1)


def _alike_for(one: Sequence[object], other: Sequence[object]) -> int:
    """How many entries from the beginning on are equal."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    """One entry a cell; those after the first of a wide character hold no text."""
    found: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        if text.isascii():
            found += [(character, style) for character in text]
            continue
        for character in text:
            width = cells(character)
            if width == 0 and found:
                found[-1] = (found[-1][0] + character, style)
            else:
                found += [(character, style), *[("", style)] * (width - 1)]
    return found
