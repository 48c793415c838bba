"""Plots as SVG. Colours are the page's (classes), shapes tell what colours tell: base ``○``,
tuned ``●``, validation ``◆``, training a line."""

from __future__ import annotations

from collections.abc import Callable

from tui_eval.core.figures import count, figure
from tui_eval.core.reading import Plot, finite
from tui_eval.core.text import clean
from tui_eval.files.report.markup import Markup, tag
from tui_eval.files.report.svg_axes import WIDTH
from tui_eval.files.report.svg_points import curve, histogram, scatter
from tui_eval.files.report.svg_rows import bars, matrix, scale

Drawing = tuple[list[Markup], float]
"""The elements, and how high they are."""
DRAW: dict[str, Callable[[Plot], Drawing]] = {
    "curve": curve,
    "scatter": scatter,
    "histogram": histogram,
    "bars": bars,
    "scale": scale,
    "matrix": matrix,
}


def draw(plot: Plot, id: str) -> Markup:
    """The plot as one ``svg`` element; ``id`` is unique within the page."""
    drawn, height = DRAW[plot.kind](plot)
    return tag(
        "svg",
        tag("title", plot.title, id=f"{id}-t"),
        tag("desc", describe(plot), id=f"{id}-d"),
        *drawn,
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
        aria_labelledby=f"{id}-t {id}-d",
        class_=f"plot {plot.kind}",
    )


def describe(plot: Plot) -> str:
    """What is drawn, for whoever hears it."""
    if not any(series.y or series.x for series in plot.series):
        return "Nothing to draw."
    said = [_SAID[plot.kind](plot)]
    said += [f"{event.label} at {figure(event.x)}" for event in plot.events[:20]]
    return clean("; ".join(said), limit=600) + "."


def _points(plot: Plot) -> str:
    parts = []
    for series in plot.series:
        ys = [y for y in series.y if finite(y) is not None]
        if ys:
            parts.append(
                f"{series.name}: {count(len(ys))} points from {figure(min(ys))} to"
                f" {figure(max(ys))}, the last {figure(ys[-1])}"
            )
    return "; ".join(parts) or "no finite value"


def _bins(plot: Plot) -> str:
    xs, ys = plot.series[0].x, plot.series[0].y
    return (
        f"{count(sum(y for y in ys if finite(y)))} counted from {figure(xs[0])} to {figure(xs[-1])}"
    )


def _bars(plot: Plot) -> str:
    shown = plot.series[:12]
    return ", ".join(f"{one.name} {figure(one.y[0] if one.y else None)}" for one in shown)


def _spans(plot: Plot) -> str:
    return "; ".join(f"{s.name} {', '.join(figure(x) for x in s.x)}" for s in plot.series)


def _matrix(plot: Plot) -> str:
    shares = []
    for side in ("base", "tuned"):
        rows = [series.y for series in plot.series if series.role == side]
        right = sum(row[at] for at, row in enumerate(rows) if at < len(row))
        total = sum(map(sum, rows))
        if total:
            shares.append(f"{side} {count(right)} of {count(total)} on the diagonal")
    return "; ".join(shares) or "nothing counted"


_SAID: dict[str, Callable[[Plot], str]] = {
    "curve": _points,
    "scatter": _points,
    "histogram": _bins,
    "bars": _bars,
    "scale": _spans,
    "matrix": _matrix,
}
