"""The picture of a curve plot: legend, drawing, axes and readout as lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui_eval.core.figures import duration, figure
from tui_eval.core.reading import Event, Plot, Series
from tui_eval.core.text import cells, clean, cut
from tui_eval.core.ticks import log_ticks, tick_labels, ticks
from tui_eval.ui.widgets.curve import Another
from tui_eval.ui.widgets.curve_layers import FANCY, CurveLayers, Signs
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.plotext_adapter import Area, draw
from tui_eval.ui.widgets.points import AXES
from tui_eval.ui.widgets.rows import cropped, filled, fit, line, padded, signed, width_of

LEGEND, AXIS, READOUT = 1, 2, 1
"""Lines above, below and under the drawing."""
ROOMY = 110
"""Cells from which the readout tells the time too."""


class CurveView(CurveLayers):
    """One plot of kind ``curve`` or ``scatter`` as lines. The drawing is kept until data,
    size, window or options change; the cursor is laid over it."""

    def __init__(self, plot: Plot, others: Sequence[Plot] = (), signs: Signs = FANCY) -> None:
        self._kept: tuple[tuple[object, ...], list[Line], Area, list[float]] | None = None
        super().__init__(plot, others, signs)

    def update(
        self, plot: Plot, others: Sequence[Plot] = (), beside: Another | None = None
    ) -> None:
        super().update(plot, others, beside)
        self._kept = None

    def draw(self, width: int, height: int) -> list[Line]:
        """Legend, drawing, axis and readout; at least 5 lines for anything to be seen."""
        below = AXIS + READOUT + (1 if height >= 12 else 0)
        rows = max(1, height - LEGEND - below)
        drawn, area, labels = self._drawing(width, rows)
        made = [self._legend(width), *self._with_axis(drawn, area, labels)]
        made += self._below(area, labels, width)
        if below > AXIS + READOUT:
            made.append(self._event_line(width))
        return filled([*made, self.readout(width)], height)

    def _drawing(self, width: int, rows: int) -> tuple[list[Line], Area, list[float]]:
        """Drawn points, their area and the y ticks, kept while nothing but the cursor moves."""
        key = (width, rows, self.axis, self.weight, self.log, self.x0, self.x1)
        if self._kept is None or self._kept[0] != key:
            low, high = self._limits()
            most = min(8, max(3, (rows + 1) // 2))
            marks = log_ticks(10**low, 10**high, most) if self.log else ticks(low, high, most)
            gutter = max(map(len, tick_labels(marks)), default=1) + 2
            area = Area(self.x0, self.x1, low, high, max(4, width - gutter), rows)
            self._kept = key, draw(self._layers(area), area), area, marks
        self.columns = self._kept[2].width
        return self._kept[1:]

    def _legend(self, width: int) -> Line:
        """The plot's name at the left, its series at the right."""
        title = clean(self.plot.title, limit=max(20, width - 24))
        if self.plot.kind == "scatter":
            title = title.partition(": ")[0]
        notes = [word for word in ("log" if self.log else "", self._zoomed()) if word]
        left = line((title, "dim"), (f"  {', '.join(notes)}" if notes else "", "dim"))
        runs: Line = []
        order = 0
        for series in self.plot.series:
            name = clean(series.name, limit=32)
            if series.role in ("train", "other"):
                sign, role = self.signs.train, "accent"
                if self.weight and self.smoothable() and series.role == "train":
                    name += f", smoothed {self.weight:g}"
            else:
                sign, role = self._marker(series, order)
                order += series.role == "eval"
            runs += [("   ", "text"), (sign, role), (f" {name}", "dim")]
        if self.beside is not None:
            name = clean(self.beside.name, limit=24)
            runs += [("   ", "text"), (f"{self._faint_signs()} {name}", "dim")]
        room = max(0, width - sum(cells(text) for text, _ in left) - 1)
        runs = cropped(runs, room)
        return [*padded(left, width - sum(cells(text) for text, _ in runs)), *runs]

    def _faint_signs(self) -> str:
        roles = {one.role for one in self.beside.series} if self.beside is not None else set()
        signs = [self.signs.faint] if "train" in roles else []
        return " ".join([*signs, self.signs.faint_evals] if "eval" in roles else signs)

    def _zoomed(self) -> str:
        low, high = self.extent()
        return "" if self.whole() else f"zoom {(high - low) / (self.x1 - self.x0):.0f}x"

    def _with_axis(self, drawn: list[Line], area: Area, marks: list[float]) -> list[Line]:
        """The y axis before each line, the cursor's points lit."""
        labels = dict(
            zip((area.row(self._on_axis(m)) for m in marks), tick_labels(marks), strict=True)
        )
        gutter = max(map(len, labels.values()), default=1)
        lit = self._lit(area)
        made = []
        for y, runs in enumerate(drawn):
            label = labels.get(y, "")
            head = line((f"{label:>{gutter}} ", "dim"), ("┤" if label else "│", "rule"))
            made.append([*head, *_over(runs, lit.get(y))])
        return made

    def _lit(self, area: Area) -> dict[int, int]:
        """Rows of the points under the cursor, each with its column.

        A line from top to bottom would show it better, but costs five kilobytes a key: what
        is sent of a row is everything left of the change.
        """
        found: dict[int, int] = {}
        if self._cursor_column(area) is None:
            return found
        for number, series in enumerate(self.plot.series):
            points = self.points(number)
            index = points.at_or_before(self.cursor or 0.0)
            if index is None or points.x[index] != self.cursor:
                continue
            smooth = series.role == "train" and self.smoothable()
            y = points.smooth(self.weight if smooth else 0.0)[index]
            if math.isfinite(y) and (y > 0 or not self.log):
                column, row = self._place_of(series, len(points.x), points.x[index], y, area)
                found[row] = column
        return found

    def _cursor_column(self, area: Area) -> int | None:
        if self.cursor is None or not self.x0 <= self.cursor <= self.x1 or not self.stops():
            return None
        return min(area.width - 1, max(0, area.column(self.cursor)))

    def _below(self, area: Area, marks: list[float], width: int) -> list[Line]:
        """The x axis with its events and the cursor, and the words for its ticks."""
        gutter = max(map(len, tick_labels(marks)), default=1) + 1
        places = self._x_ticks(area)
        rule = ["─"] * area.width
        for x in places:
            rule[area.column(x)] = "┬"
        axis: Line = [(" " * gutter + "└", "rule")]
        axis += _marked(rule, self._event_marks(area), self._cursor_column(area), self.signs.cursor)
        return [axis, self._x_labels(area, places, gutter + 1, width)]

    def _x_ticks(self, area: Area) -> list[float]:
        places = ticks(self.x0, self.x1, max(2, area.width // 12))
        if self.axis == "step" and self.plot.kind == "curve":
            places = [x for x in places if x == int(x)]
        return places

    def _event_marks(self, area: Area) -> dict[int, tuple[str, str]]:
        found = {}
        for x, event in self.events():
            if self.x0 <= x <= self.x1:
                found[min(area.width - 1, max(0, area.column(x)))] = event_mark(event)
        return found

    def _x_labels(self, area: Area, places: list[float], left: int, width: int) -> Line:
        words = tick_labels(places)
        if self.axis == "time":
            words = [duration(x - self.start()) for x in places]
        name = self.axis if self.axis != "step" else cut(clean(self.plot.x_label, limit=40), 20)
        room = max(0, width - cells(name) - 2)
        text = ""
        for x, word in zip(places, words, strict=True):
            start = max(0, left + area.column(x) - len(word) // 2)
            if start >= len(text) + (2 if text else 0) and start + len(word) <= room:
                text = text.ljust(start) + word
        return cropped(line((text.ljust(room + 2), "dim"), (name, "dim")), width)

    # The readout

    def readout(self, width: int) -> Line:
        """What is known at the cursor, in fields of fixed width."""
        if self.cursor is None or not self.stops():
            return line(("no points to show", "dim"))
        if self.plot.kind == "scatter":
            return self._pair(width)
        runs: Line = list(self._place(width))
        left = width - width_of(runs)
        for number, series in enumerate(self._all_series()):
            field = self._value(number, series, width)
            left -= width_of(field)
            # A field is there whole or not at all: half a number is another number.
            if left < 0:
                break
            runs += field
        return cropped(runs, width)

    def _pair(self, width: int) -> Line:
        """Both values of the point under the cursor."""
        points = self.points(0)
        index = points.at_or_before(self.cursor or 0.0) or 0
        x, y = clean(self.plot.x_label, limit=24), clean(self.plot.y_label, limit=24)
        known = (x, figure(points.x[index])), (y, figure(points.y[index]))
        runs: Line = []
        for name, value in known:
            runs += [*signed(f"{name} ", "dim"), (f"{value:<7}", "text!")]
        return cropped(runs, width)

    def _event_line(self, width: int) -> Line:
        """What happened at the cursor; of a scatter plot, how it is read."""
        if self.plot.kind == "scatter":
            words = clean(self.plot.title, limit=200).partition(": ")[2]
            return cropped(line((words, "dim")), width)
        here = [event for x, event in self.events() if x == self.cursor]
        runs: Line = []
        for event in here:
            sign, role = event_mark(event)
            runs += [(f"{sign} ", role), (clean(event.label, limit=60) + "   ", "text")]
        return cropped([*runs, *self._faint_values()], width)

    def _faint_values(self) -> Line:
        """What the other run had at or before the cursor."""
        if self.beside is None or self.cursor is None:
            return []
        told: Line = []
        for points, one in zip(self.faint(), self.beside.series, strict=True):
            index = points.at_or_before(self.cursor)
            if index is not None:
                sign = self.signs.faint_evals if one.role == "eval" else self.signs.faint
                told += line((f"{sign} ", "dim"), (f"{figure(points.y[index]):<6}", "text"))
        name = clean(self.beside.name, limit=32)
        return [*line((f"{name} here ", "dim")), *told] if told else []

    def _place(self, width: int) -> Line:
        """Step and epoch of the point under the cursor; its time where there is room."""
        made: Line = []
        gap = _gap(width)
        for axis in AXES:
            if axis == "time" and self.axis != "time" and width < ROOMY:
                continue
            place = self.cursor
            if axis != self.axis:
                place = self._moved(self.cursor or 0.0, self.axis, axis)
            if place is None or axis not in self.axes():
                continue
            text = self._place_text(axis, place)
            # Counted rows are no steps.
            name = "row" if axis == "step" and self.plot.x_label == "row" else axis
            made += line((f"{gap}{name} " if made else f"{name} ", "dim"), (text, "text!"))
        return made

    def _place_text(self, axis: str, place: float) -> str:
        if axis == "time":
            return f"{duration(place - self.start()):>10}"
        if axis == "epoch":
            return f"{place:.2f}"
        end = max((s.x[-1] for s in self.plot.series if s.x), default=place)
        return f"{place:,.0f}".rjust(len(f"{end:,.0f}"))

    def _value(self, number: int, series: Series, width: int) -> Line:
        points, gap = self.points(number), _gap(width)
        index = None if self.cursor is None else points.at_or_before(self.cursor)
        name = {"learning rate": "lr"}.get(series.name, clean(series.name, limit=24))
        if index is None:
            return line((f"{gap}{name} ", "dim"), f"{'-':<4}")
        value = figure(points.y[index]) if points.y[index] == points.y[index] else "nan"
        made = line((f"{gap}{name} ", "dim"), (f"{value:<4}", "text!"))
        smooth = series.role == "train" and self.weight > 0 and self.smoothable()
        if smooth and number < len(self.plot.series):
            smoothed = figure(points.smooth(self.weight)[index])
            made += line((f" (smoothed {smoothed})" if smoothed != "-" else "", "dim"))
        elif series.role == "eval" and width >= ROOMY:
            away = points.x[index] != self.cursor and self.axis == "step"
            made += line((fit(f" at {points.x[index]:,.0f}" if away else "", 8), "dim"))
        return made


def _gap(width: int) -> str:
    return "   " if width >= 84 else "  "


def event_mark(event: Event) -> tuple[str, str]:
    """Sign and role; no two kinds of event share a sign."""
    if event.label.startswith("epoch"):
        return "┴", "dim"
    if event.label.startswith("best"):
        return "▴", "good!"
    if event.label.startswith("spike"):
        return "!", "caution!"
    return "▾", "accent!"


def _marked(
    rule: list[str], events: dict[int, tuple[str, str]], cursor: int | None, sign: str
) -> Line:
    """The x axis: tick marks, events over them, the cursor over all."""
    made: Line = []
    for x, drawn in enumerate(rule):
        text, role = events.get(x, (drawn, "rule"))
        if x == cursor:
            text, role = sign, "~accent!" if x in events else "accent!"
        if made and made[-1][1] == role:
            made[-1] = (made[-1][0] + text, role)
        else:
            made.append((text, role))
    return made


def _over(runs: Line, column: int | None) -> Line:
    """A drawn line with one cell reversed: the point under the cursor."""
    made: Line = []
    x = 0
    for text, role in runs:
        place = -1 if column is None else column - x
        x += len(text)
        if not 0 <= place < len(text):
            made.append((text, role))
            continue
        lit = text[place] if text[place] != " " else "·"
        made += line((text[:place], role), (lit, f"~{role}!"), (text[place + 1 :], role))
    return made
