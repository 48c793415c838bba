"""What a curve plot hands to plotext: which lines and signs, in which range."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Plot, Series
from tui_eval.ui.widgets.curve import CurveState
from tui_eval.ui.widgets.plotext_adapter import Area, Layer
from tui_eval.ui.widgets.points import Points, spread, thinned

SCATTERED = 4000
"""Points of a scatter plot that are drawn; of more, every second, third, ..."""
NOISE = 90
"""Stretches of unsmoothed noise, at most: it is a backdrop, and costs the most to draw."""
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
    broken: str
    cursor: str
    faint: str
    """Of another run: its line, and its points."""
    faint_evals: str


FANCY = Signs("braille", "◆", ("◆", "◇", "▪", "▫"), "─", "○", "●", "✗", "▲", "·", "□")
LETTERS = Signs(".", "V", ("V", "W", "X", "Y"), ".", "o", "*", "x", "^", ":", "u")

_ROLES = ("tuned", "base", "good", "not_enough")
"""Of the first, second, ... series of points."""


class CurveLayers(CurveState):
    """A plot's series as layers of an area, in the signs that the terminal can show."""

    def __init__(self, plot: Plot, others: Sequence[Plot] = (), signs: Signs = FANCY) -> None:
        self.signs = signs
        super().__init__(plot, others)

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
        for points in self.faint():
            seen = spread(points, points.y, self.x0, self.x1)
            if seen is not None:
                found.append(seen if self.log else self._inner(points, seen))
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
        values = sorted(v for v in points.y[start : end : 1 + (end - start) // 2000] if v - v == 0)
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
            for points in (*map(self.points, range(len(self.plot.series))), *self.faint())
            for value in points.y
            if 0 < value < math.inf
        ]
        if not positive:
            return 0.0, 1.0
        least = low if low > 0 else min(positive)
        start, end = math.log10(max(least, 1e-12)), math.log10(max(high, least, 1e-12))
        pad = (end - start) * 0.03 or 0.1
        return start - pad, end + pad

    def _layers(self, area: Area) -> list[Layer]:
        if self.plot.kind == "scatter":
            return self._scatter_layers(area)
        lines = self._faint_layers(area)
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
        return lines + marks + self._broken(area)

    def _faint_layers(self, area: Area) -> list[Layer]:
        """Another run, under this one, as smooth as this one."""
        made: list[Layer] = []
        series = self.beside.series if self.beside is not None else ()
        for points, one in zip(self.faint(), series, strict=True):
            if one.role == "eval":
                made += self._mark_layers(points, area, self.signs.faint_evals, "dim")
                continue
            smooth = self.smoothable() and len(points.x) > 2
            y = points.smooth(self.weight if smooth else 0.0)
            for xs, ys in thinned(points, y, self.x0, self.x1, area.width):
                made.append(self._layer(xs, ys, area, "dim", self.signs.faint))
        return made

    def _scatter_layers(self, area: Area) -> list[Layer]:
        """All points, up to a number that can be told apart, over the line of no change: the
        diagonal, or 0 where a change is what is drawn."""
        start, end = max(area.x0, area.y0), min(area.x1, area.y1)
        made = []
        if "change" in self.plot.y_label:
            if area.y0 < 0 < area.y1:
                made.append(Layer((area.x0, area.x1), (0.0, 0.0), "rule", self.signs.line))
        elif start < end and not self.log:
            made.append(Layer((start, end), (start, end), "rule", self.signs.line))
        for number, series in enumerate(self.plot.series):
            points = self.points(number)
            apart = 1 + len(points.x) // SCATTERED
            xs, ys = list(points.x[::apart]), list(points.y[::apart])
            marker = self.signs.line if len(xs) > 60 else self._marker(series, number)[0]
            role = self._marker(series, number)[1]
            made.append(self._layer(xs, ys, area, role, marker, joined=False))
        return made

    def _broken(self, area: Area) -> list[Layer]:
        """Values that are no numbers, as crosses on the floor: one a column at most."""
        columns = {
            area.column(x): x
            for number in range(len(self.plot.series))
            for x in self.points(number).broken()
            if self.x0 <= x <= self.x1
        }
        places = sorted(columns.values())
        return [Layer(places, [area.y0] * len(places), "bad", self.signs.broken, joined=False)]

    def _line_layers(self, points: Points, area: Area, role: str) -> list[Layer]:
        """The values, faint under their average where one is drawn."""
        sub = area.width * (2 if self.signs.line == "braille" else 1)
        smoothed = self.weight > 0 and len(points.x) > 2 and role == "train"
        made = []
        # Noise is drawn half as fine as its average: that is where redrawing spends its time.
        passes = [(points.y, "rule", min(area.width, NOISE))] if smoothed else []
        passes.append((points.smooth(self.weight if smoothed else 0.0), "accent", sub))
        for y, shade, buckets in passes:
            for xs, ys in thinned(points, y, self.x0, self.x1, buckets):
                made.append(self._layer(xs, ys, area, shade, self.signs.line))
        return made

    def _mark_layers(self, points: Points, area: Area, marker: str, role: str) -> list[Layer]:
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

    def _on_axis(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def _place_of(
        self, series: Series, size: int, x: float, y: float, area: Area
    ) -> tuple[int, int]:
        """The cell of a point, by the marker that it is drawn with."""
        y = min(area.y1, max(area.y0, self._on_axis(y)))
        dense = size > 60 if self.plot.kind == "scatter" else series.role in ("train", "other")
        if dense and size > 1 and self.signs.line == "braille":
            return area.dot(x, y)
        return min(area.width - 1, max(0, area.column(x))), area.row(y)


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
