"""A curve plot's state: window, cursor, smoothing and axes, changed by keys. No drawing."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Event, Plot, Series
from tui_eval.ui.widgets.points import (
    AXES,
    Points,
    has_axis,
    merged,
    moved,
    nearest,
    paired,
    places,
    points_of,
)

WEIGHTS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.99)
"""Smoothing, weakest first; 0.6 is what TensorBoard opens with."""
JUMP = 10
"""Columns that the cursor moves with shift."""


@dataclass(frozen=True, slots=True)
class Another:
    """Series of another run over the same axes, drawn faintly; the cursor stands on this
    run's points alone."""

    name: str
    series: tuple[Series, ...]


class CurveState:
    """Data, window, cursor and options of one plot of kind ``curve`` or ``scatter``.

    ``others`` are plots over the same x axis whose values the readout also tells.
    """

    def __init__(self, plot: Plot, others: Sequence[Plot] = ()) -> None:
        self.axis = "step"
        # A schedule has no noise to look through.
        self.weight = WEIGHTS[0 if plot.key == "learning_rate" else 1]
        self.log = False
        self.x0, self.x1 = 0.0, 1.0
        self.cursor: float | None = None
        self._made: dict[tuple[int, str], Points] = {}
        self._faint: dict[str, list[Points]] = {}
        self._stops: dict[str, list[float]] = {}
        self._places: dict[tuple[int, str, str], tuple[Sequence[float], Sequence[float]]] = {}
        self.columns = 60
        """Cells that the drawing had last: the step of the cursor."""
        self._began: float | None = None
        self.update(plot, others)

    def update(
        self, plot: Plot, others: Sequence[Plot] = (), beside: Another | None = None
    ) -> None:
        """New data: the cursor stays where it was, a window that showed everything does. A
        cursor on the last point stays on the last, and takes a narrower window along."""
        whole = not hasattr(self, "plot") or self.whole()
        at_end = self.cursor is None or self.cursor >= self._end()
        self.plot, self.others, self.beside = plot, tuple(others), beside
        self._made.clear()
        self._faint.clear()
        self._stops.clear()
        self._places.clear()
        self._began = None
        if whole:
            self.x0, self.x1 = self.extent()
        if at_end:
            self.cursor = self._end()
            if self.cursor > self.x1:
                self.x0, self.x1 = self.cursor - (self.x1 - self.x0), self.cursor

    # What there is to see

    def axes(self) -> list[str]:
        """The x axes that some series has values on."""
        return [axis for axis in AXES if any(has_axis(s, axis) for s in self.plot.series)]

    def points(self, number: int) -> Points:
        key = (number, self.axis)
        if key not in self._made:
            self._made[key] = points_of(self._all_series()[number], self.axis)
        return self._made[key]

    def faint(self) -> list[Points]:
        """The points of ``beside``; on the axis of time as if both runs had begun at once."""
        if self.beside is None:
            return []
        if self.axis not in self._faint:
            made = [points_of(series, self.axis) for series in self.beside.series]
            if self.axis == "time":
                began = min((one.x[0] for one in made if one.x), default=0.0)
                made = [moved(one, self.start() - began) for one in made]
            self._faint[self.axis] = made
        return self._faint[self.axis]

    def _all_series(self) -> list[Series]:
        return [*self.plot.series, *(series for plot in self.others for series in plot.series)]

    def stops(self) -> list[float]:
        """Where the cursor can stand: every x of every series drawn, sorted."""
        if self.axis not in self._stops:
            drawn = [self.points(n).x for n in range(len(self.plot.series))]
            self._stops[self.axis] = merged(drawn)
        return self._stops[self.axis]

    def _end(self) -> float:
        stops = self.stops() if hasattr(self, "plot") else []
        return stops[-1] if stops else 0.0

    def extent(self) -> tuple[float, float]:
        stops = self.stops()
        if not stops:
            return 0.0, 1.0
        drawn = [stops, *(points.x for points in self.faint() if points.x)]
        low, high = min(xs[0] for xs in drawn), max(xs[-1] for xs in drawn)
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
        key, series = (number, old, new), self.plot.series[number]
        if key not in self._places and old == self.axis:
            # As logged, most series need no pairing, which looks at every point.
            here, there = places(series, old), places(series, new)
            if self.points(number).x is here and len(here) == len(there):
                found = nearest(here, there, x)
                if found is not None and math.isfinite(found[1]):
                    return found
        if key not in self._places:
            self._places[key] = paired(series, old, new)
        return nearest(*self._places[key], x)

    # What keys do; each says whether anything changed

    def move(self, columns: int) -> bool:
        """To the next point at least a column away; pans when it leaves the window."""
        stops = self.stops()
        if not stops or self.cursor is None:
            return False
        cell = (self.x1 - self.x0) / max(1, self.columns - 1)
        # The edge of the column to reach, counted as the drawing rounds.
        column = math.floor((self.cursor - self.x0) / cell + 0.5) + columns
        if columns > 0:
            least = self.x0 + (column - 0.5) * cell
            index = max(bisect_left(stops, least), bisect_right(stops, self.cursor))
        else:
            most = self.x0 + (column + 0.5) * cell
            index = min(bisect_left(stops, most), bisect_left(stops, self.cursor)) - 1
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

    def start(self) -> float:
        """The first time of any series."""
        if self._began is None:
            times = [points_of(s, "time").x for s in self.plot.series]
            self._began = min((known[0] for known in times if known), default=0.0)
        return self._began
