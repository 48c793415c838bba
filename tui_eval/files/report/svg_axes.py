"""An area with two axes, and the marks that are put on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui_eval.core.figures import figure
from tui_eval.core.text import cells, clean, cut
from tui_eval.core.ticks import tick_labels, ticks
from tui_eval.files.report.markup import Markup, short, tag

WIDTH = 440
"""Units of every drawing: on a phone of 360 pixels its texts are still ten pixels high."""
SIZE = 12
"""Of texts."""
LINE = 16
CELL = 7.3
"""A cell of text at most, as wide as digits and capitals of a sans serif face are."""


def wide(text: str) -> float:
    """Units that a text takes at most."""
    return cells(text) * CELL


def cut_to(text: str, units: float) -> str:
    return cut(clean(text, limit=200), max(1, int(units / CELL)))


def label(x: float, y: float, text: str, class_: str = "q", anchor: str = "start") -> Markup:
    return tag(
        "text", text, x=x, y=y, class_=class_, text_anchor=None if anchor == "start" else anchor
    )


@dataclass(frozen=True, slots=True)
class Area:
    """Places data on the drawing: ``left``, ``top``, ``right``, ``bottom`` in units."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    left: float
    top: float
    right: float
    bottom: float

    def x(self, value: float) -> float:
        return self.left + _share(value, self.x_low, self.x_high) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - _share(value, self.y_low, self.y_high) * (self.bottom - self.top)


def _share(value: float, low: float, high: float) -> float:
    """How far along, 0 to 1. In halves: the difference of two large numbers may be infinite."""
    span = high / 2 - low / 2
    if not span > 0:
        return 0.5
    return min(1.0, max(0.0, (value / 2 - low / 2) / span))


def tick_words(values: list[float]) -> list[str]:
    """Their figures; those that no axis has room for in powers of ten."""
    words = tick_labels(values)
    return words if max(map(len, words), default=0) <= LONGEST else list(map(figure, values))


LONGEST = 9


def span(values: Iterable[float], margin: float = 0.04) -> tuple[float, float]:
    """The range that holds all finite values, with some air; never empty."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if not math.isfinite(high - low):
        # Halves, that their difference can be told at all.
        return low / 2, high / 2
    air = margin * (high - low) or 0.05 * abs(low) or 1.0
    return low - air, high + air


OUTLIER = 8.0
"""Times the range of the inner 98%: from there a few points would flatten all others."""


def shown_span(values: Sequence[float]) -> tuple[tuple[float, float], int]:
    """The range to draw, and how many values lie beyond it and are drawn at its edge."""
    known = sorted(value for value in values if math.isfinite(value))
    if len(known) < 20:
        return span(known), 0
    cut_off = max(1, len(known) // 100)
    low, high = known[cut_off], known[-1 - cut_off]
    reach = OUTLIER * (high - low)
    if not reach or not math.isfinite(reach):
        return span(known), 0
    kept = [value for value in known if low - reach <= value <= high + reach]
    return span(kept), len(known) - len(kept)


def area_for(
    x: tuple[float, float], y: tuple[float, float], height: float, *, top: float = 8,
    below: float = 40,
) -> Area:  # fmt: skip
    """With room at the left for the widest label of the y axis."""
    labels = tick_words(ticks(*y, _rows(height - top - below)))
    left = max(map(wide, labels), default=0.0) + 10
    return Area(*x, *y, left=max(30, left), top=top, right=WIDTH - 10, bottom=height - below)


def _rows(room: float) -> int:
    return max(2, int(room / 34))


def axes(area: Area, x_label: str = "", y_label: str = "") -> list[Markup]:
    """Rules at round values with their figures; the axes' names below, the y axis' first."""
    made = []
    levels = ticks(area.y_low, area.y_high, _rows(area.bottom - area.top))
    for value, text in zip(levels, tick_words(levels), strict=True):
        y = area.y(value)
        made.append(tag("line", x1=area.left, y1=y, x2=area.right, y2=y, class_="grid"))
        made.append(label(area.left - 6, y + 4, text, anchor="end"))
    made += x_axis(area)
    named = f"{x_label} →" if x_label else ""
    if y_label and y_label != x_label:
        made.append(label(area.left, area.bottom + 34, f"↑ {cut_to(y_label, 200)}"))
    if named:
        made.append(label(area.right, area.bottom + 34, cut_to(named, 190), anchor="end"))
    return made


def x_axis(area: Area) -> list[Markup]:
    made = [tag("line", x1=area.left, y1=area.bottom, x2=area.right, y2=area.bottom, class_="axis")]
    places = ticks(area.x_low, area.x_high, max(2, int((area.right - area.left) / 64)))
    taken = -math.inf
    for value, text in zip(places, tick_words(places), strict=True):
        x, half = area.x(value), wide(text) / 2
        at = min(max(x, half), WIDTH - half)
        if at - half < taken + 6:
            continue
        taken = at + half
        made.append(tag("line", x1=x, y1=area.bottom, x2=x, y2=area.bottom + 4, class_="axis"))
        made.append(label(at, area.bottom + 18, text, anchor="middle"))
    return made


def mark(shape: str, x: float, y: float, class_: str, size: float = 4) -> Markup:
    """``round`` (filled or open as the class has it) or ``diamond``."""
    if shape == "diamond":
        a, b = short(size * 1.2), short(-size * 1.2)
        path = f"M{short(x)} {short(y)}m0 {b}l{a} {a}l{b} {a}l{b} {b}z"
        return tag("path", d=path, class_=class_)
    return tag("circle", cx=x, cy=y, r=size, class_=class_)
