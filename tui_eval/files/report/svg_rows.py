"""Bars, scales and confusion matrices."""

from __future__ import annotations

import math

from tui_eval.core.figures import count, figure, percent
from tui_eval.core.reading import Plot, Series
from tui_eval.core.steps.task_metrics_chosen import label_text
from tui_eval.files.report.markup import Markup, tag
from tui_eval.files.report.svg_axes import LINE, SIZE, WIDTH, Area, cut_to, label, mark, wide
from tui_eval.files.report.svg_points import CLASSES, Drawing, is_change, nothing

BARS = 24
"""More are told in words: the table has them all."""
LABELS = 26
"""Of a matrix; more can't be told apart."""
COUNTED = 12
"""Labels up to which the counts stand in the cells."""
ESTIMATE = 42
"""Units of an estimate's row."""
BEYOND = 1.5
"""A scale reaches at least so far, as a multiple of its last mark."""


def bars(plot: Plot) -> Drawing:
    """One bar a series from a common zero, its value at the right."""
    values = [(one.name, one.y[0] if one.y else math.nan) for one in plot.series]
    known = [value for _, value in values if math.isfinite(value)]
    if not known:
        return nothing()
    change = is_change(plot)
    shown = values[:BARS]
    words = [_bar_words(value, change) for _, value in shown]
    names = min(150.0, max(wide(cut_to(name, 150)) for name, _ in shown))
    right = WIDTH - max(map(wide, words)) - 14
    low, high = min(0.0, *known), max(0.0, *known)
    area = Area(low, high if high > low else low + 1, 0, 1, names + 10, 0, right, 1)
    made: list[Markup] = []
    for at, ((name, value), text) in enumerate(zip(shown, words, strict=True)):
        y = 6.0 + at * 22
        made.append(label(names, y + 12, cut_to(name, 150), "t", "end"))
        made.append(label(WIDTH - 2, y + 12, text, "t", "end"))
        if math.isfinite(value):
            start, end = sorted((area.x(0.0), area.x(value)))
            kind = ("bad" if value > 0 else "good") if change else _of(name)
            made.append(
                tag("rect", x=start, y=y + 2, width=max(0.8, end - start), height=14,
                    class_=f"{kind} block")
            )  # fmt: skip
    height = 10.0 + 22 * len(shown)
    zero = area.x(0.0)
    made.append(tag("line", x1=zero, y1=4, x2=zero, y2=height - 4, class_="axis"))
    if len(values) > len(shown):
        made.append(label(names + 10, height + 12, f"and {len(values) - len(shown)} more"))
        height += LINE + 4
    return made, height


def _of(name: str) -> str:
    """A bar that is base's own has base's colour."""
    return {"○": "ba", "●": "tu"}.get(name[:1], "ot")


def _bar_words(value: float, change: bool) -> str:
    if not math.isfinite(value):
        return "-"
    if not change:
        return count(value)
    return f"{'+' if value > 0 else ''}{percent(value, 0)}"


def scale(plot: Plot) -> Drawing:
    """The stretches as bands with their names, below them one estimate a row."""
    shown = [s for s in plot.series if s.x and all(map(math.isfinite, s.x))]
    if not shown or not plot.events:
        return nothing()
    marks = sorted(plot.events, key=lambda event: event.x)
    values = [x for one in shown for x in one.x] + [mark.x for mark in marks]
    low, high = min(values), max(*values, BEYOND * marks[-1].x)
    margin = 0.03 * (high - low) or 1.0
    start = low if low == marks[0].x else low - margin
    height = 2 * LINE + 12 + ESTIMATE * len(shown)
    area = Area(start, high + margin, 0, 1, 10, 2 * LINE, WIDTH - 10, height - 6)
    made: list[Markup] = []
    ends = [*(one.x for one in marks[1:]), area.x_high]
    taken = -math.inf
    for at, (one, end) in enumerate(zip(marks, ends, strict=True)):
        left, right = area.x(one.x if at else area.x_low), area.x(end)
        made.append(tag("rect", x=left, y=area.top, width=max(0.0, right - left),
                        height=area.bottom - area.top, class_=f"band b{min(at, 3)}"))  # fmt: skip
        name = cut_to(one.label, right - left - 6)
        if right - left > 24:
            made.append(label((left + right) / 2, 2 * LINE - 6, name, "q", "middle"))
        place = figure(one.x).rstrip("0").rstrip(".") if one.x else "0"
        x = area.x(one.x)
        at_x = max(wide(place) / 2, x)
        if at_x - wide(place) / 2 > taken:
            made.append(label(at_x, SIZE, place, "q", "middle"))
            taken = at_x + wide(place) / 2 + 6
        made.append(tag("line", x1=x, y1=area.top - 4, x2=x, y2=area.top + 4, class_="axis"))
        for row in range(len(shown)):
            # Not through the words above each estimate.
            y = area.top + ESTIMATE * row + 29
            made.append(tag("line", x1=x, y1=y - 8, x2=x, y2=y + 8, class_="axis"))
    for at, series in enumerate(shown):
        made += _estimate(series, area, area.top + 18 + ESTIMATE * at)
    return made, height


def _estimate(series: Series, area: Area, y: float) -> list[Markup]:
    """Its name and figures, and below them the interval with its value."""
    ends = [f"{round(value, 2) + 0.0:.2f}" for value in series.x]
    words = f"{ends[1]} [{ends[0]}, {ends[2]}]" if len(ends) == 3 else ends[0]
    class_ = CLASSES.get(series.role, "ot")
    low, high = area.x(series.x[0]), area.x(series.x[-1])
    at = area.x(series.x[len(series.x) // 2])
    name = cut_to(series.name, WIDTH - wide(words) - 40)
    made = [label(area.left + 6, y, f"{name}  {words}", "t")]
    y += 11
    made.append(tag("line", x1=low, y1=y, x2=high, y2=y, class_=f"{class_} run"))
    for x in (low, high) if len(ends) == 3 else ():
        made.append(tag("line", x1=x, y1=y - 5, x2=x, y2=y + 5, class_=f"{class_} run"))
    return [*made, mark("round", at, y, f"{class_} dot", 4.5)]


def matrix(plot: Plot) -> Drawing:
    """Both models' answers under each other: true labels downwards, answered ones across."""
    made: list[Markup] = []
    y = 0.0
    for role, name in (("base", "○ base"), ("tuned", "● tuned")):
        series = [one for one in plot.series if one.role == role]
        if series:
            drawn, y = _grid(series, name, role, y)
            made += drawn
    return (made, y) if made else nothing()


def _grid(series: list[Series], name: str, role: str, top: float) -> Drawing:
    labels = [label_text(one.name) for one in series]
    rows = [(at, one) for at, one in enumerate(series) if sum(one.y) > 0]
    if len(labels) > LABELS or not rows:
        words = f"{name}: {len(labels)} labels, too many to draw: see the table"
        if not rows:
            words = f"{name}: nothing was counted"
        return [label(4, top + SIZE + 4, words)], top + 28
    names = min(120.0, max(wide(f"{len(labels)} {one}") for one in labels) + 4)
    size = min(38.0, (WIDTH - names - 8) / len(labels))
    deep = min(26.0, size)
    left, first = names + 4, top + 2 * LINE + 8
    made = [label(4, top + SIZE + 2, f"{name}: true label down, answered across", "t")]
    for column in range(len(labels)):
        middle = left + (column + 0.5) * size
        if size >= 14:
            made.append(label(middle, first - 5, str(column + 1), "q", "middle"))
    for place, (at, one) in enumerate(rows):
        y = first + place * deep
        made.append(label(names, y + deep / 2 + 4, cut_to(f"{labels[at]} {at + 1}", 120), "q",
                          "end"))  # fmt: skip
        total = sum(one.y)
        for column, value in enumerate(one.y):
            made += _cell(left + column * size, y, size, deep, value, value / total, role,
                          column == at, len(labels) <= COUNTED)  # fmt: skip
    bottom = first + len(rows) * deep + 8
    unseen = [at for at in range(len(labels)) if at not in {row for row, _ in rows}]
    for at in unseen[:6]:
        made.append(label(names, bottom + 8, cut_to(f"{labels[at]} {at + 1}", 120), "q", "end"))
        made.append(label(left, bottom + 8, "never true"))
        bottom += LINE
    return made, bottom + 8


def _cell(
    x: float, y: float, width: float, height: float, value: float, share: float, role: str,
    right: bool, counted: bool,
) -> list[Markup]:  # fmt: skip
    """As dark as its share of the row; what is right has a frame."""
    level = 0 if not value else min(4, 1 + int(share * 4))
    kind = "own" if right else "cell"
    made = [
        tag("rect", x=x + 0.5, y=y + 0.5, width=width - 1, height=height - 1,
            class_=f"{CLASSES[role]} {kind} s{level}")
    ]  # fmt: skip
    if value and counted:
        made.append(label(x + width / 2, y + height / 2 + 4, count(value), "t", "middle"))
    return made
