"""All candidates as a table: one row each, one column per step, the row's words below.

A cell is a mark with a figure, or with a word where there is no figure yet. In a wide
terminal each candidate has a second line: the rest of its name, and the figures' intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from tui_eval.checklist import CHECKLIST
from tui_eval.core.reading import Reading
from tui_eval.core.sign_off_records import WORDS, Decided
from tui_eval.core.steps.compare import cell
from tui_eval.core.text import cells, clean, cut
from tui_eval.ui.scene import MARKS, Row
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.lines import apart
from tui_eval.ui.widgets.rows import cropped, fit, padded

WIDE = 110
"""Cells from which a candidate has two lines."""
HEADS = ("curves", "perpl.", "gap", "review", "A/B", "tasks")
LONG_HEADS = ("1 curves", "2 perplexity", "3 gap", "4 review", "5 A/B", "6 tasks")
NARROW_CELLS = (7, 7, 8, 7, 7, 8)
WIDE_CELLS = (12, 12, 15, 12, 12, 15)
DECISION = len(CHECKLIST)
"""The column behind the steps."""
DECISION_CELLS = 11
NAME_LEAST, NAME_MOST = 8, 40
BRIEF = {
    "caution": "caut.", "not_enough": "n/a", "waiting": "open", "running": "runs",
    "queued": "next", "failed": "fail", "interrupted": "halt", "not_started": "to do",
    "looking": "",
}  # fmt: skip
"""Short words where a column has no room for ``MARKS``' own; the lines below the
table tell them in full."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row. ``name`` is exact, ``label`` clean and short; ``readings`` are those of its
    steps, as far as read."""

    name: str
    label: str
    steps: Sequence[Row]
    readings: Sequence[Reading | None]
    decided: Decided | None = None
    marked: bool = False
    current: bool = False
    """It is the one that checklist and steps show."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where columns stand in so many cells."""

    wide: bool
    name: int
    steps: tuple[int, ...]
    gap: int

    @classmethod
    def of(cls, width: int, names: Sequence[str]) -> Layout:
        wide = width >= WIDE
        steps = WIDE_CELLS if wide else NARROW_CELLS
        # The cursor's and the mark's cells, columns with their gaps, the right edge.
        taken = 5 + sum(steps) + len(steps) + 1 + DECISION_CELLS + 1
        room = min(NAME_MOST, width - taken)
        need = max((cells(clean(name)) for name in names), default=0)
        name = max(NAME_LEAST, min(room, need))
        spare = max(0, width - taken - name)
        gap = 1 + min(2, spare // (len(steps) + 1)) if wide else 1
        return cls(wide, name, steps, gap)

    def labels(self, names: Sequence[str]) -> list[str]:
        """Clean names that fit: over two lines in a wide terminal."""
        return shortened([clean(name) for name in names], self.name * self.lines)

    @property
    def lines(self) -> int:
        """Lines that one candidate takes."""
        return 2 if self.wide else 1


def heads(layout: Layout, column: int) -> Line:
    """Column heads; the one under the cursor is bold and underlined."""
    names = LONG_HEADS if layout.wide else HEADS
    made: Line = [("     ", "dim"), (fit("candidate", layout.name), "dim")]
    for place, (name, size) in enumerate(zip((*names, "decision"), _sizes(layout), strict=True)):
        made.append((" " * layout.gap, "dim"))
        here = place == column
        made.append((cut(name, size), "_accent!" if here else "dim"))
        made.append((" " * (size - min(size, cells(name))), "dim"))
    return made


def _sizes(layout: Layout) -> tuple[int, ...]:
    return (*layout.steps, DECISION_CELLS)


def candidate_lines(one: Candidate, layout: Layout, here: bool) -> list[Line]:
    """One candidate's line, or two. ``#`` stands before what is marked to be compared."""
    first, second = _names(one.label, layout)
    mark = "▸ " if here else "  "
    name: Line = [
        (" " + mark, "accent"),
        ("# " if one.marked else "● " if one.current else "  ", "accent!"),
        (apart(fit(first, layout.name)), "text!" if one.current else "text"),
    ]
    below: Line = [("     ", "text"), (apart(fit(second, layout.name)), "dim")]
    parts = [*map(_cell_lines, [layout] * len(one.steps), range(len(one.steps)), one.steps,
                  one.readings)]  # fmt: skip
    for (top, under), size in zip([*parts, _decision(one.decided)], _sizes(layout), strict=True):
        name += [(" " * layout.gap, "text"), *padded(top, size)]
        below += [(" " * layout.gap, "text"), *padded(under, size)]
    return [name, below] if layout.wide else [name]


def _names(name: str, layout: Layout) -> tuple[str, str]:
    """A name over two lines, where one doesn't hold it."""
    if cells(name) <= layout.name:
        return name, ""
    first = ""
    for character in name:
        if cells(first + character) > layout.name:
            break
        first += character
    return first, cut(name[len(first) :], layout.name)


def shortened(names: Sequence[str], width: int) -> list[str]:
    """Names in so many cells, each still another: with its beginning and end, or where those
    are the same, from where it begins to differ."""
    cuts = [middle_cut(name, width) for name in names]
    made = []
    for name, short in zip(names, cuts, strict=True):
        alike = [other for other, cut_ in zip(names, cuts, strict=True) if cut_ == short]
        if len(set(alike)) > 1:
            start = max(1, _same(alike) - width // 4)
            short = cut("…" + name[start:], width)
        made.append(short)
    return made


def _same(names: Sequence[str]) -> int:
    """Characters that all begin with."""
    return sum(
        1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False))
    )


def middle_cut(text: str, width: int) -> str:
    """The beginning and the end of a text, with ``…`` for what is between."""
    if cells(text) <= width:
        return text
    tail = ""
    room = max(0, (width - 1) * 2 // 5)
    for character in reversed(text):
        if cells(character + tail) > room:
            break
        tail = character + tail
    head = ""
    for character in text:
        if cells(head + character) + 1 + cells(tail) > width:
            break
        head += character
    return f"{head}…{tail}"


def _cell_lines(layout: Layout, place: int, row: Row, reading: Reading | None) -> tuple[Line, Line]:
    role = row.role if row.role == "dim" else f"{row.role}!"
    size = layout.steps[place]
    told = cell(reading) if reading is not None and row.state == reading.verdict else None
    if told is None or not told.short:
        # One word for one state, also where another column would have room for the longer one.
        brief = not layout.wide or row.state == "not_started"
        words = BRIEF.get(row.state, row.word) if brief else row.word
        return [(f"{row.mark} {words}", role)], []
    interval = told.interval if cells(told.interval) <= size else ""
    return [(f"{row.mark} ", role), (told.short, role)], [(interval, "dim")]


def _decision(decided: Decided | None) -> tuple[Line, Line]:
    if decided is None:
        return [("…", "dim")], []
    word = WORDS[decided.decision]
    if decided.decision == "none":
        return [(word, "dim")], []
    if decided.stale:
        return [(f"! {word}", "caution!")], [("out of date", "caution")]
    by = clean(decided.last.by, limit=DECISION_CELLS) if decided.last is not None else ""
    return [(word, "text!")], [(by, "dim")]


def told_lines(one: Candidate, column: int, width: int, wide: bool) -> list[Line]:
    """The row under the cursor in words: its name, a line per step, the decision."""
    made: list[Line] = [[(" ", "text"), (cut(clean(one.name), max(8, width - 2)), "text!")]]
    for place, (row, reading) in enumerate(zip(one.steps, one.readings, strict=True)):
        mark, word = MARKS[row.state]
        words = row.headline
        if wide and reading is not None and row.state == reading.verdict:
            words = clean(reading.summary)
        line: Line = [
            (" ▸ " if place == column else "   ", "accent"),
            (f"{row.number} ", "dim"),
            (fit(row.title, 17), "text" if place == column else "dim"),
            (fit(f"{mark} {word}", 15), row.role if row.role == "dim" else f"{row.role}!"),
            (words, "text"),
        ]
        made.append(cropped(line, width - 1))
    made.append(cropped(_signed(one.decided, column == DECISION), width - 1))
    return made


def _signed(decided: Decided | None, here: bool) -> Line:
    made: Line = [
        (" ▸ " if here else "   ", "accent"),
        ("  ", "dim"),
        (fit("Decision", 17), "text" if here else "dim"),
    ]
    if decided is None:
        return [*made, ("… looking", "dim")]
    word = WORDS[decided.decision]
    if decided.decision == "none" or decided.last is None:
        lacks = f"deploy lacks {', '.join(map(clean, decided.missing))}" if decided.missing else ""
        return [*made, (fit(f"· {word}", 15), "dim"), (lacks, "dim")]
    by = f"{clean(decided.last.by, limit=24)}, {clean(decided.last.at)[:10]}"
    if decided.stale:
        changed = ", ".join(map(clean, decided.changed))
        return [*made, (fit(f"! {word}", 15), "caution!"), (f"out of date: {changed}", "caution")]
    return [*made, (fit(word, 15), "text!"), (by, "dim")]
