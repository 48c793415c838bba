"""A series made ready to draw: sorted, split where it is not finite, thinned to the width."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import ge

from tui_eval.core.reading import Series
from tui_eval.core.stats.order import all_finite
from tui_eval.core.stats.trend import smooth

AXES = ("step", "epoch", "time")


@dataclass(slots=True)
class Points:
    """One series on one x axis. ``y`` may hold NaN and infinity; ``runs`` are the stretches
    ``(start, end)`` of indices without."""

    x: Sequence[float]
    y: Sequence[float]
    runs: list[tuple[int, int]]
    smoothed: dict[float, Sequence[float]] = field(default_factory=dict)

    def smooth(self, weight: float) -> Sequence[float]:
        """Debiased exponential average; the values themselves at weight 0."""
        if weight <= 0:
            return self.y
        if weight not in self.smoothed:
            self.smoothed[weight] = smooth(self.y, weight)
        return self.smoothed[weight]

    def broken(self) -> list[float]:
        """Where the values are no finite numbers."""
        if self.runs == [(0, len(self.y))]:
            return []
        return [x for x, y in zip(self.x, self.y, strict=True) if not math.isfinite(y)]

    def at_or_before(self, x: float) -> int | None:
        """The last index that is not right of ``x``."""
        index = bisect_right(self.x, x) - 1
        return index if index >= 0 else None


def points_of(series: Series, axis: str) -> Points:
    """Points whose place on the axis is unknown are left out."""
    x, y = places(series, axis), series.y
    if not all_finite(x) or len(x) != len(y):
        pairs = [(a, b) for a, b in zip(x, y, strict=False) if math.isfinite(a)]
        x, y = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    if not _ascending(x):
        order = sorted(range(len(x)), key=x.__getitem__)
        x, y = tuple(x[i] for i in order), tuple(y[i] for i in order)
    return Points(x, y, _finite_runs(y))


def moved(points: Points, by: float) -> Points:
    """The same along the x axis."""
    return Points(tuple(x + by for x in points.x), points.y, points.runs)


def merged(given: Sequence[Sequence[float]]) -> list[float]:
    """Every place of some sorted ones, once and sorted. The longest are mostly all: what
    the others have besides is looked up, not sorted in."""
    *others, longest = sorted(given, key=len) or [()]
    made = list(longest)
    if any(map(ge, made, made[1:])):
        made = list(dict.fromkeys(made))
    more = {x for xs in others for x in xs if not _holds(made, x)}
    return sorted([*made, *more]) if more else made


def _holds(places: Sequence[float], x: float) -> bool:
    index = bisect_left(places, x)
    return index < len(places) and places[index] == x


def _ascending(places: Sequence[float]) -> bool:
    # Sorting what is sorted already is quicker than comparing its neighbours here.
    return sorted(places) == list(places)


def places(series: Series, axis: str) -> tuple[float, ...]:
    return series.x if axis == "step" else series.alternatives.get(axis, ())


def nearest(here: Sequence[float], there: Sequence[float], x: float) -> tuple[float, float] | None:
    """How far the nearest of some sorted places is, and its place on another axis."""
    index = bisect_left(here, x)
    near = [i for i in (index - 1, index) if 0 <= i < len(here)]
    return min(((abs(here[i] - x), there[i]) for i in near), default=None)


def paired(series: Series, old: str, new: str) -> tuple[Sequence[float], Sequence[float]]:
    """Places of the points on two axes, sorted by the first; where both are known."""
    here, there = places(series, old), places(series, new)
    whole = len(here) == len(there) and all_finite(here) and all_finite(there)
    if whole and _ascending(here):
        return here, there
    known = sorted(
        (a, b) for a, b in zip(here, there, strict=False) if math.isfinite(a) and math.isfinite(b)
    )
    return [a for a, _ in known], [b for _, b in known]


def _finite_runs(y: Sequence[float]) -> list[tuple[int, int]]:
    if all_finite(y):
        return [(0, len(y))] if y else []
    breaks = [i for i, value in enumerate(y) if not math.isfinite(value)]
    runs, start = [], 0
    for place in (*breaks, len(y)):
        if place > start:
            runs.append((start, place))
        start = place + 1
    return runs


def has_axis(series: Series, axis: str) -> bool:
    if axis == "step":
        return True
    return any(map(math.isfinite, series.alternatives.get(axis, ())))


def visible(points: Points, x0: float, x1: float) -> list[tuple[int, int]]:
    """Stretches of finite points within a window."""
    low, high = bisect_left(points.x, x0), bisect_right(points.x, x1)
    spans = ((max(start, low), min(end, high)) for start, end in points.runs)
    return [(start, end) for start, end in spans if start < end]


def thinned(
    points: Points, y: Sequence[float], x0: float, x1: float, buckets: int
) -> list[tuple[list[float], list[float]]]:
    """The lines to draw in a window: per stretch all points, or the lowest and the highest
    of each bucket where there are many more points than buckets. One neighbour on each
    side lets lines run out of the window."""
    lines = []
    low, high = bisect_left(points.x, x0) - 1, bisect_right(points.x, x1) + 1
    for start, end in points.runs:
        first, last = max(start, low), min(end, high)
        if first < last:
            lines.append(_thin(points.x, y, first, last, buckets))
    return lines


def _thin(
    x: Sequence[float], y: Sequence[float], first: int, last: int, buckets: int
) -> tuple[list[float], list[float]]:
    if last - first <= 4 * buckets:
        return list(x[first:last]), list(y[first:last])
    xs, ys = [], []
    left, right = x[first], x[last - 1]
    step = (right - left) / buckets
    start = first
    for bucket in range(buckets):
        end = last
        if bucket < buckets - 1:
            end = bisect_left(x, left + (bucket + 1) * step, start, last)
        if end <= start:
            continue
        part = y[start:end]
        lowest, highest = min(part), max(part)
        places = sorted({part.index(lowest), part.index(highest)})
        xs += [x[start + place] for place in places]
        ys += [part[place] for place in places]
        start = end
    return xs, ys


def spread(points: Points, y: Sequence[float], x0: float, x1: float) -> tuple[float, float] | None:
    """Lowest and highest finite value in a window."""
    spans = visible(points, x0, x1)
    if not spans:
        return None
    parts = [y if end - start == len(y) else y[start:end] for start, end in spans]
    return min(map(min, parts)), max(map(max, parts))
