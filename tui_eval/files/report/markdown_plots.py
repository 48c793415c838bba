"""Plots as small tables with a course in block characters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from tui_eval.core.figures import count, figure, percent
from tui_eval.core.reading import Cell, Column, Plot, Table
from tui_eval.core.steps.task_metrics_chosen import label_text
from tui_eval.files.report.svg_points import is_change

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
"""Stands where no value is finite."""
COURSE = 32
BARS = 24


def picture(plot: Plot) -> Table | None:
    """A table that says what the plot shows; None where it holds nothing."""
    if not any(series.y or series.x for series in plot.series):
        return None
    return _TABLES[plot.kind](plot)


def course(values: Sequence[float], columns: int = COURSE) -> str:
    """``▇▅▃▂▁``: means of stretches, from the lowest to the highest of them."""
    if not values:
        return ""
    many = min(columns, len(values))
    edges = [round(at * len(values) / many) for at in range(many + 1)]
    means = []
    for start, end in pairwise(edges):
        known = [value for value in values[start:end] if math.isfinite(value)]
        means.append(sum(value / len(known) for value in known) if known else math.nan)
    known = [mean for mean in means if math.isfinite(mean)]
    if not known:
        return GAP * many
    low, high = min(known), max(known)
    return "".join(GAP if math.isnan(mean) else _block(mean, low, high) for mean in means)


def _block(value: float, low: float, high: float) -> str:
    if not high > low or not math.isfinite(high - low):
        return BLOCKS[0]
    return BLOCKS[min(7, int((value - low) / (high - low) * 8))]


def _table(
    plot: Plot, heads: Sequence[tuple[str, bool]], rows: Sequence[tuple[Cell, ...]]
) -> Table:
    columns = tuple(
        Column(f"c{at}", head, "number" if number else "text")
        for at, (head, number) in enumerate(heads)
    )
    return Table(plot.title, columns, tuple(rows))


def _curve(plot: Plot) -> Table:
    rows = []
    for series in plot.series:
        known = [(x, y) for x, y in zip(series.x, series.y, strict=False) if math.isfinite(y)]
        ys = [y for _, y in known]
        low = min(known, key=lambda pair: pair[1]) if known else (None, None)
        rows.append(
            (
                series.name,
                course(series.y),
                count(len(series.y)),
                figure(ys[0] if ys else None),
                f"{figure(low[1])} at {figure(low[0])}",
                figure(ys[-1] if ys else None),
            )
        )
    heads = (("series", False), ("course", False), ("points", True), ("first", True),
             ("lowest", True), ("last", True))  # fmt: skip
    return _table(plot, heads, rows)


def _histogram(plot: Plot) -> Table:
    xs, ys = plot.series[0].x, plot.series[0].y
    total = sum(y for y in ys if math.isfinite(y))
    row: list[Cell] = [f"{figure(xs[0])} … {figure(xs[-1])}", course(ys), count(total)]
    heads = [(plot.x_label or "from … to", False), ("course", False), ("counted", True)]
    if is_change(plot):
        better = sum(y for x, y in zip(xs, ys, strict=False) if x < 0 and math.isfinite(y))
        row.append(count(better))
        heads.append(("of them better", True))
    return _table(plot, heads, [tuple(row)])


def _scatter(plot: Plot) -> Table:
    rows = []
    paired = plot.x_label[:1] == "○" and plot.y_label[:1] == "●"
    for series in plot.series:
        points = [
            (x, y)
            for x, y in zip(series.x, series.y, strict=False)
            if math.isfinite(x) and math.isfinite(y)
        ]
        below = sum(y < x for x, y in points)
        share = percent(below / len(points), 0) if points else "-"
        row: tuple[Cell, ...] = (series.name, count(len(points)))
        rows.append((*row, f"{count(below)} ({share})") if paired else row)
    heads = [("series", False), ("points", True)]
    if paired:
        heads.append(("below the diagonal", True))
    return _table(plot, heads, rows)


def _bars(plot: Plot) -> Table:
    change = is_change(plot)
    values = [(one.name, one.y[0] if one.y else math.nan) for one in plot.series]
    top = max((abs(value) for _, value in values if math.isfinite(value)), default=0.0)
    rows = []
    for name, value in values:
        size = round(16 * abs(value) / top) if top and math.isfinite(value) else 0
        words = f"{'+' if value > 0 else ''}{percent(value, 0)}" if change else count(value)
        rows.append((name, words, "█" * size or "▏"))
    return _table(plot, (("", False), ("change" if change else "value", True), ("", False)), rows)


def _scale(plot: Plot) -> Table:
    rows = []
    for one in plot.series:
        ends = [figure(value, 2) for value in one.x]
        whole = len(ends) == 3
        rows.append(
            (
                one.name,
                ends[len(ends) // 2] if ends else "-",
                f"{ends[0]} … {ends[2]}" if whole else "",
                _stretch(plot, one.x[len(one.x) // 2]) if one.x else "",
            )
        )
    heads = (("estimate", False), ("value", True), ("95% interval", True), ("stretch", False))
    return _table(plot, heads, rows)


def _stretch(plot: Plot, value: float) -> str:
    marks = sorted(plot.events, key=lambda event: event.x)
    below = [mark for mark in marks if mark.x <= value] or marks[:1]
    return below[-1].label if below else ""


def _matrix(plot: Plot) -> Table:
    """Of each label how many were right under both; the whole is a table of its own."""
    sides = {role: [one for one in plot.series if one.role == role] for role in ("base", "tuned")}
    rows: list[tuple[Cell, ...]] = []
    for at, one in enumerate(sides["tuned"] or sides["base"]):
        told: list[Cell] = [label_text(one.name)]
        for role in ("base", "tuned"):
            row = sides[role][at].y if at < len(sides[role]) else ()
            told.append(f"{count(row[at])} of {count(sum(row))}" if sum(row) else "-")
        if told[1:] != ["-", "-"]:
            rows.append(tuple(told))
    return _table(plot, (("label", False), ("○ right", True), ("● right", True)), rows)


_TABLES: dict[str, Callable[[Plot], Table]] = {
    "curve": _curve,
    "histogram": _histogram,
    "scatter": _scatter,
    "bars": _bars,
    "scale": _scale,
    "matrix": _matrix,
}
