"""The lines around what is judged: where the judge stands, what was saved, headings."""

from __future__ import annotations

from tui_eval.core.session import Standing
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.rows import cropped, plain, width_of

DOT = " · "


class TwoEnds(Drawn):
    """One line with something at its left and something at its right; the left gives way."""

    DEFAULT_CSS = "TwoEnds { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: Line = []
        self._right: Line = []

    def show(self, left: Line, right: Line) -> None:
        self._left, self._right = left, right
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        right = cropped(self._right, max(0, width - 2))
        left = cropped(self._left, max(0, width - width_of(right) - 3 - bool(right)))
        gap = width - 2 - width_of(left) - width_of(right)
        return [[(" ", "text"), *left, (" " * max(0, gap), "text"), *right]]

    def text(self) -> str:
        return plain(self.lines(self.size.width, 1)[0])


class Ruled(Drawn):
    """A rule with words on it: ``─ prompt ────── p all ─``. Columns beside each other are
    joined by ``joint``."""

    DEFAULT_CSS = "Ruled { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: list[tuple[Line, str]] = [([], "")]
        self._joint = "┬"

    def show(self, *parts: tuple[Line, str], joint: str = "┬") -> None:
        """Each part: what stands at its left, and at its right."""
        self._parts, self._joint = list(parts), joint
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        count = len(self._parts)
        made: Line = []
        left = width
        for number, (words, right) in enumerate(self._parts):
            size = left // (count - number) if number == count - 1 else first_column(width, count)
            left -= size + 1
            made += ruled(words, right, size)
            if number < count - 1:
                made.append((self._joint, "rule"))
        return [made]

    def text(self) -> str:
        return plain(self.lines(self.size.width, 1)[0])


def first_column(width: int, count: int) -> int:
    """Cells of each column but the last, which takes what is left."""
    return (width - (count - 1)) // count


def ruled(words: Line, right: str, width: int) -> Line:
    tail = f" {right} ─" if right else "─"
    head = cropped(words, max(0, width - cells(tail) - 4))
    made: Line = [("─", "rule")]
    used = 1
    if head:
        made += [(" ", "rule"), *head, (" ", "rule")]
        used += width_of(head) + 2
    made.append(("─" * max(0, width - used - cells(tail)), "rule"))
    if right:
        made += [(f" {right} ", "dim"), ("─", "rule")]
    else:
        made.append((tail, "rule"))
    return made


def standing_line(kind: str, number: int, planned: int, standing: Standing, item: int = 0) -> Line:
    """``A/B 17/50  30 s each · 16 min left · 2 ties · 1 flagged``. ``item``: the number of
    what is shown, told where it is not the one that comes next."""
    line: Line = [(f"{kind} {number}/{planned}", "text!")]
    if item and item != number:
        line.append((f"  #{item}", "text"))
    return [*line, ("  " + DOT.join(notes), "dim")] if (notes := standing_notes(standing)) else line


def standing_notes(standing: Standing) -> list[str]:
    notes = []
    if standing.pace is not None:
        notes.append(f"{standing.pace:.0f} s each")
        left = standing.pace * max(0, standing.planned - standing.done) / 60
        if left:
            notes.append(f"{left:.0f} min left" if left >= 1 else "under a minute left")
    if standing.ties:
        notes.append(f"{standing.ties} tie{'s' * (standing.ties != 1)}")
    if standing.flagged:
        notes.append(f"{standing.flagged} flagged")
    if standing.waiting:
        notes.append(f"{standing.waiting} to come")
    return notes


def judge_words(judge: str) -> Line:
    return [("judge ", "dim"), (clean(judge, limit=24), "text")]
