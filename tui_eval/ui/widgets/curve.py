"""A curve plot with a cursor: window, smoothing, axes and readout as state, no widget."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Event, Plot, Series
from tui_eval.core.text import cells, clean
from tui_eval.ui.format import duration, figure
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.plotext_adapter import Area, Layer, draw
from tui_eval.ui.widgets.points import (
    AXES,
    Points,
    has_axis,
    paired,
    points_of,
    spread,
    thinned,
)
from tui_eval.ui.widgets.rows import cropped, filled, fit, line, padded
from tui_eval.ui.widgets.ticks import log_ticks, tick_labels, ticks

WEIGHTS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.99)
"""Smoothing, weakest first; 0.6 is what TensorBoard opens with."""
LEGEND, AXIS, READOUT = 1, 2, 1
"""Lines above, below and under the drawing."""
ROOMY = 110
"""Cells from which the readout tells the time too."""
JUMP = 10
"""Columns that the cursor moves with shift."""
OUTLIER = 8.0
"""The axis ends this many times the inner 98% beyond it; higher points stand at the edge."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How series are drawn: braille and signs, or letters where these can't be trusted."""

    line: str
    evals: str
    markers: tuple[str, ...]
    train: str
    base: str
    tuned: str
    over: str
    blank: str


FANCY = Signs("braille", "◆", ("◆", "◇", "▪", "▫"), "─", "○", "●", "▴", "┊")
LETTERS = Signs(".", "V", ("V", "W", "X", "Y"), ".", "o", "*", "^", ":")

_ROLES = ("tuned", "base", "good", "not_enough")
"""Of the first, second, ... series of points."""


class CurveView:
    """State and picture of one plot of kind ``curve`` or ``scatter``.

    ``others`` are plots over the same x axis whose values the readout also tells. The
    drawing is kept until data, size, window or options change; the cursor is laid over it.
    """

    def __init__(self, plot: Plot, others: Sequence[Plot] = (), signs: Signs = FANCY) -> None:
        self.signs = signs
        self.axis = "step"
        self.weight = WEIGHTS[1]
        self.log = False
        self.x0, self.x1 = 0.0, 1.0
        self.cursor: float | None = None
        self._made: dict[tuple[int, str], Points] = {}
        self._stops: dict[str, list[float]] = {}
        self._places: dict[
            tuple[int, str, str], tuple[Sequence[float], Sequence[float]]
        ] = {}
        self._kept: tuple[tuple[object, ...], list[Line], Area, list[float]] | None = None
        self._width = 60
        self._began: float | None = None
        self.update(plot, others)

    def update(self, plot: Plot, others: Sequence[Plot] = ()) -> None:
        """New data: the cursor stays where it was, a window that showed everything does."""
        whole = not hasattr(self, "plot") or self.whole()
        at_end = self.cursor is None or self.cursor >= self._end()
        self.plot, self.others = plot, tuple(others)
        self._made.clear()
        self._stops.clear()
        self._places.clear()
        self._kept = self._began = None
        if whole:
            self.x0, self.x1 = self.extent()
        if at_end:
            self.cursor = self._end()

    # What there is to see

    def axes(self) -> list[str]:
        """The x axes that some series has values on."""
        return [axis for axis in AXES if any(has_axis(s, axis) for s in self.plot.series)]

    def points(self, number: int) -> Points:
        key = (number, self.axis)
        if key not in self._made:
            self._made[key] = points_of(self._all_series()[number], self.axis)
        return self._made[key]

    def _all_series(self) -> list[Series]:
        return [*self.plot.series, *(series for plot in self.others for series in plot.series)]

    def stops(self) -> list[float]:
        """Where the cursor can stand: every x of every series drawn, sorted."""
        if self.axis not in self._stops:
            found = {x for n in range(len(self.plot.series)) for x in self.points(n).x}
            self._stops[self.axis] = sorted(found)
        return self._stops[self.axis]

    def _end(self) -> float:
        stops = self.stops() if hasattr(self, "plot") else []
        return stops[-1] if stops else 0.0

    def extent(self) -> tuple[float, float]:
        stops = self.stops()
        if not stops:
            return 0.0, 1.0
        low, high = stops[0], stops[-1]
        return (low, high) if high > low else (low - 1, high + 1)

    def whole(self) -> bool:
        return (self.x0, self.x1) == self.extent()

    def events(self) -> list[tuple[float, Event]]:
        """Events with their place on the current axis, sorted."""
        placed = [(self._moved(event.x, "step", self.axis), event) for event in self.plot.events]
        return sorted(((x, e) for x, e in placed if x is not None), key=lambda pair: pair[0])

    def _moved(self, x: float, old: str, new: str) -> float | None:
        """A place on one axis, on another one: that of the nearest point of any series."""
        if old == new:
            return x
        found = [
            near
            for number in range(len(self.plot.series))
            if (near := self._nearest(number, x, old, new)) is not None
        ]
        return min(found)[1] if found else None

    def _nearest(self, number: int, x: float, old: str, new: str) -> tuple[float, float] | None:
        """How far the nearest point of a series is on one axis, and its place on the other."""
        key = (number, old, new)
        if key not in self._places:
            self._places[key] = paired(self.plot.series[number], old, new)
        here, there = self._places[key]
        index = bisect_left(here, x)
        near = [i for i in (index - 1, index) if 0 <= i < len(here)]
        return min(((abs(here[i] - x), there[i]) for i in near), default=None)

    # What keys do; each says whether anything changed

    def move(self, columns: int) -> bool:
        """To the next point at least a column away; pans when it leaves the window."""
        stops = self.stops()
        if not stops or self.cursor is None:
            return False
        cell = (self.x1 - self.x0) / max(1, self._width - 1)
        here = bisect_left(stops, self.cursor)
        if columns > 0:
            least = self.cursor + (columns - 0.5) * cell
            index = max(bisect_right(stops, least), bisect_right(stops, self.cursor))
        else:
            most = self.cursor + (columns + 0.5) * cell
            index = min(bisect_left(stops, most), here) - 1
        return self.go(stops[min(len(stops) - 1, max(0, index))])

    def go(self, x: float) -> bool:
        """The cursor to a place, with the window panned so that it is seen."""
        before = (self.cursor, self.x0)
        self.cursor = x
        width = self.x1 - self.x0
        if not self.x0 <= x <= self.x1:
            low, high = self.extent()
            start = x - width / 4 if x > self.x1 else x - 3 * width / 4
            self.x0 = min(max(start, low), max(low, high - width))
            self.x1 = self.x0 + width
        return before != (self.cursor, self.x0)

    def zoom(self, factor: float) -> bool:
        """Wider (factor above 1) or narrower around the cursor."""
        low, high = self.extent()
        before = (self.x0, self.x1)
        middle = self.cursor if self.cursor is not None else (self.x0 + self.x1) / 2
        width = (self.x1 - self.x0) * factor
        if width >= high - low:
            self.x0, self.x1 = low, high
        elif factor > 1 or self._points_within(width, middle) >= 3:
            share = (middle - self.x0) / (self.x1 - self.x0)
            start = min(max(middle - share * width, low), high - width)
            self.x0, self.x1 = start, start + width
        return before != (self.x0, self.x1)

    def _points_within(self, width: float, middle: float) -> int:
        stops = self.stops()
        return bisect_right(stops, middle + width / 2) - bisect_left(stops, middle - width / 2)

    def smooth(self, change: int) -> bool:
        if not self.smoothable():
            return False
        place = WEIGHTS.index(self.weight) + change
        before = self.weight
        self.weight = WEIGHTS[min(len(WEIGHTS) - 1, max(0, place))]
        return before != self.weight

    def smoothable(self) -> bool:
        return any(s.role == "train" and len(s.x) > 2 for s in self.plot.series)

    def toggle_log(self) -> bool:
        self.log = not self.log
        return True

    def next_axis(self) -> bool:
        """Step, epoch, time, as far as the log tells; the cursor keeps its point."""
        axes = self.axes()
        if len(axes) < 2:
            return False
        old, new = self.axis, axes[(axes.index(self.axis) + 1) % len(axes)]
        moved = [self._moved(x, old, new) for x in (self.x0, self.x1)]
        whole = self.whole()
        cursor = None if self.cursor is None else self._moved(self.cursor, old, new)
        self.axis = new
        self.cursor = self._end() if cursor is None else cursor
        start, end = moved
        if whole or start is None or end is None or start >= end:
            self.x0, self.x1 = self.extent()
        else:
            self.x0, self.x1 = start, end
        return True

    def next_event(self, direction: int) -> bool:
        places = [x for x, _ in self.events()]
        if not places or self.cursor is None:
            return False
        if direction > 0:
            later = [x for x in places if x > self.cursor]
            return bool(later) and self.go(later[0])
        earlier = [x for x in places if x < self.cursor]
        return bool(earlier) and self.go(earlier[-1])

    # The picture

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
            most = min(8, max(2, rows // 2))
            marks = log_ticks(10**low, 10**high, most) if self.log else ticks(low, high, most)
            gutter = max(map(len, tick_labels(marks)), default=1) + 2
            area = Area(self.x0, self.x1, low, high, max(4, width - gutter), rows)
            self._kept = key, draw(self._layers(area), area), area, marks
        self._width = self._kept[2].width
        return self._kept[1:]

    def _limits(self) -> tuple[float, float]:
        """The y range of what the window shows, outliers apart; in powers of 10 on a
        logarithmic axis."""
        found = []
        for number, series in enumerate(self.plot.series):
            points = self.points(number)
            seen = spread(points, points.y, self.x0, self.x1)
            if seen is not None:
                found.append(seen)
                if series.role == "train" and not self.log:
                    found[-1] = self._inner(points, seen)
        low = min((low for low, _ in found), default=0.0)
        high = max((high for _, high in found), default=1.0)
        if self.log:
            return self._log_limits(low, high)
        low, high = max(low, -1e12), min(high, 1e12)
        pad = (high - low) * 0.03 or abs(high) * 0.1 or 1.0
        return low - pad, high + pad

    def _inner(self, points: Points, seen: tuple[float, float]) -> tuple[float, float]:
        """Without the few points that would flatten all others."""
        start, end = bisect_left(points.x, self.x0), bisect_right(points.x, self.x1)
        values = sorted(v for v in points.y[start:end:1 + (end - start) // 2000] if v - v == 0)
        if len(values) < 20:
            return seen
        cut = max(1, len(values) // 100)
        low, high = values[cut], values[-1 - cut]
        room = OUTLIER * (high - low)
        if not room:
            return seen
        return max(seen[0], low - room), min(seen[1], high + room)

    def _log_limits(self, low: float, high: float) -> tuple[float, float]:
        positive = [
            value
            for number in range(len(self.plot.series))
            for value in self.points(number).y
            if 0 < value < math.inf
        ]
        if not positive:
            return 0.0, 1.0
        least = low if low > 0 else min(positive)
        start, end = math.log10(max(least, 1e-12)), math.log10(max(high, least, 1e-12))
        pad = (end - start) * 0.03 or 0.1
        return start - pad, end + pad

    def _layers(self, area: Area) -> list[Layer]:
        lines: list[Layer] = []
        marks: list[Layer] = []
        order = 0
        for number, series in enumerate(self.plot.series):
            points = self.points(number)
            if series.role == "train" or (series.role == "other" and self.plot.kind == "curve"):
                lines += self._line_layers(points, area, series.role)
                continue
            marker, role = self._marker(series, order)
            order += series.role == "eval"
            marks += self._mark_layers(points, area, marker, role)
        return lines + marks

    def _line_layers(self, points: Points, area: Area, role: str) -> list[Layer]:
        """The values, faint under their average where one is drawn."""
        sub = area.width * (2 if self.signs.line == "braille" else 1)
        smoothed = self.weight > 0 and len(points.x) > 2 and role == "train"
        made = []
        # Noise is drawn half as fine as its average: that is where redrawing spends its time.
        passes = [(points.y, "rule", area.width)] if smoothed else []
        passes.append((points.smooth(self.weight if smoothed else 0.0), "accent", sub))
        for y, shade, buckets in passes:
            for xs, ys in thinned(points, y, self.x0, self.x1, buckets):
                made.append(self._layer(xs, ys, area, shade, self.signs.line))
        return made

    def _mark_layers(
        self, points: Points, area: Area, marker: str, role: str
    ) -> list[Layer]:
        """Points as signs; where they would touch, a line through them and some signs."""
        made = []
        for xs, ys in thinned(points, points.y, self.x0, self.x1, area.width):
            inside = [(x, y) for x, y in zip(xs, ys, strict=True) if self.x0 <= x <= self.x1]
            crowded = self.plot.kind == "curve" and len(inside) > area.width // 3
            if crowded:
                made.append(self._layer(xs, ys, area, role, self.signs.line))
                inside = inside[:: max(1, 8 * len(inside) // area.width)]
            marks = [x for x, _ in inside], [y for _, y in inside]
            made.append(self._layer(*marks, area, role, marker, joined=False))
        return made

    def _layer(
        self, xs: list[float], ys: list[float], area: Area, role: str, marker: str,
        joined: bool = True,
    ) -> Layer:  # fmt: skip
        if self.log:
            kept = [(x, math.log10(y)) for x, y in zip(xs, ys, strict=True) if y > 0]
            xs, ys = [x for x, _ in kept], [y for _, y in kept]
        if joined:
            xs, ys = clipped(xs, ys, self.x0, self.x1)
        ys = [min(area.y1, max(area.y0, y)) for y in ys]
        if joined and len(xs) == 1:
            # A line of one point would be a single dot, lost on the screen.
            marker = "•" if self.signs is FANCY else marker
        return Layer(xs, ys, role, marker, joined)

    def _marker(self, series: Series, order: int) -> tuple[str, str]:
        if series.role in ("base", "tuned"):
            return getattr(self.signs, series.role), series.role
        if series.role == "eval":
            return self.signs.markers[order % 4], _ROLES[order % 4]
        return "•" if self.signs is FANCY else "+", "text"

    def _legend(self, width: int) -> Line:
        """The plot's name at the left, its series at the right."""
        title = clean(self.plot.title, limit=40)
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
        room = max(0, width - sum(cells(text) for text, _ in left) - 1)
        runs = cropped(runs, room)
        return [*padded(left, width - sum(cells(text) for text, _ in runs)), *runs]

    def _zoomed(self) -> str:
        low, high = self.extent()
        return "" if self.whole() else f"zoom {(high - low) / (self.x1 - self.x0):.0f}x"

    def _with_axis(self, drawn: list[Line], area: Area, marks: list[float]) -> list[Line]:
        """The y axis before each line, the cursor's column over the empty cells."""
        labels = dict(
            zip((area.row(self._on_axis(m)) for m in marks), tick_labels(marks), strict=True)
        )
        gutter = max(map(len, labels.values()), default=1)
        column = self._cursor_column(area)
        made = []
        for y, runs in enumerate(drawn):
            label = labels.get(y, "")
            head = line((f"{label:>{gutter}} ", "dim"), ("┤" if label else "│", "rule"))
            made.append([*head, *_over(runs, column, self.signs.blank)])
        return made

    def _on_axis(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def _cursor_column(self, area: Area) -> int | None:
        if self.cursor is None or not self.x0 <= self.cursor <= self.x1 or not self.stops():
            return None
        return min(area.width - 1, max(0, area.column(self.cursor)))

    def _below(self, area: Area, marks: list[float], width: int) -> list[Line]:
        """The x axis with its events and the cursor, and the words for its ticks."""
        gutter = max(map(len, tick_labels(marks)), default=1) + 1
        places = ticks(self.x0, self.x1, max(2, area.width // 12))
        rule = ["─"] * area.width
        for x in places:
            rule[area.column(x)] = "┬"
        axis: Line = [(" " * gutter + "└", "rule")]
        axis += _marked(rule, self._event_marks(area), self._cursor_column(area))
        return [axis, self._x_labels(area, places, gutter + 1, width)]

    def _event_marks(self, area: Area) -> dict[int, tuple[str, str]]:
        found = {}
        for x, event in self.events():
            if self.x0 <= x <= self.x1:
                found[min(area.width - 1, max(0, area.column(x)))] = _event_mark(event)
        return found

    def _x_labels(self, area: Area, places: list[float], left: int, width: int) -> Line:
        words = tick_labels(places)
        if self.axis == "time":
            words = [duration(x - self._start()) for x in places]
        name = clean(self.plot.x_label, limit=20) if self.axis == "step" else self.axis
        room = width - len(name) - 2
        text = ""
        for x, word in zip(places, words, strict=True):
            start = max(0, left + area.column(x) - len(word) // 2)
            if start >= len(text) + (2 if text else 0) and start + len(word) <= room:
                text = text.ljust(start) + word
        return line((text.ljust(room + 2), "dim"), (name, "dim"))

    # The readout

    def readout(self, width: int) -> Line:
        """What is known at the cursor, in fields of fixed width."""
        if self.cursor is None or not self.stops():
            return line(("no points to show", "dim"))
        runs: Line = list(self._place(width))
        for number, series in enumerate(self._all_series()):
            runs += self._value(number, series, width)
        return cropped(runs, width)

    def _event_line(self, width: int) -> Line:
        """What happened at the cursor."""
        here = [event for x, event in self.events() if x == self.cursor]
        runs: Line = []
        for event in here:
            sign, role = _event_mark(event)
            runs += [(f"{sign} ", role), (clean(event.label, limit=60) + "   ", "text")]
        return cropped(runs, width)

    def _place(self, width: int) -> Line:
        """Step and epoch of the point under the cursor; its time where there is room."""
        made: Line = []
        for axis in AXES:
            if axis == "time" and self.axis != "time" and width < ROOMY:
                continue
            place = self.cursor
            if axis != self.axis:
                place = self._moved(self.cursor or 0.0, self.axis, axis)
            if place is None or axis not in self.axes():
                continue
            text = self._place_text(axis, place)
            made += line((f"{axis} " if not made else f"  {axis} ", "dim"), (text, "text!"))
        return made

    def _place_text(self, axis: str, place: float) -> str:
        if axis == "time":
            return f"{duration(place - self._start()):>10}"
        if axis == "epoch":
            return f"{place:.2f}"
        end = max((s.x[-1] for s in self.plot.series if s.x), default=place)
        return f"{place:,.0f}".rjust(len(f"{end:,.0f}"))

    def _start(self) -> float:
        """The first time of any series."""
        if self._began is None:
            times = [points_of(s, "time").x for s in self.plot.series]
            self._began = min((known[0] for known in times if known), default=0.0)
        return self._began

    def _value(self, number: int, series: Series, width: int) -> Line:
        points = self.points(number)
        index = None if self.cursor is None else points.at_or_before(self.cursor)
        name = {"learning rate": "lr"}.get(series.name, clean(series.name, limit=24))
        if index is None:
            return line((f"   {name} ", "dim"), f"{'-':<6}")
        value = figure(points.y[index]) if points.y[index] == points.y[index] else "nan"
        made = line((f"   {name} ", "dim"), (f"{value:<4}", "text!"))
        if number < len(self.plot.series) and series.role == "train" and self.weight:
            smoothed = figure(points.smooth(self.weight)[index])
            made += line((f" (smoothed {smoothed})", "dim"))
        elif series.role == "eval" and width >= ROOMY:
            away = points.x[index] != self.cursor and self.axis == "step"
            made += line((fit(f" at {points.x[index]:,.0f}" if away else "", 8), "dim"))
        return made


def clipped(
    xs: Sequence[float], ys: Sequence[float], x0: float, x1: float
) -> tuple[list[float], list[float]]:
    """A line cut at both edges of a window: its ends there are interpolated."""
    xs, ys = list(xs), list(ys)
    if len(xs) > 1 and xs[0] < x0 < xs[1]:
        ys[0] += (ys[1] - ys[0]) * (x0 - xs[0]) / (xs[1] - xs[0])
        xs[0] = x0
    if len(xs) > 1 and xs[-2] < x1 < xs[-1]:
        ys[-1] = ys[-2] + (ys[-1] - ys[-2]) * (x1 - xs[-2]) / (xs[-1] - xs[-2])
        xs[-1] = x1
    kept = [(x, y) for x, y in zip(xs, ys, strict=True) if x0 <= x <= x1]
    return [x for x, _ in kept], [y for _, y in kept]


def _event_mark(event: Event) -> tuple[str, str]:
    if event.label.startswith("epoch"):
        return "┴", "dim"
    if event.label.startswith("best"):
        return "▴", "good!"
    return "▴", "caution!" if event.label.startswith("spike") else "accent!"


def _marked(
    rule: list[str], events: dict[int, tuple[str, str]], cursor: int | None
) -> Line:
    """The x axis: tick marks, events over them, the cursor over all."""
    made: Line = []
    for x, sign in enumerate(rule):
        text, role = events.get(x, (sign, "rule"))
        if x == cursor:
            text, role = (text if x in events else "┃"), "~accent!"
        if made and made[-1][1] == role:
            made[-1] = (made[-1][0] + text, role)
        else:
            made.append((text, role))
    return made


def _over(runs: Line, column: int | None, sign: str) -> Line:
    """A drawn line with the cursor's sign in one column, where nothing is drawn."""
    if column is None:
        return runs
    made: Line = []
    x = 0
    for text, role in runs:
        place = column - x
        x += len(text)
        if not 0 <= place < len(text):
            made.append((text, role))
        elif text[place] == " ":
            made += line((text[:place], role), (sign, "dim"), (text[place + 1 :], role))
        else:
            made += line(
                (text[:place], role), (text[place], f"{role}!"), (text[place + 1 :], role)
            )
    return made
