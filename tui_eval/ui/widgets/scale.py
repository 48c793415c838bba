"""An axis with marks that part it into named stretches, and estimates lying on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.figures import figure
from tui_eval.core.reading import Plot, Series
from tui_eval.core.text import cells, clean
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import cropped, filled, fit, line

NAMES = 18
"""Cells that the estimates' names take at most."""
VALUED = 64
"""Cells from which the figures stand at the right."""
BEYOND = 1.5
"""The axis reaches at least so far, as a multiple of the last mark."""

FANCY = {"axis": "─", "mark": "┼", "span": "━", "low": "[", "high": "]", "at": "●", "base": "○"}
ASCII = {"axis": "-", "mark": "+", "span": "=", "low": "[", "high": "]", "at": "*", "base": "o"}


@dataclass(frozen=True, slots=True)
class Axis:
    low: float
    high: float
    width: int

    def column(self, value: float) -> int:
        share = (value - self.low) / (self.high - self.low)
        return min(self.width - 1, max(0, round(share * (self.width - 1))))


class ScaleView:
    """Marks with their figures above, the estimates, the stretches' names below, then the
    plot's notes."""

    def __init__(self, plot: Plot, fancy: bool = True) -> None:
        self.signs = FANCY if fancy else ASCII
        self.update(plot)

    def update(self, plot: Plot) -> None:
        self.plot = plot
        self.series = [s for s in plot.series if s.x and all(map(math.isfinite, s.x))]
        self.marks = sorted(plot.events, key=lambda event: event.x)

    def move(self, bins: int) -> bool:
        return False

    @property
    def full(self) -> int:
        """Lines of the whole drawing."""
        return 2 + len(self.series) + len(self.plot.notes)

    def draw(self, width: int, height: int) -> list[Line]:
        """The first estimate before the notes, the notes before the other estimates."""
        if not self.series:
            return filled([line(("nothing to compare yet", "dim"))], height)
        notes = self.plot.notes[: max(0, height - 3)]
        shown = self.series[: max(1, height - 2 - len(notes))]
        names = min(NAMES, width // 3, max(cells(clean(one.name, limit=40)) for one in shown))
        values = [_words(one) for one in shown] if width >= VALUED else []
        right = max(map(len, values), default=0)
        axis = self._axis(shown, max(8, width - names - 2 - (right + 2 if right else 0)))
        head = line((" " * (names + 2) + self._figures(axis), "dim"))
        foot = line((" " * (names + 2) + self._stretches(axis), "dim"))
        rows = [
            line(
                (
                    fit(clean(one.name, limit=40), names),
                    one.role if one.role != "other" else "text",
                ),
                "  ",
                *self._row(one, axis),
                (f"  {values[at]:>{right}}" if values else "", "text"),
            )
            for at, one in enumerate(shown)
        ]
        told = [line((clean(note, limit=2 * width), "text")) for note in notes]
        made = [cropped(one, width) for one in (head, *rows, foot, *told)]
        return filled(made, height)[:height]

    def _axis(self, shown: Sequence[Series], width: int) -> Axis:
        values = [value for one in shown for value in one.x] + [mark.x for mark in self.marks]
        low, high = min(values), max(*values, BEYOND * max(mark.x for mark in self.marks))
        # An interval's end never lies on the axis' end.
        margin = 0.03 * (high - low)
        return Axis(low if low == self.marks[0].x else low - margin, high + margin, width)

    def _row(self, series: Series, axis: Axis) -> Line:
        signs = [self.signs["axis"]] * axis.width
        roles = ["rule"] * axis.width
        for mark in self.marks:
            signs[axis.column(mark.x)] = self.signs["mark"]
        role = _role(series)
        low, high = axis.column(series.x[0]), axis.column(series.x[-1])
        if high - low >= 2:
            for at in range(low, high + 1):
                signs[at], roles[at] = self.signs["span"], role
            signs[low], signs[high] = self.signs["low"], self.signs["high"]
        at = axis.column(series.x[len(series.x) // 2])
        signs[at] = self.signs["base" if series.role == "base" else "at"]
        roles[at] = f"{role}!"
        return _joined(signs, roles)

    def _figures(self, axis: Axis) -> str:
        """The last mark's figure first, then from the left, those that have room."""
        placed: dict[int, str] = {}
        for mark in (self.marks[-1], *self.marks[:-1]):
            word = figure(mark.x).rstrip("0").rstrip(".") if mark.x else "0"
            start = max(0, axis.column(mark.x) - len(word) // 2)
            if all(start + len(word) < at or start > at + len(w) for at, w in placed.items()):
                placed[start] = word
        return _placed(placed)

    def _stretches(self, axis: Axis) -> str:
        """What lies below the first mark is called as what begins there."""
        columns = [axis.column(mark.x) for mark in self.marks]
        placed: dict[int, str] = {}
        for at, (mark, end) in enumerate(zip(self.marks, [*columns[1:], axis.width], strict=True)):
            word = clean(mark.label, limit=20)
            start = columns[at] if at else max(0, min(columns[0], end - len(word) - 1))
            if start + len(word) < end:
                placed[start] = word
        return _placed(placed)


def _role(series: Series) -> str:
    return series.role if series.role in ("base", "tuned") else "accent"


def _words(series: Series) -> str:
    # Adding 0.0 makes a minus zero plain.
    ends = [f"{round(value, 2) + 0.0:.2f}" for value in series.x]
    return f"{ends[1]} [{ends[0]}, {ends[2]}]" if len(ends) == 3 else ends[0]


def _placed(words: dict[int, str]) -> str:
    made = ""
    for start in sorted(words):
        made = made.ljust(start) + words[start]
    return made


def _joined(signs: Sequence[str], roles: Sequence[str]) -> Line:
    made: Line = []
    for sign, role in zip(signs, roles, strict=True):
        if made and made[-1][1] == role:
            made[-1] = (made[-1][0] + sign, role)
        else:
            made.append((sign, role))
    return made
